//! Embeddings: a vector for each passage of an entry, made by an external model and stored beside the index.

use store::{AccountId, Database, Result, Timestamp, Tx, owned_params, params};

use super::context::{Context, MAX_EMBEDDED};
use super::id::EntryId;
use super::index::Index;
use super::vector_statements::{
    BUMP, CHANGED, CLAIM, COUNT, COUNTED, EMBEDDED, EXTEND, LACKING, PUT, RELEASE, REMOVE, REMOVE_AROUND,
    REMOVED, REPLACE, STATE, STRAY, WAITING, WITHOUT,
};

/// Maximum duration of a claim on an index, in milliseconds. A claim that ends later was made by a clock that
/// was ahead.
const LONGEST_CLAIM_MS: i64 = 3_600_000;

/// The vectors made of an entry's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The id of the entry.
    pub entry: EntryId,
    /// The text, as returned by [`Index::without_vector`].
    pub text: String,
    /// The number of vectors: one for each passage that the model can embed.
    pub parts: i64,
    /// The vectors, one after the other.
    pub vectors: Vec<u8>,
    /// The entries around it that the vectors take into account; `None` if they take none into account.
    pub context: Option<Context>,
    /// True if the entry may have vectors of the model, which these replace.
    pub replaces: bool,
}

/// The stored vectors of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryVectors {
    /// The id of the entry.
    pub entry: EntryId,
    /// True if everybody may see it.
    pub public: bool,
    /// The number of vectors.
    pub parts: i64,
    /// The vectors, one after the other.
    pub vectors: Vec<u8>,
}

store::from_row!(EntryVectors { entry, public, parts, vectors });

/// Counters of the changes of a person's vectors of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VectorState {
    /// The number of changes.
    pub version: i64,
    /// The number of the last change that removed a vector.
    pub removed: i64,
}

