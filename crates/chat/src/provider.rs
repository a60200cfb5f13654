//! Models behind OpenAI-compatible APIs. Several providers are tried in order.

mod calls;
mod chunk;
#[cfg(test)]
mod fuzz_tests;
mod learned;
mod list;
mod message;
mod options;
mod reader;
mod reply;
mod schema;
mod sse;
mod thoughts;
mod traits;
mod wire;

use store::SecretText;

pub use list::{Health, Outcome};
pub(crate) use list::{Models, Provider};
pub(crate) use message::Heard;
pub use message::{Ask, Form, Image, Message, Role, ToolCall};
pub use options::Options;
pub(crate) use reader::Finish;
pub(crate) use reply::{GRACE, Reply};
pub(crate) use thoughts::Piece;
#[cfg(test)]
pub(crate) use thoughts::spoken;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The place where it is configured. What a page configures is called through the guard.
    pub origin: Origin,
    /// The API key, or empty. It is sent to the provider and nowhere else.
    pub api_key: SecretText,
    /// The other settings.
    pub options: Options,
}

impl Settings {
    /// Returns true if what was learned about the other's models holds for these, too.
    fn is_same_service(&self, other: &Self) -> bool {
        let (own, others) = (&self.options, &other.options);
        own.base_url == others.base_url && self.api_key == other.api_key && own.traits() == others.traits()
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
