//! Ids: time-ordered numbers below 2^53, generated without a central counter.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::{Clock, Timestamp};

/// The epoch of ids, 2025-01-01T00:00:00Z, in milliseconds. With it, 41 bits last until 2094.
const EPOCH_MS: i64 = 1_735_689_600_000;
/// Maximum number of processes that can generate ids on one database at the same time.
pub(crate) const NODES: i64 = 64;
const NODE_BITS: u32 = 6;
const SEQUENCE_BITS: u32 = 6;
const SEQUENCE_MASK: i64 = (1 << SEQUENCE_BITS) - 1;

/// Generates ids of 53 bits: 41 of milliseconds since 2025-01-01, 6 of node, 6 of sequence.
///
/// Each id of a process is greater than the one before, even if the clock steps back. More than 64 ids in a
/// millisecond borrow from the next one. No other process on the database has the same node number, so two
/// processes never generate the same id. Clones continue the same sequence.
#[derive(Debug, Clone)]
pub struct Ids(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    /// `milliseconds << SEQUENCE_BITS | sequence` of the last id.
    last: AtomicI64,
    node: AtomicI64,
}

impl Ids {
    pub(crate) fn new(clock: Clock, node: i64) -> Self {
        Self(Arc::new(Inner { clock, last: AtomicI64::new(0), node: AtomicI64::new(node) }))
    }

    /// Returns the next id: positive, below 2^53, greater than all before it.
    #[must_use]
    pub fn next(&self) -> i64 {
        let now = self.0.clock.now().0.saturating_sub(EPOCH_MS).max(0) << SEQUENCE_BITS;
        let step = |last: i64| now.max(last + 1);
        let last = self.0.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(step(last)));
        // The closure never returns `None`, so both arms hold the value that was replaced.
        let moment = step(last.unwrap_or_else(|last| last));
        let node = self.0.node.load(Ordering::Acquire);
        (moment >> SEQUENCE_BITS) << (NODE_BITS + SEQUENCE_BITS)
            | node << SEQUENCE_BITS
            | (moment & SEQUENCE_MASK)
    }

    /// Returns the time at which an id was generated, to the millisecond.
    #[must_use]
    pub fn time(id: impl Into<i64>) -> Timestamp {
        Timestamp((id.into() >> (NODE_BITS + SEQUENCE_BITS)).saturating_add(EPOCH_MS))
    }

    /// Returns the smallest id that can be generated at or after a moment.
    #[must_use]
    pub const fn first(at: Timestamp) -> i64 {
        let ms = at.0.saturating_sub(EPOCH_MS);
        if ms <= 0 { 0 } else { ms.saturating_mul(1 << (NODE_BITS + SEQUENCE_BITS)) }
    }

    /// Continues after a stored id, whatever the clock says. Numbers outside the range of ids are ignored.
    pub(crate) fn begin_after(&self, last: i64) {
        if (0..1 << 53).contains(&last) {
            // All sequence numbers of that millisecond are skipped, because the id may be another node's.
            let moment = (last >> (NODE_BITS + SEQUENCE_BITS)) << SEQUENCE_BITS | SEQUENCE_MASK;
            self.0.last.fetch_max(moment, Ordering::AcqRel);
        }
    }

    /// Continues with another node number, after the old one was lost.
    pub(crate) fn set_node(&self, node: i64) {
        // The rest of the last millisecond is skipped: there, a lower node number would give lower ids.
        let skip = |last: i64| Some(last | SEQUENCE_MASK);
        let _replaced = self.0.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, skip);
        self.0.node.store(node, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_holds_its_moment_node_and_sequence() {
        let ids = Ids::new(Clock::manual(Timestamp(EPOCH_MS + 1000)), 5);
        assert_eq!(ids.next(), 1000 << 12 | 5 << 6);
        let id = ids.next();
        assert_eq!(id, 1000 << 12 | 5 << 6 | 1);
        assert_eq!(Ids::time(id), Timestamp(EPOCH_MS + 1000));
        assert_eq!(Ids::first(Timestamp(EPOCH_MS + 1000)), 1000 << 12);
        assert_eq!(Ids::first(Timestamp(i64::MIN)), 0);
    }

    #[test]
    fn ids_grow_when_the_clock_stands_still_or_steps_back() {
        let clock = Clock::manual(Timestamp(EPOCH_MS + 100_000));
        let ids = Ids::new(clock.clone(), 63);
        let mut last = 0;
        for round in 0..1000 {
            if round == 500 {
                clock.advance_ms(-50_000);
            }
            let id = ids.next();
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn ids_grow_when_the_node_number_changes() {
        let ids = Ids::new(Clock::manual(Timestamp(EPOCH_MS + 100_000)), 63);
        let mut last = ids.next();
        for node in [0, 5, 4, 63, 0] {
            ids.set_node(node);
            let id = ids.next();
            assert!(id > last, "{node}");
            assert_eq!(id >> SEQUENCE_BITS & (NODES - 1), node);
            last = id;
        }
    }

    #[test]
    fn ids_stay_below_two_to_the_53_until_2094() {
        let last_ms = EPOCH_MS + (1 << 41) - 1;
        assert!(Timestamp(last_ms).date().starts_with("2094"));
        assert!(Ids::new(Clock::manual(Timestamp(last_ms)), 63).next() < 1 << 53);
    }

    #[test]
    fn a_clock_before_the_epoch_still_makes_positive_ids() {
        assert!(Ids::new(Clock::manual(Timestamp(0)), 0).next() > 0);
    }
}
