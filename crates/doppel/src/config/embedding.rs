//! `[embedding]`: the model for semantic search.

use std::time::Duration;

use memory::meaning::{Endpoint, Limits, Settings};
use serde::{Deserialize, Serialize};
use store::SecretText;

use super::check::{endpoint, limit};

/// Maximum length of a prefix in characters.
const MAX_PREFIX: usize = 500;

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Embedding {
    pub built_in: bool,
    pub base_url: String,
    pub api_key: SecretText,
    pub name: String,
    pub query_prefix: String,
    pub passage_prefix: String,
    pub dimensions: u32,
    pub batch: usize,
    pub seconds: u64,
    pub question_milliseconds: u64,
    pub cache_bytes: u64,
}

impl Embedding {
    pub(super) fn check(&self) -> Result<(), String> {
        endpoint("embedding.base_url", &self.base_url, "http://127.0.0.1:11434/v1")?;
        if !self.base_url.is_empty() && self.name.is_empty() {
            return Err("embedding.name is empty: expected the provider's name of a model".to_owned());
        }
        for (setting, prefix) in
            [("query_prefix", &self.query_prefix), ("passage_prefix", &self.passage_prefix)]
        {
            if prefix.chars().count() > MAX_PREFIX {
                return Err(format!("embedding.{setting} is longer than {MAX_PREFIX} characters"));
            }
        }
        limit("embedding.dimensions", self.dimensions.into(), 0, 8192)?;
        limit("embedding.batch", u64::try_from(self.batch).unwrap_or(u64::MAX), 1, 1000)?;
        limit("embedding.seconds", self.seconds, 1, 600)?;
        limit("embedding.question_milliseconds", self.question_milliseconds, 10, 60_000)?;
        limit("embedding.cache_bytes", self.cache_bytes, 1 << 20, 1 << 40)
    }

    /// Returns the settings for the memory crate; `None` if there is neither an endpoint nor a built-in
    /// model.
    pub fn settings(&self) -> Option<Settings> {
        let limits = self.limits();
        if self.base_url.is_empty() {
            let model = embedding::built_in().filter(|_| self.built_in)?;
            return Some(Settings::built_in(model, &limits));
        }
        let endpoint = Endpoint {
            base_url: self.base_url.clone(),
            api_key: self.api_key.clone(),
            name: self.name.clone(),
            query_prefix: self.query_prefix.clone(),
            passage_prefix: self.passage_prefix.clone(),
            dimensions: self.dimensions,
            is_guarded: false,
        };
        Some(endpoint.settings(&limits))
    }

    /// Returns the limits of the model, whichever it is.
    pub fn limits(&self) -> Limits {
        Limits {
            batch: self.batch,
            limit: Duration::from_secs(self.seconds),
            patience: Duration::from_millis(self.question_milliseconds),
            cache_bytes: self.cache_bytes,
        }
    }
}
