//! The part of the Hub that calls and their providers use: everything but the catalog and the call log.

use std::sync::Arc;

use identity::Identity;
use outgoing::Outgoing;
use parking_lot::RwLock;
use store::{Database, Sealer, TtlCache};

use crate::{
    key::{Ak, LiveKey},
    limits::Limits,
    settings::Settings,
    token::Tokens,
};

/// Maximum number of cached keys. Look-ups that found no key are cached, too.
const KEYS: usize = 50_000;

/// The store, accounts, outgoing requests, settings, keys, tokens and limits of the Hub; cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    outgoing: Outgoing,
    settings: RwLock<Arc<Settings>>,
    keys: TtlCache<Ak, Option<Arc<LiveKey>>>,
    tokens: Tokens,
    limits: Limits,
}

impl Services {
    pub(crate) fn new(db: Database, identity: Identity, outgoing: Outgoing, settings: Settings) -> Self {
        let keys = TtlCache::new(KEYS, settings.recheck);
        let (tokens, limits) = (Tokens::new(), Limits::new());
        let settings = RwLock::new(Arc::new(settings));
        Self(Arc::new(Inner { db, identity, outgoing, settings, keys, tokens, limits }))
    }

    /// Returns the Hub's settings.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.settings.read())
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        *self.0.settings.write() = Arc::new(settings);
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
}
