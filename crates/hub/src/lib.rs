//! The API hub: keys that sign app- and person-tokens, allowlists, quotas, the catalogue of APIs and the providers
//! behind them, the call log.
//!
//! Every path `/api/{api_code}/…` whose first segment is not one of [`catalogue::rules::RESERVED`] is a call and goes
//! through the [`Door`]; keys, catalogue and call log are managed under `/api/apikey/hub/…`.

pub mod call;
pub mod catalogue;
pub mod key;
pub mod limits;
pub mod log;
pub mod mcp;
pub mod provider;
pub mod token;
mod tools;
pub mod user_centre;

use std::{path::PathBuf, sync::Arc, time::Duration};

use identity::Identity;
use store::{Database, Recent, Sealer};
use utoipa_axum::router::OpenApiRouter;
use web::{Outgoing, Tasks};

pub use call::Door;
use catalogue::Catalogue;
use key::{Ak, LiveKey};
use limits::Limits;
use log::Recorder;
use token::Tokens;
pub use tools::Offer;

/// Most keys remembered, those that do not exist among them.
const KEYS: usize = 50_000;

/// A weather service that answers as Seniverse does.
#[derive(Debug, Clone, Default)]
pub struct WeatherSettings {
    /// `https://api.seniverse.com`; empty: none.
    pub base_url: String,
    /// Its key.
    pub api_key: String,
    /// How long an answer is good for others who ask for the same place.
    pub cache_seconds: u64,
}

/// Who may make keys of the Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMakers {
    /// Administrators alone.
    Admins,
    /// Everybody who has an account.
    Everybody,
}

/// What the owner of the server decides about the Hub.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether every answer is sent with the status 200.
    pub always_200: bool,
    /// Whether calls without a token are served at all.
    pub anonymous: bool,
    /// Calls a second and a day of all anonymous callers together.
    pub anonymous_quota: (u32, u64),
    /// Calls a second of one anonymous address, and at once after a pause.
    pub address_quota: (u32, u32),
    /// What keys get and may have.
    pub bounds: key::rules::Bounds,
    /// Who may make keys.
    pub key_makers: KeyMakers,
    /// Most keys an account may have.
    pub max_keys: i64,
    /// How long a key once read is believed; bounds how long a change by another process goes unnoticed.
    pub recheck: Duration,
    /// Definitions of APIs; empty: none.
    pub catalogue_file: PathBuf,
    /// Whether the API `echo` is there.
    pub echo: bool,
    /// The weather service behind `weather-basic`.
    pub weather: WeatherSettings,
    /// Which calls get a row.
    pub log: log::Level,
    /// Most rows a minute for calls without a good token or of an unknown API.
    pub log_unknown_per_minute: u32,
    /// How many days rows are kept.
    pub log_days: i64,
    /// Most rows in all; the oldest go.
    pub log_rows: i64,
}

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    outgoing: Outgoing,
    settings: Settings,
    keys: Recent<Ak, Option<Arc<LiveKey>>>,
    tokens: Tokens,
    limits: Limits,
    catalogue: Catalogue,
    recorder: Recorder,
}

impl Hub {
    /// Opens the room. [`Hub::load`] reads the catalogue.
    pub fn new(db: Database, identity: Identity, outgoing: Outgoing, settings: Settings) -> Self {
        let keys = Recent::new(KEYS, settings.recheck);
        let recorder = Recorder::new(settings.log, settings.log_unknown_per_minute);
        Self(Arc::new(Inner {
            db,
            identity,
            outgoing,
            settings,
            keys,
            tokens: Tokens::new(),
            limits: Limits::new(),
            catalogue: Catalogue::new(),
            recorder,
        }))
    }

    /// Reads the catalogue for the first time.
    pub async fn load(&self) {
        self.reload_catalogue().await;
    }

    /// Starts what this room does in the background: noticing what other processes change, sharing limits, writing
    /// calls down, looking after upstreams.
    pub fn start(&self, tasks: &Tasks) {
        key::start(self, tasks);
        catalogue::start(self, tasks);
        limits::start(self, tasks);
        log::start(self, tasks);
        provider::start(self, tasks);
        user_centre::start(self, tasks);
    }

    /// Writes down what the last calls left.
    pub async fn flush(&self) {
        self.sync_limits().await;
        self.flush_calls().await;
    }

    /// The routes that manage the Hub, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        key::routes::router(self.clone())
            .merge(catalogue::routes::router(self.clone()))
            .merge(catalogue::openapi_import::routes::router(self.clone()))
            .merge(log::routes::router(self.clone()))
    }

    /// What the owner decided.
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

    pub(crate) fn live_keys(&self) -> &Recent<Ak, Option<Arc<LiveKey>>> {
        &self.0.keys
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }
}
