//! How often may be called: so many calls a second, evenly (GCRA), and so many a day (UTC).
//!
//! A bucket decides in memory, without waiting for anybody. Twice a second every process adds what it let through
//! to the store and learns what the others did, so that the limits hold for all processes together: between two
//! such rounds each process may let through what one alone could, and what was too much is waited for afterwards.
//! The error is thus at most (processes − 1) × (the limit of a second + half of it), once, and nothing in the long run.

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

/// How often processes tell each other.
const SYNC_EVERY: Duration = Duration::from_millis(500);
/// Subjects written in one transaction, so that no other write waits long.
const PART: usize = 200;
/// Most subjects remembered of each kind; what is forgotten starts anew.
const CAPACITY: usize = 100_000;
/// How long a row is kept after its last day.
const KEEP_DAYS: i64 = 2;
/// Rows removed at a time.
const BATCH: i64 = 500;

/// A quota as a header: `"second";q=50;w=1, "day";q=10000;w=86400`.
pub(crate) fn policy(quota: Quota) -> HeaderValue {
    let mut text = format!("\"second\";q={};w=1", quota.per_second);
    if quota.per_day > 0 {
        text.push_str(&format!(", \"day\";q={};w=86400", quota.per_day));
    }
    HeaderValue::try_from(text).unwrap_or_else(|_never| HeaderValue::from_static(""))
}

impl Left {
    /// What is left, as a header: `"second";r=49;t=1, "day";r=9999;t=3600`.
    pub(crate) fn header(&self) -> HeaderValue {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(48);
        let (second, reset) = self.second;
        let mut written = write!(text, "\"second\";r={second};t={reset}");
        if let Some((day, midnight)) = self.day {
            written = write!(text, ", \"day\";r={day};t={midnight}");
        }
        // Writing to a text never fails.
        debug_assert!(written.is_ok());
        HeaderValue::try_from(text).unwrap_or_else(|_never| HeaderValue::from_static(""))
    }
}

/// All buckets of this process.
pub(crate) struct Limits {
    /// By `key/AK`, `person/AK/sub`, `anonymous`.
    shared: Cache<String, Arc<Bucket>>,
    /// Of anonymous callers; in this process alone.
    addresses: Cache<IpAddr, Arc<Bucket>>,
    /// Buckets that let something through since the last round.
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

    /// The bucket of a key, with what the store knows of it.
    pub(crate) async fn key_bucket(&self, hub: &Hub, ak: &str) -> Result<Arc<Bucket>, ApiError> {
        self.loaded(hub, format!("key/{ak}")).await
    }

    /// The bucket of a person that a key speaks for.
    pub(crate) async fn person_bucket(
        &self,
        hub: &Hub,
        ak: &str,
        sub: &str,
    ) -> Result<Arc<Bucket>, ApiError> {
        self.loaded(hub, format!("person/{ak}/{sub}")).await
    }

    /// The one bucket of all anonymous callers.
    pub(crate) async fn anonymous_bucket(&self, hub: &Hub) -> Result<Arc<Bucket>, ApiError> {
        if let Some(bucket) = self.shared.get("anonymous") {
            return Ok(bucket);
        }
        self.loaded(hub, "anonymous".to_owned()).await
    }

    /// The bucket of an address; an IPv6 customer has a whole /64.
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
        // Of several that look at once, all must take the same one.
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
        // In one order everywhere, so that two processes never wait for each other in a circle.
        touched.sort_unstable_by(|one, other| one.subject().cmp(other.subject()));
        touched.dedup_by(|one, other| Arc::ptr_eq(one, other));
        touched
    }
}

impl Hub {
    /// Adds what was let through to the store, and learns what other processes let through.
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
