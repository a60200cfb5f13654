//! The configuration: defaults, a file, the environment and flags, merged and checked.

mod accounts;
mod avatars;
mod backup;
mod check;
mod database;
mod default;
mod embedding;
mod error;
mod files;
mod hub;
mod listen;
mod mcp;
mod model;
mod notes;
mod oauth;
mod outgoing;
mod plaza;
mod quota;
mod rerank;
mod secrets;
mod server;
mod speech;
#[cfg(test)]
mod tests;
mod tls;
mod traces;
mod transcription;
mod variables;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};
use store::{DatabaseConfig, Location};

use variables::Variables;

pub use accounts::{Accounts, SignUp};
pub use avatars::Avatars;
pub use backup::Backup;
pub use database::Database;
pub use default::DEFAULT;
pub use embedding::Embedding;
pub use files::Files;
pub use hub::{CallLog, Hub, HubWeather, KeyMakers};
pub use listen::Listen;
pub use mcp::Mcp;
pub use model::{Chat, Model};
pub use notes::Notes;
pub use oauth::Oauth;
pub use outgoing::Outgoing;
pub use plaza::Plaza;
pub use quota::Quota;
pub use rerank::Rerank;
pub use secrets::Secrets;
pub use server::{Log, LogFormat, Metrics, Server};
pub use speech::Speech;
pub use tls::Tls;
pub use traces::Traces;
pub use transcription::Transcription;

/// The whole configuration. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Config {
    pub data_dir: PathBuf,
    pub server: Server,
    pub tls: Tls,
    pub database: Database,
    pub accounts: Accounts,
    pub oauth: Oauth,
    pub mcp: Mcp,
    pub secrets: Secrets,
    pub files: Files,
    pub backup: Backup,
    pub notes: Notes,
    pub quota: Quota,
    pub embedding: Embedding,
    pub rerank: Rerank,
    pub speech: Speech,
    pub transcription: Transcription,
    pub outgoing: Outgoing,
    pub hub: Hub,
    pub plaza: Plaza,
    pub avatars: Avatars,
    pub model: Model,
    pub chat: Chat,
    pub log: Log,
    pub metrics: Metrics,
    pub traces: Traces,
    /// Environment variables that begin with `DOPPEL_` but are not settings.
    #[serde(skip)]
    pub foreign_variables: Vec<String>,
}

/// The settings that flags can change.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Flags {
    /// `--data-dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// `--listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerFlags>,
}

/// The settings of `[server]` that flags can change.
#[derive(Debug, Clone, Serialize)]
pub struct ServerFlags {
    /// `--listen`.
    pub listen: String,
}

impl Config {
    /// Merges the defaults, a file, the environment and flags, and checks the result.
    ///
    /// # Errors
    /// A message for people that names the key, its value and the expected values.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, String> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let Variables { settings, foreign } = Variables::sort(names)?;
        let is_setting =
            move |name: &figment::value::UncasedStr| settings.iter().any(|setting| name == setting.as_str());
        let environment = Env::prefixed("DOPPEL_").filter(is_setting).split("__");
        let mut figment = Figment::from(Toml::string(DEFAULT));
        if let Some(path) = file {
            if !path.is_file() {
                return Err(format!("configuration file {} does not exist", path.display()));
            }
            figment = figment.merge(Toml::file_exact(path));
        }
        let mut config = Self::from_figment(figment.merge(environment).merge(Serialized::defaults(flags)))?;
        config.foreign_variables = foreign;
        Ok(config)
    }

    /// Merges lines of TOML into the defaults, and checks the result. For tests.
    ///
    /// # Errors
    /// Those of [`Config::load`].
    pub fn from_toml(lines: &str) -> Result<Self, String> {
        Self::from_figment(Figment::from(Toml::string(DEFAULT)).merge(Toml::string(lines)))
    }

    fn from_figment(figment: Figment) -> Result<Self, String> {
        let config: Self = figment.extract().map_err(|errors| {
            let lines: Vec<String> = errors.into_iter().map(error::describe).collect();
            lines.join("\n")
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        self.server.check()?;
        self.tls.check(self.server.listen.socket().is_some())?;
        self.database.check()?;
        self.accounts.check()?;
        self.oauth.check()?;
        self.mcp.check()?;
        self.secrets.check()?;
        self.model.check()?;
        self.chat.check()?;
        self.files.check()?;
        self.outgoing.check()?;
        self.hub.check()?;
        self.plaza.check()?;
        self.avatars.check()?;
        self.metrics.check(&self.server)?;
        self.traces.check()?;
        self.notes.check()?;
        self.quota.check()?;
        self.embedding.check()?;
        self.rerank.check()?;
        self.speech.check()?;
        self.transcription.check()?;
        let database = self.database_config()?;
        self.backup.check(matches!(database.location, Location::Sqlite(_)))
    }

    /// Returns the settings of the database. A relative path of a SQLite file starts in the data directory.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub fn database_config(&self) -> Result<DatabaseConfig, String> {
        self.database.config(&self.data_dir, self.outgoing.authorities()?)
    }

    /// Returns the directory of uploaded files.
    pub fn files_dir(&self) -> PathBuf {
        self.files.directory(&self.data_dir)
    }

    /// Returns the address of the listener of `/metrics`, if it is configured.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>, String> {
        self.metrics.address()
    }

    /// Formats the configuration as TOML, with secrets hidden.
    ///
    /// # Errors
    /// If a value cannot be written as TOML.
    pub fn shown(&self) -> Result<String, String> {
        toml::to_string(self).map_err(|error| error.to_string())
    }
}
