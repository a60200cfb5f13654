//! Rate limits: calls per second, evenly spaced (GCRA), and calls per UTC day.
//!
//! A bucket decides in memory. Twice a second every process adds the calls that it let through to the store
//! and reads those of the others, so that limits hold across processes. Between two such rounds each
//! process may use the whole limit. Calls beyond the limit are made up for by waiting afterwards. The
//! excess is at most (processes − 1) × (the limit of a second + half of it), once; in the long run there is
//! none.

mod bucket;
mod queries;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use store::{Timestamp, params};
use web::{ApiError, Tasks};

pub(crate) use bucket::{Bucket, Left, Quota, Refusal};
use http::HeaderValue;

use crate::Hub;

/// Interval between synchronizations with the store.
const SYNC_EVERY: Duration = Duration::from_millis(500);
/// Buckets written in one transaction. Few, so that no other write waits long.
const PART: usize = 200;
/// Maximum number of cached buckets of each kind. An evicted bucket starts anew.
const CAPACITY: usize = 100_000;
/// Days for which a row is kept after its last change.
const KEEP_DAYS: i64 = 2;
/// Rows deleted at a time.
const BATCH: i64 = 500;

/// Formats a quota as the `RateLimit-Policy` header: `"second";q=50;w=1, "day";q=10000;w=86400`.
pub(crate) fn policy(quota: Quota) -> HeaderValue {
    let mut text = format!("\"second\";q={};w=1", quota.per_second);
    if quota.per_day > 0 {
        text.push_str(&format!(", \"day\";q={};w=86400", quota.per_day));
    }
    HeaderValue::try_from(text).unwrap_or_else(|_never| HeaderValue::from_static(""))
}

impl Left {
    /// Formats the remaining quota as the `RateLimit` header: `"second";r=49;t=1, "day";r=9999;t=3600`.
    pub(crate) fn header(&self) -> HeaderValue {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(48);
        let (second, reset) = self.second;
        let mut written = write!(text, "\"second\";r={second};t={reset}");
        if let Some((day, midnight)) = self.day {
            written = write!(text, ", \"day\";r={day};t={midnight}");
        }
        // Writing to a `String` never fails.
        debug_assert!(written.is_ok());
        HeaderValue::try_from(text).unwrap_or_else(|_never| HeaderValue::from_static(""))
    }
}

