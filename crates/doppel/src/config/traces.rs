//! `[traces]`: the export of OpenTelemetry traces.

use serde::{Deserialize, Serialize};

use super::check::endpoint;

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Traces {
    pub endpoint: String,
    pub service_name: String,
    pub sample: f64,
}

impl Traces {
    pub(super) fn check(&self) -> Result<(), String> {
        endpoint("traces.endpoint", &self.endpoint, "http://127.0.0.1:4318")?;
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(format!("traces.sample = {}: expected a number from 0 to 1", self.sample));
        }
        Ok(())
    }
}
