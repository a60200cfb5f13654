//! `[rerank]`: the model that orders the first search results.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use web::redact;

use super::{HIDDEN, limit};

/// The section. `default.toml` describes each key.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Rerank {
    pub base_url: String,
    pub api_key: String,
    pub name: String,
    pub milliseconds: u64,
}

/// Leaves out the key, which is a secret.
impl fmt::Debug for Rerank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rerank")
            .field("base_url", &redact::url(&self.base_url))
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Rerank {
    pub(super) fn check(&self) -> Result<(), String> {
        let url = &self.base_url;
        let is_url = url.starts_with("http://") || url.starts_with("https://");
        if !url.is_empty() && (!is_url || url.contains(['?', '#', '@', ' '])) {
            let url = redact::url(url);
            return Err(format!(
                "rerank.base_url = {url:?}: expected an address as http://127.0.0.1:8012/v1, or nothing"
            ));
        }
        limit("rerank.milliseconds", self.milliseconds, 10, 60_000)
    }

    /// Hides the key.
    pub(super) fn hide(&mut self) {
        if !self.api_key.is_empty() {
            HIDDEN.clone_into(&mut self.api_key);
        }
    }

    /// Returns the time limit of a call.
    pub fn limit(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }

    /// Returns the settings for the memory crate; `None` if no endpoint is configured.
    pub fn settings(&self) -> Option<memory::meaning::RerankSettings> {
        (!self.base_url.is_empty()).then(|| memory::meaning::RerankSettings {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            api_key: self.api_key.clone(),
            name: self.name.clone(),
            limit: self.limit(),
            is_guarded: false,
        })
    }
}
