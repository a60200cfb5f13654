//! The index of one person's entries of one kind.

use std::collections::HashMap;

use super::fold::fold;
use super::rank::{self, Hit, Posting, Size, VERBATIM};
use super::statements::{self as sql, ADDED, REMOVED};
use super::tokens::{self, Document, MAX_QUERY_TERMS};
use crate::error::Result;
use crate::param::{OwnedParam, Param};
use crate::{Database, Tx, owned_params, params};

/// Longest query, in characters, that is also looked for as it was typed.
const MAX_VERBATIM: usize = 100;
/// Most entries, the newest, that are looked through for the query as it was typed, …
const MAX_SCANNED: i64 = 10_000;
/// … and about how many terms these may have together.
const MAX_SCANNED_LENGTH: i64 = 2_000_000;
/// Most postings read of one term, those of the newest entries.
const MAX_POSTINGS: i64 = 200_000;

/// The index of one person's entries of one kind.
///
/// It is changed in the transaction that changes the rows, so the two never disagree. Concurrent changes of one index
/// wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    account: i64,
    kind: i64,
}

impl Index {
    /// The index of an account's entries of a kind: a number that the room that owns the rows has chosen.
    #[must_use]
    pub const fn new(account: i64, kind: i64) -> Self {
        Self { account, kind }
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

    async fn size(self, db: &Database, only_public: bool) -> Result<Size> {
        let statement = if only_public { sql::PUBLIC_SIZE } else { sql::SIZE };
        let row: Option<(i64, i64)> = db.fetch_optional(statement, params![self.account, self.kind]).await?;
        Ok(row.map_or_else(Size::default, |(entries, length)| Size { entries, length }))
    }

    /// The entries that a query finds, best first, of equals the newest (with the greatest id) first.
    ///
    /// An entry is found by any of the query's terms, but function words, and terms that more than half of the entries
    /// have, count only where nothing rarer is found. A query of at most 100 characters is also looked for as it was
    /// typed, inside words and with its punctuation, in the newest 10 000 entries (fewer where they are long).
    ///
    /// Errors: a statement fails.
    pub async fn find(self, db: &Database, query: &str, only_public: bool) -> Result<Vec<i64>> {
        let hits = self.search(db, query, only_public).await?;
        Ok(hits.into_iter().map(|hit| hit.entry).collect())
    }

    /// What [`find`](Self::find) finds, with what each entry's place rests on.
    ///
    /// Errors: a statement fails.
    pub async fn search(self, db: &Database, query: &str, only_public: bool) -> Result<Vec<Hit>> {
        let folded = fold(query);
        let typed = folded.trim();
        let size = self.size(db, only_public).await?;
        if size.entries == 0 || typed.is_empty() {
            return Ok(Vec::new());
        }
        let mut scores = HashMap::<i64, f64>::new();
        let terms = tokens::query(typed);
        let counts = self.counts(db, &terms, only_public).await?;
        for voter in rank::voters(terms, &counts, size) {
            for posting in self.postings(db, &voter.term.text, only_public).await? {
                *scores.entry(posting.entry).or_default() += rank::score(&voter, posting, size);
            }
        }
        if typed.chars().count() <= MAX_VERBATIM {
            for (entry,) in self.verbatim(db, typed, size, only_public).await? {
                *scores.entry(entry).or_default() += VERBATIM;
            }
        }
        Ok(rank::order(scores))
    }

    fn start(self, only_public: bool) -> Vec<OwnedParam> {
        owned_params![self.account, self.kind, only_public]
    }

    async fn counts(
        self,
        db: &Database,
        terms: &[tokens::QueryTerm],
        only_public: bool,
    ) -> Result<HashMap<String, i64>> {
        if terms.is_empty() {
            return Ok(HashMap::new());
        }
        let mut values = self.start(only_public);
        values.extend(terms.iter().map(|term| OwnedParam::Text(term.text.clone())));
        values.resize(3 + MAX_QUERY_TERMS, OwnedParam::Text(String::new()));
        let rows: Vec<(String, i64)> = db.fetch_all_heavy(sql::COUNTS.as_str(), values).await?;
        Ok(rows.into_iter().collect())
    }

    async fn postings(self, db: &Database, term: &str, only_public: bool) -> Result<Vec<Posting>> {
        let values = owned_params![self.account, self.kind, term, only_public, MAX_POSTINGS];
        let rows: Vec<(i64, i64, i64)> = db.fetch_all_heavy(sql::POSTINGS, values).await?;
        let posting = |(entry, occurrences, length)| Posting { entry, occurrences, length };
        Ok(rows.into_iter().map(posting).collect())
    }

    async fn verbatim(
        self,
        db: &Database,
        typed: &str,
        size: Size,
        only_public: bool,
    ) -> Result<Vec<(i64,)>> {
        let average = (size.length / size.entries.max(1)).max(1);
        let scanned = (MAX_SCANNED_LENGTH / average).clamp(1, MAX_SCANNED);
        let mut pattern = String::from("%");
        for c in typed.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        let mut values = self.start(only_public);
        values.extend([OwnedParam::Int(scanned), OwnedParam::Text(pattern)]);
        db.fetch_all_heavy(sql::VERBATIM, values).await
    }
}
