//! When to leave an upstream in peace: after so many failures in a row nothing is sent for a while, then one call
//! goes through to see. No I/O.

use parking_lot::Mutex;
use store::Timestamp;

/// How an upstream fares.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: u32,
    open_ms: i64,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Well, or failed so often in a row.
    Closed(u32),
    /// In peace until then.
    Open(Timestamp),
    /// One call is under way to see; it is given up then.
    Trying(Timestamp),
}

impl Breaker {
    /// Opens after `failures` in a row (0: never) for `open_ms`.
    pub(super) fn new(failures: u32, open_ms: i64) -> Self {
        Self { failures, open_ms, state: Mutex::new(State::Closed(0)) }
    }

    /// Whether a call may be sent; if not, in how many seconds to try again.
    pub(super) fn admit(&self, now: Timestamp) -> Result<(), i64> {
        let mut state = self.state.lock();
        match *state {
            State::Closed(_) => Ok(()),
            State::Open(until) | State::Trying(until) if until > now => {
                Err((until.as_millis() - now.as_millis() + 999) / 1000)
            }
            State::Open(_) | State::Trying(_) => {
                *state = State::Trying(now.plus_ms(self.open_ms));
                Ok(())
            }
        }
    }

    /// A call went well.
    pub(super) fn succeeded(&self) {
        *self.state.lock() = State::Closed(0);
    }

    /// A call failed.
    pub(super) fn failed(&self, now: Timestamp) {
        if self.failures == 0 {
            return;
        }
        let mut state = self.state.lock();
        *state = match *state {
            State::Closed(before) if before + 1 < self.failures => State::Closed(before + 1),
            State::Closed(_) | State::Trying(_) => State::Open(now.plus_ms(self.open_ms)),
            State::Open(until) => State::Open(until),
        };
    }

    /// For people.
    pub(super) fn name(&self) -> &'static str {
        match *self.state.lock() {
            State::Closed(_) => "closed",
            State::Open(_) => "open",
            State::Trying(_) => "half-open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_one_call_goes_through_to_see() {
        let breaker = Breaker::new(3, 10_000);
        let now = Timestamp(0);
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        breaker.failed(now);
        breaker.failed(now);
        assert!(breaker.admit(now).is_ok());
        breaker.failed(now);
        assert_eq!((breaker.admit(now), breaker.name()), (Err(10), "open"));
        let later = now.plus_ms(10_000);
        assert_eq!((breaker.admit(later), breaker.name()), (Ok(()), "half-open"));
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.failed(later);
        assert!(breaker.admit(later.plus_ms(9_999)).is_err());
        assert!(breaker.admit(later.plus_ms(10_000)).is_ok());
        breaker.succeeded();
        assert_eq!((breaker.admit(later), breaker.name()), (Ok(()), "closed"));
    }

    #[test]
    fn a_call_that_never_ends_does_not_keep_it_open() {
        let breaker = Breaker::new(1, 1000);
        breaker.failed(Timestamp(0));
        assert!(breaker.admit(Timestamp(1000)).is_ok());
        assert!(breaker.admit(Timestamp(1999)).is_err());
        assert!(breaker.admit(Timestamp(2000)).is_ok());
        let never = Breaker::new(0, 1000);
        never.failed(Timestamp(0));
        assert!(never.admit(Timestamp(0)).is_ok());
    }
}
