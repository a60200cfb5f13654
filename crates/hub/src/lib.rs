//! The API hub: keys that sign app- and person-tokens, allowlists, quotas, the catalog of APIs and their
//! providers, and the call log.
//!
//! Every path `/api/{api_code}/…` whose first segment is not one of [`catalog::rules::RESERVED`] is a
//! call and goes through the gateway ([`Gateway`]). Keys, catalog, and call log are managed under
//! `/api/apikey/hub/…`.

pub mod call;
pub mod catalog;
mod follow;
mod id;
pub mod key;
pub mod limits;
pub mod log;
pub mod mcp;
pub mod provider;
mod services;
mod settings;
pub mod token;
mod tools;
pub mod user_center;

use std::sync::Arc;

use identity::Identity;
use outgoing::Outgoing;
use store::Database;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use web::Tasks;

pub use call::Gateway;
use catalog::Catalog;
pub use id::{CallId, HubKeyId};
use log::Recorder;
pub use services::Services;
pub use settings::{KeyMakers, Settings, WeatherSettings};
pub use tools::Offer;

/// Most documents of APIs that are read at once; others wait.
const IMPORTS: usize = 2;

/// The state of this crate; cheap to clone. What providers need of it are the [`Services`], to which it
/// dereferences.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    services: Services,
    catalog: Catalog,
    recorder: Recorder,
    importing: Semaphore,
}

impl std::ops::Deref for Hub {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0.services
    }
}

impl Hub {
    /// Creates the Hub. [`Hub::load`] reads the catalog.
    pub fn new(db: Database, identity: Identity, outgoing: Outgoing, settings: Settings) -> Self {
        let recorder = Recorder::new(settings.log, settings.log_unknown_per_minute);
        Self(Arc::new(Inner {
            services: Services::new(db, identity, outgoing, settings),
            catalog: Catalog::new(),
            recorder,
            importing: Semaphore::new(IMPORTS),
        }))
    }

    /// Loads the catalog for the first time.
    pub async fn load(&self) {
        self.reload_catalog().await;
    }

    /// Uses other settings from now on. Those of the call log's level and of caches stay as they were.
    pub async fn replace_settings(&self, settings: Settings) {
        self.services().set_settings(settings);
        self.reload_catalog().await;
    }

    /// Starts the background tasks: following changes by other processes, sharing limits, writing the call
    /// log, and probing upstreams.
    pub fn start(&self, tasks: &Tasks) {
        follow::start(self, tasks);
        catalog::start(self, tasks);
        limits::start(self.services(), tasks);
        log::start(self, tasks);
        catalog::health::start(self, tasks);
        user_center::start(self.services(), tasks);
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

    pub(crate) fn services(&self) -> &Services {
        &self.0.services
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
