//! The review inbox: memories and notes that a person's agents want to write, and facts learned from
//! conversations, where the person wants to see them first. Nothing searches, recalls or lists them until the
//! person accepts them.

pub(crate) mod model;
mod queries;

use store::{AccountId, Tx, params};
use web::{ApiError, Code};

pub use model::{Accepted, CONVERSATION, DREAM, IMPORT, Proposal, Proposed, ReviewEdit, ReviewKind, Waiting};
use model::{CheckedProposal, NewEntry};

use crate::{
    Memory, MemoryId, MessageId, ReviewId,
    key::{self, Evidence, Fact, Learned, Lesson, Validity},
    note, profile, quota,
    quota::Adder,
    trash,
};

/// Maximum number of entries that wait for an account.
pub const MAX_WAITING: i64 = 500;
/// Maximum number of bytes of these entries.
const MAX_BYTES: i64 = 16 << 20;

impl Memory {
    /// Returns true if a person wants to see what their agents write before it is kept.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn reviews_agents(&self, account: AccountId) -> Result<bool, ApiError> {
        Ok(self.profile(account).await?.1.reviews_agents)
    }

    /// Returns true if a person wants to see the facts learned from their conversations before they are kept.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn reviews_learned(&self, account: AccountId) -> Result<bool, ApiError> {
        Ok(self.profile(account).await?.1.reviews_learned)
    }

    /// Puts a proposal of an agent into the inbox, unless the person has the same memory or note, or the same
    /// proposal waits already. `client` is `app:ID`, `key:ID` or `program:ID`.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] if too much waits, [`Code::RateLimited`] if the key or app adds too much. The
    /// proposal has to be checked before.
    pub async fn propose(
        &self,
        adder: Adder,
        client: String,
        proposal: Proposal,
        evidence: Evidence,
    ) -> Result<Proposed, ApiError> {
        let quota = *self.quota();
        let (ids, clock) = (self.db().ids().clone(), self.db().clock().clone());
        let name = adder.origin().1.to_owned();
        let new = NewEntry { evidence, ..NewEntry::new(proposal, client, name) };
        let proposed = self.db().write_new(move |tx| {
            Box::pin(async move {
                let account = adder.account;
                if let Some(known) = new.known(tx, account).await? {
                    return Ok::<_, ApiError>(known);
                }
                let now = clock.now();
                let (id, is_new) = insert(tx, account, &new, (ReviewId(ids.next()), now)).await?;
                if is_new {
                    quota.count(tx, &adder, quota::Action::Entry, 1, now).await?;
                }
                Ok(Proposed::Waiting(id))
            })
        });
        proposed.await
    }

    /// Returns entries of the inbox with ids less than one, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn waiting(
        &self,
        account: AccountId,
        before: ReviewId,
        limit: i64,
    ) -> Result<Vec<Waiting>, ApiError> {
        Ok(self.db().fetch_all(queries::LIST, params![account, before, limit]).await?)
    }

    /// Returns the number of entries in the inbox.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn waiting_count(&self, account: AccountId) -> Result<i64, ApiError> {
        let (count, _bytes): (i64, i64) = self.db().fetch_one(queries::ROOM, params![account]).await?;
        Ok(count)
    }

    /// Returns the number of entries in the inbox that come from an agent.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn waiting_of(&self, account: AccountId, client: &str) -> Result<i64, ApiError> {
        let (count,) = self.db().fetch_one(queries::COUNT_OF, params![account, client]).await?;
        Ok(count)
    }

    /// Does what an agent proposed, with the changes of the person. The entry leaves the inbox when that is
    /// done, so that an interruption loses nothing. Returns `None` if the memory to change is gone.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's, [`Code::QuotaExceeded`] if the account
    /// has no room, and those of the rules for memories and notes.
    pub async fn accept(
        &self,
        account: AccountId,
        id: ReviewId,
        edit: ReviewEdit,
    ) -> Result<Option<Accepted>, ApiError> {
        let found: Option<Waiting> = self.db().fetch_optional(queries::ONE, params![account, id]).await?;
        let waiting = found.ok_or(Code::NotFound)?;
        let checked = waiting.checked(edit)?;
        let done = self.perform(account, &waiting, checked).await?;
        self.db().execute(queries::DELETE, params![account, id]).await?;
        Ok(done.map(|(entry, is_new)| Accepted {
            entry,
            is_new,
            kind: waiting.kind,
            client: waiting.client,
            client_name: waiting.client_name,
        }))
    }

    /// Removes entries from the inbox. New memories and notes go to the trash. Returns the number under which
    /// they can be brought back together, and how many entries were removed. Those that the person does not
    /// have are skipped.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn refuse(&self, account: AccountId, ids: Vec<ReviewId>) -> Result<(i64, usize), ApiError> {
        let (new, clock) = (self.db().ids().clone(), self.db().clock().clone());
        let batch = new.next();
        let refused = self.db().write(move |tx| {
            Box::pin(async move {
                let mut refused = 0;
                for id in ids.iter().take(trash::MAX_AT_ONCE) {
                    let found = tx.fetch_optional(queries::ONE, params![account, *id]).await?;
                    let Some(waiting): Option<Waiting> = found else { continue };
                    if let Some((kind, body)) = waiting.trashed()? {
                        trash::put(tx, account, (kind, &body), (new.next(), batch, clock.now())).await?;
                    }
                    tx.execute(queries::DELETE, params![account, *id]).await?;
                    refused += 1;
                }
                Ok::<_, ApiError>(refused)
            })
        });
        Ok((batch, refused.await?))
    }

    /// Removes all entries of the inbox that come from an agent, for good. Returns their number.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn refuse_all_of(&self, account: AccountId, client: &str) -> Result<u64, ApiError> {
        Ok(self.db().execute(queries::DELETE_OF, params![account, client]).await?)
    }

    /// Does what was accepted. Returns the entry, and true if it is new; `None` if there is nothing to do any
    /// more, because the memory is gone.
    async fn perform(
        &self,
        account: AccountId,
        waiting: &Waiting,
        checked: CheckedProposal,
    ) -> Result<Option<(Option<trash::Entry>, bool)>, ApiError> {
        let is_own = [CONVERSATION, DREAM].contains(&waiting.client.as_str());
        let adder = if is_own { Adder::from(account) } else { Adder::named(account, &waiting.client_name) };
        let memory = waiting.memory;
        Ok(match checked {
            CheckedProposal::Memory(fact) if waiting.client == CONVERSATION => {
                let (id, is_new) = self.accept_learned(account, fact, waiting.evidence.clone()).await?;
                Some((Some(trash::Entry::Memory(id)), is_new))
            }
            CheckedProposal::Memory(fact) => {
                let mut validity = Validity::default();
                if let Some((older, true)) = waiting.evidence.against.first()
                    && self.key_memory(account, *older).await.is_ok()
                {
                    validity.supersedes = Some(*older);
                }
                let (id, is_new) = self.add_valid_key_memory(adder, fact, validity).await?;
                for (older, _) in
                    waiting.evidence.against.iter().skip(1).filter(|(_, supersedes)| *supersedes)
                {
                    match self.supersede_key_memory(account, *older, Some(id), None).await {
                        Err(error) if error.code() == Code::MemoryNotFound => {}
                        other => other?,
                    }
                }
                Some((Some(trash::Entry::Memory(id)), is_new))
            }
            CheckedProposal::Note(new) => {
                let first = self.db().ids().next();
                let id = self.add_note(adder, new).await?;
                Some((Some(trash::Entry::Note(id)), id.0 > first))
            }
            CheckedProposal::Change(change) => match self.update_key_memory(account, memory, change).await {
                Ok(()) => Some((Some(trash::Entry::Memory(memory)), false)),
                Err(error) if error.code() == Code::MemoryNotFound => None,
                Err(error) => return Err(error),
            },
            CheckedProposal::Delete => {
                let entry = trash::Entry::Memory(memory);
                let (_batch, deleted) = self.delete_to_trash(account, vec![entry]).await?;
                (deleted > 0).then_some((Some(entry), false))
            }
            CheckedProposal::About(text) => {
                let change = profile::Change { self_introduction: Some(text), ..profile::Change::default() };
                self.update_profile(account, change).await?;
                Some((None, false))
            }
        })
    }
}

