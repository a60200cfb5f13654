//! Models: any server that speaks OpenAI's protocol, several of them in order.

mod calls;
mod chunk;
#[cfg(test)]
mod fuzz_tests;
mod learned;
mod reply;
mod sse;
mod thoughts;
mod traits;
mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use reqwest::{Client, Url};
use store::{Clock, Timestamp};
use web::{
    Outgoing,
    outgoing::{Breaker, Refused},
};

use learned::Learned;
pub(crate) use reply::{Finish, GRACE, Reply};
pub(crate) use thoughts::Piece;
#[cfg(test)]
pub(crate) use thoughts::spoken;
use traits::Traits;
pub use traits::{JsonSupport, TokensMember};
pub use wire::{Ask, Form, Image, Message, Role, ToolCall, Usage};

/// Failures in a row after which a provider is left alone, and for how many milliseconds.
const FAILURES: u32 = 5;
const PAUSE_MS: i64 = 10_000;
/// Longest to wait for the only provider when it says when to come again.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Where a model is to be had.
#[derive(Clone)]
pub struct Settings {
    /// The address before `/chat/completions`.
    pub base_url: String,
    /// The key, or nothing. Never leaves this process but to the provider.
    pub api_key: String,
    /// The provider's name of the model.
    pub name: String,
    /// Its names of other models, by the contract's names.
    pub names: BTreeMap<String, String>,
    /// Whether it takes pictures.
    pub images: bool,
    /// Whether it knows tools; others answer without them.
    pub tools: bool,
    /// How it is asked for JSON.
    pub json: JsonSupport,
    /// The member that limits the tokens of an answer.
    pub tokens_member: TokensMember,
    /// Whether `stream_options` is sent.
    pub stream_options: bool,
    /// Whether the prompt is one leading system message and turns that alternate.
    pub strict_turns: bool,
    /// Whether it takes the role `system`.
    pub system_role: bool,
    /// Members that are never sent, such as `temperature`.
    pub omit: Vec<String>,
    /// Whether its answers begin inside of thoughts that only a closing tag ends.
    pub opens_thinking: bool,
    /// Longest to wait for a connection, …
    pub connect: Duration,
    /// … for the first piece of the answer, …
    pub first_token: Duration,
    /// … from one piece to the next, …
    pub idle: Duration,
    /// … and for the whole.
    pub total: Duration,
}

impl Settings {
    /// Whether this is one of the provider's own names of models.
    fn has(&self, model: &str) -> bool {
        self.name == model || self.names.values().any(|name| name == model)
    }

    /// The provider's name of a model.
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

/// The key is nobody's business.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why a provider gave no answer, or not all of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection, or it broke before the answer began.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The answer did not begin, go on or end in time.
    #[error("took too long to {0}")]
    Slow(&'static str),
    /// A status other than 2xx, and perhaps when to come again.
    #[error("answered with status {0}")]
    Status(u16, Option<u32>),
    /// The answer is not what the protocol says.
    #[error("answered nonsense: {0}")]
    Garbled(&'static str),
    /// The answer broke off.
    #[error("broke off in the middle of the answer")]
    BrokenOff,
    /// The provider reported an error within its answer.
    #[error("reported an error")]
    Reported,
    /// An answer without anything in it.
    #[error("answered nothing")]
    Empty,
    /// The tokens of the answer were used up before any of it was said.
    #[error("used up the answer's tokens before it said anything, as a rule by thinking")]
    Spent,
    /// No decision came of it that fits what was asked for.
    #[error("gave no decision that fits")]
    Undecided,
    /// Every provider is being left alone after failures.
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

    /// Whether the provider is to blame, and not the question.
    const fn is_a_fault(&self) -> bool {
        !matches!(self, Self::Status(400 | 413 | 422, _) | Self::Empty | Self::Spent)
    }
}

/// One provider.
pub(crate) struct Provider {
    settings: Settings,
    /// Where it is asked.
    url: Url,
    client: Client,
    breaker: Breaker,
    /// By the provider's names of its models.
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

    /// Asks, and once more with room for thoughts where they alone have used up the tokens and there may be more.
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

/// The models of this server, in the order in which they are asked; cheap to clone.
#[derive(Clone)]
pub(crate) struct Models(Arc<Inner>);

struct Inner {
    providers: Vec<Arc<Provider>>,
    clock: Clock,
}

impl Models {
    /// The models of a configuration.
    ///
    /// # Errors
    /// When this process cannot make calls, or an address is none.
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

    /// Whether none is configured.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.providers.is_empty()
    }

    /// Whether any of them knows tools.
    pub(crate) fn knows_tools(&self) -> bool {
        self.0.providers.iter().any(|provider| provider.settings.tools)
    }

    /// Longest that an answer may take.
    pub(crate) fn total(&self) -> Duration {
        self.0.providers.iter().map(|provider| provider.settings.total).max().unwrap_or_default()
    }

    /// Asks one provider after another until one begins to answer. After that nothing is asked again.
    ///
    /// # Errors
    /// The last provider's failure where none answers.
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
        // Whoever has a model of exactly this name goes first.
        let (named, others): (Vec<_>, Vec<_>) =
            self.0.providers.iter().partition(|provider| provider.settings.has(&ask.model));
        for provider in named.into_iter().chain(others) {
            if provider.breaker.admit(now).is_err() {
                continue;
            }
            match provider.open(ask).await {
                Ok(reply) => {
                    provider.breaker.succeeded();
                    return Ok(reply);
                }
                Err(failure) => {
                    tracing::warn!(provider = %web::redact::url(&provider.settings.base_url), %failure, "a model failed");
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
