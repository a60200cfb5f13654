//! A circuit breaker: a server that keeps failing is not called for a pause, then one trial call is let
//! through. If that fails, the next pause follows the back-off. No I/O.

use parking_lot::Mutex;
use store::{Backoff, Timestamp};

/// Longest `Retry-After` of a server that is obeyed, in milliseconds.
const MAX_ASKED_MS: i64 = 300_000;

/// The circuit breaker of one server.
#[derive(Debug)]
pub struct Breaker {
    /// Number of failures in a row that open it.
    failures: u32,
    backoff: Backoff,
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

/// A call that a circuit breaker has admitted. Dropped without an outcome, for example because the caller
/// disconnects, it leaves its place as a trial call to the next call.
#[derive(Debug)]
#[must_use]
pub struct Admitted<'b>(&'b Breaker);

impl Admitted<'_> {
    /// Notes that the call succeeded.
    pub fn succeeded(self) {
        self.0.succeeded();
    }

    /// Notes that the call failed. `retry_after` is what the server demanded, in seconds.
    pub fn failed(self, now: Timestamp, retry_after: Option<u32>) {
        self.0.failed(now, retry_after);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.abandoned();
    }
}

impl Breaker {
    /// Creates a breaker that pauses calls after `failures` in a row, and again after each further failure.
    /// It never does with 0 `failures`.
    pub fn new(failures: u32, backoff: Backoff) -> Self {
        Self { failures, backoff, state: Mutex::default() }
    }

    /// Returns true if a call would be admitted now.
    pub fn may_call(&self, now: Timestamp) -> bool {
        self.state.lock().until <= now.0
    }

