//! Models: any server that speaks OpenAI's protocol, several of them in order.

#[cfg(test)]
mod fuzz_tests;
mod reply;
mod sse;
mod wire;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use reqwest::{Client, Url};
use store::{Clock, Timestamp};
use web::{
    Outgoing,
    outgoing::{Breaker, Refused},
};

pub(crate) use reply::{Finish, GRACE, Reply};
use wire::Support;
pub use wire::{Ask, Form, Image, JsonSupport, Message, Role, ToolCall, Usage};

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
    fn support(&self) -> Support {
        Support { images: self.images, tools: self.tools, json: self.json }
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
    /// A status other than 200, and perhaps when to come again.
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
        !matches!(self, Self::Status(400 | 413 | 422, _) | Self::Empty)
    }
}

/// One provider.
pub(crate) struct Provider {
    settings: Settings,
    /// Where it is asked.
    url: Url,
    client: Client,
    breaker: Breaker,
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
            Ok(Arc::new(Provider { settings, url, client, breaker: Breaker::new(FAILURES, PAUSE_MS) }))
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
        for provider in &self.0.providers {
            if provider.breaker.admit(now).is_err() {
                continue;
            }
            match Reply::open(provider, ask).await {
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
