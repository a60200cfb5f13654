//! Limits of each connected agent per minute. They are counted in memory, at each process by itself.

use std::collections::HashMap;

use parking_lot::Mutex;
use store::{AccountId, Timestamp};

use crate::Settings;

const MINUTE_MS: i64 = 60_000;

/// An action that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Any request.
    Request,
    /// An addition or a change.
    Write,
    /// A question to the assistant.
    Ask,
}

/// The agent that is limited: the account, and the key, program or app.
pub(crate) type Agent = (AccountId, String);

/// The limits, and what each agent has used of them in the present minute.
pub(crate) struct Limits {
    per_minute: [u32; 3],
    window: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    minute: i64,
    used: HashMap<Agent, [u32; 3]>,
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let per_minute = [settings.requests_per_minute, settings.writes_per_minute, settings.asks_per_minute];
        Self { per_minute, window: Mutex::default() }
    }

    /// Counts an action.
    ///
    /// # Errors
    /// The number of seconds to wait if the limit is used up.
    pub(crate) fn take(&self, agent: &Agent, action: Action, now: Timestamp) -> Result<(), u64> {
        let minute = now.as_millis().div_euclid(MINUTE_MS);
        let mut window = self.window.lock();
        // Agents of the last minute are forgotten, so that the map stays small.
        if window.minute != minute {
            *window = Window { minute, used: HashMap::new() };
        }
        let which = action as usize;
        let most = self.per_minute.get(which).copied().unwrap_or(u32::MAX);
        let used = match window.used.get_mut(agent) {
            Some(used) => used,
            None => window.used.entry(agent.clone()).or_default(),
        };
        match used.get_mut(which) {
            Some(used) if *used >= most => {
                let left = MINUTE_MS - now.as_millis().rem_euclid(MINUTE_MS);
                Err(u64::try_from(left).unwrap_or(0).div_ceil(1000).max(1))
            }
            Some(used) => {
                *used += 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::ScopeSet;

    #[test]
    fn agents_have_limits_of_their_own_for_each_action() {
        let limits = Limits::new(&Settings {
            base_url: String::new(),
            scopes: ScopeSet::EMPTY,
            requests_per_minute: 2,
            writes_per_minute: 1,
            asks_per_minute: 1,
            log_days: 1,
        });
        let (one, other) = ((AccountId(1), "app:a".to_owned()), (AccountId(2), "app:a".to_owned()));
        let at = |second: i64| Timestamp(600_000 + second * 1000);
        assert_eq!(limits.take(&one, Action::Request, at(0)), Ok(()));
        assert_eq!(limits.take(&one, Action::Request, at(1)), Ok(()));
        assert_eq!(limits.take(&one, Action::Request, at(15)), Err(45));
        assert_eq!(limits.take(&one, Action::Write, at(15)), Ok(()));
        assert_eq!(limits.take(&one, Action::Write, at(59)), Err(1));
        assert_eq!(limits.take(&one, Action::Ask, at(59)), Ok(()));
        assert_eq!(limits.take(&other, Action::Request, at(59)), Ok(()));
        assert_eq!(limits.take(&one, Action::Request, at(60)), Ok(()));
        assert_eq!(limits.window.lock().used.len(), 1, "those of the last minute are forgotten");
    }
}
