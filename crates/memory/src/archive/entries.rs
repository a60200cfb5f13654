//! Sections whose entries have ids, such as memories and notes: one implementation of export and import.

use std::collections::HashMap;

use archive::{
    ImportLine, ImportSummary, LineOutcome, Part, Section, read_lines,
    runs::{Act, ImportedId, Mark, Native, RunId, Undone, Writing},
};
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

    /// Writes an entry. Returns its id, and false if it exists already; `None` if the account has no room for
    /// it.
    fn insert<'t>(
        tx: &'t mut Tx<'_>,
        quota: &'t quota::Settings,
        account: AccountId,
        entry: &'t Self::Ready,
        now: Timestamp,
    ) -> BoxFuture<'t, Result<Option<(ImportedId, bool)>, ApiError>>;

    /// Returns how an entry looks; `None` if it is gone.
    fn mark<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, store::Result<Option<Mark>>>;

    /// Deletes an entry.
    fn remove<'t>(
        tx: &'t mut Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, Result<(), ApiError>>;

    /// Brings an entry up to date that changed at its source and not here. Returns [`LineOutcome::Kept`] if
    /// that is not done for entries of this kind.
    fn renew<'t>(
        _tx: &'t mut Tx<'_>,
        _quota: &'t quota::Settings,
        _account: AccountId,
        _of: (ImportedId, &'t Self::Ready),
        _new: (i64, Timestamp),
    ) -> BoxFuture<'t, Result<LineOutcome, ApiError>> {
        Box::pin(std::future::ready(Ok(LineOutcome::Kept)))
    }

    /// Brings back what an entry was before it was brought up to date.
    fn revert<'t>(
        _tx: &'t mut Tx<'_>,
        _quota: &'t quota::Settings,
        _account: AccountId,
        _id: ImportedId,
        _new: (i64, Timestamp),
    ) -> BoxFuture<'t, Result<(), ApiError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Returns how an entry looks by a statement that selects its hash and the time of its last change.
