//! The answer while it is produced.

use memory::MessageId;
use tokio::{sync::oneshot, time::Instant};

use super::steps::Steps;
use crate::{
    ConversationId,
    provider::{Failure, Finish, Reply},
    reason::Reason,
    session::{State, StoredAnswer, TurnIds},
};

/// The answer so far, and what is stored of it.
pub(super) struct Draft {
    pub(super) id: MessageId,
    /// The message that it answers.
    question: MessageId,
    /// True if the message has been answered before.
    is_again: bool,
    session: SessionKey,
    pub(super) text: String,
    /// Number of bytes that are stored, if any.
    pub(super) stored: Option<i64>,
    pub(super) stored_at: Instant,
    /// Thoughts and tool calls so far.
    pub(super) steps: Steps,
}

/// The key of the session, which is known once the message is stored.
enum SessionKey {
    Awaited(oneshot::Receiver<ConversationId>),
    Stored(ConversationId),
    /// The message was not stored, or the client left before: there is nothing to answer.
    Failed,
}

impl SessionKey {
    async fn find(&mut self) -> Option<ConversationId> {
        if let Self::Awaited(stored) = self {
            *self = stored.await.map_or(Self::Failed, Self::Stored);
        }
        match self {
            Self::Stored(session) => Some(*session),
            _ => None,
        }
    }
}

impl Draft {
    /// Creates an empty answer. `is_again` is true if its message has been answered before; `stored` yields
    /// the key of the session.
    pub(super) fn new(ids: TurnIds, is_again: bool, stored: oneshot::Receiver<ConversationId>) -> Self {
        Self {
            id: ids.answer,
            question: ids.question,
            is_again,
            session: SessionKey::Awaited(stored),
            text: String::new(),
            stored: None,
            stored_at: Instant::now(),
            steps: Steps::default(),
        }
    }

    /// Returns the answer to store; `None` if there is no session for it.
    pub(super) async fn answer(&mut self, state: State, failure: Option<Reason>) -> Option<StoredAnswer> {
        Some(StoredAnswer {
            id: self.id,
            session: self.session.find().await?,
            question: self.question,
            is_again: self.is_again,
            content: self.text.replace('\0', ""),
            state,
            failure,
            stored: self.stored,
        })
    }
}

/// The end of an answer.
pub(super) enum End {
    Whole(Finish),
    /// The client left, or the server is stopping.
    Stopped,
    Failed(Failure),
}

/// The model that answered, and the tokens that providers counted.
#[derive(Default)]
pub(super) struct Source {
    pub(super) model: String,
    pub(super) provider: String,
    pub(super) tokens: Option<(u32, u32)>,
}

impl Source {
    /// Notes the model and the provider of a reply.
    pub(super) fn note(&mut self, reply: &Reply) {
        self.model = reply.model().to_owned();
        self.provider = reply.provider().to_owned();
    }

    /// Adds the tokens of a reply that has ended.
    pub(super) fn count(&mut self, reply: &Reply) {
        if let Some(usage) = reply.usage() {
            let (tokens_in, tokens_out) = self.tokens.unwrap_or_default();
            self.tokens = Some((tokens_in + usage.prompt_tokens, tokens_out + usage.completion_tokens));
        }
    }
}
