//! Credentials checked a moment ago.
//!
//! An entry is believed for [`Settings::recheck`](crate::Settings::recheck) and then read again, which bounds
//! how long a revocation by another process goes unnoticed even if no notice of it arrives. A revocation in
//! this process drops entries at once; a look-up that was under way meanwhile is not remembered.

use std::time::Duration;

use store::{Epoch, RESYNC, Recent, Timestamp};
use tokio::sync::broadcast::error::RecvError;
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

pub(crate) struct Cache(Recent<Hash, Found>);

impl Cache {
    pub(crate) fn new(recheck: Duration) -> Self {
        Self(Recent::new(CAPACITY, recheck))
    }

    /// Whom the credential stands for, if checked recently and not expired.
    pub(crate) fn get(&self, hash: Hash, now: Timestamp) -> Option<Who> {
        let found = self.0.get(&hash)?;
        found.expires_at.is_none_or(|expiry| expiry > now).then_some(found.who)
    }

    /// To be taken before a look-up and given to [`Cache::put`].
    pub(crate) fn epoch(&self) -> Epoch {
        self.0.epoch()
    }

    /// Remembers what a look-up found, unless something was revoked since it began.
    pub(crate) fn put(&self, hash: Hash, found: Found, epoch: Epoch) {
        self.0.put(hash, found, epoch);
    }

    pub(crate) fn forget(&self, hash: Hash) {
        self.0.forget(&hash);
    }

    pub(crate) fn forget_account(&self, account: i64) {
        self.0.forget_where(|_, found| found.who.account() == Some(account));
    }

    pub(crate) fn forget_application(&self, application: &str) {
        self.0.forget_where(|_, found| found.who.application() == Some(application));
    }

    fn forget_all(&self) {
        self.0.forget_all();
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
                Ok(notice) if notice.topic != RESYNC => {}
                Ok(_) | Err(RecvError::Lagged(_)) => identity.0.cache.forget_all(),
                Err(RecvError::Closed) => return,
            }
        }
    });
}
