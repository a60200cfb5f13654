//! The data that people give Doppel about themselves: profile, interests (shades), key memories, notes,
//! events that agents report, and uploaded files.

pub mod agent;
mod archive;
pub mod browse;
pub mod cursor;
mod doctor;
pub mod dream;
pub mod file;
#[cfg(test)]
mod fuzz_tests;
mod id;
pub mod keep;
pub mod key;
pub mod meaning;
pub mod note;
mod origin;
mod overview;
mod passages;
pub mod profile;
pub mod quota;
mod ranked;
pub mod recall;
pub mod recent;
pub mod review;
pub mod shade;
pub mod trash;

use std::{path::PathBuf, sync::Arc, time::Duration};

pub use doctor::Findings;
pub use id::{EventId, LinkId, MemoryId, MessageId, NoteId, ReviewId, RuleId, ShadeId, TrashId};
use identity::{Account, Identity};
use outgoing::Outgoing;
pub use overview::{Counts, Overview};
use profile::Profile;
use store::{AccountId, Database, Timestamp, TtlCache};
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;
use web::Tasks;

/// The operator's settings for profiles, memories and files.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public base URL of the server, without a trailing slash. Links start with it.
    pub public_url: String,
    /// The directory of uploaded files.
    pub files: PathBuf,
    /// Maximum size of an upload in bytes.
    pub max_upload: u64,
    /// Maximum number of bytes that an account's uploads may have together.
    pub max_stored: u64,
    /// Time for which a profile is cached. It bounds how long a change by another process goes unnoticed.
    pub recheck: Duration,
    /// Settings for reading the pages that notes link to.
    pub pages: note::page::Settings,
    /// Limits of what every account may store and add.
    pub quota: quota::Settings,
    /// The embedding model, if one is configured.
    pub embedding: Option<meaning::Settings>,
    /// Limits of the embedding model, whichever it is.
    pub embedding_limits: meaning::Limits,
    /// The reranking model, if one is configured.
    pub rerank: Option<meaning::RerankSettings>,
    /// Time limit of a call of the reranking model, whichever it is.
    pub rerank_limit: Duration,
}

/// The state of this crate. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    settings: Settings,
    outgoing: Outgoing,
    people: TtlCache<AccountId, Arc<(Account, Profile)>>,
    /// Wakes the task that reads pages.
    pages: Arc<Notify>,
    models: meaning::SearchModels,
}

impl Memory {
    /// Creates the state. `outgoing` makes the requests to pages that notes link to, and to the embedding
    /// model.
    pub fn new(db: Database, identity: Identity, outgoing: Outgoing, settings: Settings) -> Self {
        let people = TtlCache::new(profile::REMEMBERED, settings.recheck);
        let pages = Arc::new(Notify::new());
        let (embedding, rerank) = (settings.embedding.clone(), settings.rerank.clone());
        let models = meaning::SearchModels::new(embedding, rerank, outgoing.clone());
        Self(Arc::new(Inner { db, identity, settings, outgoing, people, pages, models }))
    }

    /// Starts the background tasks. They notice changes by other processes, remove files without an owner,
    /// read the pages that notes link to, and make vectors.
    pub fn start(&self, tasks: &Tasks) {
        profile::start(self, tasks);
        file::sweep::start(self, tasks);
        note::page::start(self, tasks);
        meaning::start(self, tasks);
        quota::start(self, tasks);
        trash::start(self, tasks);
    }

    /// Returns the routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        profile::routes::router(self.clone())
            .merge(shade::routes::router(self.clone()))
            .merge(file::routes::router(self.clone()))
            .merge(key::routes::router(self.clone()))
            .merge(agent::routes::router(self.clone()))
            .merge(note::routes::router(self.clone()))
            .merge(keep::routes::router(self.clone()))
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.db().clock().now()
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    /// Returns the limits of what every account may store and add.
    pub fn quota(&self) -> &quota::Settings {
        &self.0.settings.quota
    }

    /// Returns the time limit of a call of the reranking model.
    pub fn rerank_limit(&self) -> Duration {
        self.0.settings.rerank_limit
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
