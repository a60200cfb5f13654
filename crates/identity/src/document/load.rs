//! Documents from the cache, or from the app's host with the result cached.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use store::{Timestamp, from_row, params};
use web::{ApiError, Code};

use super::{
    fetch::{Kind, fetch},
    queries,
    rules::Problem,
};
use crate::Identity;

/// Time in milliseconds for which a host that failed is not asked again.
const PAUSE_MS: i64 = 300_000;
/// Time in milliseconds after which keys may be fetched before they are stale, because one is missing.
const RETRY_KEYS_MS: i64 = 60_000;
/// Most hosts that failed which are remembered.
const MAX_FAILED: usize = 1_000;

/// The requests that are under way, and the URLs that failed lately.
#[derive(Default)]
pub(crate) struct Loads {
    running: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
    failed: Mutex<HashMap<String, (Timestamp, Problem)>>,
}

impl Loads {
    /// Returns the lock of a URL. Of many requests for one URL, only one goes out.
    fn lock(&self, url: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut running = self.running.lock();
        if let Some(lock) = running.get(url).and_then(Weak::upgrade) {
            return lock;
        }
        running.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        running.insert(url.to_owned(), Arc::downgrade(&lock));
        lock
    }

    fn failure(&self, url: &str, now: Timestamp) -> Option<Problem> {
        let failed = self.failed.lock();
        failed
            .get(url)
            .filter(|(until, _)| until.wait_from(now, PAUSE_MS) > 0)
            .map(|(_, problem)| problem.clone())
    }

    fn note_failure(&self, url: &str, problem: &Problem, now: Timestamp) {
        let mut failed = self.failed.lock();
        if failed.len() >= MAX_FAILED {
            failed.retain(|_, (until, _)| *until > now);
        }
        if failed.len() < MAX_FAILED {
            failed.insert(url.to_owned(), (now.plus_ms(PAUSE_MS), problem.clone()));
        }
    }
}

/// A stored response.
pub(crate) struct Stored {
    pub(crate) body: Vec<u8>,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
}

from_row!(Stored { body, fetched_at, fresh_until });

/// A document, or the reason why there is none.
pub(crate) type Loaded = Result<Stored, Problem>;

impl Identity {
    /// Returns the document at a URL. `is_good` decides whether a response is stored; one that is not is a
    /// failure. On a failure the last good response is used for a while. `must_be_new` ignores a response
    /// that is more than a minute old, if the host can be asked. `address` is that of the caller, whose
    /// requests are limited.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if there is no stored response and the caller or the server has reached a limit.
    pub(crate) async fn load(
        &self,
        kind: Kind,
        url: &str,
        address: IpAddr,
        must_be_new: bool,
        is_good: impl Fn(&[u8]) -> Result<(), Problem>,
    ) -> Result<Loaded, ApiError> {
        let now = self.db().clock().now();
        let is_usable = |stored: &Stored| {
            let is_young = stored.fetched_at.plus_ms(RETRY_KEYS_MS) > now;
            stored.fresh_until > now && (!must_be_new || is_young)
        };
        if let Some(stored) = self.stored(kind, url).await?.filter(&is_usable) {
            return Ok(Ok(stored));
        }
        let lock = self.0.loads.lock(url);
        let _one_at_a_time = lock.lock().await;
        let stored = self.stored(kind, url).await?;
        let stored = match stored {
            Some(stored) if is_usable(&stored) => return Ok(Ok(stored)),
            other => other.filter(|stored| stored.fetched_at.plus_ms(kind.last_good_ms()) > now),
        };
        if let Some(problem) = self.0.loads.failure(url, now) {
            return Ok(stored.ok_or(problem));
        }
        if let Err(error) = self.permit_document(address).await {
            return match (error.code(), stored) {
                (Code::RateLimited, Some(stored)) => Ok(Ok(stored)),
                _ => Err(error),
            };
        }
        let fetched = fetch(&self.settings().webhook.outgoing, kind, url).await;
        match fetched.and_then(|fetched| is_good(&fetched.body).map(|()| fetched)) {
            Ok(fetched) => {
                let fresh_until = now.plus_secs(fetched.fresh_seconds);
                let values = params![kind.name(), url, &fetched.media_type, &fetched.body, now, fresh_until];
                self.db().execute(queries::STORE, values).await?;
                Ok(Ok(Stored { body: fetched.body, fetched_at: now, fresh_until }))
            }
            Err(problem) => {
                tracing::warn!(
                    url,
                    problem = problem.text(web::Language::En),
                    "a document of an app is not available"
                );
                self.0.loads.note_failure(url, &problem, now);
                if stored.is_some() {
                    let values = params![kind.name(), url, now.plus_ms(PAUSE_MS)];
                    self.db().execute(queries::POSTPONE, values).await?;
                }
                Ok(stored.ok_or(problem))
            }
        }
    }

    async fn stored(&self, kind: Kind, url: &str) -> Result<Option<Stored>, ApiError> {
        Ok(self.db().fetch_optional(queries::READ, params![kind.name(), url]).await?)
    }
}
