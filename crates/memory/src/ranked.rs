//! Rows of a page of search hits, in the order of the hits.

use search::{EntryId, Hit};

use store::{AccountId, FromRow, Param, Result, Tx};
use web::paging::{MAX_PAGE_SIZE, Page};

/// Maximum number of ids that [`rows`] reads, and the number of ids that its statement takes after the
/// account.
const IDS: usize = MAX_PAGE_SIZE as usize;

/// Builds a statement that reads an account's rows by id. `start` is its beginning, up to `WHERE account_id =
/// $1 AND id IN`.
pub(crate) fn by_ids(start: &str) -> String {
    let ids: Vec<String> = (2..2 + IDS).map(|n| format!("${n}")).collect();
    format!("{start} ({})", ids.join(", "))
}

/// Returns the ids of a page.
pub(crate) fn page(found: &[Hit], page: Page) -> Vec<EntryId> {
    let (from, count) = (usize::try_from(page.offset), usize::try_from(page.limit));
    let rest = from.ok().and_then(|from| found.get(from..)).unwrap_or_default();
    rest.iter().take(count.unwrap_or(usize::MAX)).map(|hit| hit.entry).collect()
}

/// Returns the rows of at most [`IDS`] ids, in the order of the ids. Ids without a row are skipped.
pub(crate) async fn rows<R: FromRow>(
    tx: &Tx<'_>,
    sql: &'static str,
    account: AccountId,
    ids: &[EntryId],
    id_of: impl Fn(&R) -> EntryId,
) -> Result<Vec<R>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = vec![Param::from(account)];
    values.extend(ids.iter().take(IDS).map(|id| Param::from(*id)));
    // No row has the id 0.
    values.resize(1 + IDS, Param::Int(0));
    let mut rows: Vec<R> = tx.fetch_all(sql, &values).await?;
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
