//! Embeddings: a vector for each passage of an entry, made by an external model and stored beside the index.

use store::{AccountId, Database, Result, Timestamp, Tx, owned_params, params};

use super::id::EntryId;
use super::index::Index;

/// Maximum number of characters of an entry's folded text that vectors are made of. If these characters have
/// changed meanwhile, the vectors are not stored.
pub const MAX_EMBEDDED: i64 = 32_000;

/// Maximum duration of a claim on an index, in milliseconds. A claim that ends later was made by a clock that
/// was ahead.
const LONGEST_CLAIM_MS: i64 = 3_600_000;

const LACKING: &str = "SELECT size.account_id, size.kind FROM search_size AS size \
     LEFT JOIN search_meaning AS meaning ON meaning.account_id = size.account_id AND meaning.kind = \
     size.kind \
     WHERE (size.account_id > $3 OR (size.account_id = $3 AND size.kind > $4)) \
     AND size.entries > COALESCE(CASE WHEN meaning.model = $1 THEN meaning.made END, 0) \
     AND (COALESCE(meaning.claimed_until, 0) <= $2 OR meaning.claimed_until > $6) ORDER BY size.account_id, \
     size.kind LIMIT $5";

/// Claims an index for a model. The vectors of another model stay, under its name, until they are replaced.
const CLAIM: &str = "INSERT INTO search_meaning (account_id, kind, model, made, version, removed, \
    claimed_until) \
     VALUES ($1, $2, $3, 0, 0, 0, $4) ON CONFLICT (account_id, kind) DO UPDATE SET \
     claimed_until = excluded.claimed_until, model = excluded.model, made = CASE WHEN search_meaning.model = \
     $3 \
     THEN search_meaning.made ELSE (SELECT COUNT(*) FROM search_vector AS other WHERE other.account_id = $1 \
     AND other.kind = $2 AND other.model = $3) END \
     WHERE search_meaning.claimed_until <= $5 OR search_meaning.claimed_until > $6";

const EXTEND: &str =
    "UPDATE search_meaning SET claimed_until = $4 WHERE account_id = $1 AND kind = $2 AND model = $3";

const RELEASE: &str = "UPDATE search_meaning SET claimed_until = 0 WHERE account_id = $1 AND kind = $2 AND \
    model = $3 AND claimed_until = $4";

const WITHOUT: &str = "SELECT entry.entry_id, SUBSTR(entry.folded, 1, $5) FROM search_entry AS entry \
     LEFT JOIN search_vector AS made ON made.account_id = entry.account_id AND made.kind = entry.kind \
     AND made.entry_id = entry.entry_id AND made.model = $3 \
     WHERE entry.account_id = $1 AND entry.kind = $2 AND made.entry_id IS NULL \
     ORDER BY entry.entry_id DESC LIMIT $4";

const BUMP: &str = "UPDATE search_meaning SET version = version + 1 WHERE account_id = $1 AND kind = $2 AND \
    model = $3 \
     RETURNING version";

/// Writes nothing if the entry is gone, has another text by now, or has vectors of this model.
const PUT: &str = "INSERT INTO search_vector (account_id, kind, entry_id, model, is_public, version, parts, \
    vector) \
     SELECT account_id, kind, entry_id, $4, is_public, $5, $9, $6 FROM search_entry \
     WHERE account_id = $1 AND kind = $2 AND entry_id = $3 AND SUBSTR(folded, 1, $8) = $7 \
     ON CONFLICT (account_id, kind, entry_id) DO UPDATE SET model = excluded.model, is_public = \
     excluded.is_public, \
     version = excluded.version, parts = excluded.parts, vector = excluded.vector WHERE search_vector.model \
     <> excluded.model";

const COUNT: &str = "UPDATE search_meaning SET made = made + $3 WHERE account_id = $1 AND kind = $2";

const REMOVE: &str =
    "DELETE FROM search_vector WHERE account_id = $1 AND kind = $2 AND entry_id = $3 RETURNING model";

const REMOVED: &str = "UPDATE search_meaning SET version = version + 1, removed = version + 1, \
     made = made - CASE WHEN model = $3 THEN 1 ELSE 0 END WHERE account_id = $1 AND kind = $2";

const STATE: &str = "SELECT version, removed FROM search_meaning WHERE account_id = $1 AND kind = $2";

const CHANGED: &str = "SELECT entry_id, is_public, parts, vector FROM search_vector WHERE account_id = $1 \
    AND kind = $2 \
     AND model = $3 AND version > $4 AND version <= $5 ORDER BY entry_id DESC LIMIT $6";

const STRAY: &str = "SELECT made.entry_id FROM search_vector AS made LEFT JOIN search_entry AS entry \
     ON entry.account_id = made.account_id AND entry.kind = made.kind AND entry.entry_id = made.entry_id \
     WHERE made.account_id = $1 AND made.kind = $2 AND (entry.entry_id IS NULL OR entry.is_public <> \
     made.is_public \
     OR made.parts < 0 OR LENGTH(made.vector) % (4 * CASE WHEN made.parts > 0 THEN made.parts ELSE 1 END) <> \
     0) ORDER BY made.entry_id";

const COUNTED: &str = "SELECT meaning.made, (SELECT COUNT(*) FROM search_vector AS made \
     WHERE made.account_id = $1 AND made.kind = $2 AND made.model = meaning.model) FROM search_meaning AS \
     meaning \
     WHERE meaning.account_id = $1 AND meaning.kind = $2";

/// The vectors made of an entry's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The id of the entry.
    pub entry: EntryId,
    /// The text, as returned by [`Index::without_vector`].
    pub text: String,
    /// The number of vectors: one for each passage that the model can embed.
    pub parts: i64,
    /// The vectors, one after the other: 32-bit floats, little-endian.
    pub vectors: Vec<u8>,
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
    /// The vectors, one after the other: 32-bit floats, little-endian.
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

    /// Stores vectors, except of entries that have changed since or are gone, and extends the claim until a
    /// time. Returns false, and stores none, if another model has claimed the index meanwhile.
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
        let mut new = 0;
        for one in made {
            let values = params![
                self.account,
                self.kind,
                one.entry,
                model,
                version,
                &one.vectors,
                &one.text,
                MAX_EMBEDDED,
                one.parts
            ];
            new += i64::try_from(tx.execute(PUT, values).await?).unwrap_or(0);
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
