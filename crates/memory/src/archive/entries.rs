//! Sections whose entries have ids, such as memories and notes: one implementation of export and import.

use archive::{ImportLine, ImportSummary, Part, Section, read_lines};
use search::Index;
use serde::de::DeserializeOwned;
use store::{AccountId, BoxFuture, Timestamp, Tx, params};
use web::ApiError;

use crate::{Memory, quota};

/// Lines of an archive, and the id of the last entry; `None` if there are no more.
pub(crate) type Lines = (Vec<String>, Option<i64>);

/// A kind of entries.
pub(crate) trait Entries: Send + Sync + 'static {
    /// The name of the section.
    const NAME: &'static str;
    /// Number of entries in a part.
    const PART: i64;
    /// The kind of the search index that contains them, if there is one. It is locked while entries are
    /// written.
    const INDEX: Option<i64>;
    /// An entry as it is in an archive.
    type Entry: DeserializeOwned;
    /// A valid entry, ready to be written.
    type Ready: Send + Sync + 'static;

    /// Checks an entry.
    fn ready(memory: &Memory, account: AccountId, entry: Self::Entry) -> Result<Self::Ready, ApiError>;

    /// Returns a statement that finds an entry of an account by its hash, and the hash of this one. `None` if
    /// they have none.
    fn same(_entry: &Self::Ready) -> Option<(&'static str, &[u8; 32])> {
        None
    }

    /// Returns lines of an archive for at most `limit` entries whose ids are greater than `after`.
    fn lines<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        after: i64,
        limit: i64,
    ) -> BoxFuture<'t, Result<Lines, ApiError>>;

    /// Writes an entry. Returns false if it exists already, and `None` if the account has no room for it.
    fn insert<'t>(
        tx: &'t mut Tx<'_>,
        quota: &'t quota::Settings,
        account: AccountId,
        entry: &'t Self::Ready,
        now: Timestamp,
    ) -> BoxFuture<'t, Result<Option<bool>, ApiError>>;
}

/// The section of a kind of entries.
pub(crate) struct EntrySection<E> {
    memory: Memory,
    entries: std::marker::PhantomData<E>,
}

impl<E: Entries> EntrySection<E> {
    pub(crate) fn new(memory: &Memory) -> Self {
        Self { memory: memory.clone(), entries: std::marker::PhantomData }
    }

    fn read(
        &self,
        account: AccountId,
        given: &[ImportLine],
        taken: &mut ImportSummary,
    ) -> Vec<(u64, E::Ready)> {
        read_lines(given, taken, |entry: E::Entry| E::ready(&self.memory, account, entry))
    }
}

impl<E: Entries> Section for EntrySection<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let db = self.memory.db();
            let (lines, next) = db.read_heavy(move |tx| E::lines(tx, account, after, E::PART)).await?;
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = self.read(account, &given, &mut taken);
            let (now, quota) = (self.memory.db().clock().now(), *self.memory.quota());
            let index = E::INDEX.map(|kind| Index::new(account, kind));
            let written = self.memory.db().write(move |tx| {
                Box::pin(async move {
                    if let Some(index) = index {
                        index.lock(tx).await?;
                    }
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, entry) in &ready {
                        lines.push((*line, E::insert(tx, &quota, account, entry, now).await?));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, quota::FULL);
            if let Some(index) = index {
                self.memory.changed(index);
            }
            Ok(taken)
        })
    }

    fn check(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = self.read(account, &given, &mut taken);
            let read = self.memory.db().read_heavy(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, entry) in &ready {
                        let known: Option<(i64,)> = match E::same(entry) {
                            Some((sql, hash)) => tx.fetch_optional(sql, params![account, hash]).await?,
                            None => None,
                        };
                        lines.push((*line, Some(known.is_none())));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(read.await?, "");
            Ok(taken)
        })
    }
}
