//! Models behind OpenAI-compatible APIs. Several providers are tried in order.

mod calls;
mod chunk;
#[cfg(test)]
mod fuzz_tests;
mod learned;
mod message;
mod reply;
mod sse;
mod thoughts;
mod traits;
mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use outgoing::{Breaker, Outgoing, Refused};
use parking_lot::Mutex;
use reqwest::{Client, Url};
use secrecy::SecretString;
use store::{Clock, Timestamp};

use learned::Learned;
pub use message::{Ask, Form, Image, Message, Role, ToolCall};
pub(crate) use reply::{Finish, GRACE, Reply};
pub(crate) use thoughts::Piece;
#[cfg(test)]
pub(crate) use thoughts::spoken;
use traits::Traits;
pub use traits::{JsonSupport, TokensMember};
pub use wire::Usage;

/// Number of failures in a row that open a provider's circuit breaker, and the time in milliseconds for
/// which it stays open.
const FAILURES: u32 = 5;
const PAUSE_MS: i64 = 10_000;
/// Maximum `Retry-After` that is waited for, if no provider answers.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The settings of a provider.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL before `/chat/completions`.
    pub base_url: String,
    /// The API key, or empty. It is sent to the provider and nowhere else.
    pub api_key: SecretString,
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

/// A provider, with its circuit breaker and what was learned about its models.
pub(crate) struct Provider {
    settings: Settings,
    /// The URL of its chat completions.
    url: Url,
    client: Client,
    breaker: Breaker,
    /// Facts learned about its models, by the provider's names.
    learned: Mutex<HashMap<String, Arc<Learned>>>,
}

impl Provider {
    fn learned(&self, model: &str) -> Arc<Learned> {
        let mut learned = self.learned.lock();
        if let Some(known) = learned.get(model) {
            return Arc::clone(known);
        }
        let new = Arc::new(Learned::new(self.settings.traits(), model));
        learned.insert(model.to_owned(), Arc::clone(&new));
        new
    }

    /// Asks the model. If thoughts alone used up the tokens, asks once more with room for them, provided
    /// that the request allows that.
    async fn open(self: &Arc<Self>, ask: &Ask) -> Result<Reply, Failure> {
        match Reply::open(self, ask).await {
            Err(Failure::Spent) if ask.thinking_room > 0 => {
                if self.learned(self.settings.model(&ask.model)).thinks() {
                    Reply::open(self, ask).await
                } else {
                    Err(Failure::Spent)
                }
            }
            other => other,
        }
    }
}

/// The providers of this server, in the order in which they are asked; cheap to clone.
#[derive(Clone)]
pub(crate) struct Models(Arc<Inner>);

struct Inner {
    providers: Vec<Arc<Provider>>,
    clock: Clock,
}

impl Models {
    /// Creates the providers from their settings.
    ///
    /// # Errors
    /// If the HTTP client cannot be created, or a URL is invalid.
    pub(crate) fn new(settings: Vec<Settings>, outgoing: &Outgoing, clock: Clock) -> Result<Self, Refused> {
        let provider = |settings: Settings| {
            let client = outgoing.trusted_within(settings.connect)?;
            let url = format!("{}/chat/completions", settings.base_url.trim_end_matches('/'));
            let url = url.parse().map_err(|_no_url| Refused::Address)?;
            let breaker = Breaker::new(FAILURES, PAUSE_MS);
            Ok(Arc::new(Provider { settings, url, client, breaker, learned: Mutex::default() }))
        };
        let providers = settings.into_iter().map(provider).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner { providers, clock })))
    }

    /// Returns true if no provider is configured.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.providers.is_empty()
    }

    /// Returns true if any provider supports tools.
    pub(crate) fn knows_tools(&self) -> bool {
        self.0.providers.iter().any(|provider| provider.settings.tools)
    }

    /// Returns true if any provider accepts pictures.
    pub(crate) fn knows_pictures(&self) -> bool {
        self.0.providers.iter().any(|provider| provider.settings.images)
    }

    /// Returns the maximum duration of an answer.
    pub(crate) fn total(&self) -> Duration {
        self.0.providers.iter().map(|provider| provider.settings.total).max().unwrap_or_default()
    }

    /// Asks the providers in order until one begins to answer. After that no other is asked.
    ///
    /// # Errors
    /// The failure of the last provider asked.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Reply, Failure> {
        let now = self.0.clock.now();
        match self.round(ask, now).await {
            Err(Failure::Status(status, Some(seconds)))
                if Duration::from_secs(seconds.into()) <= MAX_WAIT =>
            {
                tracing::debug!(status, seconds, "waiting for a model");
                #[expect(clippy::disallowed_methods, reason = "the provider said when to come again")]
                tokio::time::sleep(Duration::from_secs(seconds.into())).await;
                self.round(ask, self.0.clock.now().max(now.plus_secs(seconds.into()))).await
            }
            other => other,
        }
    }

    async fn round(&self, ask: &Ask, now: Timestamp) -> Result<Reply, Failure> {
        let mut last = Failure::Resting;
        // Providers with a model of exactly this name go first.
        let (named, others): (Vec<_>, Vec<_>) =
            self.0.providers.iter().partition(|provider| provider.settings.has(&ask.model));
        for provider in named.into_iter().chain(others) {
            if provider.breaker.admit(now).is_err() {
                count(&provider.settings.name, "skipped");
                continue;
            }
            match provider.open(ask).await {
                Ok(reply) => {
                    provider.breaker.succeeded();
                    count(&provider.settings.name, "answered");
                    return Ok(reply);
                }
                Err(failure) => {
                    count(&provider.settings.name, "failed");
                    tracing::warn!(
                        provider = %web::redact::url(&provider.settings.base_url), %failure, "a model failed",
                    );
                    if failure.is_a_fault() {
                        provider.breaker.failed(self.0.clock.now(), failure.retry_after());
                    } else {
                        provider.breaker.succeeded();
                    }
                    last = failure;
                }
            }
        }
        Err(last)
    }
}

/// Counts a request to a provider by the configured name of its model.
fn count(model: &str, outcome: &'static str) {
    metrics::counter!("doppel_model_requests_total", "model" => model.to_owned(), "outcome" => outcome)
        .increment(1);
}
