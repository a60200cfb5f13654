//! One rate-limit bucket: the generic cell rate algorithm, and a count per day. No I/O.

use parking_lot::Mutex;
use store::Timestamp;

const DAY_MS: i64 = 86_400_000;
const SECOND_US: i64 = 1_000_000;
/// Maximum debt of a bucket beyond its burst, in microseconds. Debt comes from calls that other processes
/// let through between synchronizations. Larger values, left behind by a clock that was ahead, are reduced
/// to this.
const DEBT_US: i64 = 10 * SECOND_US;
/// Maximum distance of a shared bucket's `tat` from now, in microseconds. A shared bucket has a burst of
/// one second.
pub(super) const AHEAD_US: i64 = SECOND_US + DEBT_US;

/// The limits of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Calls per second.
    pub(crate) per_second: u32,
    /// Calls that may be made at once after a pause.
    pub(crate) burst: u32,
    /// Calls per UTC day; 0: unlimited.
    pub(crate) per_day: u64,
}

impl Quota {
    /// Creates a quota with a burst of one second's calls.
    pub(crate) fn new(per_second: u32, per_day: u64) -> Self {
        let per_second = per_second.max(1);
        Self { per_second, burst: per_second, per_day }
    }

    /// Returns the quota with another burst.
    pub(crate) fn with_burst(self, burst: u32) -> Self {
        Self { burst: burst.max(1), ..self }
    }

    /// Returns the interval between calls at the full rate, in microseconds.
    fn period(self) -> i64 {
        (SECOND_US / i64::from(self.per_second)).max(1)
    }
}

/// The quota that remains after a call. Each pair is the number of calls left and the seconds until it is
/// full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) second: (i64, i64),
    /// `None` if there is no limit per day.
    pub(crate) day: Option<(u64, i64)>,
}

/// The reason why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The rate per second is exceeded; seconds to wait.
    Rate(i64),
    /// The limit of the day is reached; seconds to wait.
    Day(i64),
}

/// Calls let through since the last synchronization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pending {
    pub(super) ahead_us: i64,
    pub(super) day: i64,
    pub(super) calls: i64,
}

#[derive(Debug, Default)]
struct State {
    /// The theoretical arrival time, at which the bucket is empty again, in microseconds since 1970.
    tat: i64,
    day: i64,
    /// Calls of the day in all processes, as of the last synchronization.
    calls: u64,
    pending: Pending,
}

/// The bucket of one subject.
#[derive(Debug)]
pub(crate) struct Bucket {
    subject: String,
    state: Mutex<State>,
}

