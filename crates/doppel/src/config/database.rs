//! `[database]`: the address and the limits of the database.

use std::{path::Path, time::Duration};

use serde::{Deserialize, Serialize};
use store::{DatabaseConfig, Location};
use web::redact::SecretUrl;

use super::check::{count, limit};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Database {
    pub url: SecretUrl,
    pub pool_size: usize,
    pub max_readers: usize,
    pub connect_seconds: u64,
    pub statement_seconds: u64,
    pub wait_seconds: u64,
    pub start_seconds: u64,
}

impl Database {
    pub(super) fn check(&self) -> Result<(), String> {
        limit("database.pool_size", count(self.pool_size), 1, 1000)?;
        limit("database.max_readers", count(self.max_readers), 1, 1000)?;
        limit("database.connect_seconds", self.connect_seconds, 1, 600)?;
        limit("database.statement_seconds", self.statement_seconds, 1, 3600)?;
        limit("database.wait_seconds", self.wait_seconds, 1, 600)?;
        limit("database.start_seconds", self.start_seconds, 0, 3600)
    }

    /// Returns the settings of the database. A relative path of a SQLite file starts in the data directory.
    /// `authorities` (PEM) are trusted besides those of the system.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub(super) fn config(&self, data_dir: &Path, authorities: Vec<u8>) -> Result<DatabaseConfig, String> {
        let mut config =
            DatabaseConfig::parse(&self.url).map_err(|expected| format!("database.url: {expected}"))?;
        if let Location::Sqlite(path) = &mut config.location {
            *path = data_dir.join(&*path);
        }
        config.pool_size = self.pool_size;
        config.reader_limit = self.max_readers;
        config.connect_timeout = Duration::from_secs(self.connect_seconds);
        config.wait_timeout = Duration::from_secs(self.wait_seconds);
        config.statement_timeout = Duration::from_secs(self.statement_seconds);
        config.authorities = authorities;
        Ok(config)
    }
}
