//! The index of one person's entries of one kind.

use store::{AccountId, Ids, Result, Timestamp, Tx, params};

use super::id::EntryId;
use super::postings;
use super::rank::Size;
use super::statements as sql;
use super::tokens::Document;

/// Maximum cost of all pending entries together: about six hundred sentences. A greater limit makes fewer and
/// larger runs, and a search looks a term up in each run. But it also reads all pending entries, which takes
/// a millisecond for this many.
const MAX_PENDING: i64 = 16_384;
/// The cost of a pending entry in addition to one for each of its terms.
const ENTRY_COST: i64 = 8;
/// Difference in milliseconds below which an entry counts as noted at the time of its id.
const SAME_TIME_MS: u64 = 60_000;

/// An indexed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The row's id.
    pub id: EntryId,
    /// True if everybody may see it.
    pub public: bool,
    /// The time it was noted, which is before that of the id if the row was imported.
    pub noted: Timestamp,
}

impl Entry {
    /// Returns the time it was noted, or that of its id if they are less than a minute apart.
    pub(super) fn noted(self) -> Timestamp {
        let by_id = Ids::time(self.id);
        if by_id.0.abs_diff(self.noted.0) < SAME_TIME_MS { by_id } else { self.noted }
    }
}

/// The index of one person's entries of one kind.
///
/// It is changed in the transaction that changes the rows, so the two never disagree. Concurrent changes of
/// one index wait for each other.
///
/// A new entry is pending: its terms are in one row, which every search reads. Once a few hundred are
/// pending, they become a run, in which each term has one row with all entries that have it. So an entry
/// costs the disk a part of a page, and not a page for each of its terms. It makes no difference to the
/// results which entries are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Index {
    pub(super) account: AccountId,
    pub(super) kind: i64,
}

impl Index {
    /// Identifies the index of an account's entries of a kind. The crate that owns the rows chooses the
    /// number of the kind.
    #[must_use]
    pub const fn new(account: AccountId, kind: i64) -> Self {
        Self { account, kind }
    }

    pub(super) const fn account(self) -> AccountId {
        self.account
    }

    /// Returns the number of the kind.
    #[must_use]
    pub const fn kind(self) -> i64 {
        self.kind
    }

    /// Locks this index against changes by other transactions until this one ends. What is read of the rows
    /// after it is still true when the transaction ends. If it is called before rows are written, two
    /// transactions never wait for each other.
    ///
    /// # Errors
    /// If the statement fails; [`Error::ForeignKey`](store::Error::ForeignKey) if there is no such account.
    /// On PostgreSQL both may come with the next statement.
    pub async fn lock(self, tx: &Tx<'_>) -> Result<()> {
        self.resize(tx, Growth::default()).await
    }

    async fn resize(self, tx: &Tx<'_>, growth: Growth) -> Result<()> {
        let Growth { entries, length, public, pending } = growth;
        let public = i64::from(public);
        let values =
            params![self.account, self.kind, entries, length, entries * public, length * public, pending];
        tx.send(sql::RESIZE, values).await
    }

    /// Adds an entry that is not in the index yet. A search among public entries finds only those that are
    /// `public`.
    ///
    /// # Errors
    /// If a statement fails; [`Error::Unique`](store::Error::Unique) if the entry is in the index already.
    pub async fn add(self, tx: &mut Tx<'_>, entry: Entry, document: &Document) -> Result<()> {
        let Entry { id, public, .. } = entry;
        let (noted, length) = (entry.noted(), document.length);
        let growth = Growth { entries: 1, length, public, pending: cost(document) };
        self.resize(tx, growth).await?;
        let values = params![self.account, self.kind, id, public, length, &document.folded, noted];
        tx.send(sql::ADD_ENTRY, values).await?;
        self.add_terms(tx, entry, document).await
    }

