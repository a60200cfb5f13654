//! Cursor pagination: paging through a list while entries are added, by a
//! [snapshot](web::paging::snapshot).

use serde::{Deserialize, Serialize};
use store::{Ids, Timestamp};
use utoipa::{IntoParams, ToSchema};
use web::{
    ApiError, Issues,
    paging::{Page, snapshot},
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

/// A page of a list and, if it is known, the cursor at which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Number of rows to return.
    pub limit: i64,
    /// Number of rows to skip after `last`.
    pub offset: i64,
    /// The last added entry when the paging began; later ones are left out. `None` on the first page.
    pub newest: Option<i64>,
    /// Time and id of the last entry of the page before.
    pub last: Option<(Timestamp, i64)>,
    /// Number of entries up to the end of this page.
    end: i64,
    /// True if the client uses snapshots. Other clients get exactly the response of the original API.
    asked: bool,
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

impl From<Page> for Cursor {
    fn from(page: Page) -> Self {
        let end = page.offset.saturating_add(page.limit);
        Self { limit: page.limit, offset: page.offset, newest: None, last: None, end, asked: false }
    }
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

/// Like [`CursorParams::check`], for a snapshot that is not in the query string.
pub(crate) fn cursor(given: Option<&str>, page: Page, mut issues: Issues) -> Result<Cursor, ApiError> {
    let mut cursor = Cursor { asked: given.is_some(), ..Cursor::from(page) };
    let given = given.filter(|text| !text.is_empty());
    match given.map(Snapshot::parse) {
        None => {}
        Some(None) => {
            issues.add("value_error", "snapshot", "Input should be the snapshot of an earlier page");
        }
        Some(Some(Snapshot { newest, seen, last, time })) => {
            cursor.newest = Some(newest);
            // This is the page right after the one that returned the snapshot.
            if seen == page.offset {
                (cursor.last, cursor.offset) = (Some((Timestamp(time), last)), 0);
            }
        }
    }
    issues.finish()?;
    Ok(cursor)
}

impl Cursor {
    /// Returns the page by offset, for a list that is not paged by the ids of its entries.
    pub(crate) fn page(&self) -> Page {
        Page { limit: self.limit, offset: self.end.saturating_sub(self.limit) }
    }

    /// Returns the id of the last added entry that belongs to the pages.
    pub(crate) fn newest(&self) -> i64 {
        self.newest.unwrap_or(i64::MAX)
    }

    /// Returns the time and the id that all entries of the page come after, in a list by time.
    pub(crate) fn before(&self) -> (Timestamp, i64) {
        self.last.unwrap_or((Timestamp(i64::MAX), i64::MAX))
    }

    /// Returns the id that all ids of the page are less than, in a list by id.
    pub(crate) fn before_id(&self) -> i64 {
        self.last.map_or_else(|| self.newest().saturating_add(1), |(_, id)| id)
    }

    /// Builds the response. `newest` is the last added entry when the paging began, `key` returns the time
    /// and the id of an entry.
    pub(crate) fn end<T>(
        &self,
        list: Vec<T>,
        total: i64,
        newest: i64,
        key: impl Fn(&T) -> (Timestamp, i64),
    ) -> CursorPage<T> {
        let last = list.last().filter(|_| self.asked).map(key);
        let snapshot = last.map(|(time, last)| Snapshot { newest, seen: self.end, last, time: time.0 });
        CursorPage { list, total, snapshot: snapshot.map(Snapshot::text) }
    }
}

impl<T> CursorPage<T> {
    /// Replaces the entries.
    pub(crate) fn map<U>(self, with: impl FnMut(T) -> U) -> CursorPage<U> {
        CursorPage {
            list: self.list.into_iter().map(with).collect(),
            total: self.total,
            snapshot: self.snapshot,
        }
    }
}

/// The position at which a page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    newest: i64,
    /// The number of entries up to the end of the page, and the last one of them with its time.
    seen: i64,
    last: i64,
    time: i64,
}

impl Snapshot {
    /// Encodes the cursor that the client sends for the next page.
    fn text(self) -> String {
        let Self { newest, seen, last, time } = self;
        // Only imported entries have another time than their id.
        if Ids::time(last).0 == time {
            snapshot::encode(&[newest, seen, last])
        } else {
            snapshot::encode(&[newest, seen, last, time])
        }
    }

    /// Decodes a cursor that a client sent. Returns `None` if it is invalid.
    fn parse(text: &str) -> Option<Self> {
        match *snapshot::decode(text, MAX_SNAPSHOT)?.as_slice() {
            [newest, seen, last] => Some(Self { newest, seen, last, time: Ids::time(last).0 }),
            [newest, seen, last, time] => Some(Self { newest, seen, last, time }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(number: i64, limit: i64) -> Page {
        Page { limit, offset: (number - 1) * limit }
    }

    fn given(snapshot: Option<&str>, page: Page) -> Result<Cursor, ApiError> {
        CursorParams { snapshot: snapshot.map(str::to_owned) }.check(page)
    }

    #[test]
    fn the_next_page_goes_on_where_the_last_one_ended() {
        let plain = given(None, page(1, 2)).unwrap();
        let key = |id: &i64| (Timestamp(*id * 7), *id);
        assert_eq!(plain.end(vec![9, 8], 5, 9, key).snapshot, None);
        let first = given(Some(""), page(1, 2)).unwrap();
        assert_eq!((first.before_id(), first.offset, first.newest), (i64::MAX, 0, None));
        let answer = first.end(vec![9, 8], 5, 9, key);
        let snapshot = answer.snapshot.as_deref();
        let second = given(snapshot, page(2, 2)).unwrap();
        assert_eq!((second.before(), second.offset, second.newest), (key(&8), 0, Some(9)));
        assert_eq!((second.page(), second.before_id()), (page(2, 2), 8));
        let jump = given(snapshot, page(4, 2)).unwrap();
        assert_eq!((jump.before_id(), jump.offset, jump.newest), (10, 6, Some(9)));
        assert_eq!(jump.before(), (Timestamp(i64::MAX), i64::MAX));
        assert_eq!(second.end(Vec::<i64>::new(), 5, 9, key).snapshot, None);
        for wrong in ["x", "1.2", "1.2.3.x", "1.2.3.4.5", "1.2.3.", "-1.2.3", &"1".repeat(100)] {
            assert!(given(Some(wrong), page(1, 2)).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn snapshots_survive_being_written_down(
            newest in 0_i64..1 << 53, seen in 0_i64..1 << 40, last in 0_i64..1 << 53, time in 0_i64..1 << 48,
            is_own: bool,
        ) {
            let time = if is_own { time } else { Ids::time(last).0 };
            let snapshot = Snapshot { newest, seen, last, time };
            prop_assert_eq!(Snapshot::parse(&snapshot.text()), Some(snapshot));
        }

        #[test]
        fn any_text_is_a_snapshot_or_refused(text in ".{0,80}") {
            let _ = given(Some(&text), page(2, 20));
        }
    }
}
