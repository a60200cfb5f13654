//! Parameters and responses of lists that are paged by [cursor](web::paging::cursor).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, Issues,
    paging::{
        Page,
        cursor::{Cursor, Position},
    },
};

/// Maximum length of a snapshot in characters.
const MAX_SNAPSHOT: usize = 60;

/// The query parameter beside those of a page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CursorParams {
    /// The `snapshot` of the page before, or nothing (`snapshot=`) for the first page. Later pages then
    /// leave out entries that were added after the first page. Not part of the original API.
    #[param(max_length = 60)]
    pub snapshot: Option<String>,
}

/// One page of a list, and the cursor of the next one.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Walked)]
pub struct CursorPage<T> {
    /// The entries of this page; empty past the end.
    pub list: Vec<T>,
    /// Entries in all pages together.
    pub total: i64,
    /// The cursor of the next page, which new entries do not shift. Only present if the request has a
    /// `snapshot`, even an empty one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

impl CursorParams {
    /// Combines the page with the snapshot.
    ///
    /// # Errors
    /// 422 if the snapshot is invalid.
    pub fn check(&self, page: Page) -> Result<Cursor, ApiError> {
        cursor(self.snapshot.as_deref(), page, Issues::query())
    }
}

/// Like [`CursorParams::check`], for a snapshot that is not in the query string. Clients that send none get
/// exactly the response of the original API.
pub(crate) fn cursor(given: Option<&str>, page: Page, mut issues: Issues) -> Result<Cursor, ApiError> {
    let cursor = match given {
        None => Some(Cursor::from(page)),
        Some(text) => Cursor::with_snapshot(page, text, MAX_SNAPSHOT),
    };
    if cursor.is_none() {
        issues.add("value_error", "snapshot", "Input should be the snapshot of an earlier page");
    }
    issues.finish()?;
    Ok(cursor.unwrap_or_else(|| page.into()))
}

impl<T> CursorPage<T> {
    /// Builds the response. `newest` is the last added entry when the paging began, `position` returns that
    /// of an entry.
    pub(crate) fn new(
        cursor: Cursor,
        list: Vec<T>,
        total: i64,
        newest: i64,
        position: impl Fn(&T) -> Position,
    ) -> Self {
        let snapshot = cursor.snapshot(newest, list.last().map(position));
        Self { list, total, snapshot }
    }

    /// Replaces the entries.
    pub(crate) fn map<U>(self, with: impl FnMut(T) -> U) -> CursorPage<U> {
        CursorPage {
            list: self.list.into_iter().map(with).collect(),
            total: self.total,
            snapshot: self.snapshot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page { limit: 2, offset: 2 };

    #[test]
    fn a_client_without_snapshots_gets_none() {
        let plain = CursorParams::default().check(PAGE).unwrap();
        let page = CursorPage::new(plain, vec![9, 8], 5, 9, |id| Position(*id, *id));
        assert_eq!((page.snapshot, plain.offset), (None, 2));
    }

    #[test]
    fn an_invalid_snapshot_is_refused() {
        let long = "1".repeat(61);
        for (text, is_valid) in [("", true), ("1.2.3", true), ("1.2", false), (long.as_str(), false)] {
            let checked = CursorParams { snapshot: Some(text.to_owned()) }.check(PAGE);
            assert_eq!(checked.is_ok(), is_valid, "{text}");
        }
    }
}
