//! Rate limits: calls per second, evenly spaced (GCRA), and calls per UTC day.
//!
//! A bucket decides in memory. Twice a second every process adds the calls that it let through to the store
//! and reads those of the others, so that limits hold across processes. Between two such rounds each
//! process may use the whole limit. Calls beyond the limit are made up for by waiting afterwards. The
//! excess is at most (processes − 1) × (the limit of a second + half of it), once; in the long run there is
//! none.

mod bucket;
mod queries;
mod sync;
mod touched;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use quick_cache::sync::Cache;
use store::{BatchWriter, Database, Timestamp, params};
use web::ApiError;

pub(crate) use bucket::{Bucket, Left, Quota, Refusal};
use http::HeaderValue;
pub(crate) use sync::start;
use touched::Touched;

/// Maximum number of cached buckets of each kind. An evicted bucket starts anew.
const CAPACITY: usize = 100_000;

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
    touched: BatchWriter<Touched>,
}

impl Limits {
    pub(crate) fn new() -> Self {
        Self {
            shared: Cache::new(CAPACITY),
            addresses: Cache::new(CAPACITY),
            touched: BatchWriter::new("limits"),
        }
    }

    /// Returns the bucket of a key, loaded from the store if need be.
    pub(crate) async fn key_bucket(&self, db: &Database, ak: &str) -> Result<Arc<Bucket>, ApiError> {
        self.loaded(db, format!("key/{ak}")).await
    }

    /// Returns the bucket of a key's person.
    pub(crate) async fn person_bucket(
        &self,
        db: &Database,
        ak: &str,
        sub: &str,
    ) -> Result<Arc<Bucket>, ApiError> {
        self.loaded(db, format!("person/{ak}/{sub}")).await
    }

    /// Returns the bucket that all anonymous callers share.
    pub(crate) async fn anonymous_bucket(&self, db: &Database) -> Result<Arc<Bucket>, ApiError> {
        if let Some(bucket) = self.shared.get("anonymous") {
            return Ok(bucket);
        }
        self.loaded(db, "anonymous".to_owned()).await
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

    async fn loaded(&self, db: &Database, subject: String) -> Result<Arc<Bucket>, ApiError> {
        if let Some(bucket) = self.shared.get(&subject) {
            return Ok(bucket);
        }
        let row: Option<(i64, i64, i64)> = db.fetch_optional(queries::ONE, params![&subject]).await?;
        let bucket = Arc::new(Bucket::new(subject.clone()));
        if let Some((tat, day, calls)) = row {
            bucket.learn(tat, day, calls, db.clock().now().day());
        }
        // Concurrent loads must all get the same bucket.
        let fresh = Arc::clone(&bucket);
        self.shared.get_or_insert_with(&subject, || Ok::<_, ApiError>(fresh))
    }

    /// Takes one call from a bucket that is shared between processes.
    pub(crate) fn take(&self, bucket: &Arc<Bucket>, quota: Quota, now: Timestamp) -> Result<Left, Refusal> {
        let (left, is_first) = bucket.take(quota, now)?;
        if is_first {
            self.touched.waiting().0.push(Arc::clone(bucket));
        }
        Ok(left)
    }
}
