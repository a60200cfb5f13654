//! The providers in force. The list can be replaced while the server runs; a running answer keeps its
//! provider.

use std::{collections::HashMap, sync::Arc, time::Duration};

use outgoing::{Breaker, Outgoing, Refused, UpstreamClient};
use parking_lot::{Mutex, RwLock};
use reqwest::Url;
use store::{Backoff, Clock, Timestamp};
use tokio::time::Instant;

use super::{Ask, Failure, Options, Origin, Reply, Settings, learned::Learned};

/// Number of failures in a row that open a provider's circuit breaker, and the time for which it stays open.
const FAILURES: u32 = 5;
const BACKOFF: Backoff = Backoff::steady(10_000);
/// Maximum `Retry-After` that is waited for, if no provider answers.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Facts learned about a provider's models, by the provider's names.
type Facts = Arc<Mutex<HashMap<String, Arc<Learned>>>>;

/// The experience of this process with a provider since it has its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Number of answers that began.
    pub answered: u64,
    /// Number of failures.
    pub failed: u64,
    /// The last request.
    pub last: Option<Outcome>,
}

/// The outcome of a request to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The time of the outcome.
    pub at: Timestamp,
    /// The time to the beginning of the answer, or the reason why there was none.
    pub result: Result<Duration, Failure>,
}

/// A provider, with its circuit breaker and what was learned about its models.
pub(crate) struct Provider {
    pub(super) settings: Settings,
    /// The URL of its chat completions.
    pub(super) url: Url,
    pub(super) client: UpstreamClient,
    breaker: Breaker,
    learned: Facts,
    health: Mutex<Health>,
}

impl Provider {
    fn new(settings: Settings, outgoing: &Outgoing, learned: Facts) -> Result<Self, Refused> {
        let is_from_page = matches!(settings.origin, Origin::Page(_));
        if is_from_page {
            outgoing.check_local(&settings.options.base_url)?;
        }
        let client = outgoing.upstream_within(settings.options.connect(), is_from_page)?;
        let url = format!("{}/chat/completions", settings.options.base_url.trim_end_matches('/'));
        let url = url.parse().map_err(|_no_url| Refused::Address)?;
        let breaker = Breaker::new(FAILURES, BACKOFF);
        Ok(Self { settings, url, client, breaker, learned, health: Mutex::default() })
    }

    pub(super) fn learned(&self, model: &str) -> Arc<Learned> {
        let mut learned = self.learned.lock();
        if let Some(known) = learned.get(model) {
            return Arc::clone(known);
        }
        let new = Arc::new(Learned::new(self.settings.options.traits(), model));
        learned.insert(model.to_owned(), Arc::clone(&new));
        new
    }

    /// Returns the settings.
    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the experience with the provider.
    pub(crate) fn health(&self) -> Health {
        self.health.lock().clone()
    }

    /// Asks the model, and records the outcome.
    pub(super) async fn open(self: &Arc<Self>, ask: &Ask, clock: &Clock) -> Result<Reply, Failure> {
        let start = Instant::now();
        let opened = self.open_twice(ask).await;
        let result = opened.as_ref().map(|_reply| start.elapsed()).map_err(Clone::clone);
        let mut health = self.health.lock();
        match &result {
            Ok(_) => health.answered += 1,
            Err(_) => health.failed += 1,
        }
        health.last = Some(Outcome { at: clock.now(), result });
        drop(health);
        opened
    }

