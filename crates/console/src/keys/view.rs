//! An API key as the pages show it.

use identity::{KeyId, key::ApiKey};
use store::Timestamp;

use crate::{texts::Texts, when::When};

/// Keys that expire within this time are marked, in milliseconds.
const SOON_MS: i64 = 7 * 86_400_000;

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    /// It expires within a week.
    Soon,
    /// It was replaced, and still works for a while.
    Ending,
    Expired,
    /// It was replaced, and no longer works.
    Replaced,
}

impl State {
    pub(crate) fn of(key: &ApiKey, now: Timestamp) -> Self {
        match (key.is_live(now), key.replaced_by) {
            (false, Some(_)) => Self::Replaced,
            (false, None) => Self::Expired,
            (true, Some(_)) => Self::Ending,
            (true, None) if key.expires_at.is_some_and(|end| end <= now.plus_ms(SOON_MS)) => Self::Soon,
            (true, None) => Self::Active,
        }
    }

    const fn text(self, t: &Texts) -> &'static str {
        match self {
            Self::Active => t.state_active,
            Self::Soon => t.state_soon,
            Self::Ending => t.state_ending,
            Self::Expired => t.state_expired,
            Self::Replaced => t.state_replaced,
        }
    }

    /// Returns the CSS class that sets the color of the text.
    const fn class(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Soon | Self::Ending => "warn",
            Self::Expired => "bad",
            Self::Replaced => "off",
        }
    }
}

/// The data of a key that a page shows.
#[derive(Debug)]
pub(crate) struct KeyView {
    pub(crate) id: KeyId,
    pub(crate) name: String,
    pub(crate) hint: String,
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) created: When,
    pub(crate) expires: Option<When>,
    pub(crate) last_used: Option<When>,
    pub(crate) last_address: String,
    pub(crate) replaced_by: Option<KeyId>,
    pub(crate) state_text: &'static str,
    pub(crate) state_class: &'static str,
    /// True if it can be rotated.
    pub(crate) can_rotate: bool,
}

impl KeyView {
    pub(crate) fn new(key: ApiKey, now: Timestamp, t: &Texts) -> Self {
        let state = State::of(&key, now);
        Self {
            id: key.id,
            scopes: key.scopes.names(),
            created: When(key.created_at),
            expires: key.expires_at.map(When),
            last_used: key.last_used_at.map(When),
            last_address: key.last_used_address.unwrap_or_default(),
            replaced_by: key.replaced_by,
            state_text: state.text(t),
            state_class: state.class(),
            can_rotate: matches!(state, State::Active | State::Soon),
            name: key.name,
            hint: key.hint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use identity::ScopeSet;

    #[test]
    fn states() {
        let now = Timestamp(1_000_000_000_000);
        let state = |expires_in: Option<i64>, replaced_by: Option<i64>| {
            let expires_at = expires_in.map(|ms| now.plus_ms(ms));
            let key = ApiKey {
                id: KeyId(1),
                name: String::new(),
                hint: String::new(),
                scopes: ScopeSet::EMPTY,
                created_at: now,
                expires_at,
                replaced_by: replaced_by.map(KeyId),
                last_used_at: None,
                last_used_address: None,
            };
            State::of(&key, now)
        };
        assert_eq!(state(None, None), State::Active);
        assert_eq!(state(Some(SOON_MS + 1), None), State::Active);
        assert_eq!(state(Some(SOON_MS), None), State::Soon);
        assert_eq!(state(Some(0), None), State::Expired);
        assert_eq!(state(Some(1), Some(2)), State::Ending);
        assert_eq!(state(Some(-1), Some(2)), State::Replaced);
    }
}
