//! Errors of sealing and opening secrets.

use std::fmt;

/// The reason why a secret cannot be sealed or opened, as a text for the log and for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealError {
    pub(super) text: String,
    pub(super) is_lost: bool,
}

impl SealError {
    pub(super) fn new(text: String) -> Self {
        Self { text, is_lost: false }
    }

    /// Returns true if the secret was sealed with a key that is configured as lost, so nothing can open it
    /// again.
    pub const fn is_lost(&self) -> bool {
        self.is_lost
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SealError {}

impl From<crate::Error> for SealError {
    fn from(error: crate::Error) -> Self {
        Self::new(error.to_string())
    }
}
