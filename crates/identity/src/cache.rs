//! Credentials checked a moment ago.
//!
//! An entry is believed for [`Settings::recheck`](crate::Settings::recheck) and then read again, which bounds
//! how long a revocation by another process goes unnoticed even if no notice of it arrives. A revocation in
//! this process drops entries at once; a look-up that was under way meanwhile is not remembered.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use store::Timestamp;
use web::Tasks;

use crate::{Identity, caller::Who, credential::Hash};

/// The topic of notices between processes; the payload is the account's id.
pub(crate) const TOPIC: &str = "identity";

/// The topic of notices about an application; the payload is its id.
pub(crate) const APPLICATION_TOPIC: &str = "application";

/// Most entries kept.
const CAPACITY: usize = 50_000;

/// A caller found in the store.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) who: Who,
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(Clone)]
struct Entry {
    found: Found,
    checked: Instant,
}

pub(crate) struct Cache {
    entries: quick_cache::sync::Cache<Hash, Entry>,
    recheck: Duration,
    /// Counts revocations.
    epoch: AtomicU64,
}

impl Cache {
    pub(crate) fn new(recheck: Duration) -> Self {
        Self { entries: quick_cache::sync::Cache::new(CAPACITY), recheck, epoch: AtomicU64::new(0) }
    }

    /// The caller, if checked recently and not expired.
    pub(crate) fn get(&self, hash: Hash, now: Timestamp) -> Option<Who> {
        let entry = self.entries.get(&hash)?;
        let is_fresh = entry.checked.elapsed() < self.recheck;
        let is_alive = entry.found.expires_at.is_none_or(|expiry| expiry > now);
        (is_fresh && is_alive).then_some(entry.found.who)
    }

    /// To be taken before a look-up and given to [`Cache::put`].
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Remembers what a look-up found, unless something was revoked since it began.
    pub(crate) fn put(&self, hash: Hash, found: Found, epoch: u64) {
        self.entries.insert(hash, Entry { found, checked: Instant::now() });
        if self.epoch() != epoch {
            self.entries.remove(&hash);
        }
    }

    pub(crate) fn forget(&self, hash: Hash) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.remove(&hash);
    }

    pub(crate) fn forget_account(&self, account: i64) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.retain(|_, entry| entry.found.who.account() != Some(account));
    }

    pub(crate) fn forget_application(&self, application: &str) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.retain(|_, entry| entry.found.who.application() != Some(application));
    }

    fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.clear();
    }
}

/// Drops entries that other processes say are no longer good.
pub(crate) fn start(identity: &Identity, tasks: &Tasks) {
    let (identity, stopping) = (identity.clone(), tasks.clone());
    let mut notices = identity.db().notices();
    tasks.spawn(async move {
        loop {
            let notice = tokio::select! {
                notice = notices.recv() => notice,
                () = stopping.stopping() => return,
            };
            match notice {
                Ok(notice) if notice.topic == TOPIC => match notice.payload.parse() {
                    Ok(account) => identity.0.cache.forget_account(account),
                    Err(_unknown) => identity.0.cache.forget_all(),
                },
                Ok(notice) if notice.topic == APPLICATION_TOPIC => {
                    identity.0.cache.forget_application(&notice.payload);
                }
                // Another room's notice, unless the connection was away and some were missed.
                Ok(notice) if notice.topic != "resync" => {}
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {
                    identity.0.cache.forget_all()
                }
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            }
        }
    });
}