impl Bucket {
    pub(super) fn new(subject: String) -> Self {
        Self { subject, state: Mutex::default() }
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// Takes one call. The flag is true for the first call since the last synchronization.
    pub(super) fn take(&self, quota: Quota, now: Timestamp) -> Result<(Left, bool), Refusal> {
        let (now_us, today) = (now.as_millis() * 1000, now.day());
        let period = quota.period();
        let state = &mut *self.state.lock();
        if state.day != today {
            (state.day, state.calls) = (today, 0);
            // Calls from before midnight that were not shared yet no longer matter.
            state.pending = Pending { day: today, ..state.pending };
            state.pending.calls = 0;
        }
        let midnight = DAY_MS - now.as_millis().rem_euclid(DAY_MS);
        let until_midnight = ceil(midnight, 1000);
        if quota.per_day > 0 && state.calls >= quota.per_day {
            return Err(Refusal::Day(until_midnight));
        }
        let room = period * i64::from(quota.burst);
        // The reduced value is stored, so that the wait counts down instead of starting anew with each
        // call.
        state.tat = state.tat.min(now_us + room + DEBT_US);
        let after = state.tat.max(now_us) + period;
        let ahead = after - now_us;
        if ahead > room {
            return Err(Refusal::Rate(ceil(ahead - room, SECOND_US)));
        }
        state.tat = after;
        state.calls += 1;
        let is_first = state.pending.ahead_us == 0;
        state.pending.ahead_us += period;
        state.pending.day = today;
        state.pending.calls += 1;
        let day = (quota.per_day > 0).then(|| (quota.per_day - state.calls, until_midnight));
        Ok((Left { second: ((room - ahead) / period, ceil(ahead, SECOND_US)), day }, is_first))
    }

    /// Takes one call from a bucket that is not shared with other processes.
    pub(crate) fn take_alone(&self, quota: Quota, now: Timestamp) -> Result<Left, Refusal> {
        self.take(quota, now).map(|(left, _)| left)
    }

    /// Returns the quota that remains, for a call that was refused.
    pub(crate) fn left(&self, quota: Quota, now: Timestamp) -> Left {
        let (now_us, period) = (now.as_millis() * 1000, quota.period());
        let state = self.state.lock();
        let ahead = state.tat.max(now_us) - now_us;
        let free = (period * i64::from(quota.burst) - ahead).max(0) / period;
        let until_midnight = ceil(DAY_MS - now.as_millis().rem_euclid(DAY_MS), 1000);
        let calls = if state.day == now.day() { state.calls } else { 0 };
        let day = (quota.per_day > 0).then(|| (quota.per_day.saturating_sub(calls), until_midnight));
        Left { second: (free, ceil(ahead, SECOND_US)), day }
    }

    /// Returns true if a call could be taken now.
    #[cfg(test)]
    fn is_free(&self, quota: Quota, now: Timestamp) -> bool {
        let period = quota.period();
        let now_us = now.as_millis() * 1000;
        self.state.lock().tat.max(now_us) + period - now_us <= period * i64::from(quota.burst)
    }

    /// Takes out the calls that other processes do not know of yet.
    pub(super) fn pending(&self) -> Pending {
        std::mem::take(&mut self.state.lock().pending)
    }

    /// Puts back calls that could not be stored.
    pub(super) fn give_back(&self, pending: Pending) {
        let state = &mut *self.state.lock();
        state.pending.ahead_us += pending.ahead_us;
        if state.day == pending.day {
            state.pending.calls += pending.calls;
            state.pending.day = pending.day;
        }
    }

    /// Adopts the totals of all processes. A day in the future is ignored.
    pub(super) fn learn(&self, tat: i64, day: i64, calls: i64, today: i64) {
        let state = &mut *self.state.lock();
        state.tat = state.tat.max(tat.saturating_add(state.pending.ahead_us));
        if day >= state.day && day <= today {
            let more = if day == state.pending.day { state.pending.calls } else { 0 };
            (state.day, state.calls) = (day, calls.saturating_add(more).unsigned_abs());
        }
    }
}

/// Returns `value / unit`, rounded up.
fn ceil(value: i64, unit: i64) -> i64 {
    value.max(0).saturating_add(unit - 1) / unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_767_225_600_000);

    fn count(bucket: &Bucket, quota: Quota, now: Timestamp, attempts: u32) -> u32 {
        (0..attempts).map(|_| u32::from(bucket.take(quota, now).is_ok())).sum()
    }

    #[test]
    fn a_burst_then_an_even_flow() {
        let (bucket, quota) = (Bucket::new(String::new()), Quota::new(10, 0));
        assert_eq!(count(&bucket, quota, START, 50), 10);
        assert_eq!(bucket.take(quota, START).unwrap_err(), Refusal::Rate(1));
        assert_eq!(count(&bucket, quota, START.plus_ms(99), 50), 0);
        assert_eq!(count(&bucket, quota, START.plus_ms(100), 50), 1);
        assert_eq!(count(&bucket, quota, START.plus_ms(350), 50), 2);
        assert_eq!(count(&bucket, quota, START.plus_secs(60), 50), 10);
    }

    #[test]
    fn what_is_left_is_told() {
        let (bucket, quota) = (Bucket::new(String::new()), Quota::new(4, 3));
        let left = |now| bucket.take(quota, now).map(|(left, _)| left);
        assert_eq!(left(START).unwrap(), Left { second: (3, 1), day: Some((2, 86_400)) });
        assert_eq!(left(START).unwrap(), Left { second: (2, 1), day: Some((1, 86_400)) });
        assert_eq!(left(START.plus_secs(10)).unwrap(), Left { second: (3, 1), day: Some((0, 86_390)) });
        assert_eq!(left(START.plus_secs(20)).unwrap_err(), Refusal::Day(86_380));
        assert!(left(START.plus_secs(86_400)).is_ok(), "the next day");
    }

