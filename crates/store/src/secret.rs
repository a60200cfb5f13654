//! Secrets in memory.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text that is shown in place of a secret.
pub const HIDDEN: &str = "***";

/// A secret text, such as a key or a password. It is overwritten when it is dropped.
///
/// `Debug` and `Serialize` show that there is one, and nothing of it. So it cannot be stored by accident:
/// whoever stores a secret [seals](crate::Sealer) it.
#[derive(Clone, Default)]
pub struct SecretText(SecretString);

impl SecretText {
    /// Returns the text, for the one who needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True if there is no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { HIDDEN }
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let (secret, none) = (SecretText::from("geheim"), SecretText::default());
        assert_eq!((secret.expose(), secret.is_empty(), none.is_empty()), ("geheim", false, true));
        assert_eq!((format!("{secret:?}"), format!("{none:?}")), (HIDDEN.to_owned(), String::new()));
        assert!(secret == SecretText::from("geheim".to_owned()) && secret != none);
    }
}
