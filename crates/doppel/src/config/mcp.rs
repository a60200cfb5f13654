//! `[mcp]`: the tools with which a person's agents use their memory.

use identity::{ScopeSet, audience::MCP_SCOPES};
use serde::{Deserialize, Serialize};

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Mcp {
    pub scopes: Vec<String>,
    pub access_seconds: u64,
}

impl Mcp {
    /// Returns the scopes that are asked for first. Valid after [`Mcp::check`].
    #[must_use]
    pub fn scopes(&self) -> ScopeSet {
        ScopeSet::parse(self.scopes.iter().map(String::as_str)).unwrap_or_default().and(MCP_SCOPES)
    }

    /// Checks the section. `limit` takes a key, its value, the minimum and the maximum.
    pub(super) fn check(
        &self,
        limit: impl Fn(&str, u64, u64, u64) -> Result<(), String>,
    ) -> Result<(), String> {
        limit("mcp.access_seconds", self.access_seconds, 60, 31_536_000)?;
        let known = ScopeSet::parse(self.scopes.iter().map(String::as_str));
        let scopes =
            known.map_err(|name| format!("mcp.scopes has {name:?}: expected the name of a scope"))?;
        let unused = scopes.without(MCP_SCOPES);
        if scopes.is_empty() || !unused.is_empty() {
            return Err(format!("mcp.scopes = {:?}: expected some of: {MCP_SCOPES}", self.scopes));
        }
        Ok(())
    }
}
