//! Walking a list page by page while others write.
//!
//! Pages are asked for by number. A number alone says how many rows to skip, which shifts when somebody writes
//! meanwhile. So each page also answers a `snapshot`, to be given back with the next one: it holds what was there when
//! the walk began and where the page ended, and the next page goes on exactly there, at any depth.

use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, Issues};

/// Largest page; a larger wish is cut to it.
pub const MAX_SIZE: i64 = 100;
/// Page size where none is asked for.
pub const DEFAULT_SIZE: i64 = 20;
/// Deepest row that a number alone reaches: its cost grows with it.
pub const MAX_OFFSET: i64 = 10_000;

/// A key that nothing comes before.
pub const FIRST: (i64, i64) = (i64::MAX, i64::MAX);

/// The query parameters of paging style B (contract §0.8) as they come.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct WalkQuery {
    /// Page number from 1. Default 1.
    #[param(minimum = 1, default = 1)]
    pub page: Option<i64>,
    /// Entries on a page. Default 20; more than 100 is taken as 100.
    #[param(minimum = 1, default = 20)]
    pub page_size: Option<i64>,
    /// What the page before answered: the list then stays as it was when the walk began.
    #[param(max_length = 100)]
    pub snapshot: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Its number.
    pub page: i64,
    /// Rows on it.
    pub size: i64,
    /// The newest row that belongs to the walk; `None` at its beginning.
    pub newest: Option<i64>,
    /// The last row of the page before, where it is known.
    pub after: Option<(i64, i64)>,
    /// Rows to skip after that.
    pub offset: i64,
}

impl WalkQuery {
    /// Applies defaults and limits.
    ///
    /// # Errors
    /// 422 for numbers below 1, a snapshot that is none, and a page that is too deep to be reached by its number.
    pub fn check(&self) -> Result<Walk, ApiError> {
        let mut issues = Issues::query();
        let page = self.page.unwrap_or(1);
        let wish = self.page_size.unwrap_or(DEFAULT_SIZE);
        for (field, value) in [("page", page), ("pageSize", wish)] {
            if value < 1 {
                issues.add("greater_than_equal", field, "Input should be greater than or equal to 1");
            }
        }
        let size = wish.clamp(1, MAX_SIZE);
        let given = self.snapshot.as_deref().filter(|text| !text.is_empty());
        let snapshot = given.and_then(Snapshot::parse);
        if given.is_some() && snapshot.is_none() {
            issues.add("value_error", "snapshot", "Input should be the snapshot of an earlier page");
        }
        let mut walk =
            Walk { page, size, newest: snapshot.map(|snapshot| snapshot.newest), after: None, offset: 0 };
        match snapshot {
            Some(Snapshot { page: before, size: same, end, .. })
                if before.saturating_add(1) == page && same == size =>
            {
                walk.after = Some(end);
            }
            Some(_) | None => walk.offset = page.saturating_sub(1).saturating_mul(size),
        }
        if walk.offset > MAX_OFFSET {
            issues.add(
                "less_than_equal",
                "page",
                format!("Pages reach to entry {MAX_OFFSET}; further ones by the snapshot of the page before"),
            );
        }
        issues.finish()?;
        Ok(walk)
    }
}

impl Walk {
    /// The key after which the page begins.
    pub fn start(&self) -> (i64, i64) {
        self.after.unwrap_or(FIRST)
    }

    /// Cuts rows that were read one too many; answers what the page says beside them: whether there is more that
    /// the client can reach, and the snapshot to go on with.
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

    /// Whether the next page can be had by its number alone, or this client goes by snapshots.
    pub fn reaches_further(&self) -> bool {
        self.newest.is_some() || self.page.saturating_mul(self.size) <= MAX_OFFSET
    }
}

/// What a page says of the walk it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    newest: i64,
    page: i64,
    size: i64,
    end: (i64, i64),
}

impl Snapshot {
    fn text(self) -> String {
        let Self { newest, page, size, end } = self;
        format!("{newest:x}.{page:x}.{size:x}.{:x}.{:x}", end.0, end.1)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > 100 {
            return None;
        }
        let mut parts = text.split('.').map(|part| i64::from_str_radix(part, 16).ok().filter(|n| *n >= 0));
        let mut next = || parts.next().flatten();
        let read = Self { newest: next()?, page: next()?, size: next()?, end: (next()?, next()?) };
        parts.next().is_none().then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query(page: i64, size: i64, snapshot: Option<String>) -> WalkQuery {
        WalkQuery { page: Some(page), page_size: Some(size), snapshot }
    }

    #[test]
    fn a_number_skips_and_a_snapshot_goes_on() {
        let walk = query(3, 10, None).check().unwrap();
        assert_eq!((walk.offset, walk.start(), walk.newest), (20, FIRST, None));
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
        fn snapshots_survive_being_written_down(newest in 0..i64::MAX, page in 1..i64::MAX, a in 0..i64::MAX, b in 0..i64::MAX) {
            let snapshot = Snapshot { newest, page, size: 20, end: (a, b) };
            prop_assert_eq!(Snapshot::parse(&snapshot.text()), Some(snapshot));
        }

        #[test]
        fn any_text_is_a_snapshot_or_refused(text in ".{0,120}") {
            let _ = query(2, 20, Some(text)).check();
        }
    }
}
