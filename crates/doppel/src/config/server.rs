//! `[server]`, `[log]` and `[metrics]`: the listeners and the log.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use web::redact;

use super::{
    check::{count, is_base_url, limit},
    listen::Listen,
};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Server {
    pub listen: Listen,
    pub public_url: String,
    pub trusted_proxies: Vec<IpNet>,
    pub cors_origins: Vec<String>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub max_in_flight: usize,
    pub max_in_flight_per_address: usize,
    pub head_seconds: u64,
    pub write_seconds: u64,
    pub max_head_bytes: usize,
    pub max_headers: usize,
    pub request_seconds: u64,
    pub upload_seconds: u64,
    pub max_body_bytes: usize,
    pub lame_seconds: u64,
    pub drain_seconds: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
    pub access: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "default.toml describes every value")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Metrics {
    pub listen: String,
}

impl Server {
    pub(super) fn check(&self) -> Result<(), String> {
        limit("server.max_connections", count(self.max_connections), 1, 1_000_000)?;
        let key = "server.max_connections_per_address";
        limit(key, count(self.max_connections_per_address), 1, 1_000_000)?;
        limit("server.max_in_flight", count(self.max_in_flight), 1, 1_000_000)?;
        limit("server.max_in_flight_per_address", count(self.max_in_flight_per_address), 1, 1_000_000)?;
        limit("server.head_seconds", self.head_seconds, 1, 3600)?;
        limit("server.write_seconds", self.write_seconds, 1, 3600)?;
        limit("server.max_head_bytes", count(self.max_head_bytes), 8192, 1 << 20)?;
        limit("server.max_headers", count(self.max_headers), 10, 1000)?;
        limit("server.request_seconds", self.request_seconds, 1, 3600)?;
        limit("server.upload_seconds", self.upload_seconds, 1, 86_400)?;
        limit("server.max_body_bytes", count(self.max_body_bytes), 1024, 1 << 30)?;
        limit("server.lame_seconds", self.lame_seconds, 0, 600)?;
        limit("server.drain_seconds", self.drain_seconds, 0, 3600)?;
        if !self.public_url.is_empty() && !is_base_url(&self.public_url) {
            let shown = redact::url(&self.public_url);
            return Err(format!(
                "server.public_url = {shown:?}: expected http:// or https:// and a host, or nothing"
            ));
        }
        for origin in &self.cors_origins {
            if origin != "*" && !is_base_url(origin) {
                let origin = redact::url(origin);
                return Err(format!(
                    "server.cors_origins has {origin:?}: expected origins as https://app.example, or *"
                ));
            }
        }
        Ok(())
    }
}

impl Metrics {
    /// Checks that the address is another one than that of the server.
    pub(super) fn check(&self, server: &Server) -> Result<(), String> {
        let address = self.address()?.filter(|address| address.port() != 0);
        if address.is_some() && server.listen.address() == address {
            let listen = &self.listen;
            return Err(format!("metrics.listen = {listen:?}: expected another address than server.listen"));
        }
        Ok(())
    }

    /// Returns the address of the listener of `/metrics`, if it is configured.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub fn address(&self) -> Result<Option<SocketAddr>, String> {
        let text = &self.listen;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_no_address| {
            format!("metrics.listen = {text:?}: expected an address and a port as 127.0.0.1:9090, or nothing")
        })
    }
}
