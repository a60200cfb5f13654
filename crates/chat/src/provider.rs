//! Models behind OpenAI-compatible APIs. Several providers are tried in order.

mod calls;
mod chunk;
#[cfg(test)]
mod fuzz_tests;
mod learned;
mod list;
mod message;
mod reply;
mod sse;
mod thoughts;
mod traits;
mod wire;

use std::{collections::BTreeMap, time::Duration};

use store::SecretText;

pub use list::{Health, Outcome};
pub(crate) use list::{Models, Provider};
pub(crate) use message::Heard;
pub use message::{Ask, Form, Image, Message, Role, ToolCall};
pub(crate) use reply::{Finish, GRACE, Reply};
pub(crate) use thoughts::Piece;
#[cfg(test)]
pub(crate) use thoughts::spoken;
use traits::Traits;
pub use traits::{JsonSupport, TokensMember};
pub use wire::Usage;

/// The place where a provider is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The configuration: `model` is 0, and its fallbacks count from 1.
    Setting(usize),
    /// The page of models, by the id of the endpoint.
    Page(crate::EndpointId),
}

/// The settings of a provider.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The place where it is configured. What a page configures is called through the guard.
    pub origin: Origin,
    /// The URL before `/chat/completions`.
    pub base_url: String,
    /// The API key, or empty. It is sent to the provider and nowhere else.
    pub api_key: SecretText,
    /// The provider's name of its default model.
    pub name: String,
    /// The provider's names of further models, by the names that clients use.
    pub names: BTreeMap<String, String>,
    /// True if the model accepts pictures.
    pub images: bool,
    /// True if the model supports tools. Others answer without them.
    pub tools: bool,
    /// The way in which the model is asked for JSON.
    pub json: JsonSupport,
    /// The request member that limits the tokens of an answer.
    pub tokens_member: TokensMember,
    /// True if `stream_options` is sent.
    pub stream_options: bool,
    /// True if a prompt must be one leading system message followed by alternating turns.
    pub strict_turns: bool,
    /// True if the role `system` is accepted.
    pub system_role: bool,
    /// Request members that are never sent, such as `temperature`.
    pub omit: Vec<String>,
    /// True if answers begin inside thoughts, which end at a closing tag.
    pub opens_thinking: bool,
    /// Connect timeout.
    pub connect: Duration,
    /// Timeout for the first piece of an answer.
    pub first_token: Duration,
    /// Timeout between two pieces of an answer.
    pub idle: Duration,
    /// Timeout for a whole answer.
    pub total: Duration,
}

impl Settings {
    /// Returns true if a name is one of the provider's own names of models.
    fn has(&self, model: &str) -> bool {
        self.name == model || self.names.values().any(|name| name == model)
    }

    /// Maps the model that a client asks for to the provider's name; the default model if it is unknown.
    fn model(&self, asked: &str) -> &str {
        match self.names.get(asked) {
            Some(name) => name,
            None if self.has(asked) => self.names.values().find(|name| *name == asked).unwrap_or(&self.name),
            None => &self.name,
        }
    }

    /// Returns true if all settings are the same.
    fn is_same(&self, other: &Self) -> bool {
        let times = |settings: &Self| (settings.connect, settings.first_token, settings.idle, settings.total);
        let names = |settings: &Self| (settings.origin, settings.name.clone(), settings.names.clone());
        self.is_same_service(other) && times(self) == times(other) && names(self) == names(other)
    }

    /// Returns true if what was learned about the other's models holds for these, too.
    fn is_same_service(&self, other: &Self) -> bool {
        self.base_url == other.base_url && self.api_key == other.api_key && self.traits() == other.traits()
    }

    fn traits(&self) -> Traits {
        Traits {
            images: self.images,
            tools: self.tools,
            json: self.json,
            tokens: self.tokens_member,
            most_tokens: None,
            stream_options: self.stream_options,
            strict_turns: self.strict_turns,
            system_role: self.system_role,
            omitted: self.omit.iter().cloned().collect(),
            opens_thinking: self.opens_thinking,
            thinks: false,
        }
    }
}

/// The reason why a provider gave no answer, or an incomplete one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection, or it closed before the answer began.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The answer did not begin, continue, or end in time.
    #[error("took too long to {0}")]
    Slow(&'static str),
    /// A status other than 2xx, and the seconds of `Retry-After`, if any.
    #[error("answered with status {0}")]
    Status(u16, Option<u32>),
    /// The response violates the protocol.
    #[error("answered nonsense: {0}")]
    Garbled(&'static str),
    /// The answer ended prematurely.
    #[error("broke off in the middle of the answer")]
    BrokenOff,
    /// The provider reported an error within its answer.
    #[error("reported an error")]
    Reported,
    /// The answer is empty.
    #[error("answered nothing")]
    Empty,
    /// The answer's tokens were used up, as a rule by thoughts, before any text.
    #[error("used up the answer's tokens before it said anything, as a rule by thinking")]
    Spent,
    /// No value in the answer fits the requested decision.
    #[error("gave no decision that fits")]
    Undecided,
    /// The circuit breakers of all providers are open.
    #[error("every model is out of order at the moment")]
    Resting,
}

impl Failure {
    const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Status(_, seconds) => *seconds,
            _ => None,
        }
    }

    /// Returns true if the provider is to blame, and not the request.
    const fn is_a_fault(&self) -> bool {
        !matches!(self, Self::Status(400 | 413 | 422, _) | Self::Empty | Self::Spent)
    }
}
