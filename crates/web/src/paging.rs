//! Paging by page number: `pageNo` and `pageSize` in the query, `list` and `total` in the response.

pub mod cursor;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{error::ApiError, issues::Issues};

/// Most rows on a page. A larger `pageSize` is clamped to it.
pub const MAX_PAGE_SIZE: i64 = 100;
/// Rows on a page if the query names no `pageSize`.
pub const DEFAULT_PAGE_SIZE: i64 = 20;
/// Most rows that paging by number skips, because the cost of skipping grows with their number.
pub const MAX_OFFSET: i64 = 100_000;

/// The query parameters of paging by number, not validated.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Page number from 1. Default 1.
    #[param(minimum = 1, default = 1)]
    pub page_no: Option<i64>,
    /// Entries on a page. Default 20; more than 100 is taken as 100.
    #[param(minimum = 1, default = 20)]
    pub page_size: Option<i64>,
}

/// A validated page: the number of rows to return and the number of rows to skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows to return, 1 to [`MAX_PAGE_SIZE`].
    pub limit: i64,
    /// Rows to skip.
    pub offset: i64,
}

impl PageParams {
    /// Validates the parameters and applies defaults and limits.
    ///
    /// # Errors
    /// 422 if a value is below 1, or if the page begins after [`MAX_OFFSET`] rows.
    pub fn check(self) -> Result<Page, ApiError> {
        let mut issues = Issues::query();
        let number = self.page_no.unwrap_or(1);
        let size = self.page_size.unwrap_or(DEFAULT_PAGE_SIZE);
        for (field, value) in [("pageNo", number), ("pageSize", size)] {
            if value < 1 {
                issues.add("greater_than_equal", field, "Input should be greater than or equal to 1");
            }
        }
        let limit = size.clamp(1, MAX_PAGE_SIZE);
        let offset = number.saturating_sub(1).saturating_mul(limit);
        if offset > MAX_OFFSET {
            issues.add("less_than_equal", "pageNo", format!("Pages reach to entry {MAX_OFFSET}"));
        }
        issues.finish()?;
        Ok(Page { limit, offset })
    }
}

/// One page of a list: the entries and how many there are in all.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Paged<T> {
    /// The entries of this page; empty past the end.
    pub list: Vec<T>,
    /// Entries in all pages together.
    pub total: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn defaults_and_limits() {
        let check = |no, size| PageParams { page_no: no, page_size: size }.check().ok();
        assert_eq!(check(None, None), Some(Page { limit: 20, offset: 0 }));
        assert_eq!(check(Some(3), Some(10)), Some(Page { limit: 10, offset: 20 }));
        assert_eq!(check(Some(1), Some(5000)), Some(Page { limit: 100, offset: 0 }));
        assert_eq!(check(Some(0), None), None);
        assert_eq!(check(None, Some(-1)), None);
        assert_eq!(check(Some(i64::MAX), Some(100)), None);
    }

    proptest! {
        #[test]
        fn a_checked_page_is_always_within_the_limits(
            no in any::<Option<i64>>(), size in any::<Option<i64>>(),
        ) {
            if let Ok(page) = (PageParams { page_no: no, page_size: size }).check() {
                prop_assert!((1..=MAX_PAGE_SIZE).contains(&page.limit));
                prop_assert!((0..=MAX_OFFSET).contains(&page.offset));
                prop_assert_eq!(page.offset % page.limit, 0);
            }
        }
    }
}
