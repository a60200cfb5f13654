//! A cache of checked credentials.
//!
//! An entry is used for [`Settings::recheck`](crate::Settings::recheck) and then read again. This bounds the
//! time until a revocation by another process is noticed, even if its notification is lost. A revocation in
//! this process drops entries at once. The result of a look-up that overlaps with it is not cached.

use std::{future::ready, time::Duration};

use store::{AccountId, Epoch, NoticeEvent, Timestamp, TtlCache};
use web::Tasks;

use crate::{Identity, caller::Who, credential::Hash};

/// The topic of notifications about an account; the payload is its id.
pub(crate) const TOPIC: &str = "identity";

/// The topic of notifications about an app; the payload is its id.
pub(crate) const APPLICATION_TOPIC: &str = "application";

/// Most entries in the cache.
const CAPACITY: usize = 50_000;

/// A caller that was found in the database.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) who: Who,
    pub(crate) expires_at: Option<Timestamp>,
}

pub(crate) struct Cache(TtlCache<Hash, Found>);

impl Cache {
    pub(crate) fn new(recheck: Duration) -> Self {
        Self(TtlCache::new(CAPACITY, recheck))
    }

    /// Returns the caller of a credential, if the credential was checked recently and has not expired.
    pub(crate) fn get(&self, hash: Hash, now: Timestamp) -> Option<Who> {
        let found = self.0.get(&hash)?;
        found.expires_at.is_none_or(|expiry| expiry > now).then_some(found.who)
    }

    /// Returns the present epoch. It is taken before a look-up and passed to [`Cache::put`].
    pub(crate) fn epoch(&self) -> Epoch {
        self.0.epoch()
    }

    /// Caches the result of a look-up, unless a credential was revoked since `epoch`.
    pub(crate) fn put(&self, hash: Hash, found: Found, epoch: Epoch) {
        self.0.put(hash, found, epoch);
    }

    pub(crate) fn forget(&self, hash: Hash) {
        self.0.forget(&hash);
    }

    pub(crate) fn forget_account(&self, account: AccountId) {
        self.0.forget_where(|_, found| found.who.account() == Some(account));
    }

    pub(crate) fn forget_application(&self, application: &str) {
        self.0.forget_where(|_, found| found.who.application() == Some(application));
    }

    fn forget_all(&self) {
        self.0.forget_all();
    }
}

/// Starts the task that drops entries when another process announces a change.
pub(crate) fn start(identity: &Identity, tasks: &Tasks) {
    let following = identity.clone();
    tasks.follow(identity.db(), move |event| {
        let cache = &following.0.cache;
        match event {
            NoticeEvent::Notice(notice) if notice.topic == TOPIC => match notice.payload.parse() {
                Ok(account) => cache.forget_account(account),
                Err(_unknown) => cache.forget_all(),
            },
            NoticeEvent::Notice(notice) if notice.topic == APPLICATION_TOPIC => {
                cache.forget_application(&notice.payload);
            }
            // A notification of another crate.
            NoticeEvent::Notice(_) => {}
            NoticeEvent::Gap => cache.forget_all(),
        }
        ready(())
    });
}