    /// Decides if a call may be sent now. After a pause one trial call is admitted. Others wait for its
    /// outcome, or for another pause if there is none.
    ///
    /// # Errors
    /// The seconds until the next attempt, rounded up.
    pub fn admit(&self, now: Timestamp) -> Result<Admitted<'_>, i64> {
        self.enter(now).map(|()| Admitted(self))
    }

    fn enter(&self, now: Timestamp) -> Result<(), i64> {
        let mut state = self.state.lock();
        if now.0 < state.until {
            return Err((state.until - now.0 + 999) / 1000);
        }
        if let Some(pause_ms) = self.pause_ms(&state) {
            state.until = now.0.saturating_add(pause_ms);
            state.is_trying = true;
        }
        Ok(())
    }

    /// Returns the pause after the failures so far; `None` while they are too few.
    fn pause_ms(&self, state: &State) -> Option<i64> {
        let is_open = self.failures > 0 && state.failures >= self.failures;
        is_open.then(|| self.backoff.wait_ms(i64::from(state.failures) - i64::from(self.failures) + 1))
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
        let pause = self.pause_ms(&state).filter(|_| is_new).unwrap_or(0);
        state.until = state.until.max(now.0.saturating_add(asked.max(pause)));
    }

    /// Notes that a call ended without an outcome. If it was the trial call, the next call becomes the trial.
    /// Has no effect after [`Breaker::succeeded`] or [`Breaker::failed`].
    fn abandoned(&self) {
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
        let breaker = Breaker::new(3, Backoff::steady(10_000));
        let now = Timestamp(1);
        breaker.failed(now, None);
        breaker.failed(now, None);
        breaker.succeeded();
        breaker.failed(now, None);
        breaker.failed(now, None);
        assert!(breaker.enter(now).is_ok());
        breaker.failed(now, None);
        assert_eq!((breaker.enter(now), breaker.name()), (Err(10), "open"));
        breaker.failed(now.plus_ms(5_000), None);
        let later = now.plus_ms(10_000);
        assert_eq!((breaker.enter(later), breaker.name()), (Ok(()), "half-open"));
        assert!(breaker.enter(later).is_err(), "only one");
        breaker.failed(later, None);
        assert_eq!(breaker.name(), "open");
        assert!(breaker.enter(later.plus_ms(9_999)).is_err());
        assert!(breaker.enter(later.plus_ms(10_000)).is_ok());
        breaker.succeeded();
        assert_eq!((breaker.enter(later), breaker.name()), (Ok(()), "closed"));
    }

    #[test]
    fn a_call_that_never_ends_does_not_keep_it_open() {
        let breaker = Breaker::new(1, Backoff::steady(1000));
        breaker.failed(Timestamp(0), None);
        assert!(breaker.enter(Timestamp(1000)).is_ok());
        assert!(breaker.enter(Timestamp(1999)).is_err());
        assert!(breaker.enter(Timestamp(2000)).is_ok());
        let never = Breaker::new(0, Backoff::steady(1000));
        never.failed(Timestamp(0), None);
        assert!(never.enter(Timestamp(0)).is_ok());
    }

    #[test]
    fn each_failure_of_a_trial_call_lengthens_the_pause() {
        let breaker = Breaker::new(1, Backoff::doubling(2_000, 300_000));
        let mut now = Timestamp(0);
        assert!(breaker.may_call(now));
        for seconds in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert!(breaker.enter(now).is_ok(), "after {now:?}");
            breaker.failed(now, None);
            breaker.failed(now.plus_ms(1), None);
            let end = now.plus_secs(seconds);
            assert!(!breaker.may_call(end.plus_ms(-1)) && breaker.may_call(end), "after {seconds} s");
            now = end;
        }
        breaker.succeeded();
        breaker.failed(now, None);
        assert!(breaker.may_call(now.plus_secs(2)), "the first pause again");
    }

    #[test]
    fn a_dropped_call_leaves_its_place_to_the_next() {
        let breaker = Breaker::new(1, Backoff::steady(1000));
        breaker.admit(Timestamp(0)).unwrap().failed(Timestamp(0), None);
        let trial = breaker.admit(Timestamp(1000)).unwrap();
        assert!(breaker.admit(Timestamp(1001)).is_err());
        drop(trial);
        breaker.admit(Timestamp(1002)).unwrap().succeeded();
        assert_eq!(breaker.name(), "closed");
    }

    #[test]
    fn a_call_without_an_outcome_leaves_its_place_to_the_next() {
        let breaker = Breaker::new(1, Backoff::steady(1000));
        breaker.failed(Timestamp(0), None);
        breaker.abandoned();
        assert!(breaker.enter(Timestamp(999)).is_err(), "nothing was tried yet");
        assert!(breaker.enter(Timestamp(1000)).is_ok() && breaker.enter(Timestamp(1001)).is_err());
        breaker.abandoned();
        assert_eq!(breaker.name(), "open");
        assert!(breaker.enter(Timestamp(1002)).is_ok() && breaker.enter(Timestamp(1003)).is_err());
        breaker.failed(Timestamp(1004), None);
        breaker.abandoned();
        assert!(breaker.enter(Timestamp(2003)).is_err() && breaker.enter(Timestamp(2004)).is_ok());
    }

    #[test]
    fn retry_after_is_honored_within_reason() {
        let breaker = Breaker::new(5, Backoff::steady(10_000));
        breaker.failed(Timestamp(0), Some(2));
        assert!(breaker.enter(Timestamp(1999)).is_err() && breaker.enter(Timestamp(2000)).is_ok());
        breaker.failed(Timestamp(2000), Some(u32::MAX));
        let end = 2000 + MAX_ASKED_MS;
        assert!(breaker.enter(Timestamp(end - 1)).is_err() && breaker.enter(Timestamp(end)).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_happens_it_is_never_closed_for_good(
            events in prop::collection::vec((0_i64..20_000, 0_u8..3, any::<Option<u32>>()), 0..60),
        ) {
            let breaker = Breaker::new(3, Backoff::steady(10_000));
            let mut now = Timestamp(0);
            for (passed, event, seconds) in events {
                now = now.plus_ms(passed);
                match event {
                    0 => breaker.succeeded(),
                    1 => breaker.failed(now, seconds),
                    _ => drop(breaker.enter(now)),
                }
            }
            prop_assert!(breaker.enter(now.plus_ms(MAX_ASKED_MS)).is_ok());
            breaker.succeeded();
            prop_assert_eq!(breaker.name(), "closed");
        }
    }
}
