//! The index of one person's entries of one kind.

use super::rank::Size;
use super::statements::{self as sql, ADDED, REMOVED};
use super::tokens::Document;
use crate::error::Result;
use crate::param::Param;
use crate::{Database, Tx, params};

/// The index of one person's entries of one kind.
///
/// It is changed in the transaction that changes the rows, so the two never disagree. Concurrent changes of one index
/// wait for each other.
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
        self.resize(tx, 0, 0, false).await
    }

    async fn resize(self, tx: &mut Tx<'_>, entries: i64, length: i64, public: bool) -> Result<()> {
        let public = i64::from(public);
        let values = params![self.account, self.kind, entries, length, entries * public, length * public];
        tx.execute(sql::RESIZE, values).await?;
        Ok(())
    }

    /// Adds an entry that is not there yet. A search among public entries finds only those that are `public`.
    ///
    /// Errors: a statement fails; [`Error::Unique`](crate::Error::Unique) for an entry that is there.
    pub async fn add(self, tx: &mut Tx<'_>, entry: i64, public: bool, document: &Document) -> Result<()> {
        self.resize(tx, 1, document.length, public).await?;
        let values = params![self.account, self.kind, entry, public, document.length, &document.folded];
        tx.execute(sql::ADD_ENTRY, values).await?;
        let mut rest = document.terms.as_slice();
        for (statement, size) in sql::ADD_POSTINGS.iter().zip(ADDED) {
            while let Some((rows, after)) = rest.split_at_checked(size) {
                let mut values = params![self.account, self.kind, entry, document.length, public].to_vec();
                values.extend(rows.iter().flat_map(|(term, count)| [Param::from(term), Param::from(*count)]));
                tx.execute(statement, &values).await?;
                rest = after;
            }
        }
        Ok(())
    }

    /// Removes an entry and all its terms. Answers whether it was there.
    ///
    /// Errors: a statement fails.
    pub async fn remove(self, tx: &mut Tx<'_>, entry: i64) -> Result<bool> {
        self.lock(tx).await?;
        let found = tx.fetch_optional(sql::REMOVE_ENTRY, params![self.account, self.kind, entry]).await?;
        let Some((folded, public)): Option<(String, bool)> = found else { return Ok(false) };
        self.remove_vector(tx, entry).await?;
        // The entry's terms follow from its text: a migration that changes the tokenizer has to build the index anew.
        let document = Document::of_folded(folded);
        for terms in document.terms.chunks(REMOVED) {
            let mut values = params![self.account, self.kind, entry].to_vec();
            values.extend(terms.iter().map(|(term, _)| Param::from(term)));
            values.resize(3 + REMOVED, Param::Text(""));
            tx.execute(sql::REMOVE_POSTINGS.as_str(), &values).await?;
        }
        self.resize(tx, -1, -document.length, public).await?;
        Ok(true)
    }

    /// Puts an entry in place of what it was.
    ///
    /// Errors: a statement fails.
    pub async fn replace(self, tx: &mut Tx<'_>, entry: i64, public: bool, document: &Document) -> Result<()> {
        self.remove(tx, entry).await?;
        self.add(tx, entry, public, document).await
    }

    /// How many entries there are, or how many public ones. Costs one row.
    ///
    /// Errors: the statement fails.
    pub async fn count(self, db: &Database, only_public: bool) -> Result<i64> {
        Ok(self.size(db, only_public).await?.entries)
    }

    pub(super) async fn size(self, db: &Database, only_public: bool) -> Result<Size> {
        let statement = if only_public { sql::PUBLIC_SIZE } else { sql::SIZE };
        let row: Option<(i64, i64)> = db.fetch_optional(statement, params![self.account, self.kind]).await?;
        Ok(row.map_or_else(Size::default, |(entries, length)| Size { entries, length }))
    }
}
