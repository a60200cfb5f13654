//! The API hub: keys that sign app- and person-tokens, allowlists, quotas, the catalog of APIs and their
//! providers, and the call log.
//!
//! Every path `/api/{api_code}/…` whose first segment is not one of [`catalog::rules::RESERVED`] is a
//! call and goes through the gateway ([`Gateway`]). Keys, catalog, and call log are managed under
//! `/api/apikey/hub/…`.

pub mod call;
pub mod catalog;
mod id;
pub mod key;
pub mod limits;
pub mod log;
pub mod mcp;
pub mod provider;
pub mod token;
mod tools;
pub mod user_center;

use std::{path::PathBuf, sync::Arc, time::Duration};

use identity::Identity;
use outgoing::Outgoing;
use store::{Database, Sealer, TtlCache};
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use web::Tasks;

pub use call::Gateway;
use catalog::Catalog;
pub use id::{CallId, HubKeyId};
use key::{Ak, LiveKey};
use limits::Limits;
use log::Recorder;
use token::Tokens;
pub use tools::Offer;

/// Maximum number of cached keys. Look-ups that found no key are cached, too.
const KEYS: usize = 50_000;
/// Most documents of APIs that are read at once; others wait.
const IMPORTS: usize = 2;

/// The settings of a weather service that is compatible with Seniverse.
#[derive(Debug, Clone, Default)]
pub struct WeatherSettings {
    /// The base URL, such as `https://api.seniverse.com`; empty: none.
    pub base_url: String,
    /// The API key of the service.
    pub api_key: String,
    /// The time in seconds for which a response is cached for requests about the same place.
    pub cache_seconds: u64,
}

/// The accounts that may create keys of the Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMakers {
    /// Administrators alone.
    Admins,
    /// Everybody who has an account.
    Everybody,
}

/// The Hub's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// True if every response is sent with the status 200.
    pub always_200: bool,
    /// True if calls without a token are served.
    pub anonymous: bool,
    /// Calls per second and per day of all anonymous callers together.
    pub anonymous_quota: (u32, u64),
    /// Calls per second, and burst size, of one anonymous address.
    pub address_quota: (u32, u32),
    /// Defaults and maxima of the limits of keys.
    pub bounds: key::rules::Bounds,
    /// The accounts that may create keys.
    pub key_makers: KeyMakers,
    /// Maximum number of keys of an account.
    pub max_keys: i64,
    /// The time for which a key is cached. It bounds how long a change by another process goes unnoticed.
    pub recheck: Duration,
    /// The file with definitions of APIs; empty: none.
    pub catalogue_file: PathBuf,
    /// True if the API `echo` is served.
    pub echo: bool,
    /// The weather service behind `weather-basic`.
    pub weather: WeatherSettings,
    /// The calls that get a row in the log.
    pub log: log::Level,
    /// Maximum rows per minute for calls without a valid token or of an unknown API.
    pub log_unknown_per_minute: u32,
    /// The number of days for which rows are kept.
    pub log_days: i64,
    /// Maximum number of rows. The oldest are deleted.
    pub log_rows: i64,
}

/// The state of this crate; cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    outgoing: Outgoing,
    settings: Settings,
    keys: TtlCache<Ak, Option<Arc<LiveKey>>>,
    tokens: Tokens,
    limits: Limits,
    catalog: Catalog,
    recorder: Recorder,
    importing: Semaphore,
}

impl Hub {
    /// Creates the Hub. [`Hub::load`] reads the catalog.
    pub fn new(db: Database, identity: Identity, outgoing: Outgoing, settings: Settings) -> Self {
        let keys = TtlCache::new(KEYS, settings.recheck);
        let recorder = Recorder::new(settings.log, settings.log_unknown_per_minute);
        Self(Arc::new(Inner {
            db,
            identity,
            outgoing,
            settings,
            keys,
            tokens: Tokens::new(),
            limits: Limits::new(),
            catalog: Catalog::new(),
            recorder,
            importing: Semaphore::new(IMPORTS),
        }))
    }

    /// Loads the catalog for the first time.
    pub async fn load(&self) {
        self.reload_catalog().await;
    }

    /// Starts the background tasks: following changes by other processes, sharing limits, writing the call
    /// log, and probing upstreams.
    pub fn start(&self, tasks: &Tasks) {
        key::start(self, tasks);
        catalog::start(self, tasks);
        limits::start(self, tasks);
        log::start(self, tasks);
        provider::start(self, tasks);
        user_center::start(self, tasks);
    }

    /// Writes pending counts of limits and pending rows of the call log.
    pub async fn flush(&self) {
        self.sync_limits().await;
        self.flush_calls().await;
    }

    /// Returns the routes that manage the Hub, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        key::routes::router(self.clone())
            .merge(catalog::routes::router(self.clone()))
            .merge(catalog::openapi_import::routes::router(self.clone()))
            .merge(log::routes::router(self.clone()))
    }

    /// Returns the Hub's settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn db(&self) -> &Database {
        &self.0.db
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    pub(crate) fn outgoing(&self) -> &Outgoing {
        &self.0.outgoing
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        self.0.identity.sealer()
    }

    pub(crate) fn live_keys(&self) -> &TtlCache<Ak, Option<Arc<LiveKey>>> {
        &self.0.keys
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    pub(crate) fn importing(&self) -> &Semaphore {
        &self.0.importing
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }
}