impl Index {
    /// Returns indexes with entries that have no vector of the model, and that no process has claimed. They
    /// are in the order of account and kind, after `after`. Reads the sizes of all indexes.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn lacking(db: &Database, model: &str, after: Option<Self>, limit: i64) -> Result<Vec<Self>> {
        let now = db.clock().now();
        let (account, kind) = after.map_or((AccountId(0), 0), |index| (index.account, index.kind));
        let values = owned_params![model, now, account, kind, limit, now.plus_ms(LONGEST_CLAIM_MS)];
        let rows: Vec<(AccountId, i64)> = db.fetch_all_heavy(LACKING, values).await?;
        Ok(rows.into_iter().map(|(account, kind)| Self { account, kind }).collect())
    }

    /// Claims an index for this process until a time, to make its vectors with a model. Returns false if
    /// another process has claimed it. If the model is new, its vectors are counted from now on.
    ///
    /// # Errors
    /// If the statement fails; [`Error::ForeignKey`](store::Error::ForeignKey) if the account is gone.
    pub async fn claim_vectors(self, db: &Database, model: &str, until: Timestamp) -> Result<bool> {
        let (model, now) = (model.to_owned(), db.clock().now());
        let claim = db.write(move |tx| {
            Box::pin(async move {
                self.lock(tx).await?;
                let latest = now.plus_ms(LONGEST_CLAIM_MS);
                tx.execute(CLAIM, params![self.account, self.kind, &model, until, now, latest]).await
            })
        });
        Ok(claim.await? > 0)
    }

    /// Releases the claim until a time. An expired claim may be another process's by now, and stays.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn release_vectors(self, db: &Database, model: &str, until: Timestamp) -> Result<()> {
        db.execute(RELEASE, params![self.account, self.kind, model, until]).await?;
        Ok(())
    }

    /// Returns entries without a vector of the model, the newest first, each with the part of its folded text
    /// that vectors are made of.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn without_vector(
        self,
        db: &Database,
        model: &str,
        limit: i64,
    ) -> Result<Vec<(EntryId, String)>> {
        db.fetch_all_heavy(WITHOUT, owned_params![self.account, self.kind, model, limit, MAX_EMBEDDED]).await
    }

    /// Stores vectors, except of entries that are gone or have another text or context by now, and extends
    /// the claim until a time. Returns false, and stores none, if another model has claimed the index
    /// meanwhile.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn put_vectors(
        self,
        tx: &mut Tx<'_>,
        model: &str,
        made: &[Made],
        until: Timestamp,
    ) -> Result<bool> {
        self.lock(tx).await?;
        let bumped: Option<(i64,)> = tx.fetch_optional(BUMP, params![self.account, self.kind, model]).await?;
        let Some((version,)) = bumped else { return Ok(false) };
        let in_context: Vec<EntryId> =
            made.iter().filter(|one| one.context.is_some()).map(|one| one.entry).collect();
        let contexts = self.contexts(tx, &in_context).await?;
        let mut new = 0;
        for one in made {
            let context = one.context.as_ref();
            if context.is_some_and(|context| contexts.get(&one.entry) != Some(context)) {
                continue;
            }
            let values = params![
                self.account,
                self.kind,
                one.entry,
                model,
                version,
                &one.vectors,
                &one.text,
                MAX_EMBEDDED,
                one.parts,
                context.map_or(0, Context::mark)
            ];
            if one.replaces {
                tx.execute(REPLACE, values).await?;
            } else {
                new += i64::try_from(tx.execute(PUT, values).await?).unwrap_or(0);
            }
        }
        tx.execute(COUNT, params![self.account, self.kind, new]).await?;
        tx.execute(EXTEND, params![self.account, self.kind, model, until]).await?;
        Ok(true)
    }

    /// Removes an entry's vectors. The index has to be locked.
    pub(super) async fn remove_vector(self, tx: &mut Tx<'_>, entry: EntryId) -> Result<()> {
        let of: Option<(String,)> =
            tx.fetch_optional(REMOVE, params![self.account, self.kind, entry]).await?;
        if let Some((model,)) = of {
            tx.execute(REMOVED, params![self.account, self.kind, &model]).await?;
        }
        Ok(())
    }

    /// Removes the vectors of an entry that is gone, and those that took it into account. The index has to be
    /// locked.
    pub(super) async fn remove_vectors_around(
        self,
        tx: &mut Tx<'_>,
        (entry, noted): (EntryId, Timestamp),
    ) -> Result<()> {
        let removed: Vec<(String,)> =
            tx.fetch_all(REMOVE_AROUND, params![self.account, self.kind, entry, noted]).await?;
        for (model,) in removed {
            tx.execute(REMOVED, params![self.account, self.kind, &model]).await?;
        }
        Ok(())
    }

    /// Returns the number of entries with vectors of the model, and of all entries. Reads two rows.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn embedded(self, db: &Database, model: &str) -> Result<(i64, i64)> {
        let row = db.fetch_optional(EMBEDDED, params![self.account, self.kind, model]).await?;
        Ok(row.unwrap_or_default())
    }

    /// Returns the number of entries of all people without vectors of the model. Reads the sizes of all
    /// indexes.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn waiting(db: &Database, model: &str) -> Result<i64> {
        let rows: Vec<(i64,)> = db.fetch_all_heavy(WAITING, owned_params![model]).await?;
        Ok(rows.first().map_or(0, |(waiting,)| *waiting))
    }

    /// Returns the counters of changes. Reads one row.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn vector_state(self, db: &Database) -> Result<VectorState> {
        let row: Option<(i64, i64)> = db.fetch_optional(STATE, params![self.account, self.kind]).await?;
        Ok(row.map_or_else(VectorState::default, |(version, removed)| VectorState { version, removed }))
    }

    /// Returns the vectors that a model has made, of those changes that are after one number and up to
    /// another. The newest entries come first.
    ///
    /// # Errors
    /// If the statement fails.
    pub async fn vectors(
        self,
        db: &Database,
        model: &str,
        (after, until): (i64, i64),
        limit: i64,
    ) -> Result<Vec<EntryVectors>> {
        let values = owned_params![self.account, self.kind, model, after, until, limit];
        db.fetch_all_heavy(CHANGED, values).await
    }

    /// Compares the vectors with the entries, and returns the differences. With `mend`, removes wrong
    /// vectors, so that they are made again. The index has to be locked.
    ///
    /// # Errors
    /// If a statement fails.
    pub async fn check_vectors(self, tx: &mut Tx<'_>, mend: bool) -> Result<Vec<String>> {
        let stray: Vec<(EntryId,)> = tx.fetch_all(STRAY, params![self.account, self.kind]).await?;
        let mut faults = Vec::new();
        for (entry,) in stray {
            faults.push(format!("{entry}: the vector is not the entry's"));
            if mend {
                self.remove_vector(tx, entry).await?;
            }
        }
        let counts: Option<(i64, i64)> = tx.fetch_optional(COUNTED, params![self.account, self.kind]).await?;
        if let Some((made, counted)) = counts.filter(|(made, counted)| made != counted) {
            faults.push("the number of vectors is wrong".to_owned());
            if mend {
                tx.execute(COUNT, params![self.account, self.kind, counted - made]).await?;
            }
        }
        Ok(faults)
    }
}