    /// Two processes with one limit exceed it at first and keep it exactly in the long run.
    #[test]
    fn processes_share_a_limit_within_the_stated_error() {
        let quota = Quota::new(100, 0);
        let processes = [Bucket::new("key/a".into()), Bucket::new("key/a".into())];
        let (mut stored, mut let_through) = (0_i64, 0_u32);
        for round in 0..40 {
            let now = START.plus_ms(round * 500);
            for step in 0..50 {
                for process in &processes {
                    let_through += count(process, quota, now.plus_ms(step * 10), 3);
                }
            }
            let now_us = now.plus_ms(500).as_millis() * 1000;
            for process in &processes {
                let pending = process.pending();
                stored = stored.max(now_us) + pending.ahead_us;
                process.learn(stored, START.day(), 0, START.day());
            }
        }
        // 20 seconds: 2000 calls, the burst, and the excess of one round of another process.
        assert!((2000..=2000 + 100 + 150).contains(&let_through), "{let_through}");
    }

    #[test]
    fn what_could_not_be_told_is_told_later() {
        let (bucket, quota) = (Bucket::new(String::new()), Quota::new(100, 1000));
        count(&bucket, quota, START, 5);
        let pending = bucket.pending();
        count(&bucket, quota, START, 2);
        bucket.give_back(pending);
        assert_eq!(bucket.pending(), Pending { ahead_us: 70_000, day: START.day(), calls: 7 });
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit(
            rate in 1_u32..500,
            burst in 1_u32..500,
            gaps in prop::collection::vec(0_i64..50, 1..400),
        ) {
            let (bucket, quota) = (Bucket::new(String::new()), Quota::new(rate, 0).with_burst(burst));
            let (mut now, mut let_through) = (START, 0_i64);
            for gap in gaps {
                now = now.plus_ms(gap);
                let could = bucket.is_free(quota, now);
                let did = bucket.take(quota, now).is_ok();
                prop_assert_eq!(could, did);
                let_through += i64::from(did);
                let passed = (now.as_millis() - START.as_millis()) * 1000;
                prop_assert!(let_through <= i64::from(burst) + passed / quota.period());
            }
        }

        #[test]
        fn no_move_of_the_clock_makes_anybody_wait_for_long(
            rate in 1_u32..500,
            burst in 1_u32..500,
            per_day in 0_u64..200,
            moves in prop::collection::vec((-40 * DAY_MS..40 * DAY_MS, 1_u32..300, any::<bool>()), 1..20),
        ) {
            let (bucket, quota) = (Bucket::new(String::new()), Quota::new(rate, per_day).with_burst(burst));
            let (mut now, mut latest, mut stored) = (START, START, 0_i64);
            let window = i64::from(burst) * quota.period() + DEBT_US;
            for (step, attempts, is_told) in moves {
                now = now.plus_ms(step);
                latest = latest.max(now);
                for _ in 0..attempts {
                    match bucket.take(quota, now) {
                        Ok((left, _)) => prop_assert!(left.second.1 <= ceil(window, SECOND_US)),
                        Err(Refusal::Rate(wait)) => prop_assert!(wait <= ceil(DEBT_US, SECOND_US) + 1),
                        Err(Refusal::Day(wait)) => prop_assert!(per_day > 0 && wait <= 86_400),
                    }
                }
                if is_told {
                    let pending = bucket.pending();
                    stored = stored.max(now.as_millis() * 1000) + pending.ahead_us;
                    bucket.learn(stored, pending.day, pending.calls, now.day());
                }
            }
            // One day after the latest moment, the bucket is as new.
            let later = latest.plus_ms(DAY_MS);
            prop_assert!(per_day > 0 || bucket.take(quota, later).is_ok());
        }

        #[test]
        fn a_day_has_so_many_calls(per_day in 1_u64..50, attempts in 1_u32..200) {
            let (bucket, quota) = (Bucket::new(String::new()), Quota::new(1000, per_day));
            let passed: u32 = (0..attempts).map(|at| count(
                &bucket, quota, START.plus_secs(at.into()), 1,
            )).sum();
            prop_assert_eq!(u64::from(passed), per_day.min(attempts.into()));
        }
    }
}
