//! The reasons why answers fail, as the person needs to know them.

use strum::{EnumString, IntoStaticStr};

use crate::provider::Failure;

/// The reason why an answer failed, for the person to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The provider does not accept the key.
    Key,
    /// The provider does not know the model.
    Model,
    /// The provider's limit or credit is used up.
    Limited,
    /// The provider refused the request.
    Refused,
    /// The provider reported an error of its own.
    Broken,
    /// The provider cannot be reached.
    Unreachable,
    /// The provider took too long.
    Slow,
    /// The provider's response is unusable.
    Garbled,
    /// The response ended in the middle.
    BrokenOff,
    /// The response is empty.
    Empty,
    /// The response's tokens were used up before it said anything.
    Spent,
    /// All providers failed lately and are left alone for some seconds.
    Resting,
    /// The answer could not be stored.
    Storage,
    /// The answer was stopped.
    Stopped,
    /// Another reason.
    Other,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 15] = [
        Self::Key,
        Self::Model,
        Self::Limited,
        Self::Refused,
        Self::Broken,
        Self::Unreachable,
        Self::Slow,
        Self::Garbled,
        Self::BrokenOff,
        Self::Empty,
        Self::Spent,
        Self::Resting,
        Self::Storage,
        Self::Stopped,
        Self::Other,
    ];

    /// Returns the name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Parses a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Returns the reason of a failure.
    pub(crate) const fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Status(401 | 403, _) => Self::Key,
            Failure::Status(404, _) => Self::Model,
            Failure::Status(402 | 429, _) => Self::Limited,
            Failure::Status(400..=499, _) => Self::Refused,
            Failure::Status(..) | Failure::Reported => Self::Broken,
            Failure::Unreachable(_) => Self::Unreachable,
            Failure::Slow(_) => Self::Slow,
            Failure::Garbled(_) | Failure::Undecided => Self::Garbled,
            Failure::BrokenOff => Self::BrokenOff,
            Failure::Empty => Self::Empty,
            Failure::Spent => Self::Spent,
            Failure::Resting => Self::Resting,
            #[expect(unreachable_patterns, reason = "failures that are added later")]
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_names_of_their_own() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.name()), Some(reason));
        }
        assert_eq!(Reason::parse("nonsense"), None);
    }
}
