//! `[rerank]`: the model that orders the first search results.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::SecretText;

use super::check::{endpoint, limit};

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Rerank {
    pub base_url: String,
    pub api_key: SecretText,
    pub name: String,
    pub milliseconds: u64,
}

impl Rerank {
    pub(super) fn check(&self) -> Result<(), String> {
        endpoint("rerank.base_url", &self.base_url, "http://127.0.0.1:8012/v1")?;
        limit("rerank.milliseconds", self.milliseconds, 10, 60_000)
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
