//! Runs: groups of consecutive entries. A run has a row for each term, with all entries of the run that have
//! it.

use futures::future::BoxFuture;
use store::{AccountId, Result, Timestamp, Tx, params};

use super::id::EntryId;
use super::index::{Entry, Index};
use super::postings::{self, Posting};
use super::statements::{self as sql, OF_RUN, WRITTEN};
use super::tokens::Document;

/// Number of entries read at a time when an index is rebuilt.
const READ: i64 = 256;

const INDICES: &str = "SELECT account_id, kind FROM search_size ORDER BY account_id, kind";
const FORGET_RUNS: &str = "UPDATE search_size SET runs = 0, pending = 0";
const LEAVE_RUNS: &str = "UPDATE search_entry SET run = 0 WHERE run > 0";
const FORGET_PENDING: &str = "DELETE FROM search_pending";
const FORGET_POSTINGS: &str = "DELETE FROM search_posting";
const ENTRIES: &str = "SELECT entry_id, is_public, noted_at, folded FROM search_entry \
     WHERE account_id = $1 AND kind = $2 AND entry_id > $3 ORDER BY entry_id LIMIT $4";

/// A row of a run: a term and its postings.
pub(super) struct Row<'t> {
    term: &'t str,
    entries: i64,
    public_entries: i64,
    postings: Vec<u8>,
}

impl<'t> Row<'t> {
    /// Creates a row from postings in the order of their entries.
    pub(super) fn new(term: &'t str, postings: impl Iterator<Item = Posting> + Clone) -> Self {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            term,
            entries: count(postings.clone().count()),
            public_entries: count(postings.clone().filter(|posting| posting.public).count()),
            postings: postings::encode(postings),
        }
    }

    /// Creates the rows for the terms of some entries, sorted.
    fn of_entries(mut all: Vec<(&'t str, Posting)>) -> Vec<Self> {
        all.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then(one.entry.cmp(&other.entry)));
        let of_term = all.chunk_by(|(a, _), (b, _)| a == b);
        let row = |of_term: &[(&'t str, Posting)]| {
            let (term, _) = of_term.first()?;
            Some(Self::new(term, of_term.iter().map(|(_, posting)| *posting)))
        };
        of_term.filter_map(row).collect()
    }
}

impl Index {
    /// Makes a run of the pending entries. This does not change any result.
    ///
    /// # Errors
    /// If a statement fails.
    #[doc(hidden)]
    pub async fn end_pending(self, tx: &mut Tx<'_>) -> Result<()> {
        let values = params![self.account(), self.kind(), false];
        let rows: Vec<(EntryId, bool, i64, Timestamp, String)> = tx.fetch_all(sql::PENDING, values).await?;
        let mut terms = Vec::new();
        for (entry, public, length, noted, lines) in &rows {
            let (entry, length, public, noted) = (*entry, *length, *public, *noted);
            let posting = |occurrences| Posting { entry, occurrences, length, public, noted };
            terms.extend(postings::parse(lines).map(|(term, occurrences)| (term, posting(occurrences))));
        }
        let (run,) = tx.fetch_one(sql::BEGIN_RUN, params![self.account(), self.kind()]).await?;
        self.write_terms(tx, run, &Row::of_entries(terms)).await?;
        tx.execute(sql::ENTER_RUN, params![self.account(), self.kind(), run]).await?;
        tx.execute(sql::END_PENDING, params![self.account(), self.kind()]).await?;
        Ok(())
    }

    /// Writes rows of a run, replacing its rows for the same terms.
    pub(super) async fn write_terms(self, tx: &mut Tx<'_>, run: i64, rows: &[Row<'_>]) -> Result<()> {
        let mut rest = rows;
        for (statement, size) in sql::WRITE_TERMS.iter().zip(WRITTEN) {
            while let Some((rows, after)) = rest.split_at_checked(size) {
                let mut values = params![self.account(), self.kind(), run].to_vec();
                for Row { term, entries, public_entries, postings } in rows {
                    values.extend(params![*term, *entries, *public_entries, postings]);
                }
                tx.execute(statement, &values).await?;
                rest = after;
            }
        }
        Ok(())
    }

    /// Removes an entry from a run that has it under these terms.
    pub(super) async fn leave_run(
        self,
        tx: &mut Tx<'_>,
        run: i64,
        entry: EntryId,
        terms: &[&str],
    ) -> Result<()> {
        for terms in terms.chunks(OF_RUN) {
            let of_run = params![self.account(), self.kind(), run];
            let rows: Vec<(String, Vec<u8>)> = tx.fetch_in(&sql::OF_RUN_TERMS, of_run, terms).await?;
            let mut left = Vec::new();
            let mut empty = Vec::new();
            for (term, bytes) in &rows {
                let mut all = postings::decode(bytes)?;
                all.retain(|posting| posting.entry != entry);
                match all.as_slice() {
                    [] => empty.push(term.as_str()),
                    some => left.push(Row::new(term, some.iter().copied())),
                }
            }
            self.write_terms(tx, run, &left).await?;
            self.remove_terms(tx, run, &empty).await?;
        }
        Ok(())
    }

    /// Removes at most [`OF_RUN`] terms from a run.
    pub(super) async fn remove_terms(self, tx: &mut Tx<'_>, run: i64, terms: &[&str]) -> Result<()> {
        if !terms.is_empty() {
            let of_run = params![self.account(), self.kind(), run];
            let values = sql::REMOVE_TERMS.params(of_run, terms.iter().copied());
            tx.execute(sql::REMOVE_TERMS.sql(), &values).await?;
        }
        Ok(())
    }

    async fn rebuild(self, tx: &mut Tx<'_>) -> Result<()> {
        let mut after = EntryId(i64::MIN);
        loop {
            let values = params![self.account(), self.kind(), after, READ];
            let rows: Vec<(EntryId, bool, Timestamp, String)> = tx.fetch_all(ENTRIES, values).await?;
            let Some(last) = rows.last().map(|row| row.0) else { return Ok(()) };
            after = last;
            for (id, public, noted, folded) in rows {
                self.restore(tx, Entry { id, public, noted }, &Document::of_folded(folded)).await?;
            }
        }
    }
}

/// Rebuilds the indexes of all people from the entries' texts, for a migration that changes how terms are cut
/// or stored.
///
/// # Errors
/// If a statement fails.
pub(super) fn rebuild<'t>(tx: &'t mut Tx<'_>) -> BoxFuture<'t, Result<()>> {
    Box::pin(async move {
        for statement in [FORGET_RUNS, LEAVE_RUNS, FORGET_PENDING, FORGET_POSTINGS] {
            tx.execute(statement, &[]).await?;
        }
        let indices: Vec<(AccountId, i64)> = tx.fetch_all(INDICES, &[]).await?;
        for (account, kind) in indices {
            Index::new(account, kind).rebuild(tx).await?;
        }
        Ok(())
    })
}
