//! `[transcription]`: the endpoint that writes down what people say.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::SecretText;

use super::check::{endpoint, limit};

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Transcription {
    pub base_url: String,
    pub api_key: SecretText,
    pub name: String,
    pub seconds: u64,
}

impl Transcription {
    pub(super) fn check(&self) -> Result<(), String> {
        endpoint("transcription.base_url", &self.base_url, "http://127.0.0.1:8000/v1")?;
        limit("transcription.seconds", self.seconds, 1, 600)
    }

    /// Returns the settings for the chat crate.
    pub fn settings(&self) -> chat::transcription::TranscriptionSettings {
        chat::transcription::TranscriptionSettings {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            api_key: self.api_key.clone(),
            name: self.name.clone(),
            limit: Duration::from_secs(self.seconds),
        }
    }
}
