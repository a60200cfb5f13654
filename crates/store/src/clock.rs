//! Time in milliseconds, from an injected clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::Serialize;

/// Milliseconds in a day. Leap seconds are not counted.
const DAY_MS: i64 = 86_400_000;

/// Maximum difference between the clocks of processes that share a database, in milliseconds.
const SKEW_MS: i64 = 2_000;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Serialized as that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Timestamp(
    /// Milliseconds since the epoch.
    pub i64,
);

impl Timestamp {
    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the moment `ms` milliseconds later (earlier if negative), clamped to the range of the type.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns the moment `secs` seconds later (earlier if negative), clamped to the range of the type.
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        self.plus_ms(secs.saturating_mul(1000))
    }

    /// Returns the time from `now` until this moment, in milliseconds; 0 if it has passed.
    ///
    /// For a stored moment that something waits for. `longest_ms` is the longest wait that is ever stored. A
    /// moment further ahead was stored by a clock that was wrong, so it counts as passed. To wait for it, or
    /// for a part of it, would last until the clock catches up with the error.
    #[must_use]
    pub const fn wait_from(self, now: Self, longest_ms: i64) -> i64 {
        let wait = self.0.saturating_sub(now.0);
        if wait <= 0 || wait > longest_ms.saturating_add(SKEW_MS) {
            0
        } else if wait > longest_ms {
            longest_ms
        } else {
            wait
        }
    }

    /// Returns the number of whole days since 1970-01-01, in UTC.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// Formats the UTC time to the second, as in `2024-01-20T15:00:00Z`.
    #[must_use]
    pub fn iso8601(self) -> String {
        self.civil().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Formats the UTC date, as in `2024-01-20`.
    #[must_use]
    pub fn date(self) -> String {
        self.civil().strftime("%Y-%m-%d").to_string()
    }

    /// Converts to a `jiff` timestamp, clamped to its range (years -9999 to 9999).
    fn civil(self) -> jiff::Timestamp {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(end)
    }
}

/// A source of time. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Creates a clock that reads the system time.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Creates a clock for tests that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the computer's clock")]
            Source::System => Timestamp(jiff::Timestamp::now().as_millisecond()),
            Source::Manual(ms) => Timestamp(ms.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock by `ms` milliseconds (back if negative). Does nothing to the system clock.
    pub fn advance_ms(&self, ms: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(ms, Ordering::AcqRel);
        }
    }

    /// Sets a manual clock. Does nothing to the system clock.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual(now) = &self.0 {
            now.store(to.0, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_no_right_clock_can_have_stored_has_passed() {
        let now = Timestamp(1_000_000);
        for (moment, wait) in [
            (Timestamp(i64::MIN), 0),
            (now, 0),
            (now.plus_ms(1), 1),
            (now.plus_ms(60_000), 60_000),
            (now.plus_ms(60_000 + SKEW_MS), 60_000),
            (now.plus_ms(60_001 + SKEW_MS), 0),
            (Timestamp(i64::MAX), 0),
        ] {
            assert_eq!(moment.wait_from(now, 60_000), wait, "{moment:?}");
        }
        assert_eq!(Timestamp(i64::MAX).wait_from(Timestamp(i64::MIN), i64::MAX), i64::MAX);
    }

    #[test]
    fn timestamps_are_written_in_utc_to_the_second() {
        let at = Timestamp(1_705_762_800_999);
        assert_eq!(at.iso8601(), "2024-01-20T15:00:00Z");
        assert_eq!(at.date(), "2024-01-20");
        assert_eq!(at.day(), 19_742);
        assert_eq!(Timestamp(-1).iso8601(), "1969-12-31T23:59:59Z");
        assert_eq!(Timestamp(-1).day(), -1);
    }

    #[test]
    fn timestamps_never_overflow() {
        assert_eq!(Timestamp(i64::MAX).plus_secs(i64::MAX), Timestamp(i64::MAX));
        assert!(Timestamp(i64::MAX).iso8601().starts_with("9999-"));
        assert!(Timestamp(i64::MIN).date().starts_with("-"));
    }

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = Clock::manual(Timestamp(5));
        let twin = clock.clone();
        clock.advance_ms(7);
        assert_eq!(twin.now(), Timestamp(12));
        twin.set(Timestamp(3));
        assert_eq!(clock.now(), Timestamp(3));
    }

    #[test]
    fn the_system_clock_cannot_be_moved() {
        let clock = Clock::system();
        clock.set(Timestamp(0));
        assert!(clock.now() > Timestamp(1_700_000_000_000));
    }
}