/// All buckets of this process.
pub(crate) struct Limits {
    /// Buckets shared through the store, by `key/AK`, `person/AK/sub`, or `anonymous`.
    shared: Cache<String, Arc<Bucket>>,
    /// Buckets of anonymous addresses, in this process alone.
    addresses: Cache<IpAddr, Arc<Bucket>>,
    /// Buckets that let calls through since the last synchronization.
    touched: Mutex<Vec<Arc<Bucket>>>,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            shared: Cache::new(CAPACITY),
            addresses: Cache::new(CAPACITY),
            touched: Mutex::new(Vec::new()),
        }
    }

    /// Returns the bucket of a key, loaded from the store if need be.
    pub(crate) async fn key_bucket(&self, hub: &Hub, ak: &str) -> Result<Arc<Bucket>, ApiError> {
        self.loaded(hub, format!("key/{ak}")).await
    }

    /// Returns the bucket of a key's person.
    pub(crate) async fn person_bucket(
        &self,
        hub: &Hub,
        ak: &str,
        sub: &str,
    ) -> Result<Arc<Bucket>, ApiError> {
        self.loaded(hub, format!("person/{ak}/{sub}")).await
    }

    /// Returns the bucket that all anonymous callers share.
    pub(crate) async fn anonymous_bucket(&self, hub: &Hub) -> Result<Arc<Bucket>, ApiError> {
        if let Some(bucket) = self.shared.get("anonymous") {
            return Ok(bucket);
        }
        self.loaded(hub, "anonymous".to_owned()).await
    }

    /// Returns the bucket of an address. IPv6 addresses are grouped by /64, the size of a customer's
    /// network.
    pub(crate) fn address_bucket(&self, address: IpAddr) -> Arc<Bucket> {
        let address = match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(long) => {
                let [a, b, c, d, ..] = long.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        };
        if let Some(bucket) = self.addresses.get(&address) {
            return bucket;
        }
        let bucket = Arc::new(Bucket::new(String::new()));
        self.addresses.insert(address, Arc::clone(&bucket));
        bucket
    }

    async fn loaded(&self, hub: &Hub, subject: String) -> Result<Arc<Bucket>, ApiError> {
        if let Some(bucket) = self.shared.get(&subject) {
            return Ok(bucket);
        }
        let row: Option<(i64, i64, i64)> = hub.db().fetch_optional(queries::ONE, params![&subject]).await?;
        let bucket = Arc::new(Bucket::new(subject.clone()));
        if let Some((tat, day, calls)) = row {
            bucket.learn(tat, day, calls, hub.db().clock().now().day());
        }
        // Concurrent loads must all get the same bucket.
        let fresh = Arc::clone(&bucket);
        self.shared.get_or_insert_with(&subject, || Ok::<_, ApiError>(fresh))
    }

    /// Takes one call from a bucket that is shared between processes.
    pub(crate) fn take(&self, bucket: &Arc<Bucket>, quota: Quota, now: Timestamp) -> Result<Left, Refusal> {
        let (left, is_first) = bucket.take(quota, now)?;
        if is_first {
            self.touched.lock().push(Arc::clone(bucket));
        }
        Ok(left)
    }

    fn touched(&self) -> Vec<Arc<Bucket>> {
        let mut touched = std::mem::take(&mut *self.touched.lock());
        // Sorted, so that two processes lock rows in the same order and never deadlock.
        touched.sort_unstable_by(|one, other| one.subject().cmp(other.subject()));
        touched.dedup_by(|one, other| Arc::ptr_eq(one, other));
        touched
    }
}

impl Hub {
    /// Adds the calls of this process to the store and reads those of other processes.
    pub async fn sync_limits(&self) {
        let now = self.db().clock().now();
        let (now_us, today) = (now.as_millis() * 1000, now.day());
        for part in self.limits().touched().chunks(PART) {
            let taken: Vec<bucket::Pending> = part.iter().map(|bucket| bucket.pending()).collect();
            let rows: Vec<(String, bucket::Pending)> =
                part.iter().map(|bucket| bucket.subject().to_owned()).zip(taken.iter().copied()).collect();
            let write = self.db().write(move |tx| {
                Box::pin(async move {
                    let mut found = Vec::with_capacity(rows.len());
                    for (subject, pending) in &rows {
                        let values = params![
                            subject,
                            now_us,
                            pending.ahead_us,
                            pending.day.min(today),
                            pending.calls,
                            now_us + bucket::AHEAD_US,
                            today
                        ];
                        let row: (i64, i64, i64) = tx.fetch_one(queries::ADD, values).await?;
                        found.push(row);
                    }
                    Ok::<_, store::Error>(found)
                })
            });
            match write.await {
                Ok(found) => {
                    for (bucket, (tat, day, calls)) in part.iter().zip(found) {
                        bucket.learn(tat, day, calls, today);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "calls not counted for other processes yet");
                    for (bucket, pending) in part.iter().zip(taken) {
                        bucket.give_back(pending);
                    }
                    self.limits().touched.lock().extend(part.iter().cloned());
                }
            }
        }
    }

    pub(crate) async fn forget_old_limits(&self) -> store::Result<bool> {
        let before = self.db().clock().now().day() - KEEP_DAYS;
        let removed = self.db().execute(queries::FORGET, params![before, BATCH]).await?;
        Ok(removed >= BATCH.unsigned_abs())
    }
}

pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let hub = hub.clone();
    tasks.every(SYNC_EVERY, move || {
        let hub = hub.clone();
        async move { hub.sync_limits().await }
    });
}
