//! Parameters of lists that are paged by [cursor](web::paging::cursor), while others write.
//!
//! In a list by time, every entry comes exactly once. In the featured feed, so does every post that keeps its
//! rank in the meantime.

use serde::Deserialize;
use utoipa::IntoParams;
use web::{
    ApiError, Issues,
    paging::{
        Page,
        cursor::{Cursor, Position},
    },
};

/// Largest page size; larger values are clamped.
pub const MAX_SIZE: i64 = 100;
/// Default page size.
pub const DEFAULT_SIZE: i64 = 20;
/// Most rows that a page number alone can skip, because the cost grows with them.
pub const MAX_OFFSET: i64 = 10_000;
/// Maximum length of a snapshot in bytes.
const MAX_SNAPSHOT: usize = 100;

/// Paging parameters of a query, not yet checked.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CursorParams {
    /// Page number from 1. Default 1.
    #[param(minimum = 1, default = 1)]
    pub page: Option<i64>,
    /// Entries on a page. Default 20; more than 100 is taken as 100.
    #[param(minimum = 1, default = 20)]
    pub page_size: Option<i64>,
    /// The `snapshot` of the page before. With it, entries that were added since the first page are left out,
    /// and the page begins right after the last entry of the one before. In the featured feed, votes move
    /// posts: a post that rises above the page is left out, and one that loses votes may come again. All
    /// others come exactly once.
    #[param(max_length = 100)]
    pub snapshot: Option<String>,
}

impl CursorParams {
    /// Applies defaults and limits.
    ///
    /// # Errors
    /// 422 if a number is below 1, the snapshot is invalid, or the page is too deep to be reached by its
    /// number.
    pub fn check(&self) -> Result<Cursor, ApiError> {
        let mut issues = Issues::query();
        let number = self.page.unwrap_or(1);
        let requested = self.page_size.unwrap_or(DEFAULT_SIZE);
        for (field, value) in [("page", number), ("pageSize", requested)] {
            if value < 1 {
                issues.add("greater_than_equal", field, "Input should be greater than or equal to 1");
            }
        }
        let limit = requested.clamp(1, MAX_SIZE);
        let page = Page { limit, offset: number.saturating_sub(1).saturating_mul(limit) };
        let text = self.snapshot.as_deref().unwrap_or_default();
        let cursor = Cursor::with_snapshot(page, text, MAX_SNAPSHOT);
        if cursor.is_none() {
            issues.add("value_error", "snapshot", "Input should be the snapshot of an earlier page");
        }
        let cursor = cursor.unwrap_or_else(|| page.into());
        if cursor.offset > MAX_OFFSET {
            issues.add(
                "less_than_equal",
                "page",
                format!("Pages reach to entry {MAX_OFFSET}; further ones by the snapshot of the page before"),
            );
        }
        issues.finish()?;
        Ok(cursor)
    }
}

/// Removes the row that was read beyond the page, if any. Returns true if there was one and the next page can
/// be reached: by its number alone, or because the client uses snapshots. Also returns the snapshot for it.
pub(crate) fn end<T>(
    cursor: &Cursor,
    rows: &mut Vec<T>,
    newest: i64,
    position: impl Fn(&T) -> Position,
) -> (bool, Option<String>) {
    let has_more = cursor.cut(rows) && (cursor.newest.is_some() || cursor.end() <= MAX_OFFSET);
    (has_more, cursor.snapshot(newest, rows.last().map(position)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(page: i64, size: i64, snapshot: Option<String>) -> CursorParams {
        CursorParams { page: Some(page), page_size: Some(size), snapshot }
    }

    #[test]
    fn a_number_skips_and_a_snapshot_goes_on() {
        let cursor = query(3, 10, None).check().unwrap();
        assert_eq!((cursor.offset, cursor.start(), cursor.newest), (20, Position::START, None));
        let mut rows = vec![9, 8, 7];
        let first = query(1, 2, None).check().unwrap();
        let (more, snapshot) = end(&first, &mut rows, 9, |id| Position(*id, *id));
        assert_eq!((more, rows), (true, vec![9, 8]));
        let second = query(2, 2, snapshot).check().unwrap();
        assert_eq!((second.offset, second.start(), second.newest), (0, Position(8, 8), Some(9)));
    }

    #[test]
    fn pages_end_where_a_number_alone_cannot_reach() {
        let last = query(500, 20, None).check().unwrap();
        assert!(end(&last, &mut vec![0; 21], 9, |id| Position(*id, *id)).0, "the last page by number");
        let beyond = query(501, 20, None).check().unwrap();
        assert!(!end(&beyond, &mut vec![0; 21], 9, |id| Position(*id, *id)).0);
    }

    #[test]
    fn an_unreachable_page_is_refused() {
        assert!(query(501, 20, None).check().is_ok() && query(502, 20, None).check().is_err());
        assert!(query(0, 20, None).check().is_err() && query(1, 0, None).check().is_err());
        assert!(query(i64::MAX, 100, None).check().is_err());
        assert_eq!(query(1, 5000, None).check().unwrap().limit, 100);
        for text in ["x", "1.2", "1.2.3.4.5", "-1.1.1.1", &"1".repeat(200)] {
            assert!(query(1, 20, Some(text.to_owned())).check().is_err(), "{text}");
        }
    }
}
