//! Rows of a page of search hits, in the order of the hits.

use search::{EntryId, Hit};
use store::{AccountId, FromRow, InList, Result, Tx, params};
use web::paging::{MAX_PAGE_SIZE, Page};

/// Number of ids that a statement of [`rows`] takes after the account.
pub(crate) const IDS: usize = MAX_PAGE_SIZE as usize;

/// Returns the ids of a page.
pub(crate) fn page(found: &[Hit], page: Page) -> Vec<EntryId> {
    let (from, count) = (usize::try_from(page.offset), usize::try_from(page.limit));
    let rest = from.ok().and_then(|from| found.get(from..)).unwrap_or_default();
    rest.iter().take(count.unwrap_or(usize::MAX)).map(|hit| hit.entry).collect()
}

/// Returns an account's rows by id, in the order of the ids. Ids without a row are skipped.
pub(crate) async fn rows<R: FromRow>(
    tx: &Tx<'_>,
    statement: &'static InList,
    account: AccountId,
    ids: &[EntryId],
    id_of: impl Fn(&R) -> EntryId,
) -> Result<Vec<R>> {
    let mut rows: Vec<R> = tx.fetch_in(statement, params![account], ids).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == id_of(row)));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_with_the_list() {
        let found = [1, 2, 3, 4, 5].map(|entry| Hit {
            entry: EntryId(entry),
            score: 1.0,
            noted: store::Timestamp(0),
        });
        let of = |offset, limit| -> Vec<i64> {
            page(&found, Page { limit, offset }).into_iter().map(|id| id.0).collect()
        };
        assert_eq!(
            (of(0, 2), of(4, 2), of(6, 2), of(0, 100)),
            (vec![1, 2], vec![5], vec![], vec![1, 2, 3, 4, 5])
        );
    }
}
