//! A circuit breaker: a server that keeps failing is not called for a pause, then one trial call is let
//! through. No I/O.

use parking_lot::Mutex;
use store::Timestamp;

/// Longest `Retry-After` of a server that is obeyed, in milliseconds.
const MAX_ASKED_MS: i64 = 300_000;

/// The circuit breaker of one server.
#[derive(Debug)]
pub struct Breaker {
    failures: u32,
    pause_ms: i64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// The time in milliseconds before which the server is not called.
    until: i64,
    /// True while the outcome of a trial call is awaited.
    is_trying: bool,
}

impl Breaker {
    /// Creates a breaker that pauses calls for `pause_ms` after `failures` in a row. It never does with 0
    /// `failures`.
    pub fn new(failures: u32, pause_ms: i64) -> Self {
        Self { failures, pause_ms, state: Mutex::default() }
    }

    /// Decides if a call may be sent now. After a pause one trial call is admitted. Others wait for its
    /// outcome, or for another pause if there is none.
    ///
    /// # Errors
    /// The seconds until the next attempt, rounded up.
    pub fn admit(&self, now: Timestamp) -> Result<(), i64> {
        let mut state = self.state.lock();
        if now.0 < state.until {
            return Err((state.until - now.0 + 999) / 1000);
        }
        if self.failures > 0 && state.failures >= self.failures {
            state.until = now.0.saturating_add(self.pause_ms);
            state.is_trying = true;
        }
        Ok(())
    }

    /// Notes that a call succeeded.
    pub fn succeeded(&self) {
        *self.state.lock() = State::default();
    }

    /// Notes that a call failed. `retry_after` is what the server demanded, in seconds.
    pub fn failed(&self, now: Timestamp, retry_after: Option<u32>) {
        if self.failures == 0 {
            return;
        }
        let mut state = self.state.lock();
        // A call that began before the pause does not count again.
        let is_new = state.is_trying || now.0 >= state.until;
        if is_new {
            state.failures = state.failures.saturating_add(1);
            state.is_trying = false;
        }
        let asked = retry_after.map_or(0, |seconds| i64::from(seconds) * 1000).min(MAX_ASKED_MS);
        let pause = if is_new && state.failures >= self.failures { self.pause_ms } else { 0 };
        state.until = state.until.max(now.0.saturating_add(asked.max(pause)));
    }

    /// Notes that a call ended without an outcome. If it was the trial call, the next call becomes the trial.
    /// Has no effect after [`Breaker::succeeded`] or [`Breaker::failed`].
    pub fn abandoned(&self) {
        let mut state = self.state.lock();
        if state.is_trying {
            state.is_trying = false;
            state.until = 0;
        }
    }

    /// Returns the name of the state: `closed`, `open`, or `half-open`.
    pub fn name(&self) -> &'static str {
        let state = self.state.lock();
        match (self.failures == 0 || state.failures < self.failures, state.is_trying) {
            (true, _) => "closed",
            (false, false) => "open",
            (false, true) => "half-open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn failures_in_a_row_open_it_and_one_call_goes_through_to_see() {
        let breaker = Breaker::new(3, 10_000);
        let now = Timestamp(1);
        breaker.failed(now, None);
        breaker.failed(now, None);
        breaker.succeeded();
        breaker.failed(now, None);
        breaker.failed(now, None);
        assert!(breaker.admit(now).is_ok());
        breaker.failed(now, None);
        assert_eq!((breaker.admit(now), breaker.name()), (Err(10), "open"));
        breaker.failed(now.plus_ms(5_000), None);
        let later = now.plus_ms(10_000);
        assert_eq!((breaker.admit(later), breaker.name()), (Ok(()), "half-open"));
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.failed(later, None);
        assert_eq!(breaker.name(), "open");
        assert!(breaker.admit(later.plus_ms(9_999)).is_err());
        assert!(breaker.admit(later.plus_ms(10_000)).is_ok());
        breaker.succeeded();
        assert_eq!((breaker.admit(later), breaker.name()), (Ok(()), "closed"));
    }

    #[test]
    fn a_call_that_never_ends_does_not_keep_it_open() {
        let breaker = Breaker::new(1, 1000);
        breaker.failed(Timestamp(0), None);
        assert!(breaker.admit(Timestamp(1000)).is_ok());
        assert!(breaker.admit(Timestamp(1999)).is_err());
        assert!(breaker.admit(Timestamp(2000)).is_ok());
        let never = Breaker::new(0, 1000);
        never.failed(Timestamp(0), None);
        assert!(never.admit(Timestamp(0)).is_ok());
    }

    #[test]
    fn a_call_without_an_outcome_leaves_its_place_to_the_next() {
        let breaker = Breaker::new(1, 1000);
        breaker.failed(Timestamp(0), None);
        breaker.abandoned();
        assert!(breaker.admit(Timestamp(999)).is_err(), "nothing was tried yet");
        assert!(breaker.admit(Timestamp(1000)).is_ok() && breaker.admit(Timestamp(1001)).is_err());
        breaker.abandoned();
        assert_eq!(breaker.name(), "open");
        assert!(breaker.admit(Timestamp(1002)).is_ok() && breaker.admit(Timestamp(1003)).is_err());
        breaker.failed(Timestamp(1004), None);
        breaker.abandoned();
        assert!(breaker.admit(Timestamp(2003)).is_err() && breaker.admit(Timestamp(2004)).is_ok());
    }

    #[test]
    fn retry_after_is_honored_within_reason() {
        let breaker = Breaker::new(5, 10_000);
        breaker.failed(Timestamp(0), Some(2));
        assert!(breaker.admit(Timestamp(1999)).is_err() && breaker.admit(Timestamp(2000)).is_ok());
        breaker.failed(Timestamp(2000), Some(u32::MAX));
        let end = 2000 + MAX_ASKED_MS;
        assert!(breaker.admit(Timestamp(end - 1)).is_err() && breaker.admit(Timestamp(end)).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_happens_it_is_never_closed_for_good(
            events in prop::collection::vec((0_i64..20_000, 0_u8..3, any::<Option<u32>>()), 0..60),
        ) {
            let breaker = Breaker::new(3, 10_000);
            let mut now = Timestamp(0);
            for (passed, event, seconds) in events {
                now = now.plus_ms(passed);
                match event {
                    0 => breaker.succeeded(),
                    1 => breaker.failed(now, seconds),
                    _ => drop(breaker.admit(now)),
                }
            }
            prop_assert!(breaker.admit(now.plus_ms(MAX_ASKED_MS)).is_ok());
            breaker.succeeded();
            prop_assert_eq!(breaker.name(), "closed");
        }
    }
}
