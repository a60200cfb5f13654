//! Cursors: where the next page of a list begins, whatever is added meanwhile.
//!
//! A page number alone only says how many rows to skip, and these shift when an entry is added. So a page
//! also returns a `snapshot`, the text of a cursor: it names the newest entry when the paging began, and the
//! last entry of the page. A list that is only read from page to page needs no more than the
//! [`Position`] of that last entry.

use store::Ids;

use super::Page;

/// Maximum length of a position's text in bytes.
const MAX_POSITION: usize = 40;

/// The place of a row in a list: the number by which the list is ordered (a time, a rank, or the id itself),
/// and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub i64, pub i64);

impl Position {
    /// The place before all rows of a list that begins with the greatest numbers.
    pub const START: Self = Self(i64::MAX, i64::MAX);

    /// Returns the text for the client. Negative numbers count as 0.
    pub fn text(self) -> String {
        encode(&[self.0.max(0), self.1.max(0)])
    }

    /// Reads the text of a client. `None` if it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        match *decode(text, MAX_POSITION)?.as_slice() {
            [order, id] => Some(Self(order, id)),
            _ => None,
        }
    }
}

/// A page of a list, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Number of rows to return.
    pub limit: i64,
    /// Number of rows to skip after `last`.
    pub offset: i64,
    /// The id of the newest entry when the paging began; later ones are left out. `None` on the first page,
    /// and without a snapshot.
    pub newest: Option<i64>,
    /// The last row of the page before, if the snapshot is of that page.
    pub last: Option<Position>,
    /// Number of rows up to the end of this page.
    end: i64,
    /// True if the response has the snapshot of the next page.
    has_snapshots: bool,
}

/// A page without a snapshot, of which the response has none either.
impl From<Page> for Cursor {
    fn from(Page { limit, offset }: Page) -> Self {
        let end = offset.saturating_add(limit);
        Self { limit, offset, newest: None, last: None, end, has_snapshots: false }
    }
}

impl Cursor {
    /// Combines a page with the snapshot of the page before. An empty text is the first page. `None` if the
    /// snapshot is invalid or longer than `longest` bytes.
    pub fn with_snapshot(page: Page, text: &str, longest: usize) -> Option<Self> {
        let mut cursor = Self { has_snapshots: true, ..Self::from(page) };
        if !text.is_empty() {
            let Snapshot { newest, seen, last } = Snapshot::parse(text, longest)?;
            cursor.newest = Some(newest);
            // This is the page right after the one that returned the snapshot.
            if seen == page.offset {
                (cursor.last, cursor.offset) = (Some(last), 0);
            }
        }
        Some(cursor)
    }

    /// Returns the page by offset, for a list that is not paged by the positions of its rows.
    pub fn page(&self) -> Page {
        Page { limit: self.limit, offset: self.end.saturating_sub(self.limit) }
    }

    /// Returns the number of the page, from 1.
    pub fn number(&self) -> i64 {
        self.end / self.limit.max(1)
    }

    /// Returns the number of rows up to the end of this page.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// Returns the id of the newest entry that belongs to the pages.
    pub fn newest(&self) -> i64 {
        self.newest.unwrap_or(i64::MAX)
    }

    /// Returns the position that all rows of the page come after.
    pub fn start(&self) -> Position {
        self.last.unwrap_or(Position::START)
    }

    /// Returns the id that all ids of the page are less than, in a list by id.
    pub fn before_id(&self) -> i64 {
        self.last.map_or_else(|| self.newest().saturating_add(1), |Position(_, id)| id)
    }

    /// Removes the row that was read beyond the page, if any. Returns true if there was one.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> bool {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        has_more
    }

    /// Returns the snapshot for the next page; `None` if the response has none, or the page is empty.
    /// `newest` is the newest entry when the paging began, `last` the last row of this page.
    pub fn snapshot(&self, newest: i64, last: Option<Position>) -> Option<String> {
        let last = last.filter(|_| self.has_snapshots)?;
        Some(Snapshot { newest, seen: self.end, last }.text())
    }
}

/// The content of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    newest: i64,
    /// The number of rows up to the end of the page.
    seen: i64,
    /// The last one of them.
    last: Position,
}

impl Snapshot {
    fn text(self) -> String {
        let Self { newest, seen, last: Position(order, id) } = self;
        // Most lists are ordered by the time of the ids.
        if Ids::time(id).0 == order {
            encode(&[newest, seen, id])
        } else {
            encode(&[newest, seen, id, order])
        }
    }

