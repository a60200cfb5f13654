//! Answers as they are stored, and the versions of an answer.

use memory::{MessageId, quota::Change};
use store::{AccountId, Ids, Timestamp, Tx, params};
use web::{ApiError, Code};

use super::{State, queries, rules};
use crate::{Chat, ConversationId, provider::Role, reason::Reason};

/// Maximum number of hidden versions on a page.
const MAX_VERSIONS: i64 = 1000;

/// The ids of a turn's messages, which follow its order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnIds {
    /// The system prompt, if the turn begins a session with one.
    pub(super) system: MessageId,
    /// The message of the person.
    pub(crate) question: MessageId,
    /// The answer.
    pub(crate) answer: MessageId,
}

impl TurnIds {
    /// Allocates the ids. `again` is a message that is answered again.
    pub(crate) fn next(ids: &Ids, again: Option<MessageId>) -> Self {
        let next = || MessageId(ids.next());
        let (system, new, answer) = (next(), next(), next());
        Self { system, question: again.unwrap_or(new), answer }
    }
}

/// An answer as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredAnswer {
    pub(crate) id: MessageId,
    pub(crate) session: ConversationId,
    /// The message that it answers.
    pub(crate) question: MessageId,
    /// True if the message has been answered before.
    pub(crate) is_again: bool,
    pub(crate) content: String,
    pub(crate) state: State,
    /// The reason why it is not complete.
    pub(crate) failure: Option<Reason>,
    /// Number of bytes of its beginning that are stored already, if any.
    pub(crate) stored: Option<i64>,
}

impl StoredAnswer {
    /// Stores the answer, and returns the change of the account's quota usage.
    pub(super) async fn store(&self, tx: &Tx<'_>, now: Timestamp) -> store::Result<Change> {
        let Self { id, session, content, state, stored, .. } = self;
        // Another version is counted when it is shown.
        let count = i64::from(stored.is_none() && !self.is_again);
        let is_shown = !self.is_again || self.is_shown(tx).await?;
        if is_shown {
            // Locks the session's row first, in the same order as a deletion.
            tx.send(queries::TOUCH, params![*session, &rules::preview(content), count, now]).await?;
        } else {
            tx.send(queries::HOLD, params![*session]).await?;
        }
        let mut change = Change::add(&[content]);
        if stored.is_some() {
            // Read and not remembered: an earlier write that nobody waited for to the end may have changed
            // it.
            let (before,): (i64,) = tx.fetch_one(queries::BYTES, params![*id]).await?;
            tx.send(queries::SET_ANSWER, params![*id, content, state.name()]).await?;
            change = Change::of_bytes(change.bytes - before);
        } else {
            let role = Role::Assistant.name();
            let values = params![*id, *session, role, content, state.name(), 0_i64, now, ""];
            tx.send(queries::ADD_MESSAGE, values).await?;
        }
        if self.is_again {
            self.store_version(tx, is_shown).await?;
        }
        if self.failure.is_some() || self.is_again {
            let failure = self.failure.map_or("", Reason::name);
            tx.send(queries::SET_FAILURE, params![self.question, failure]).await?;
        }
        Ok(change)
    }

    /// Returns true if this version is the one to show: an incomplete one does not replace a complete one.
    async fn is_shown(&self, tx: &Tx<'_>) -> store::Result<bool> {
        if self.state == State::Complete {
            return Ok(true);
        }
        let values = params![self.session, self.question, self.id];
        let complete: Option<(MessageId,)> = tx.fetch_optional(queries::COMPLETE_ANSWER, values).await?;
        Ok(complete.is_none())
    }

    async fn store_version(&self, tx: &Tx<'_>, is_shown: bool) -> store::Result<()> {
        tx.send(queries::SET_SUPERSEDED, params![self.id, i64::from(!is_shown)]).await?;
        if is_shown {
            show(tx, self.session, self.question, self.id).await?;
        }
        Ok(())
    }
}

/// Shows a version of the answer to a message instead of the others.
async fn show(
    tx: &Tx<'_>,
    session: ConversationId,
    question: MessageId,
    version: MessageId,
) -> store::Result<()> {
    tx.send(queries::SUPERSEDE, params![session, question, version]).await?;
    tx.send(queries::RECOUNT, params![session, question]).await
}

impl Chat {
    /// Shows another version of an answer; the conversation goes on with that one.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the person has no such answer in the session.
    pub async fn show_version(
        &self,
        account: AccountId,
        session: &str,
        version: MessageId,
    ) -> Result<(), ApiError> {
        let session = self.own(account, session).await?.key;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.send(queries::HOLD, params![session]).await?;
                    let found = tx.fetch_optional(queries::QUESTION, params![session, version]).await?;
                    let (question, superseded): (MessageId, i64) = found.ok_or(Code::NotFound)?;
                    if superseded != 0 {
                        tx.send(queries::SET_SUPERSEDED, params![version, 0_i64]).await?;
                        show(tx, session, question, version).await?;
                    }
                    Ok::<_, ApiError>(())
                })
            })
            .await
    }

    /// Returns the ids of hidden versions of the answers from a message on and before another one, without
    /// the one in progress.
    pub(super) async fn hidden_versions(
        &self,
        session: ConversationId,
        from: MessageId,
        before: MessageId,
    ) -> Result<Vec<MessageId>, ApiError> {
        let held = self.held_answer(session).await?.map_or(MessageId(0), |held| held.message);
        let values = params![session, from, before, held, MAX_VERSIONS];
        let ids: Vec<(MessageId,)> = self.db().fetch_all(queries::HIDDEN_VERSIONS, values).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Notes the reason why a message has no answer, of which nothing was stored.
    pub(crate) async fn note_failure(&self, question: MessageId, reason: Reason) -> Result<(), ApiError> {
        self.db().execute(queries::SET_FAILURE, params![question, reason.name()]).await?;
        Ok(())
    }

    /// Returns true if no message of the person follows a message of theirs.
    pub(crate) async fn is_last(
        &self,
        session: ConversationId,
        question: MessageId,
    ) -> Result<bool, ApiError> {
        let (last,): (MessageId,) = self.db().fetch_one(queries::LAST_SAID, params![session]).await?;
        Ok(last == question)
    }
}
