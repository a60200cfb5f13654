//! Facts that take the place of others. The older one keeps its text and its time, and is linked with the
//! newer one; it holds until the newer one began to. Nothing is deleted.

use store::{AccountId, Timestamp, Tx, from_row, params};
use web::{ApiError, Code};

use super::{
    queries, rules,
    validity::{MAX_CHAIN, Timed, Validity},
};
use crate::{LinkId, Memory, MemoryId, MessageId};

/// Maximum number of facts with known times that a search takes into account, the newest ones.
const MAX_TIMED: i64 = 10_000;
/// Maximum number of contradictions that are shown at once.
pub const MAX_CONFLICTS: i64 = 50;

/// The decision that a fact takes the place of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decision {
    /// The id of the link.
    pub(crate) link: LinkId,
    pub(crate) newer: MemoryId,
    pub(crate) older: MemoryId,
    /// The message that says so.
    pub(crate) message: Option<MessageId>,
    /// The time since which the newer one holds; `None` if it is not known.
    pub(crate) since: Option<Timestamp>,
    /// The time of the decision.
    pub(crate) now: Timestamp,
}

/// A contradiction that the person has to decide.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The id of the link.
    pub id: LinkId,
    /// The newer fact.
    pub newer: MemoryId,
    /// Its text.
    pub newer_text: String,
    /// The time at which it was noted.
    pub newer_time: Timestamp,
    /// The older fact.
    pub older: MemoryId,
    /// Its text.
    pub older_text: String,
    /// The time at which it was noted.
    pub older_time: Timestamp,
    /// The message that states the newer one, if it still exists.
    pub message: Option<MessageId>,
}

from_row!(Conflict { id, newer, newer_text, newer_time, older, older_text, older_time, message });

/// The decision of a person about a contradiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The newer fact holds.
    Newer,
    /// The older fact holds.
    Older,
    /// Both hold.
    Both,
}

/// The times of a fact, and the fact that takes its place.
struct Times {
    created: Timestamp,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    by: Option<MemoryId>,
}

from_row!(Times { created, from, until, by });

async fn times(tx: &Tx<'_>, account: AccountId, id: MemoryId) -> store::Result<Option<Times>> {
    tx.fetch_optional(queries::TIMES, params![id, account]).await
}

/// Returns the facts of a person with known times, the newest first.
pub(crate) async fn timed(tx: &Tx<'_>, account: AccountId) -> store::Result<Vec<Timed>> {
    tx.fetch_all(queries::TIMED, params![account, MAX_TIMED]).await
}

/// Lets a fact take the place of another. Returns false if it does already, or if the person does not have
/// both. A fact that would come before itself in a chain becomes the last one of it.
pub(crate) async fn supersede(
    tx: &mut Tx<'_>,
    account: AccountId,
    decision: Decision,
) -> store::Result<bool> {
    let Decision { link, newer, older, message, since, now } = decision;
    let (Some(new), Some(old)) = (times(tx, account, newer).await?, times(tx, account, older).await?) else {
        return Ok(false);
    };
    if newer == older || old.by == Some(newer) {
        return Ok(false);
    }
    let (mut next, mut returns) = (new.by, false);
    for _ in 0..MAX_CHAIN {
        let Some(id) = next else { break };
        if id == older {
            returns = true;
            detach(tx, newer).await?;
            break;
        }
        next = times(tx, account, id).await?.and_then(|times| times.by);
    }
    if old.by.is_some() {
        detach(tx, older).await?;
    }
    // One that holds again does so from now on.
    let begun = match (since, new.from) {
        (None, _) if returns => now,
        (since, from) => since.or(from).unwrap_or_else(|| new.created.max(old.created)),
    };
    let begun = old.from.map_or(begun, |from| from.max(begun));
    let until = old.until.filter(|until| *until < begun && old.by.is_none()).unwrap_or(begun);
    tx.execute(queries::SUPERSEDE, params![older, newer, until]).await?;
    if !returns {
        tx.execute(queries::BEGIN, params![newer, begun]).await?;
    }
    tx.execute(queries::DECIDED, params![newer, older]).await?;
    tx.execute(queries::ADD_LINK, params![link, newer, "supersedes", older, message, now]).await?;
    Ok(true)
}

/// Lets a fact hold again that another took the place of.
async fn detach(tx: &mut Tx<'_>, older: MemoryId) -> store::Result<()> {
    tx.execute(queries::DETACH, params![older]).await?;
    tx.execute(queries::DETACH_LINK, params![older]).await?;
    Ok(())
}

/// Prepares the deletion of a fact: those whose place it took hold again, or, if another took its own place,
/// are followed by that one.
pub(super) async fn release(tx: &mut Tx<'_>, account: AccountId, id: MemoryId) -> store::Result<()> {
    match times(tx, account, id).await?.and_then(|times| times.by) {
        Some(by) => {
            tx.execute(queries::HAND_OVER, params![id, by]).await?;
            tx.execute(queries::HAND_OVER_LINKS, params![id, by]).await?;
        }
        None => {
            tx.execute(queries::RELEASE, params![id]).await?;
        }
    }
    Ok(())
}