impl Memory {
    /// Keeps a fact from a conversation that the person accepted. Returns its id, and true if it is new.
    async fn accept_learned(
        &self,
        account: AccountId,
        fact: Fact,
        evidence: Evidence,
    ) -> Result<(MemoryId, bool), ApiError> {
        let learned = Learned {
            fact,
            message: evidence.message.unwrap_or(MessageId(0)),
            quote: evidence.quote,
            same: None,
            against: evidence.against.into_iter().map(|(id, _)| id).collect(),
        };
        let lessons = self.prepare_lessons(vec![learned]);
        let now = self.now();
        let accepted = self.db().write(move |tx| {
            Box::pin(async move {
                key::learn(tx, account, &lessons, now).await?;
                let (new, hash) = lessons.first().map(Lesson::identity).ok_or(Code::NotFound)?;
                let kept: Option<(MemoryId,)> =
                    tx.fetch_optional(key::queries::SAME, params![account, hash]).await?;
                let (id,) = kept.ok_or_else(|| ApiError::new(Code::QuotaExceeded).with("key memories"))?;
                Ok::<_, ApiError>((id, id == new))
            })
        });
        let accepted = accepted.await?;
        self.learned(account);
        Ok(accepted)
    }
}

/// Lets facts from a conversation wait for the person, in the caller's transaction. One that is known is
/// linked with the conversation. One that there is no room for is left out.
///
/// # Errors
/// If the store fails.
pub async fn wait(
    tx: &mut Tx<'_>,
    account: AccountId,
    lessons: &[Lesson],
    now: store::Timestamp,
) -> Result<(), ApiError> {
    for lesson in lessons {
        if key::is_known(tx, account, lesson).await? {
            key::learn(tx, account, std::slice::from_ref(lesson), now).await?;
            continue;
        }
        let proposal = Proposal::Memory(lesson.fact().clone());
        let new = NewEntry {
            evidence: lesson.evidence(),
            ..NewEntry::new(proposal, CONVERSATION.to_owned(), String::new())
        };
        match insert(tx, account, &new, (ReviewId(lesson.identity().0.0), now)).await {
            Ok(_) => {}
            Err(error) if error.code() == Code::QuotaExceeded => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Inserts an entry unless the same waits. Returns its id, and true if it is new.
async fn insert(
    tx: &mut Tx<'_>,
    account: AccountId,
    new: &NewEntry,
    (id, now): (ReviewId, store::Timestamp),
) -> Result<(ReviewId, bool), ApiError> {
    let same: Option<(ReviewId,)> = tx.fetch_optional(queries::SAME, params![account, &new.hash]).await?;
    if let Some((id,)) = same {
        return Ok((id, false));
    }
    let (entries, bytes): (i64, i64) = tx.fetch_one(queries::ROOM, params![account]).await?;
    if entries >= MAX_WAITING || bytes.saturating_add(new.bytes) > MAX_BYTES {
        let used = format!("review inbox: {entries}/{MAX_WAITING} entries, {bytes}/{MAX_BYTES} bytes");
        return Err(ApiError::new(Code::QuotaExceeded).with(used));
    }
    let NewEntry { kind, memory, title, content, visibility, client, client_name, hash, bytes, .. } = new;
    let against = model::against_text(&new.evidence.against);
    let values = params![
        id,
        account,
        kind.name(),
        *memory,
        title,
        content,
        *visibility,
        client,
        client_name,
        hash,
        *bytes,
        now,
        new.evidence.message,
        &new.evidence.quote,
        &against
    ];
    tx.execute(queries::INSERT, values).await?;
    Ok((id, true))
}

impl NewEntry {
    /// Returns true if the person has the same memory or note already.
    pub(crate) async fn is_known(&self, tx: &Tx<'_>, account: AccountId) -> store::Result<bool> {
        Ok(self.known(tx, account).await?.is_some())
    }

    /// Returns the memory or note of the person that has the same text already.
    async fn known(&self, tx: &Tx<'_>, account: AccountId) -> store::Result<Option<Proposed>> {
        Ok(match (self.kind, &self.known_by) {
            (ReviewKind::Memory, Some(hash)) => {
                let known: Option<(MemoryId,)> =
                    tx.fetch_optional(key::queries::SAME, params![account, hash]).await?;
                known.map(|(id,)| Proposed::Known(trash::Entry::Memory(id)))
            }
            (ReviewKind::Note, Some(hash)) => {
                let known: Option<(crate::NoteId,)> =
                    tx.fetch_optional(note::queries::SAME, params![account, hash]).await?;
                known.map(|(id,)| Proposed::Known(trash::Entry::Note(id)))
            }
            _ => None,
        })
    }
}

/// Returns a line of an archive for each entry of an inbox with an id greater than `after`.
pub(crate) async fn saved(
    memory: &Memory,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Vec<Waiting>, ApiError> {
    Ok(memory.db().fetch_all(queries::AFTER, params![account, after, limit]).await?)
}

/// Puts an entry of an archive into the inbox. Returns false if the same waits already, and `None` if there
/// is no room for it.
pub(crate) async fn restore(
    tx: &mut Tx<'_>,
    account: AccountId,
    new: &NewEntry,
    given: (ReviewId, store::Timestamp),
) -> Result<Option<bool>, ApiError> {
    match insert(tx, account, new, given).await {
        Ok((_id, is_new)) => Ok(Some(is_new)),
        Err(error) if error.code() == Code::QuotaExceeded => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes an entry of the inbox, if it still waits.
pub(crate) async fn withdraw(tx: &mut Tx<'_>, account: AccountId, id: ReviewId) -> Result<(), ApiError> {
    tx.execute(queries::DELETE, params![account, id]).await?;
    Ok(())
}

/// Returns true if a person has a memory.
pub(crate) async fn has_memory(tx: &Tx<'_>, account: AccountId, id: MemoryId) -> store::Result<bool> {
    let found: Option<(i64,)> = tx.fetch_optional(queries::HAS_MEMORY, params![id, account]).await?;
    Ok(found.is_some())
}
