//! Walking a list page by page while entries are added.
//!
//! Pages are asked for by number. A number alone says how many rows to skip, which shifts when something is added
//! meanwhile. So each page answers, where it is asked for, a `snapshot` to be given back with the next one: it names the newest entry when
//! the walk began and the last one seen, and the next page goes on exactly there.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, Issues, paging::Page};

/// Longest snapshot in characters.
const MAX_SNAPSHOT: usize = 60;

/// The query parameter beside those of a page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SnapshotQuery {
    /// What the page before answered, and for the first page nothing (`snapshot=`): the list then stays as it was when the
    /// walk began, whatever is added meanwhile. Not part of the original API.
    #[param(max_length = 60)]
    pub snapshot: Option<String>,
}

/// A page of a list and, where it is known, the walk it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Rows to return.
    pub limit: i64,
    /// Rows to skip after `before`.
    pub offset: i64,
    /// Newer entries do not belong to the walk; `None` at its beginning.
    pub newest: Option<i64>,
    /// All entries of the page are older than this one.
    pub before: i64,
    /// Entries of the walk up to the end of this page.
    end: i64,
    /// Whether the client goes by snapshots. Others get the original API's answer to the letter.
    asked: bool,
}

/// One page of a list, and what to go on with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Walked<T> {
    /// The entries of this page; empty past the end.
    pub list: Vec<T>,
    /// Entries in all pages together.
    pub total: i64,
    /// To be given with the next page, so that what is added meanwhile does not shift it. Only where the request has a
    /// `snapshot`, if only an empty one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

impl From<Page> for Walk {
    fn from(page: Page) -> Self {
        let end = page.offset.saturating_add(page.limit);
        Self { limit: page.limit, offset: page.offset, newest: None, before: i64::MAX, end, asked: false }
    }
}

impl SnapshotQuery {
    /// The page as a part of the walk.
    ///
    /// # Errors
    /// 422 for a snapshot that is none.
    pub fn check(&self, page: Page) -> Result<Walk, ApiError> {
        walk(self.snapshot.as_deref(), page, Issues::query())
    }
}

/// As [`SnapshotQuery::check`], where the snapshot came otherwise.
pub(crate) fn walk(given: Option<&str>, page: Page, mut issues: Issues) -> Result<Walk, ApiError> {
    let mut walk = Walk { asked: given.is_some(), ..Walk::from(page) };
    let given = given.filter(|text| !text.is_empty());
    match given.map(Snapshot::parse) {
        None => {}
        Some(None) => {
            issues.add("value_error", "snapshot", "Input should be the snapshot of an earlier page");
        }
        Some(Some(Snapshot { newest, seen, last })) => {
            walk.newest = Some(newest);
            walk.before = newest.saturating_add(1);
            // The page right after the one that answered it.
            if seen == page.offset {
                (walk.before, walk.offset) = (last, 0);
            }
        }
    }
    issues.finish()?;
    Ok(walk)
}

impl Walk {
    /// The page of a list of its own, where it is not walked through by the ids of its entries.
    pub(crate) fn page(&self) -> Page {
        Page { limit: self.limit, offset: self.end.saturating_sub(self.limit) }
    }

    /// What the page answers; `newest` is the newest entry of the walk.
    pub(crate) fn end<T>(&self, list: Vec<T>, total: i64, newest: i64, id: impl Fn(&T) -> i64) -> Walked<T> {
        let last = list.last().filter(|_| self.asked);
        let snapshot = last.map(|last| Snapshot { newest, seen: self.end, last: id(last) }.to_string());
        Walked { list, total, snapshot }
    }
}

impl<T> Walked<T> {
    /// The same with other entries.
    pub(crate) fn map<U>(self, with: impl FnMut(T) -> U) -> Walked<U> {
        Walked { list: self.list.into_iter().map(with).collect(), total: self.total, snapshot: self.snapshot }
    }
}

/// What a page says of the walk it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    newest: i64,
    /// Entries up to the end of the page, and the last one of them.
    seen: i64,
    last: i64,
}

impl std::fmt::Display for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{:x}.{:x}", self.newest, self.seen, self.last)
    }
}

impl Snapshot {
    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_SNAPSHOT {
            return None;
        }
        let mut parts = text.split('.').map(|part| i64::from_str_radix(part, 16).ok().filter(|n| *n >= 0));
        let mut next = || parts.next().flatten();
        let read = Self { newest: next()?, seen: next()?, last: next()? };
        parts.next().is_none().then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(number: i64, limit: i64) -> Page {
        Page { limit, offset: (number - 1) * limit }
    }

    fn given(snapshot: Option<&str>, page: Page) -> Result<Walk, ApiError> {
        SnapshotQuery { snapshot: snapshot.map(str::to_owned) }.check(page)
    }

    #[test]
    fn the_next_page_goes_on_where_the_last_one_ended() {
        let plain = given(None, page(1, 2)).unwrap();
        assert_eq!(plain.end(vec![9, 8], 5, 9, |id| *id).snapshot, None);
        let first = given(Some(""), page(1, 2)).unwrap();
        assert_eq!((first.before, first.offset, first.newest), (i64::MAX, 0, None));
        let answer = first.end(vec![9, 8], 5, 9, |id| *id);
        let snapshot = answer.snapshot.as_deref();
        let second = given(snapshot, page(2, 2)).unwrap();
        assert_eq!((second.before, second.offset, second.newest), (8, 0, Some(9)));
        assert_eq!(second.page(), page(2, 2));
        let jump = given(snapshot, page(4, 2)).unwrap();
        assert_eq!((jump.before, jump.offset, jump.newest), (10, 6, Some(9)));
        assert_eq!(second.end(Vec::<i64>::new(), 5, 9, |id| *id).snapshot, None);
        for wrong in ["x", "1.2", "1.2.3.4", "-1.2.3", &"1".repeat(100)] {
            assert!(given(Some(wrong), page(1, 2)).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn snapshots_survive_being_written_down(newest in 0..i64::MAX, seen in 0..i64::MAX, last in 0..i64::MAX) {
            let snapshot = Snapshot { newest, seen, last };
            prop_assert_eq!(Snapshot::parse(&snapshot.to_string()), Some(snapshot));
        }

        #[test]
        fn any_text_is_a_snapshot_or_refused(text in ".{0,80}") {
            let _ = given(Some(&text), page(2, 20));
        }
    }
}
