//! `[notes]`: reading of the pages that notes link to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::limit;

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Notes {
    pub read_links: bool,
    pub max_page_bytes: usize,
    pub page_seconds: u64,
}

impl Notes {
    pub(super) fn check(&self) -> Result<(), String> {
        let bytes = u64::try_from(self.max_page_bytes).unwrap_or(u64::MAX);
        limit("notes.max_page_bytes", bytes, 1024, 64 << 20)?;
        limit("notes.page_seconds", self.page_seconds, 1, 120)
    }

    /// Returns the settings for the memory crate.
    pub fn settings(&self) -> memory::note::page::Settings {
        memory::note::page::Settings {
            enabled: self.read_links,
            max_bytes: self.max_page_bytes,
            limit: Duration::from_secs(self.page_seconds),
        }
    }
}
