//! `[mcp]`: the tools with which a person's agents use their memory.

use identity::{ScopeSet, audience::MCP_SCOPES};
use serde::{Deserialize, Serialize};
use web::redact;

use super::check::{is_base_url, limit};

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Mcp {
    pub scopes: Vec<String>,
    pub access_seconds: u64,
    pub allowed_origins: Vec<String>,
    pub requests_per_minute: u32,
    pub writes_per_minute: u32,
    pub asks_per_minute: u32,
    pub log_days: i64,
    pub refresh_seconds: u64,
    pub known_clients: Vec<String>,
    pub hub_tools_for_people: bool,
}

impl Mcp {
    /// Returns the scopes that are asked for first. Valid after [`Mcp::check`].
    #[must_use]
    pub fn scopes(&self) -> ScopeSet {
        ScopeSet::parse(self.scopes.iter().map(String::as_str)).unwrap_or_default().and(MCP_SCOPES)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        limit("mcp.access_seconds", self.access_seconds, 60, 31_536_000)?;
        limit("mcp.refresh_seconds", self.refresh_seconds, 60, 315_360_000)?;
        if let Some(bad) = self.known_clients.iter().find(|text| !identity::document::is_valid(text)) {
            let start: String = bad.chars().take(80).collect();
            return Err(format!(
                "mcp.known_clients has {start:?}: expected client id metadata documents as JSON"
            ));
        }
        let known = ScopeSet::parse(self.scopes.iter().map(String::as_str));
        let scopes =
            known.map_err(|name| format!("mcp.scopes has {name:?}: expected the name of a scope"))?;
        let unused = scopes.without(MCP_SCOPES);
        if scopes.is_empty() || !unused.is_empty() {
            return Err(format!("mcp.scopes = {:?}: expected some of: {MCP_SCOPES}", self.scopes));
        }
        for origin in &self.allowed_origins {
            if !is_base_url(origin) {
                let origin = redact::url(origin);
                return Err(format!(
                    "mcp.allowed_origins has {origin:?}: expected origins as https://app.example"
                ));
            }
        }
        for (key, value) in [
            ("mcp.requests_per_minute", self.requests_per_minute),
            ("mcp.writes_per_minute", self.writes_per_minute),
            ("mcp.asks_per_minute", self.asks_per_minute),
        ] {
            limit(key, value.into(), 1, 1_000_000)?;
        }
        limit("mcp.log_days", u64::try_from(self.log_days).unwrap_or(0), 1, 3650)
    }

    /// Returns the settings for the agents crate.
    #[must_use]
    pub fn settings(&self, base_url: &str) -> agents::Settings {
        agents::Settings {
            base_url: base_url.trim_end_matches('/').to_owned(),
            scopes: self.scopes(),
            requests_per_minute: self.requests_per_minute,
            writes_per_minute: self.writes_per_minute,
            asks_per_minute: self.asks_per_minute,
            log_days: self.log_days,
        }
    }
}
