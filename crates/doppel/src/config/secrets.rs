//! `[secrets]`: the keys for sealed secrets.

use serde::{Deserialize, Serialize};

/// The keys that seal secrets which must be readable again.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Secrets {
    pub key: String,
    pub older_keys: Vec<String>,
    pub lost_keys: Vec<String>,
}

/// Shows nothing, because the section contains keys.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Checks the section.
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.key.is_empty() {
            store::check_key(&self.key).map_err(|error| format!("secrets.key: {error}"))?;
        }
        let mut older = self.older_keys.iter();
        older
            .try_for_each(|key| store::check_key(key))
            .map_err(|error| format!("secrets.older_keys: {error}"))
    }

    /// Returns the section with the keys hidden.
    pub(super) fn shown(&self) -> Self {
        let hide = |key: &String| if key.is_empty() { String::new() } else { super::HIDDEN.to_owned() };
        let older_keys = self.older_keys.iter().map(hide).collect();
        Self { key: hide(&self.key), older_keys, lost_keys: self.lost_keys.clone() }
    }
}
