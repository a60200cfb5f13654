//! `[secrets]`: the keys for sealed secrets.

use serde::{Deserialize, Serialize};
use store::SecretText;

/// The keys that seal secrets which must be readable again.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Secrets {
    pub key: SecretText,
    pub older_keys: Vec<SecretText>,
    pub lost_keys: Vec<String>,
}

impl Secrets {
    /// Checks the section.
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.key.is_empty() {
            store::check_key(self.key.expose()).map_err(|error| format!("secrets.key: {error}"))?;
        }
        let mut older = self.older_keys.iter();
        older
            .try_for_each(|key| store::check_key(key.expose()))
            .map_err(|error| format!("secrets.older_keys: {error}"))
    }
}
