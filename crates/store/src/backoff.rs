//! Back-off: the waits between attempts of what keeps failing. No I/O.

use std::time::Duration;

/// The waits after failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff(Waits);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Doubling {
        first_ms: i64,
        longest_ms: i64,
    },
    /// In seconds.
    Listed(&'static [i64]),
}

impl Backoff {
    /// Creates waits that double from the first up to the longest one. Attempts never end.
    #[must_use]
    pub const fn doubling(first_ms: i64, longest_ms: i64) -> Self {
        Self(Waits::Doubling { first_ms, longest_ms })
    }

    /// Creates waits of the same length. Attempts never end.
    #[must_use]
    pub const fn steady(ms: i64) -> Self {
        Self::doubling(ms, ms)
    }

    /// Creates waits from a list of seconds, one for each failure. After the last one attempts end.
    #[must_use]
    pub const fn listed(seconds: &'static [i64]) -> Self {
        Self(Waits::Listed(seconds))
    }

    /// Returns the wait in milliseconds after a number of failures in a row, counted from 1. `None` if
    /// attempts end.
    #[must_use]
    pub fn after(self, failures: i64) -> Option<i64> {
        match self.0 {
            Waits::Doubling { first_ms, longest_ms } => {
                let doublings = failures.saturating_sub(1).clamp(0, 62);
                Some(first_ms.saturating_mul(1 << doublings).min(longest_ms))
            }
            Waits::Listed(seconds) => {
                let at = usize::try_from(failures.saturating_sub(1)).ok()?;
                seconds.get(at).map(|seconds| seconds.saturating_mul(1000))
            }
        }
    }

    /// Returns the wait in milliseconds after a number of failures in a row; the longest one if attempts
    /// end.
    #[must_use]
    pub fn wait_ms(self, failures: i64) -> i64 {
        self.after(failures).unwrap_or(self.longest_ms())
    }

    /// Returns [`wait_ms`](Self::wait_ms) as a duration.
    #[must_use]
    pub fn wait(self, failures: i64) -> Duration {
        Duration::from_millis(self.wait_ms(failures).unsigned_abs())
    }

    /// Returns the longest wait in milliseconds.
    #[must_use]
    pub const fn longest_ms(self) -> i64 {
        match self.0 {
            Waits::Doubling { longest_ms, .. } => longest_ms,
            Waits::Listed(mut seconds) => {
                let mut longest = 0;
                while let [first, rest @ ..] = seconds {
                    if *first > longest {
                        longest = *first;
                    }
                    seconds = rest;
                }
                longest * 1000
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubling_waits_grow_up_to_the_longest() {
        let backoff = Backoff::doubling(100, 1000);
        let waits: Vec<_> = (1..7).map(|failures| backoff.wait_ms(failures)).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!((backoff.longest_ms(), backoff.wait(2)), (1000, Duration::from_millis(200)));
        assert_eq!(Backoff::steady(7).after(9), Some(7));
    }

    #[test]
    fn listed_waits_end() {
        const LISTED: Backoff = Backoff::listed(&[5, 60, 30]);
        const LONGEST_MS: i64 = LISTED.longest_ms();
        let waits: Vec<_> = (0..5).map(|failures| LISTED.after(failures)).collect();
        assert_eq!(waits, [None, Some(5_000), Some(60_000), Some(30_000), None]);
        assert_eq!((LISTED.wait_ms(4), LONGEST_MS), (60_000, 60_000));
    }

    proptest! {
        #[test]
        fn waits_stay_within_their_limits(
            failures in any::<i64>(), first in 1..i64::MAX, more in 0..i64::MAX,
        ) {
            let longest = first.saturating_add(more);
            let backoff = Backoff::doubling(first, longest);
            prop_assert!((first..=longest).contains(&backoff.wait_ms(failures)));
            prop_assert!(backoff.wait_ms(failures.saturating_add(1)) >= backoff.wait_ms(failures));
        }
    }
}
