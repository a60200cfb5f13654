//! Comparison of an index with the rows, and its repair.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use store::{Result, Timestamp, Tx, params};

use super::id::EntryId;
use super::index::{Entry, Index};
use super::postings::{self, Posting};
use super::runs::Row;
use super::tokens::Document;

const ENTRIES: &str = "SELECT entry_id, is_public, length, noted_at, run, folded FROM search_entry \
     WHERE account_id = $1 AND kind = $2 AND entry_id > $3 AND entry_id <= $4";

const PENDING: &str = "SELECT entry_id, is_public, length, noted_at, terms FROM search_pending \
     WHERE account_id = $1 AND kind = $2 AND entry_id > $3 AND entry_id <= $4";

const RUN: &str = "SELECT term, entries, public_entries, postings FROM search_posting \
     WHERE account_id = $1 AND kind = $2 AND run = $3 ORDER BY term";

const DROP_ENTRY: &str = "DELETE FROM search_entry WHERE account_id = $1 AND kind = $2 AND entry_id = $3";
const DROP_PENDING: &str = "DELETE FROM search_pending WHERE account_id = $1 AND kind = $2 AND entry_id = $3";

const PLACES: &str = "SELECT entry_id, run FROM search_entry WHERE account_id = $1 AND kind = $2";

const LAST_RUN: &str = "SELECT CAST(COALESCE(MAX(run), 0) AS BIGINT) FROM search_posting \
     WHERE account_id = $1 AND kind = $2";

const COUNTED: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(length), 0) AS BIGINT), \
     CAST(COALESCE(SUM(is_public), 0) AS BIGINT), CAST(COALESCE(SUM(length * is_public), 0) AS BIGINT), \
     (SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM search_pending WHERE account_id = $1 AND kind = $2) \
     FROM search_entry WHERE account_id = $1 AND kind = $2";

const KEPT: &str = "SELECT entries, length, public_entries, public_length, pending FROM search_size \
     WHERE account_id = $1 AND kind = $2";

const RUNS: &str = "SELECT runs FROM search_size WHERE account_id = $1 AND kind = $2";

const SET_SIZE: &str = "UPDATE search_size SET entries = $3, length = $4, public_entries = $5, public_length \
    = $6, \
     pending = $7 WHERE account_id = $1 AND kind = $2";

const SET_RUNS: &str = "UPDATE search_size SET runs = $3 WHERE account_id = $1 AND kind = $2";

/// The content that an index should have for a row.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The row as it should be indexed.
    pub entry: Entry,
    /// Its text.
    pub document: Document,
}

/// An entry as the index has it.
#[derive(Debug, Default)]
struct IndexedEntry {
    /// Its visibility, length, time and folded text. `None` if the index has only terms of it.
    entry: Option<(bool, i64, Timestamp, String)>,
    /// The run that it belongs to; 0 if there is none.
    run: i64,
    /// Its terms with their postings, sorted.
    terms: Vec<(String, Posting)>,
}

/// A run as it is stored: each term with its number of entries, its number of public entries, and its
/// postings.
type StoredRun = Vec<(String, i64, i64, Vec<u8>)>;

