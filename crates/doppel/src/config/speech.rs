//! `[speech]`: the endpoint that reads texts aloud.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::SecretText;

use super::check::{endpoint, limit};

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Speech {
    pub base_url: String,
    pub api_key: SecretText,
    pub name: String,
    pub voice: String,
    pub seconds: u64,
}

impl Speech {
    pub(super) fn check(&self) -> Result<(), String> {
        endpoint("speech.base_url", &self.base_url, "http://127.0.0.1:8880/v1")?;
        limit("speech.seconds", self.seconds, 1, 600)
    }

    /// Returns the settings for the chat crate.
    pub fn settings(&self) -> chat::speech::SpeechSettings {
        chat::speech::SpeechSettings {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            api_key: self.api_key.clone(),
            name: self.name.clone(),
            voice: self.voice.clone(),
            limit: Duration::from_secs(self.seconds),
        }
    }
}
