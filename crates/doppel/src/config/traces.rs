//! `[traces]`: the export of OpenTelemetry traces.

use serde::{Deserialize, Serialize};

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
        let url = url::Url::parse(&self.endpoint);
        let is_url =
            url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        if !self.endpoint.is_empty() && !is_url {
            return Err(format!(
                "traces.endpoint = {:?}: expected the http or https URL of a collector, or nothing",
                self.endpoint
            ));
        }
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(format!("traces.sample = {}: expected a number from 0 to 1", self.sample));
        }
        Ok(())
    }
}
