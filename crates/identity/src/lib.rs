//! Identity and authentication: accounts, sign-in sessions, API keys, apps, scopes, and the caller of each
//! request.
//!
//! Handlers of other crates take a [`Scoped`] or a [`SignedIn`] and get a [`Caller`]; they never read
//! headers. Other crates call the methods of [`Identity`], which is the only way to its tables.

pub mod account;
mod agent;
pub mod application;
mod assertion;
pub mod audience;
pub mod audit;
mod cache;
mod caller;
pub mod credential;
pub mod document;
#[cfg(test)]
mod fuzz_tests;
pub mod grant;
mod guard;
mod housekeeping;
mod id;
pub mod key;
pub mod limit;
mod overview;
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
pub use agent::Access;
pub use application::Application;
pub use audience::Audience;
pub use audit::AuditAction;
pub use caller::{AppCaller, Caller, Credential, Developer, Optional, Scoped, SignedIn};
pub use guard::{Guard, guard};
pub use id::{AuditId, AuthorizationId, DeliveryId, KeyId, ProgramId, SessionId};
pub use limit::{Action, Limits, Rate};
pub use overview::Overview;
pub use password::Hasher;
pub use scope::{Scope, ScopeSet};
pub use session::Cookies;

/// The people who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SignUp {
    /// Every visitor.
    Open,
    /// Holders of an invitation link.
    Invitation,
    /// No visitor. Administrators create accounts on the command line.
    Closed,
}

impl SignUp {
    /// Returns the name, as in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The settings of accounts and credentials.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The people who may create an account.
    pub sign_up: SignUp,
    /// Lifetime of a sign-in session.
    pub session: Duration,
    /// Most API keys of an account.
    pub max_keys: i64,
    /// Most password hashes that are computed at once.
    pub hashes_at_once: usize,
    /// Most password hashes that wait for each purpose (sign-in, new passwords, other crates); one more is
    /// refused.
    pub hash_queue: usize,
    /// Limits per client address.
    pub limits: Limits,
    /// Time after which a cached credential is read again. A revocation by another process is noticed after
    /// this time at the latest.
    pub recheck: Duration,
    /// True if cookies are sent over HTTPS only.
    pub secure_cookies: bool,
    /// Days for which entries of the audit log are kept.
    pub audit_days: i64,
    /// The public URL of the server without a slash at the end, which is the issuer of its tokens.
    pub public_url: Arc<str>,
    /// Documents of known clients as JSON, used if the client's host does not give its document.
    pub known_clients: Vec<String>,
    /// Hosts to which agents may be redirected over plain http, besides this machine.
    pub http_redirect_hosts: Vec<String>,
    /// The settings of OAuth.
    pub oauth: grant::Settings,
    /// The settings of webhooks.
    pub webhook: webhook::Settings,
    /// The location of the key that encrypts secrets which must be readable again.
    pub seal: store::SealSettings,
}

/// The state of this crate. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    db: Database,
    settings: Settings,
    /// Hashes the passwords of accounts.
    account_hasher: Hasher,
    /// Hashes the passwords that other crates store.
    hasher: Hasher,
    cache: cache::Cache,
    usage: usage::Recorder,
    sealer: store::Sealer,
    webhooks: webhook::Worker,
    loads: document::load::Loads,
}

impl Identity {
    /// Creates the state. Background tasks begin with [`Identity::start`].
    pub fn new(db: Database, settings: Settings) -> Self {
        let (account_hasher, hasher) =
            Hasher::pair(settings.hashes_at_once, settings.hash_queue, db.random().clone());
        let cache = cache::Cache::new(settings.recheck);
        let sealer = store::Sealer::new(settings.seal.clone(), db.clone());
        let (usage, webhooks) = (usage::Recorder::new("usage"), webhook::Worker::default());
        let loads = document::load::Loads::default();
        Self(Arc::new(Inner { db, settings, account_hasher, hasher, cache, usage, sealer, webhooks, loads }))
    }

    /// Starts the background tasks of this crate. They write usage records, drop credentials that another
    /// process revoked, remove expired rows, and deliver webhooks.
    pub fn start(&self, tasks: &Tasks) {
        usage::start(self, tasks);
        cache::start(self, tasks);
        housekeeping::start(self, tasks);
        webhook::start(self, tasks);
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns the hasher for passwords that other crates store. It has a queue of its own.
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    /// Returns the sealer, which encrypts secrets that must be readable again. All crates of the server use
    /// the same key.
    pub fn sealer(&self) -> &store::Sealer {
        &self.0.sealer
    }

    fn db(&self) -> &Database {
        &self.0.db
    }
}
