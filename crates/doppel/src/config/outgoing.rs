//! `[outgoing]`: requests to other servers.

use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::check::limit;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Outgoing {
    pub allowed_networks: Vec<IpNet>,
    pub ca_file: PathBuf,
    pub connect_seconds: u64,
}

impl Outgoing {
    pub(super) fn check(&self) -> Result<(), String> {
        self.authorities()?;
        limit("outgoing.connect_seconds", self.connect_seconds, 1, 600)
    }

    /// Returns the certificates of `ca_file`; empty if there is none.
    ///
    /// # Errors
    /// A message for people if the file cannot be read or has no certificates.
    pub fn authorities(&self) -> Result<Vec<u8>, String> {
        if self.ca_file.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let shown = self.ca_file.display();
        let pem =
            std::fs::read(&self.ca_file).map_err(|error| format!("outgoing.ca_file = {shown}: {error}"))?;
        if outgoing::has_certificates(&pem) {
            Ok(pem)
        } else {
            Err(format!("outgoing.ca_file = {shown}: expected certificates in PEM"))
        }
    }
}