pub(crate) async fn hashed(
    tx: &Tx<'_>,
    sql: &'static str,
    account: AccountId,
    id: ImportedId,
) -> store::Result<Option<Mark>> {
    let found: Option<(Vec<u8>, Timestamp)> = tx.fetch_optional(sql, params![id, account]).await?;
    Ok(found.map(|(hash, at)| Mark { text: archive::runs::digest(hash), at }))
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

impl<E: Entries> EntrySection<E> {
    async fn write(
        &self,
        account: AccountId,
        run: Option<RunId>,
        given: Vec<ImportLine>,
    ) -> Result<ImportSummary, ApiError> {
        let mut taken = ImportSummary::default();
        let mut natives: HashMap<u64, Native> =
            given.iter().filter_map(|line| Some((line.line, line.native.clone()?))).collect();
        let ready: Vec<(u64, E::Ready, Option<Native>)> = self
            .read(account, &given, &mut taken)
            .into_iter()
            .map(|(line, entry)| (line, entry, natives.remove(&line)))
            .collect();
        let (now, quota) = (self.memory.db().clock().now(), *self.memory.quota());
        let ids = self.memory.db().ids().clone();
        let index = E::INDEX.map(|kind| Index::new(account, kind));
        let written = self.memory.db().write(move |tx| {
            Box::pin(async move {
                if let Some(index) = index {
                    index.lock(tx).await?;
                }
                let writing = run.map(|run| Writing { account, run, section: E::NAME });
                let mut lines = Vec::with_capacity(ready.len());
                for (line, entry, native) in &ready {
                    let new = (ids.next(), now);
                    let one = one::<E>(tx, &quota, account, (writing, native.as_ref()), entry, new).await?;
                    lines.push((*line, one));
                }
                Ok::<_, ApiError>(lines)
            })
        });
        taken.take(written.await?, quota::FULL);
        if let Some(index) = index {
            self.memory.changed(index);
        }
        Ok(taken)
    }

    async fn take_back(&self, writing: Writing) -> Result<Undone, ApiError> {
        let account = writing.account;
        let (now, quota) = (self.memory.db().clock().now(), *self.memory.quota());
        let ids = self.memory.db().ids().clone();
        let index = E::INDEX.map(|kind| Index::new(account, kind));
        let undone = self.memory.db().write(move |tx| {
            Box::pin(async move {
                if let Some(index) = index {
                    index.lock(tx).await?;
                }
                let mut undone = Undone::default();
                for (id, act, text, at) in writing.to_undo(tx).await? {
                    let is_untouched = match E::mark(tx, account, id).await? {
                        None => {
                            writing.settle(tx, id, false).await?;
                            undone.removed += 1;
                            continue;
                        }
                        Some(mark) => mark == Mark { text, at },
                    };
                    if !is_untouched {
                        undone.stayed += 1;
                    } else if act == Act::Changed.name() {
                        E::revert(tx, &quota, account, id, (ids.next(), now)).await?;
                        undone.removed += 1;
                    } else {
                        E::remove(tx, account, id).await?;
                        undone.removed += 1;
                    }
                    writing.settle(tx, id, !is_untouched).await?;
                }
                Ok::<_, ApiError>(undone)
            })
        });
        let undone = undone.await?;
        if let Some(index) = index {
            self.memory.changed(index);
        }
        Ok(undone)
    }
}

/// Writes an entry, and its origin if it is a part of a run.
async fn one<E: Entries>(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    (writing, native): (Option<Writing>, Option<&Native>),
    entry: &E::Ready,
    new: (i64, Timestamp),
) -> Result<LineOutcome, ApiError> {
    let Some(writing) = writing else {
        return Ok(match E::insert(tx, quota, account, entry, new.1).await? {
            Some((_, true)) => LineOutcome::Added,
            Some((_, false)) => LineOutcome::Known,
            None => LineOutcome::Full,
        });
    };
    if let Some(native) = native
        && let Some(origin) = writing.origin(tx, native).await?
    {
        let Some(now) = E::mark(tx, account, origin.entry).await? else { return Ok(LineOutcome::Removed) };
        if origin.said == native.said {
            return Ok(writing.taken(tx, origin.entry).await?);
        }
        if writing.mark(tx, origin.entry).await?.is_none_or(|mark| mark != now) {
            return Ok(LineOutcome::Kept);
        }
        let taken = E::renew(tx, quota, account, (origin.entry, entry), new).await?;
        if taken == LineOutcome::Changed
            && let Some(mark) = E::mark(tx, account, origin.entry).await?
        {
            writing.set_origin(tx, native, (origin.entry, 0)).await?;
            writing.made(tx, origin.entry, Act::Changed, &mark).await?;
        }
        return Ok(taken);
    }
    let Some((id, is_new)) = E::insert(tx, quota, account, entry, new.1).await? else {
        return Ok(LineOutcome::Full);
    };
    if let Some(native) = native {
        writing.set_origin(tx, native, (id, 0)).await?;
    }
    if !is_new {
        return Ok(writing.taken(tx, id).await?);
    }
    if let Some(mark) = E::mark(tx, account, id).await? {
        writing.made(tx, id, Act::Added, &mark).await?;
    }
    Ok(LineOutcome::Added)
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
        Box::pin(self.write(account, None, given))
    }

    fn import_in(
        &self,
        account: AccountId,
        run: RunId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(self.write(account, Some(run), given))
    }

    fn undo(&self, account: AccountId, run: RunId) -> BoxFuture<'_, Result<Undone, ApiError>> {
        Box::pin(self.take_back(Writing { account, run, section: E::NAME }))
    }

    fn check(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let mut natives: HashMap<u64, Native> =
                given.iter().filter_map(|line| Some((line.line, line.native.clone()?))).collect();
            let ready = self.read(account, &given, &mut taken);
            let read = self.memory.db().read_heavy(move |tx| {
                Box::pin(async move {
                    let writing = Writing { account, run: RunId(0), section: E::NAME };
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, entry) in &ready {
                        let origin = match natives.remove(line) {
                            Some(native) => writing.origin(tx, &native).await?.map(|origin| (origin, native)),
                            None => None,
                        };
                        if let Some((origin, native)) = origin {
                            let is_there = E::mark(tx, account, origin.entry).await?.is_some();
                            lines.push((
                                *line,
                                match () {
                                    () if !is_there => LineOutcome::Removed,
                                    () if origin.said == native.said => LineOutcome::Known,
                                    () => LineOutcome::Changed,
                                },
                            ));
                            continue;
                        }
                        let known: Option<(i64,)> = match E::same(entry) {
                            Some((sql, hash)) => tx.fetch_optional(sql, params![account, hash]).await?,
                            None => None,
                        };
                        lines.push((
                            *line,
                            if known.is_none() { LineOutcome::Added } else { LineOutcome::Known },
                        ));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.take(read.await?, "");
            Ok(taken)
        })
    }
}
