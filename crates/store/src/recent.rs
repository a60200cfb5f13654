//! A bounded cache whose entries expire (a TTL cache).

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// A bounded cache whose entries expire after a fixed time.
///
/// The time bounds how long a change by another process goes unnoticed. A change in this process removes
/// entries at once. A value whose read began before such a change is not kept, because it may be outdated.
pub struct TtlCache<K, V> {
    entries: Cache<K, (V, Instant)>,
    keep: Duration,
    /// The number of removals so far.
    epoch: AtomicU64,
}

/// The state of the cache before a value is read. [`TtlCache::put`] compares it with the current state.
#[derive(Debug, Clone, Copy)]
pub struct Epoch(u64);

impl<K: Eq + Hash + Clone, V: Clone> TtlCache<K, V> {
    /// Creates a cache of at most `capacity` entries, each valid for `keep`.
    #[must_use]
    pub fn new(capacity: usize, keep: Duration) -> Self {
        Self { entries: Cache::new(capacity), keep, epoch: AtomicU64::new(0) }
    }

    /// Returns the value of a key, unless it is missing or expired.
    pub fn get(&self, key: &K) -> Option<V> {
        let (value, read) = self.entries.get(key)?;
        (read.elapsed() < self.keep).then_some(value)
    }

    /// Returns the current epoch. Call this before the value is read.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    /// Stores a value that was read after `epoch` was taken. The value is not kept if entries were removed
    /// since.
    pub fn put(&self, key: K, value: V, epoch: Epoch) {
        self.entries.insert(key.clone(), (value, Instant::now()));
        if self.epoch.load(Ordering::Acquire) != epoch.0 {
            self.entries.remove(&key);
        }
    }

    /// Removes one entry.
    pub fn forget(&self, key: &K) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.remove(key);
    }

    /// Removes every entry for which `is_stale` returns true.
    pub fn forget_where(&self, is_stale: impl Fn(&K, &V) -> bool) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.retain(|key, (value, _)| !is_stale(key, value));
    }

    /// Removes all entries.
    pub fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_believed_for_a_while() {
        let (long, never) = (TtlCache::new(8, Duration::from_secs(60)), TtlCache::new(8, Duration::ZERO));
        for cache in [&long, &never] {
            cache.put(1, "one", cache.epoch());
        }
        assert_eq!((long.get(&1), never.get(&1)), (Some("one"), None));
    }

    #[test]
    fn what_was_forgotten_while_it_was_read_is_not_remembered() {
        let cache = TtlCache::new(8, Duration::from_secs(60));
        let before = cache.epoch();
        cache.forget(&1);
        cache.put(1, "old", before);
        assert_eq!(cache.get(&1), None);
        cache.put(1, "new", cache.epoch());
        cache.put(2, "two", cache.epoch());
        cache.forget_where(|_, value| *value == "new");
        assert_eq!((cache.get(&1), cache.get(&2)), (None, Some("two")));
        cache.forget_all();
        assert_eq!(cache.get(&2), None);
    }
}
