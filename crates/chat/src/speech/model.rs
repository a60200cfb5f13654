//! Settings of speech.

use std::time::Duration;

use store::SecretText;

/// The endpoint that speaks.
#[derive(Debug, Clone)]
pub struct SpeechSettings {
    /// The URL up to `/audio/speech`, without a slash at the end; empty: none.
    pub base_url: String,
    /// The key; empty: none.
    pub api_key: SecretText,
    /// The name of the model.
    pub name: String,
    /// The voice of people who have none of their own; empty: none.
    pub voice: String,
    /// Time limit of a call.
    pub limit: Duration,
}