impl Index {
    /// Compares the entries with ids in a range (the first excluded, the last included) with the rows of that
    /// range, and returns the differences. With `mend`, corrects the index. The index has to be locked. Reads
    /// the runs that have these entries.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn check(
        self,
        tx: &mut Tx<'_>,
        range: (i64, i64),
        expected: &[Expected],
        mend: bool,
    ) -> Result<Vec<String>> {
        let held = self.held(tx, range).await?;
        let wanted: BTreeMap<EntryId, &Expected> = expected.iter().map(|one| (one.entry.id, one)).collect();
        let ids: BTreeSet<EntryId> = wanted.keys().chain(held.keys()).copied().collect();
        let (mut faults, nothing) = (Vec::new(), IndexedEntry::default());
        for id in ids {
            let held = held.get(&id).unwrap_or(&nothing);
            let fault = match (wanted.get(&id), &held.entry) {
                (None, None) => Some("terms without an entry"),
                (None, Some(_)) => Some("in the index without a row"),
                (Some(_), None) => Some("not in the index"),
                (Some(want), Some((public, length, noted, folded))) => {
                    let (entry, document) = (want.entry, &want.document);
                    if (entry.public, document.length, &document.folded) != (*public, *length, folded) {
                        Some("the index has another text")
                    } else if entry.noted() != *noted {
                        Some("the index has another time")
                    } else if !same(want, &held.terms) {
                        Some("the index has other terms")
                    } else {
                        None
                    }
                }
            };
            let Some(fault) = fault else { continue };
            faults.push(format!("{id}: {fault}"));
            if mend {
                tx.execute(DROP_ENTRY, params![self.account(), self.kind(), id]).await?;
                tx.execute(DROP_PENDING, params![self.account(), self.kind(), id]).await?;
                let terms: Vec<&str> = held.terms.iter().map(|(term, _)| term.as_str()).collect();
                self.leave_run(tx, held.run, id, &terms).await?;
                if let Some(want) = wanted.get(&id) {
                    self.add(tx, want.entry, &want.document).await?;
                }
            }
        }
        Ok(faults)
    }

    /// Returns the entries of a range, with their terms from pending rows and from runs.
    async fn held(
        self,
        tx: &mut Tx<'_>,
        (after, last): (i64, i64),
    ) -> Result<BTreeMap<EntryId, IndexedEntry>> {
        let range = params![self.account(), self.kind(), after, last];
        let entries: Vec<(EntryId, bool, i64, Timestamp, i64, String)> = tx.fetch_all(ENTRIES, range).await?;
        let pending: Vec<(EntryId, bool, i64, Timestamp, String)> = tx.fetch_all(PENDING, range).await?;
        let mut held = BTreeMap::<EntryId, IndexedEntry>::new();
        let mut runs = BTreeSet::new();
        for (id, public, length, noted, run, folded) in entries {
            runs.extend((run > 0).then_some(run));
            held.insert(
                id,
                IndexedEntry { entry: Some((public, length, noted, folded)), run, terms: Vec::new() },
            );
        }
        for (entry, public, length, noted, lines) in pending {
            let posting = |occurrences| Posting { entry, occurrences, length, public, noted };
            let terms = postings::parse(&lines).map(|(term, count)| (term.to_owned(), posting(count)));
            held.entry(entry).or_default().terms.extend(terms);
        }
        for run in runs {
            for (term, _, _, bytes) in self.run(tx, run).await? {
                // Damaged postings are reported as a fault of the run.
                for posting in postings::decode(&bytes).unwrap_or_default() {
                    if let Some(held) = held.get_mut(&posting.entry).filter(|held| held.run == run) {
                        held.terms.push((term.clone(), posting));
                    }
                }
            }
        }
        Ok(held)
    }

    async fn run(self, tx: &mut Tx<'_>, run: i64) -> Result<StoredRun> {
        tx.fetch_all(RUN, params![self.account(), self.kind(), run]).await
    }

    /// Looks for terms whose entry does not exist or is not in the run, and compares the counts of each term
    /// with its postings. With `mend`, corrects them. The index has to be locked. Reads all of its runs once.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn check_runs(self, tx: &mut Tx<'_>, mend: bool) -> Result<Vec<String>> {
        let whole = params![self.account(), self.kind()];
        let places: Vec<(EntryId, i64)> = tx.fetch_all(PLACES, whole).await?;
        let places: HashMap<EntryId, i64> = places.into_iter().collect();
        let (last,): (i64,) = tx.fetch_one(LAST_RUN, whole).await?;
        let known: Option<(i64,)> = tx.fetch_optional(RUNS, whole).await?;
        let mut faults = Vec::new();
        if last > known.map_or(0, |(runs,)| runs) {
            faults.push("runs are missing in the statistics".to_owned());
            if mend {
                tx.execute(SET_RUNS, params![self.account(), self.kind(), last]).await?;
            }
        }
        for run in 1..=last {
            let (mut strays, mut right, mut empty) = (BTreeSet::new(), Vec::new(), Vec::new());
            let mut is_damaged = false;
            let kept = self.run(tx, run).await?;
            for (term, entries, public_entries, bytes) in &kept {
                let read = postings::decode(bytes);
                let all = read.as_deref().unwrap_or_default();
                let is_here = |posting: &&Posting| places.get(&posting.entry) == Some(&run);
                strays.extend(all.iter().filter(|posting| !is_here(posting)).map(|posting| posting.entry));
                let count = |public: bool| all.iter().filter(|posting| posting.public || !public).count();
                let counts = [i64::try_from(count(false)), i64::try_from(count(true))];
                let is_right = read.is_ok() && counts == [Ok(*entries), Ok(*public_entries)];
                is_damaged |= !is_right;
                let here = all.iter().filter(is_here);
                match here.clone().count() {
                    0 => empty.push(term.as_str()),
                    count if count < all.len() || !is_right => right.push(Row::new(term, here.copied())),
                    _ => {}
                }
            }
            faults.extend(strays.into_iter().map(|entry| format!("{entry}: terms without an entry")));
            if is_damaged {
                faults.push(format!("run {run} is damaged"));
            }
            if mend {
                self.write_terms(tx, run, &right).await?;
                for terms in empty.chunks(super::statements::OF_RUN) {
                    self.remove_terms(tx, run, terms).await?;
                }
            }
        }
        Ok(faults)
    }

    /// Compares the index's statistics with its entries. With `mend`, corrects them. The index has to be
    /// locked.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn check_size(self, tx: &mut Tx<'_>, mend: bool) -> Result<Option<String>> {
        let (account, kind) = (self.account(), self.kind());
        let counted: (i64, i64, i64, i64, i64) = tx.fetch_one(COUNTED, params![account, kind]).await?;
        let kept: Option<(i64, i64, i64, i64, i64)> = tx.fetch_optional(KEPT, params![account, kind]).await?;
        if kept.unwrap_or_default() == counted {
            return Ok(None);
        }
        if mend {
            let (entries, length, public, public_length, pending) = counted;
            let values = params![account, kind, entries, length, public, public_length, pending];
            tx.execute(SET_SIZE, values).await?;
        }
        Ok(Some("the statistics are wrong".to_owned()))
    }
}

/// Returns true if the index has the expected terms. Both lists are sorted by term.
fn same(want: &Expected, held: &[(String, Posting)]) -> bool {
    let document = &want.document;
    document.terms.len() == held.len()
        && document.terms.iter().zip(held).all(|((term, count), (other, posting))| {
            let Entry { id, public, .. } = want.entry;
            let (length, noted) = (document.length, want.entry.noted());
            let right = Posting { entry: id, occurrences: *count, length, public, noted };
            term == other && *posting == right
        })
}
