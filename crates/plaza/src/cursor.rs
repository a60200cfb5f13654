//! Paging through a list while others write, by a [snapshot](web::paging::snapshot).
//!
//! In a list by time, every entry comes exactly once. In the featured feed, so does every post that keeps its
//! rank in the meantime.

use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, Issues, paging::snapshot};

/// Largest page size; larger values are clamped.
pub const MAX_SIZE: i64 = 100;
/// Default page size.
pub const DEFAULT_SIZE: i64 = 20;
/// Most rows that a page number alone can skip, because the cost grows with them.
pub const MAX_OFFSET: i64 = 10_000;
/// Maximum length of a snapshot in bytes.
const MAX_SNAPSHOT: usize = 100;

/// A key greater than all others, at which a cursor begins.
pub const FIRST: (i64, i64) = (i64::MAX, i64::MAX);

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

/// The position and size of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The page number, from 1.
    pub page: i64,
    /// Most rows on the page.
    pub size: i64,
    /// The id of the newest row that belongs to the cursor; `None` if the client sent no snapshot.
    pub newest: Option<i64>,
    /// The key of the last row of the page before, if the snapshot is of that page.
    pub after: Option<(i64, i64)>,
    /// Rows to skip from [`Cursor::start`].
    pub offset: i64,
}

impl CursorParams {
    /// Applies defaults and limits.
    ///
    /// # Errors
    /// 422 if a number is below 1, the snapshot is invalid, or the page is too deep to be reached by its
    /// number.
    pub fn check(&self) -> Result<Cursor, ApiError> {
        let mut issues = Issues::query();
        let page = self.page.unwrap_or(1);
        let requested = self.page_size.unwrap_or(DEFAULT_SIZE);
        for (field, value) in [("page", page), ("pageSize", requested)] {
            if value < 1 {
                issues.add("greater_than_equal", field, "Input should be greater than or equal to 1");
            }
        }
        let size = requested.clamp(1, MAX_SIZE);
        let given = self.snapshot.as_deref().filter(|text| !text.is_empty());
        let snapshot = given.and_then(Snapshot::parse);
        if given.is_some() && snapshot.is_none() {
            issues.add("value_error", "snapshot", "Input should be the snapshot of an earlier page");
        }
        let mut cursor =
            Cursor { page, size, newest: snapshot.map(|snapshot| snapshot.newest), after: None, offset: 0 };
        match snapshot {
            Some(Snapshot { page: before, size: same, end, .. })
                if before.saturating_add(1) == page && same == size =>
            {
                cursor.after = Some(end);
            }
            Some(_) | None => cursor.offset = page.saturating_sub(1).saturating_mul(size),
        }
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

impl Cursor {
    /// Returns the key after which the page begins.
    pub fn start(&self) -> (i64, i64) {
        self.after.unwrap_or(FIRST)
    }

    /// Removes the row that was read beyond the page, if any. Returns true if there was one, and the snapshot
    /// for the next page.
    pub fn end<T>(
        &self,
        rows: &mut Vec<T>,
        newest: i64,
        key: impl Fn(&T) -> (i64, i64),
    ) -> (bool, Option<String>) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        let snapshot = rows.last().map(|last| {
            let end = key(last);
            Snapshot { newest, page: self.page, size: self.size, end }.text()
        });
        (has_more, snapshot)
    }

    /// Returns true if the next page can be reached: by its number alone, or because the client uses
    /// snapshots.
    pub fn reaches_further(&self) -> bool {
        self.newest.is_some() || self.page.saturating_mul(self.size) <= MAX_OFFSET
    }
}

/// The parts of a `snapshot`: the newest entry of the cursor, and the number, size and last key of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    newest: i64,
    page: i64,
    size: i64,
    end: (i64, i64),
}

impl Snapshot {
    /// Encodes the cursor for the client.
    fn text(self) -> String {
        let Self { newest, page, size, end } = self;
        snapshot::encode(&[newest, page, size, end.0, end.1])
    }

    /// Decodes a cursor that a client sent. Returns `None` if it is invalid.
    fn parse(text: &str) -> Option<Self> {
        match *snapshot::decode(text, MAX_SNAPSHOT)?.as_slice() {
            [newest, page, size, time, id] => Some(Self { newest, page, size, end: (time, id) }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(page: i64, size: i64, snapshot: Option<String>) -> CursorParams {
        CursorParams { page: Some(page), page_size: Some(size), snapshot }
    }

    #[test]
    fn a_number_skips_and_a_snapshot_goes_on() {
        let cursor = query(3, 10, None).check().unwrap();
        assert_eq!((cursor.offset, cursor.start(), cursor.newest), (20, FIRST, None));
        let mut rows = vec![9, 8, 7];
        let first = query(1, 2, None).check().unwrap();
        let (more, snapshot) = first.end(&mut rows, 9, |id| (*id, *id));
        assert_eq!((more, rows), (true, vec![9, 8]));
        let second = query(2, 2, snapshot.clone()).check().unwrap();
        assert_eq!((second.offset, second.start(), second.newest), (0, (8, 8), Some(9)));
        let jump = query(4, 2, snapshot.clone()).check().unwrap();
        assert_eq!((jump.offset, jump.start(), jump.newest), (6, FIRST, Some(9)));
        let other_size = query(2, 3, snapshot).check().unwrap();
        assert_eq!((other_size.offset, other_size.start()), (3, FIRST));
    }

    #[test]
    fn what_cannot_be_reached_is_refused() {
        assert!(query(501, 20, None).check().is_ok() && query(502, 20, None).check().is_err());
        assert!(query(0, 20, None).check().is_err() && query(1, 0, None).check().is_err());
        assert!(query(i64::MAX, 100, None).check().is_err());
        assert_eq!(query(1, 5000, None).check().unwrap().size, 100);
        for text in ["x", "1.2.3", "1.2.3.4.5.6", "-1.1.1.1.1", &"1".repeat(200)] {
            assert!(query(1, 20, Some(text.to_owned())).check().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn snapshots_survive_being_written_down(
            newest in 0..i64::MAX, page in 1..i64::MAX, a in 0..i64::MAX, b in 0..i64::MAX,
        ) {
            let snapshot = Snapshot { newest, page, size: 20, end: (a, b) };
            prop_assert_eq!(Snapshot::parse(&snapshot.text()), Some(snapshot));
        }

        #[test]
        fn any_text_is_a_snapshot_or_refused(text in ".{0,120}") {
            let _ = query(2, 20, Some(text)).check();
        }
    }
}