/// Sets the times of a fact, also to unknown ones.
///
/// # Errors
/// 422 if it would end before it begins.
pub(super) async fn replace_times(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: MemoryId,
    (from, until): (Option<Option<Timestamp>>, Option<Option<Timestamp>>),
) -> Result<(), ApiError> {
    if from.is_none() && until.is_none() {
        return Ok(());
    }
    let before = times(tx, account, id).await?.ok_or(Code::MemoryNotFound)?;
    let (from, mut until) = (from.unwrap_or(before.from), until.unwrap_or(before.until));
    if before.by.is_some() {
        // It is over, so it has an end.
        until = until.or(before.until);
    }
    rules::check_times(from, until)?;
    tx.execute(queries::REPLACE_TIMES, params![id, from, until]).await?;
    Ok(())
}

/// Sets what is known about the validity of a fact, in the caller's transaction.
///
/// # Errors
/// [`Code::MemoryNotFound`] if the person does not have the fact that is superseded.
pub(super) async fn set(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: MemoryId,
    validity: &Validity,
    (link, now): (LinkId, Timestamp),
) -> Result<(), ApiError> {
    if validity.from.is_some() || validity.until.is_some() {
        tx.execute(queries::SET_TIMES, params![id, validity.from, validity.until]).await?;
    }
    let Some(older) = validity.supersedes else { return Ok(()) };
    if times(tx, account, older).await?.is_none() || older == id {
        return Err(Code::MemoryNotFound.into());
    }
    let decision = Decision { link, newer: id, older, message: None, since: validity.from, now };
    supersede(tx, account, decision).await?;
    Ok(())
}

impl Memory {
    /// Reads the time of a search, a date in the person's time zone or milliseconds.
    ///
    /// # Errors
    /// 422 if it is neither.
    pub(super) async fn as_of(
        &self,
        account: AccountId,
        given: Option<&str>,
    ) -> Result<Option<Timestamp>, ApiError> {
        if given.is_none_or(|given| given.trim().is_empty()) {
            return Ok(None);
        }
        rules::check_as_of(given, &self.zone(account).await?.unwrap_or_default())
    }

    /// Lets a fact take the place of another, or hold again (`newer` is `None`).
    ///
    /// # Errors
    /// [`Code::MemoryNotFound`] if the person does not have both, or if they are the same.
    pub async fn supersede_key_memory(
        &self,
        account: AccountId,
        older: MemoryId,
        newer: Option<MemoryId>,
        since: Option<Timestamp>,
    ) -> Result<(), ApiError> {
        let (link, clock) = (LinkId(self.db().ids().next()), self.db().clock().clone());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found = times(tx, account, older).await?.ok_or(Code::MemoryNotFound)?;
                    let Some(newer) = newer.filter(|newer| *newer != older) else {
                        if newer.is_some() {
                            return Err(Code::MemoryNotFound.into());
                        }
                        if found.by.is_some() {
                            detach(tx, older).await?;
                        }
                        return Ok::<_, ApiError>(());
                    };
                    times(tx, account, newer).await?.ok_or(Code::MemoryNotFound)?;
                    let now = clock.now();
                    let decision = Decision { link, newer, older, message: None, since, now };
                    supersede(tx, account, decision).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Returns contradictions that the person has to decide, the latest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn conflicts(&self, account: AccountId) -> Result<Vec<Conflict>, ApiError> {
        Ok(self.db().fetch_all(queries::CONFLICTS, params![account, MAX_CONFLICTS]).await?)
    }

    /// Returns the number of contradictions that the person has to decide.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn conflict_count(&self, account: AccountId) -> Result<i64, ApiError> {
        let (count,) = self.db().fetch_one(queries::COUNT_CONFLICTS, params![account]).await?;
        Ok(count)
    }

    /// Returns the number of entries of the review inbox and of contradictions, which wait for the person.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn undecided_count(&self, account: AccountId) -> Result<i64, ApiError> {
        let (waiting, conflicts) =
            futures::try_join!(self.waiting_count(account), self.conflict_count(account))?;
        Ok(waiting + conflicts)
    }

    /// Decides a contradiction.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such contradiction, or if it is decided.
    pub async fn decide_conflict(
        &self,
        account: AccountId,
        id: LinkId,
        verdict: Verdict,
    ) -> Result<(), ApiError> {
        let (link, clock) = (LinkId(self.db().ids().next()), self.db().clock().clone());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found: Option<(MemoryId, MemoryId)> =
                        tx.fetch_optional(queries::CONFLICT, params![account, id]).await?;
                    let (newer, older) = found.ok_or(Code::NotFound)?;
                    tx.execute(queries::DECIDED, params![newer, older]).await?;
                    let (newer, older) = match verdict {
                        Verdict::Newer => (newer, older),
                        Verdict::Older => (older, newer),
                        Verdict::Both => return Ok::<_, ApiError>(()),
                    };
                    let now = clock.now();
                    let decision = Decision { link, newer, older, message: None, since: None, now };
                    supersede(tx, account, decision).await?;
                    Ok(())
                })
            })
            .await
    }
}
