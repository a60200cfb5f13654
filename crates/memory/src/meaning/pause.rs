//! Back-off after failures of an endpoint. Each further failure doubles it.

use parking_lot::Mutex;
use store::Timestamp;

const FIRST_MS: i64 = 2000;
const LONGEST_MS: i64 = 300_000;

#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    length: i64,
    until: i64,
}

impl Pause {
    /// Returns true if the endpoint may be called.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.0.lock().until <= now.0
    }

    /// Records a failure.
    pub(super) fn begin(&self, now: Timestamp) {
        let mut state = self.0.lock();
        // Of several calls that fail at once, only the first counts.
        if state.until <= now.0 {
            state.length = (state.length * 2).clamp(FIRST_MS, LONGEST_MS);
            state.until = now.0.saturating_add(state.length);
        }
    }

    /// Records a success.
    pub(super) fn end(&self) {
        *self.0.lock() = State::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_in_a_row_doubles_it() {
        let pause = Pause::default();
        assert!(pause.is_over(Timestamp(0)));
        pause.begin(Timestamp(0));
        pause.begin(Timestamp(1));
        assert!(!pause.is_over(Timestamp(FIRST_MS - 1)) && pause.is_over(Timestamp(FIRST_MS)));
        pause.begin(Timestamp(FIRST_MS));
        assert!(!pause.is_over(Timestamp(3 * FIRST_MS - 1)) && pause.is_over(Timestamp(3 * FIRST_MS)));
        let mut now = Timestamp(0);
        for _ in 0..20 {
            now = now.plus_ms(LONGEST_MS);
            pause.begin(now);
        }
        assert!(pause.is_over(now.plus_ms(LONGEST_MS)));
        pause.begin(now);
        pause.end();
        assert!(pause.is_over(now));
    }
}
