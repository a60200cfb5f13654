//! Rows of any table: read page by page, and compared by checksums.

use sha2::{Digest, Sha256};

use super::catalog::Table;
use crate::database::Database;
use crate::error::Result;
use crate::param::{OwnedParam, Param};
use crate::row::{Column, FromRow, Row};

/// Rows of the first page, and the largest number of rows of a page.
const FIRST_PAGE: usize = 32;
const MAX_PAGE: usize = 1000;
/// The size of a page's values, about.
const PAGE_BYTES: usize = 4 << 20;

/// The values of a row.
pub(super) struct Cells(Vec<OwnedParam>);

impl Cells {
    pub(super) fn params(&self) -> Vec<Param<'_>> {
        self.0.iter().map(OwnedParam::as_param).collect()
    }

    fn bytes(&self) -> usize {
        let size = |cell: &OwnedParam| match cell {
            OwnedParam::Text(text) => text.len(),
            OwnedParam::Blob(bytes) => bytes.len(),
            OwnedParam::Null | OwnedParam::Int(_) | OwnedParam::Real(_) => 8,
        };
        self.0.iter().map(size).sum()
    }
}

impl FromRow for Cells {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        (0..row.len()).map(|index| row.get(index)).collect::<Result<_>>().map(Self)
    }
}

impl Column for OwnedParam {
    const EXPECTED: &'static str = "a value";

    fn from_value(value: Param<'_>) -> Option<Self> {
        Some(Self::from(value))
    }
}

/// A walk through a table in the order of its primary key. The size of a page follows the size of the rows
/// before it, so that a page of large rows does not fill the memory.
pub(super) struct Pages {
    after: Option<Vec<OwnedParam>>,
    limit: usize,
}

impl Pages {
    /// Begins after a key, or with the first row.
    pub(super) fn after(key: Option<Vec<OwnedParam>>) -> Self {
        Self { after: key, limit: FIRST_PAGE }
    }

    /// Reads the next rows. The list is empty at the end.
    pub(super) async fn next(&mut self, db: &Database, table: &Table) -> Result<Vec<Cells>> {
        let mut params = vec![OwnedParam::Int(i64::try_from(self.limit).unwrap_or(i64::MAX))];
        let sql = match &self.after {
            None => table.first_page,
            Some(key) => {
                params.extend(key.iter().cloned());
                table.next_page
            }
        };
        let page: Vec<Cells> = db.fetch_all_heavy(sql, params).await?;
        if let Some(Cells(last)) = page.last() {
            self.after = Some(table.key.iter().filter_map(|at| last.get(*at).cloned()).collect());
            let average = page.iter().map(Cells::bytes).sum::<usize>() / page.len();
            self.limit = (PAGE_BYTES / average.max(1)).clamp(1, MAX_PAGE).min(self.limit * 4);
        }
        Ok(page)
    }
}

/// Returns the highest primary key of a table.
pub(super) async fn last_key(db: &Database, table: &Table) -> Result<Option<Vec<OwnedParam>>> {
    let found: Option<Cells> = db.fetch_optional(table.last_key, &[]).await?;
    Ok(found.map(|Cells(key)| key))
}

/// The number of a table's rows, and the sum of their hashes, which does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) rows: u64,
    sum: [u128; 2],
}

impl Checksum {
    fn add(&mut self, row: &Cells) {
        let mut hash = Sha256::new();
        for cell in &row.0 {
            let (kind, bytes): (u8, &[u8]) = match cell {
                OwnedParam::Null => (0, &[]),
                OwnedParam::Int(value) => (1, &value.to_le_bytes()),
                // Both zeros are the same number.
                OwnedParam::Real(value) => (2, &(value + 0.0).to_le_bytes()),
                OwnedParam::Text(text) => (3, text.as_bytes()),
                OwnedParam::Blob(bytes) => (4, bytes),
            };
            hash.update([kind]);
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(bytes);
        }
        let digest: [u8; 32] = hash.finalize().into();
        for (sum, half) in self.sum.iter_mut().zip(digest.as_chunks::<16>().0) {
            *sum = sum.wrapping_add(u128::from_le_bytes(*half));
        }
        self.rows += 1;
    }
}

/// Reads a whole table.
pub(super) async fn checksum(db: &Database, table: &Table) -> Result<Checksum> {
    let (mut pages, mut checksum) = (Pages::after(None), Checksum::default());
    loop {
        let page = pages.next(db, table).await?;
        if page.is_empty() {
            return Ok(checksum);
        }
        page.iter().for_each(|row| checksum.add(row));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells() -> impl Strategy<Value = Vec<OwnedParam>> {
        let cell = prop_oneof![
            Just(OwnedParam::Null),
            (-3_i64..3).prop_map(OwnedParam::Int),
            (-2_i32..2).prop_map(|value| OwnedParam::Real(value.into())),
            "[ab]{0,2}".prop_map(OwnedParam::Text),
            prop::collection::vec(97_u8..99, 0..3).prop_map(OwnedParam::Blob),
        ];
        prop::collection::vec(cell, 3)
    }

    fn sum(rows: &[Vec<OwnedParam>]) -> Checksum {
        let mut checksum = Checksum::default();
        rows.iter().for_each(|row| checksum.add(&Cells(row.clone())));
        checksum
    }

    proptest! {
        #[test]
        fn checksum_depends_on_rows_and_not_on_their_order(
            mut rows in prop::collection::vec(cells(), 1..6), other in cells(),
        ) {
            let whole = sum(&rows);
            let first = rows.remove(0);
            prop_assert_ne!(sum(&rows), whole);
            rows.push(other.clone());
            prop_assert_eq!(sum(&rows) == whole, other == first);
        }
    }
}