    fn parse(text: &str, longest: usize) -> Option<Self> {
        match *decode(text, longest)?.as_slice() {
            [newest, seen, id] => Some(Self { newest, seen, last: Position(Ids::time(id).0, id) }),
            [newest, seen, id, order] => Some(Self { newest, seen, last: Position(order, id) }),
            _ => None,
        }
    }
}

/// Returns numbers as a text: in hexadecimal, separated by dots.
fn encode(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:x}")).collect();
    numbers.join(".")
}

/// Returns the numbers of a text. `None` if one is negative or not a number, or if the text is longer than
/// `longest` bytes.
fn decode(text: &str, longest: usize) -> Option<Vec<i64>> {
    let number = |part| i64::from_str_radix(part, 16).ok().filter(|number| *number >= 0);
    (text.len() <= longest).then(|| text.split('.').map(number).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(number: i64, limit: i64) -> Page {
        Page { limit, offset: (number - 1) * limit }
    }

    fn cursor(text: &str, page: Page) -> Option<Cursor> {
        Cursor::with_snapshot(page, text, 100)
    }

    #[test]
    fn the_next_page_goes_on_where_the_last_one_ended() {
        let first = cursor("", page(1, 2)).unwrap();
        assert_eq!((first.start(), first.before_id()), (Position::START, i64::MAX));
        assert_eq!((first.offset, first.newest, first.number()), (0, None, 1));
        let snapshot = first.snapshot(9, Some(Position(56, 8))).unwrap();
        let second = cursor(&snapshot, page(2, 2)).unwrap();
        assert_eq!((second.start(), second.before_id()), (Position(56, 8), 8));
        assert_eq!((second.offset, second.newest, second.number()), (0, Some(9), 2));
        assert_eq!((second.page(), second.end()), (page(2, 2), 4));
        assert_eq!(second.snapshot(9, None), None, "an empty page is the last one");
    }

    #[test]
    fn another_page_skips_rows_of_the_same_entries() {
        let snapshot = cursor("", page(1, 2)).unwrap().snapshot(9, Some(Position(56, 8))).unwrap();
        let jump = cursor(&snapshot, page(4, 2)).unwrap();
        assert_eq!((jump.start(), jump.before_id()), (Position::START, 10));
        assert_eq!((jump.offset, jump.newest), (6, Some(9)));
        let other_size = cursor(&snapshot, page(2, 3)).unwrap();
        assert_eq!((other_size.offset, other_size.start()), (3, Position::START));
    }

    #[test]
    fn a_page_without_snapshots_returns_none() {
        assert_eq!(Cursor::from(page(1, 2)).snapshot(9, Some(Position(56, 8))), None);
    }

    #[test]
    fn the_row_beyond_the_page_is_cut() {
        let cursor = Cursor::from(page(1, 2));
        let mut rows = vec![9, 8, 7];
        assert!(cursor.cut(&mut rows) && rows == [9, 8]);
        assert!(!cursor.cut(&mut rows) && rows == [9, 8]);
    }

    #[test]
    fn other_texts_are_refused() {
        for wrong in ["x", "1.2", "1.2.3.x", "1.2.3.4.5", "1.2.3.", "-1.2.3", &"1".repeat(101)] {
            assert_eq!(cursor(wrong, page(1, 2)), None, "{wrong}");
        }
        for wrong in ["", "x", "1", "1.2.3", "1.", "-1.2", "1.8000000000000000", &"1".repeat(41)] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn snapshots_survive_being_written_down(
            newest in 0..i64::MAX, seen in 0..i64::MAX, id in 0..i64::MAX, order in 0..i64::MAX, is_own: bool,
        ) {
            let order = if is_own { order } else { Ids::time(id).0 };
            let snapshot = Snapshot { newest, seen, last: Position(order, id) };
            prop_assert_eq!(Snapshot::parse(&snapshot.text(), 100), Some(snapshot));
            prop_assert_eq!(Position::parse(&snapshot.last.text()), Some(snapshot.last));
        }

        #[test]
        fn any_text_is_a_snapshot_or_refused(text in ".{0,120}", number in 1_i64..100) {
            let _ = (cursor(&text, page(number, 20)), Position::parse(&text));
        }

        #[test]
        fn numbers_survive_being_encoded(numbers in prop::collection::vec(0..i64::MAX, 1..6)) {
            prop_assert_eq!(decode(&encode(&numbers), 100), Some(numbers));
        }

        #[test]
        fn no_other_text_has_numbers(text in "[g-z-]{0,8}|[0-9a-f]{0,8}\\.|[0-9a-f]{101}|-[1-9]") {
            prop_assert_eq!(decode(&text, 100), None);
        }
    }
}