    /// Asks the model. If thoughts alone used up the tokens, asks once more with room for them, provided
    /// that the request allows that.
    async fn open_twice(self: &Arc<Self>, ask: &Ask) -> Result<Reply, Failure> {
        match Reply::open(self, ask).await {
            Err(Failure::Spent) if ask.thinking_room > 0 => {
                if self.learned(self.settings.options.model(&ask.model)).thinks() {
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
    list: RwLock<List>,
    outgoing: Outgoing,
    clock: Clock,
}

#[derive(Clone, Default)]
struct List {
    providers: Arc<[Arc<Provider>]>,
    /// The names of all models, sorted.
    names: Arc<[String]>,
}

impl Models {
    /// Creates the providers from their settings.
    ///
    /// # Errors
    /// If the HTTP client cannot be created, or a URL is invalid.
    pub(crate) fn new(settings: Vec<Settings>, outgoing: &Outgoing, clock: Clock) -> Result<Self, Refused> {
        let models = Self(Arc::new(Inner { list: RwLock::default(), outgoing: outgoing.clone(), clock }));
        models.replace(settings)?;
        Ok(models)
    }

    /// Replaces the providers, from the next request on. Those with the same settings keep their state, and
    /// others at the same address keep what was learned about their models.
    ///
    /// # Errors
    /// Those of [`Models::new`]. Then the list stays as it was.
    pub(crate) fn replace(&self, settings: Vec<Settings>) -> Result<(), Refused> {
        let before = self.all();
        let provider = |settings: Settings| {
            let mut known = before.iter();
            if let Some(same) = known.clone().find(|known| known.settings == settings) {
                return Ok(Arc::clone(same));
            }
            let learned = known.find(|known| known.settings.is_same_service(&settings));
            let learned = learned.map(|known| Arc::clone(&known.learned)).unwrap_or_default();
            Provider::new(settings, &self.0.outgoing, learned).map(Arc::new)
        };
        let providers: Arc<[_]> = settings.into_iter().map(provider).collect::<Result<_, _>>()?;
        let of_one = |provider: &Arc<Provider>| {
            let Options { name, names, .. } = &provider.settings.options;
            let more = names.iter().flat_map(|(asked, name)| [asked.clone(), name.clone()]);
            more.chain([name.clone()]).collect::<Vec<_>>()
        };
        let mut names: Vec<String> = providers.iter().flat_map(of_one).collect();
        names.sort_unstable();
        names.dedup();
        *self.0.list.write() = List { providers, names: names.into() };
        Ok(())
    }

    /// Returns the providers, in order.
    pub(crate) fn all(&self) -> Arc<[Arc<Provider>]> {
        Arc::clone(&self.0.list.read().providers)
    }

    /// Returns the names of all models, sorted.
    pub(crate) fn names(&self) -> Arc<[String]> {
        Arc::clone(&self.0.list.read().names)
    }

    /// Returns true if no provider is configured.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.list.read().providers.is_empty()
    }

    /// Returns true if any provider supports tools.
    pub(crate) fn knows_tools(&self) -> bool {
        self.all().iter().any(|provider| provider.settings.options.tools)
    }

    /// Returns true if any provider accepts pictures.
    pub(crate) fn knows_pictures(&self) -> bool {
        self.all().iter().any(|provider| provider.settings.options.images)
    }

    /// Returns the maximum duration of an answer.
    pub(crate) fn total(&self) -> Duration {
        self.all().iter().map(|provider| provider.settings.options.total()).max().unwrap_or_default()
    }

    /// Asks one provider, whatever its circuit breaker says.
    pub(crate) async fn ask_one(&self, provider: &Arc<Provider>, ask: &Ask) -> Result<Reply, Failure> {
        let reply = provider.open(ask, &self.0.clock).await;
        if reply.is_ok() {
            provider.breaker.succeeded();
        }
        reply
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
        let (all, mut last) = (self.all(), Failure::Resting);
        // Providers with a model of exactly this name go first.
        let (named, others): (Vec<_>, Vec<_>) =
            all.iter().partition(|provider| provider.settings.options.has(&ask.model));
        for provider in named.into_iter().chain(others) {
            let Ok(admitted) = provider.breaker.admit(now) else {
                count(&provider.settings.options.name, "skipped");
                continue;
            };
            match provider.open(ask, &self.0.clock).await {
                Ok(reply) => {
                    admitted.succeeded();
                    count(&provider.settings.options.name, "answered");
                    return Ok(reply);
                }
                Err(failure) => {
                    count(&provider.settings.options.name, "failed");
                    let base_url = web::redact::url(&provider.settings.options.base_url);
                    tracing::warn!(provider = %base_url, %failure, "a model failed");
                    if failure.is_a_fault() {
                        admitted.failed(self.0.clock.now(), failure.retry_after());
                    } else {
                        admitted.succeeded();
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
