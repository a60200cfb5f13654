//! `[quota]`: limits of what every account may store, and of what keys and apps may add.

use serde::{Deserialize, Serialize};

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Quota {
    pub memories: i64,
    pub notes: i64,
    pub agent_events: i64,
    pub messages: i64,
    pub bytes: i64,
    pub app_upload_bytes: i64,
    pub additions_per_hour: i64,
    pub uploads_per_hour: i64,
}

impl Quota {
    pub(super) fn check(&self) -> Result<(), String> {
        for (key, value, most) in [
            ("memories", self.memories, 1 << 40),
            ("notes", self.notes, 1 << 40),
            ("agent_events", self.agent_events, 1 << 40),
            ("messages", self.messages, 1 << 40),
            ("bytes", self.bytes, 1 << 50),
            ("app_upload_bytes", self.app_upload_bytes, 1 << 50),
            ("additions_per_hour", self.additions_per_hour, 1_000_000_000),
            ("uploads_per_hour", self.uploads_per_hour, 1_000_000_000),
        ] {
            if !(0..=most).contains(&value) {
                return Err(format!("quota.{key} = {value}: expected a number from 0 to {most}"));
            }
        }
        Ok(())
    }

    /// Returns the settings for the memory crate.
    pub const fn settings(&self) -> memory::quota::Settings {
        memory::quota::Settings {
            memories: self.memories,
            notes: self.notes,
            agent_events: self.agent_events,
            messages: self.messages,
            bytes: self.bytes,
            app_upload_bytes: self.app_upload_bytes,
            additions_per_hour: self.additions_per_hour,
            uploads_per_hour: self.uploads_per_hour,
        }
    }
}
