//! `[oauth]`: apps of other people.

use serde::{Deserialize, Serialize};

use super::check::limit;

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Oauth {
    pub code_seconds: u64,
    pub access_seconds: u64,
    pub refresh_seconds: u64,
    pub rotation_grace_seconds: u64,
    pub app_token_seconds: u64,
    pub max_applications: u64,
    pub redirect_app_schemes: bool,
    pub redirect_private_networks: bool,
    pub dynamic_registration: bool,
    pub http_redirect_hosts: Vec<String>,
    pub registration_limit: u64,
    pub registration_window_seconds: u64,
    pub webhook_signature_header: String,
}

impl Oauth {
    pub(super) fn check(&self) -> Result<(), String> {
        limit("oauth.code_seconds", self.code_seconds, 10, 3600)?;
        limit("oauth.access_seconds", self.access_seconds, 60, 31_536_000)?;
        limit("oauth.refresh_seconds", self.refresh_seconds, 60, 315_360_000)?;
        limit("oauth.rotation_grace_seconds", self.rotation_grace_seconds, 0, 600)?;
        limit("oauth.app_token_seconds", self.app_token_seconds, 60, 31_536_000)?;
        limit("oauth.max_applications", self.max_applications, 0, 1_000_000)?;
        limit("oauth.registration_limit", self.registration_limit, 1, 1_000_000)?;
        limit("oauth.registration_window_seconds", self.registration_window_seconds, 1, 2_592_000)?;
        let name = &self.webhook_signature_header;
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(format!("oauth.webhook_signature_header = {name:?}: expected the name of a header"));
        }
        Ok(())
    }
}