    /// Adds the terms of an entry that is in the index without any.
    pub(super) async fn restore(self, tx: &mut Tx<'_>, entry: Entry, document: &Document) -> Result<()> {
        self.resize(tx, Growth { pending: cost(document), ..Growth::default() }).await?;
        self.add_terms(tx, entry, document).await
    }

    /// Stores the terms of a pending entry whose cost is counted already. Makes a run of all pending entries
    /// once they are many.
    async fn add_terms(self, tx: &mut Tx<'_>, entry: Entry, document: &Document) -> Result<()> {
        let (lines, cost, noted) = (postings::lines(&document.terms), cost(document), entry.noted());
        let Entry { id, public, .. } = entry;
        let values = params![self.account, self.kind, id, public, document.length, &lines, cost, noted];
        tx.send(sql::ADD_PENDING, values).await?;
        let (pending,): (i64,) = tx.fetch_one(sql::COST, params![self.account, self.kind]).await?;
        if pending >= MAX_PENDING {
            self.end_pending(tx).await?;
        }
        Ok(())
    }

    /// Removes an entry and all its terms. Returns true if it was in the index.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn remove(self, tx: &mut Tx<'_>, entry: EntryId) -> Result<bool> {
        self.lock(tx).await?;
        let found = tx.fetch_optional(sql::REMOVE_ENTRY, params![self.account, self.kind, entry]).await?;
        let Some((folded, public, run, noted)): Option<(String, bool, i64, Timestamp)> = found else {
            return Ok(false);
        };
        self.remove_vectors_around(tx, (entry, noted)).await?;
        // The terms are computed from the stored text, so a migration that changes the tokenizer has to
        // rebuild the index.
        let document = Document::of_folded(folded);
        let cost = if run == 0 {
            let values = params![self.account, self.kind, entry];
            let removed: Option<(i64,)> = tx.fetch_optional(sql::REMOVE_PENDING, values).await?;
            removed.map_or(0, |(cost,)| cost)
        } else {
            let terms: Vec<&str> = document.terms.iter().map(|(term, _)| term.as_str()).collect();
            self.leave_run(tx, run, entry, &terms).await?;
            0
        };
        self.resize(tx, Growth { entries: -1, length: -document.length, public, pending: -cost }).await?;
        Ok(true)
    }

    /// Replaces an entry.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn replace(self, tx: &mut Tx<'_>, entry: Entry, document: &Document) -> Result<()> {
        self.remove(tx, entry.id).await?;
        self.add(tx, entry, document).await
    }

    /// Returns the number of entries in all indexes of an account. Reads a row for each index.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn entries_of(tx: &Tx<'_>, account: AccountId) -> Result<i64> {
        let (entries,) = tx.fetch_one(sql::ENTRIES_OF, params![account]).await?;
        Ok(entries)
    }

    /// Returns the number of entries, or of public ones. Reads one row.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn count(self, tx: &Tx<'_>, only_public: bool) -> Result<i64> {
        Ok(self.size(tx, only_public).await?.0.entries)
    }

    /// Returns the size of the index and its number of runs.
    pub(super) async fn size(self, tx: &Tx<'_>, only_public: bool) -> Result<(Size, i64)> {
        let statement = if only_public { sql::PUBLIC_SIZE } else { sql::SIZE };
        let row = tx.fetch_optional(statement, params![self.account, self.kind]).await?;
        let (entries, length, runs) = row.unwrap_or_default();
        Ok((Size { entries, length }, runs))
    }
}

/// A change of the statistics of an index: of the number of entries, of their length, and of the cost of
/// pending ones. `public` is true if the entries are public.
#[derive(Debug, Clone, Copy, Default)]
struct Growth {
    entries: i64,
    length: i64,
    public: bool,
    pending: i64,
}

/// Returns the cost that a pending entry adds to a search.
fn cost(document: &Document) -> i64 {
    i64::try_from(document.terms.len()).unwrap_or(i64::MAX).saturating_add(ENTRY_COST)
}
