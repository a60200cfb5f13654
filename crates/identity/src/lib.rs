//! Who is calling: accounts, sign-in sessions, API keys, scopes, and the caller of each request.
//!
//! Other rooms take a [`Scoped`] or [`SignedIn`] in their handlers and get a [`Caller`]; they never look at
//! a header. The rooms above call the methods of [`Identity`], which is the only way to its tables.

pub mod account;
pub mod application;
mod cache;
mod caller;
pub mod credential;
#[cfg(test)]
mod fuzz_tests;
pub mod grant;
mod guard;
mod housekeeping;
pub mod key;
pub mod limit;
mod password;
pub mod program;
pub mod scope;
pub mod session;
pub mod standard;
pub mod usage;
pub mod webhook;

use std::{sync::Arc, time::Duration};

use store::Database;
use web::Tasks;

pub use account::{Account, NewAccount, Password};
pub use application::Application;
pub use caller::{AppCaller, Caller, Credential, Developer, Optional, Scoped, SignedIn};
pub use guard::{Guard, guard};
pub use limit::{Action, Limits, Rate};
pub use password::Hasher;
pub use scope::{Scope, ScopeSet};
pub use session::Cookies;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Every visitor.
    Open,
    /// Holders of a link made by the owner.
    Invitation,
    /// Nobody from outside.
    Closed,
}

/// What the owner of the server decides about accounts and keys.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may make an account.
    pub sign_up: SignUp,
    /// How long a sign-in lasts.
    pub session: Duration,
    /// Most API keys an account may hold.
    pub max_keys: i64,
    /// Password hashes computed at once.
    pub hashes_at_once: usize,
    /// Password hashes waiting for each purpose (sign-in, new passwords, other rooms); one more is refused.
    pub hash_queue: usize,
    /// Limits per client address.
    pub limits: Limits,
    /// How long a credential once checked is believed before it is read again. Bounds how long a revocation
    /// by another process goes unnoticed.
    pub recheck: Duration,
    /// Whether cookies are for HTTPS alone.
    pub secure_cookies: bool,
    /// What holds for applications.
    pub oauth: grant::Settings,
    /// How applications are told news.
    pub webhook: webhook::Settings,
    /// Where the key is that seals what must be readable again.
    pub seal: store::SealSettings,
}

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    db: Database,
    settings: Settings,
    /// For the passwords of accounts.
    account_hasher: Hasher,
    /// For the passwords that other rooms keep.
    hasher: Hasher,
    cache: cache::Cache,
    usage: usage::Recorder,
    sealer: store::Sealer,
    webhooks: webhook::Worker,
}

impl Identity {
    /// Opens the room.
    pub fn new(db: Database, settings: Settings) -> Self {
        let (account_hasher, hasher) =
            Hasher::pair(settings.hashes_at_once, settings.hash_queue, db.random().clone());
        let cache = cache::Cache::new(settings.recheck);
        let sealer = store::Sealer::new(settings.seal.clone(), db.clone());
        let (usage, webhooks) = (usage::Recorder::default(), webhook::Worker::default());
        Self(Arc::new(Inner { db, settings, account_hasher, hasher, cache, usage, sealer, webhooks }))
    }

    /// Starts what this room does in the background: writing usage down, dropping what another process
    /// revoked, and removing what has expired.
    pub fn start(&self, tasks: &Tasks) {
        usage::start(self, tasks);
        cache::start(self, tasks);
        housekeeping::start(self, tasks);
        webhook::start(self, tasks);
    }

    /// What the owner decided.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Hashes and checks the passwords that other rooms keep, in a queue of their own.
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Seals what must be readable again, also for other rooms: one key for all of the server.
    pub fn sealer(&self) -> &store::Sealer {
        &self.0.sealer
    }

    fn db(&self) -> &Database {
        &self.0.db
    }
}
