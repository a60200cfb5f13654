//! What a person has given Doppel about themself: the profile, the interests (shades), key memories, notes,
//! what agents reported, and uploaded files.

pub mod agent;
mod archive;
mod doctor;
pub mod file;
#[cfg(test)]
mod fuzz_tests;
pub mod key;
pub mod meaning;
pub mod note;
mod passages;
pub mod profile;
pub mod quota;
mod ranked;
pub mod recall;
pub mod shade;
pub mod walk;

use std::{path::PathBuf, sync::Arc, time::Duration};

pub use doctor::Findings;
use identity::{Account, Identity};
use profile::Profile;
use store::{Database, Recent};
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;
use web::{Outgoing, Tasks};

/// What the owner of the server decides about profiles and files.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server's address as others see it, without a slash at the end; links start with it.
    pub public_url: String,
    /// Where uploaded files live.
    pub files: PathBuf,
    /// Largest upload in bytes.
    pub max_upload: u64,
    /// Most bytes of uploads an account may keep.
    pub max_stored: u64,
    /// How long a profile once read is believed; bounds how long a change by another process goes unnoticed.
    pub recheck: Duration,
    /// How the pages that notes link to are read.
    pub pages: note::page::Settings,
    /// What every account may store and add.
    pub quota: quota::Settings,
    /// The model that tells what texts mean, if there is one.
    pub embedding: Option<meaning::Settings>,
}

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    settings: Settings,
    outgoing: Outgoing,
    people: Recent<i64, Arc<(Account, Profile)>>,
    /// Wakes the reader of pages.
    pages: Arc<Notify>,
    meaning: Option<meaning::Meaning>,
}

impl Memory {
    /// Opens the room. `outgoing` makes the calls to pages that notes link to, and to the model.
    pub fn new(db: Database, identity: Identity, outgoing: Outgoing, settings: Settings) -> Self {
        let people = Recent::new(profile::REMEMBERED, settings.recheck);
        let pages = Arc::new(Notify::new());
        let meaning =
            settings.embedding.clone().map(|settings| meaning::Meaning::new(settings, outgoing.clone()));
        Self(Arc::new(Inner { db, identity, settings, outgoing, people, pages, meaning }))
    }

    /// Starts what this room does in the background: noticing what other processes change, removing files
    /// that belong to nobody, reading the pages that notes link to, and making vectors.
    pub fn start(&self, tasks: &Tasks) {
        profile::start(self, tasks);
        file::sweep::start(self, tasks);
        note::page::start(self, tasks);
        meaning::start(self, tasks);
    }

    /// The routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        profile::routes::router(self.clone())
            .merge(shade::routes::router(self.clone()))
            .merge(file::routes::router(self.clone()))
            .merge(key::routes::router(self.clone()))
            .merge(agent::routes::router(self.clone()))
            .merge(note::routes::router(self.clone()))
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    /// What every account may store and add.
    pub fn quota(&self) -> &quota::Settings {
        &self.0.settings.quota
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
