//! The arithmetic of rate limits (GCRA). No I/O.

use store::Timestamp;

/// A limit of `actions` within a window. All of them may happen at once; after that one more is permitted
/// whenever a share of the window (`window_ms / actions`) has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Actions within the window; at least 1.
    pub actions: i64,
    /// Length of the window in milliseconds.
    pub window_ms: i64,
}

impl Rate {
    /// Creates a limit of `actions` within `seconds`.
    #[must_use]
    pub const fn per_seconds(actions: i64, seconds: i64) -> Self {
        Self { actions, window_ms: seconds.saturating_mul(1000) }
    }

    /// Takes one action. `free_at` is the stored time at which the whole limit is free again. Returns the
    /// time to store instead.
    ///
    /// # Errors
    /// The milliseconds until the next action is permitted; never more than the window.
    pub fn take(self, free_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, i64> {
        let share = (self.window_ms / self.actions.max(1)).max(1);
        let used = free_at.map_or(0, |free_at| free_at.wait_from(now, self.window_ms));
        let over = used.saturating_add(share).saturating_sub(self.window_ms.max(share));
        if over > 0 { Err(over) } else { Ok(now.plus_ms(used.saturating_add(share))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_many_at_once_and_then_one_for_each_share_of_the_time() {
        let rate = Rate::per_seconds(3, 60);
        let mut now = Timestamp(1_000_000);
        let mut free_at = None;
        for _ in 0..3 {
            free_at = Some(rate.take(free_at, now).unwrap());
        }
        assert_eq!(rate.take(free_at, now), Err(20_000));
        now = now.plus_ms(19_999);
        assert_eq!(rate.take(free_at, now), Err(1));
        now = now.plus_ms(1);
        free_at = Some(rate.take(free_at, now).unwrap());
        assert_eq!(rate.take(free_at, now), Err(20_000));
        // After the whole window it is as at the beginning.
        now = now.plus_ms(60_000);
        for _ in 0..3 {
            free_at = Some(rate.take(free_at, now).unwrap());
        }
        assert!(rate.take(free_at, now).is_err());
    }

    proptest! {
        /// No jump of the clock makes anybody wait longer than the window, after which an action is
        /// permitted. (The clocks of processes may differ by two seconds.)
        #[test]
        fn no_clock_makes_anybody_wait_longer_than_the_window(
            actions in 1_i64..50,
            seconds in 1_i64..100_000,
            moves in proptest::collection::vec((-4_000_000_000_i64..4_000_000_000, 0_usize..60), 1..20),
        ) {
            let rate = Rate::per_seconds(actions, seconds);
            let (mut now, mut free_at) = (Timestamp(1_800_000_000_000), None);
            for (step, tries) in moves {
                now = now.plus_ms(step);
                for _ in 0..tries {
                    match rate.take(free_at, now) {
                        Ok(next) => free_at = Some(next),
                        Err(wait) => {
                            prop_assert!((1..=rate.window_ms).contains(&wait));
                            prop_assert!(rate.take(free_at, now.plus_ms(rate.window_ms + 2_000)).is_ok());
                        }
                    }
                }
            }
        }

        /// With a steady clock a window, at any start, lets at most twice the limit through.
        #[test]
        fn a_limit_limits(
            actions in 1_i64..50,
            seconds in 1_i64..1000,
            steps in proptest::collection::vec(0_i64..2000, 1..200),
        ) {
            let rate = Rate::per_seconds(actions, seconds);
            let (mut now, mut free_at, mut taken) = (Timestamp(0), None, Vec::new());
            for step in steps {
                now = now.plus_ms(step);
                if let Ok(next) = rate.take(free_at, now) {
                    free_at = Some(next);
                    taken.push(now.as_millis());
                }
            }
            for start in &taken {
                let within = taken.iter().filter(|at| (*start..start + rate.window_ms).contains(at)).count();
                prop_assert!(within <= 2 * usize::try_from(actions).unwrap());
            }
        }
    }
}
