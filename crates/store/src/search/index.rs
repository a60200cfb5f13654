//! The index of one person's entries of one kind.

use super::postings;
use super::rank::Size;
use super::statements as sql;
use super::tokens::Document;
use crate::error::Result;
use crate::{Tx, params};

/// What entries may cost together that are in no run: about six hundred sentences. More make fewer and larger runs, which
/// a search looks a term up in one by one; but it reads all that are pending, a millisecond for so many.
const MAX_PENDING: i64 = 16_384;
/// What a pending entry costs beside one for each of its terms.
const ENTRY_COST: i64 = 8;

/// The index of one person's entries of one kind.
///
/// It is changed in the transaction that changes the rows, so the two never disagree. Concurrent changes of one index
/// wait for each other.
///
/// An entry is pending at first: its terms are in one row, which every search reads. Once a few hundred are, they become a
/// run, where a row has all entries with a term; so an entry costs the disk a part of a page, and not a page for each of
/// its terms. Whether an entry is pending makes no difference to what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Index {
    pub(super) account: i64,
    pub(super) kind: i64,
}

impl Index {
    /// The index of an account's entries of a kind: a number that the room that owns the rows has chosen.
    #[must_use]
    pub const fn new(account: i64, kind: i64) -> Self {
        Self { account, kind }
    }

    pub(super) const fn account(self) -> i64 {
        self.account
    }

    pub(super) const fn kind(self) -> i64 {
        self.kind
    }

    /// Keeps other transactions from changing this index until this one ends: what is read of the rows after it is
    /// still so when it ends. Done before a transaction writes rows, it also keeps two from waiting for each other.
    ///
    /// Errors: the statement fails; [`Error::ForeignKey`](crate::Error::ForeignKey) without such an account.
    pub async fn lock(self, tx: &mut Tx<'_>) -> Result<()> {
        self.resize(tx, Growth::default()).await
    }

    async fn resize(self, tx: &mut Tx<'_>, growth: Growth) -> Result<()> {
        let Growth { entries, length, public, pending } = growth;
        let public = i64::from(public);
        let values =
            params![self.account, self.kind, entries, length, entries * public, length * public, pending];
        tx.execute(sql::RESIZE, values).await?;
        Ok(())
    }

    /// Adds an entry that is not there yet. A search among public entries finds only those that are `public`.
    ///
    /// Errors: a statement fails; [`Error::Unique`](crate::Error::Unique) for an entry that is there.
    pub async fn add(self, tx: &mut Tx<'_>, entry: i64, public: bool, document: &Document) -> Result<()> {
        let growth = Growth { entries: 1, length: document.length, public, pending: cost(document) };
        self.resize(tx, growth).await?;
        let values = params![self.account, self.kind, entry, public, document.length, &document.folded];
        tx.execute(sql::ADD_ENTRY, values).await?;
        self.add_terms(tx, entry, public, document).await
    }

    /// Adds the terms of an entry that is there without any.
    pub(super) async fn restore(
        self,
        tx: &mut Tx<'_>,
        entry: i64,
        public: bool,
        document: &Document,
    ) -> Result<()> {
        self.resize(tx, Growth { pending: cost(document), ..Growth::default() }).await?;
        self.add_terms(tx, entry, public, document).await
    }

    /// Notes the terms of a pending entry that is counted, and makes a run of all pending ones once they are many.
    async fn add_terms(self, tx: &mut Tx<'_>, entry: i64, public: bool, document: &Document) -> Result<()> {
        let (lines, cost) = (postings::lines(&document.terms), cost(document));
        let values = params![self.account, self.kind, entry, public, document.length, &lines, cost];
        tx.execute(sql::ADD_PENDING, values).await?;
        let (pending,): (i64,) = tx.fetch_one(sql::COST, params![self.account, self.kind]).await?;
        if pending >= MAX_PENDING {
            self.end_pending(tx).await?;
        }
        Ok(())
    }

    /// Removes an entry and all its terms. Answers whether it was there.
    ///
    /// Errors: a statement fails.
    pub async fn remove(self, tx: &mut Tx<'_>, entry: i64) -> Result<bool> {
        self.lock(tx).await?;
        let found = tx.fetch_optional(sql::REMOVE_ENTRY, params![self.account, self.kind, entry]).await?;
        let Some((folded, public, run)): Option<(String, bool, i64)> = found else { return Ok(false) };
        self.remove_vector(tx, entry).await?;
        // The entry's terms follow from its text: a migration that changes the tokenizer has to build the index anew.
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

    /// Puts an entry in place of what it was.
    ///
    /// Errors: a statement fails.
    pub async fn replace(self, tx: &mut Tx<'_>, entry: i64, public: bool, document: &Document) -> Result<()> {
        self.remove(tx, entry).await?;
        self.add(tx, entry, public, document).await
    }

    /// How many entries all indices of an account have together. Costs a row for each index.
    ///
    /// Errors: the statement fails.
    pub async fn entries_of(tx: &mut Tx<'_>, account: i64) -> Result<i64> {
        let (entries,) = tx.fetch_one(sql::ENTRIES_OF, params![account]).await?;
        Ok(entries)
    }

    /// How many entries there are, or how many public ones. Costs one row.
    ///
    /// Errors: the statement fails.
    pub async fn count(self, tx: &mut Tx<'_>, only_public: bool) -> Result<i64> {
        Ok(self.size(tx, only_public).await?.0.entries)
    }

    /// The size, and how many runs there are.
    pub(super) async fn size(self, tx: &mut Tx<'_>, only_public: bool) -> Result<(Size, i64)> {
        let statement = if only_public { sql::PUBLIC_SIZE } else { sql::SIZE };
        let row = tx.fetch_optional(statement, params![self.account, self.kind]).await?;
        let (entries, length, runs) = row.unwrap_or_default();
        Ok((Size { entries, length }, runs))
    }
}

/// What changes about an index as a whole: so many entries more, public ones or not, and so much longer.
#[derive(Debug, Clone, Copy, Default)]
struct Growth {
    entries: i64,
    length: i64,
    public: bool,
    pending: i64,
}

/// What a pending entry adds to the cost of a search.
fn cost(document: &Document) -> i64 {
    i64::try_from(document.terms.len()).unwrap_or(i64::MAX).saturating_add(ENTRY_COST)
}
