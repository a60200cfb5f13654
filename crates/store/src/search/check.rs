//! Whether an index says what the rows say, and making it say so.

use std::collections::{BTreeMap, BTreeSet};

use super::index::Index;
use super::tokens::Document;
use crate::error::Result;
use crate::{Tx, params};

const ENTRIES: &str = "SELECT entry_id, is_public, length, folded FROM search_entry \
     WHERE account_id = $1 AND kind = $2 AND entry_id > $3 AND entry_id <= $4";

const POSTINGS: &str = "SELECT entry_id, term, occurrences, length, is_public FROM search_posting \
     WHERE account_id = $1 AND kind = $2 AND entry_id > $3 AND entry_id <= $4 ORDER BY term";

const DROP_ENTRY: &str = "DELETE FROM search_entry WHERE account_id = $1 AND kind = $2 AND entry_id = $3";
const DROP_POSTINGS: &str =
    "DELETE FROM search_posting WHERE account_id = $1 AND kind = $2 AND entry_id = $3";

const COUNTED: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(length), 0) AS BIGINT), \
     CAST(COALESCE(SUM(is_public), 0) AS BIGINT), CAST(COALESCE(SUM(length * is_public), 0) AS BIGINT) \
     FROM search_entry WHERE account_id = $1 AND kind = $2";

const KEPT: &str = "SELECT entries, length, public_entries, public_length FROM search_size \
     WHERE account_id = $1 AND kind = $2";

const SET_SIZE: &str = "UPDATE search_size SET entries = $3, length = $4, public_entries = $5, public_length = $6 \
     WHERE account_id = $1 AND kind = $2";

/// What an index should hold of a row.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The row's id.
    pub id: i64,
    /// Whether everybody may see it.
    pub public: bool,
    /// Its text.
    pub document: Document,
}

type Posting = (String, i64, i64, bool);

impl Index {
    /// Compares the entries with ids in a range (the first left out, the last within) with the rows of that range, and
    /// answers what disagrees; with `mend`, makes it agree. The index is locked. Looks through all of the person's
    /// postings once.
    ///
    /// Errors: a statement fails.
    pub async fn check(
        self,
        tx: &mut Tx<'_>,
        (after, last): (i64, i64),
        expected: &[Expected],
        mend: bool,
    ) -> Result<Vec<String>> {
        let (account, kind) = (self.account(), self.kind());
        let range = params![account, kind, after, last];
        let entries: Vec<(i64, bool, i64, String)> = tx.fetch_all(ENTRIES, range).await?;
        let rows: Vec<(i64, String, i64, i64, bool)> = tx.fetch_all(POSTINGS, range).await?;
        let mut postings = BTreeMap::<i64, Vec<Posting>>::new();
        for (entry, term, occurrences, length, public) in rows {
            postings.entry(entry).or_default().push((term, occurrences, length, public));
        }
        let wanted: BTreeMap<i64, &Expected> = expected.iter().map(|one| (one.id, one)).collect();
        let held: BTreeMap<i64, _> =
            entries.iter().map(|(id, public, length, folded)| (*id, (*public, *length, folded))).collect();
        let ids: BTreeSet<i64> = wanted.keys().chain(held.keys()).chain(postings.keys()).copied().collect();
        let mut faults = Vec::new();
        for id in ids {
            let its = postings.get(&id).map(Vec::as_slice).unwrap_or_default();
            let fault = match (wanted.get(&id), held.get(&id)) {
                (None, None) => Some("terms without an entry"),
                (None, Some(_)) => Some("in the index without a row"),
                (Some(_), None) => Some("not in the index"),
                (Some(want), Some((public, length, folded))) => {
                    let document = &want.document;
                    if (want.public, document.length, &document.folded) != (*public, *length, folded) {
                        Some("the index has another text")
                    } else if !same(want, its) {
                        Some("the index has other terms")
                    } else {
                        None
                    }
                }
            };
            let Some(fault) = fault else { continue };
            faults.push(format!("{id}: {fault}"));
            if mend {
                tx.execute(DROP_ENTRY, params![account, kind, id]).await?;
                tx.execute(DROP_POSTINGS, params![account, kind, id]).await?;
                if let Some(want) = wanted.get(&id) {
                    self.add(tx, id, want.public, &want.document).await?;
                }
            }
        }
        Ok(faults)
    }

    /// Compares the index's statistics with its entries; with `mend`, makes them agree. The index is locked.
    ///
    /// Errors: a statement fails.
    pub async fn check_size(self, tx: &mut Tx<'_>, mend: bool) -> Result<Option<String>> {
        let (account, kind) = (self.account(), self.kind());
        let counted: (i64, i64, i64, i64) = tx.fetch_one(COUNTED, params![account, kind]).await?;
        let kept: Option<(i64, i64, i64, i64)> = tx.fetch_optional(KEPT, params![account, kind]).await?;
        if kept.unwrap_or_default() == counted {
            return Ok(None);
        }
        if mend {
            let values = params![account, kind, counted.0, counted.1, counted.2, counted.3];
            tx.execute(SET_SIZE, values).await?;
        }
        Ok(Some("the statistics are wrong".to_owned()))
    }
}

/// Both are in the order of terms.
fn same(want: &Expected, held: &[Posting]) -> bool {
    let document = &want.document;
    document.terms.len() == held.len()
        && document.terms.iter().zip(held).all(|((term, count), (other, occurrences, length, public))| {
            term == other && count == occurrences && *length == document.length && *public == want.public
        })
}
