//! A circuit breaker: a provider that keeps failing is left alone for a while.

use parking_lot::Mutex;
use store::Timestamp;

/// Failures in a row after which a provider is left alone, and for how long.
const FAILURES: u32 = 5;
const PAUSE_MS: i64 = 10_000;
/// Longest that a provider's own `Retry-After` is believed.
const MAX_PAUSE_MS: i64 = 300_000;

/// What is known of one provider.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when the provider is left alone.
    until: i64,
}

impl Breaker {
    /// Whether the provider may be asked now. After a pause one question at a time tries whether it is well again.
    pub(crate) fn may_try(&self, now: Timestamp) -> bool {
        let mut state = self.0.lock();
        if now.0 < state.until {
            return false;
        }
        if state.failures >= FAILURES {
            // Others wait for this one's outcome, or for another pause where it never tells.
            state.until = now.0.saturating_add(PAUSE_MS);
        }
        true
    }

    /// The provider answered.
    pub(crate) fn worked(&self) {
        *self.0.lock() = State::default();
    }

    /// The provider failed, and perhaps said after how many seconds to come again.
    pub(crate) fn failed(&self, now: Timestamp, retry_after: Option<u32>) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        let asked =
            retry_after.map_or(0, |seconds| i64::from(seconds).saturating_mul(1000).min(MAX_PAUSE_MS));
        let pause = if state.failures >= FAILURES { asked.max(PAUSE_MS) } else { asked };
        state.until = state.until.max(now.0.saturating_add(pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_tries_again_one_at_a_time() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            assert!(breaker.may_try(Timestamp(0)));
            breaker.failed(Timestamp(0), None);
        }
        breaker.worked();
        for _ in 0..FAILURES {
            assert!(breaker.may_try(Timestamp(0)));
            breaker.failed(Timestamp(0), None);
        }
        assert!(!breaker.may_try(Timestamp(PAUSE_MS - 1)));
        assert!(breaker.may_try(Timestamp(PAUSE_MS)), "one may try");
        assert!(!breaker.may_try(Timestamp(PAUSE_MS)), "and no other meanwhile");
        breaker.failed(Timestamp(PAUSE_MS), None);
        assert!(!breaker.may_try(Timestamp(2 * PAUSE_MS - 1)));
        assert!(breaker.may_try(Timestamp(2 * PAUSE_MS)));
        breaker.worked();
        assert!(breaker.may_try(Timestamp(2 * PAUSE_MS)) && breaker.may_try(Timestamp(2 * PAUSE_MS)));
    }

    #[test]
    fn retry_after_is_honoured_within_reason() {
        let breaker = Breaker::default();
        breaker.failed(Timestamp(0), Some(2));
        assert!(!breaker.may_try(Timestamp(1999)) && breaker.may_try(Timestamp(2000)));
        breaker.failed(Timestamp(2000), Some(u32::MAX));
        assert!(
            !breaker.may_try(Timestamp(2000 + MAX_PAUSE_MS - 1))
                && breaker.may_try(Timestamp(2000 + MAX_PAUSE_MS))
        );
    }
}
