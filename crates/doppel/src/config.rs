//! The configuration: defaults, a file, the environment and flags, merged and checked.

mod backup;
mod default;
mod embedding;
mod error;
mod hub;
mod listen;
mod mcp;
mod model;
mod notes;
mod oauth;
mod plaza;
mod quota;
mod rerank;
mod secrets;
mod variables;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use store::{DatabaseConfig, Location};
use web::redact::{self, HIDDEN};

use variables::Variables;

pub use backup::Backup;
pub use default::DEFAULT;
pub use embedding::Embedding;
pub use hub::{CallLog, Hub, HubWeather, KeyMakers};
pub use listen::Listen;
pub use mcp::Mcp;
pub use model::{Chat, Json, Model, TokensMember};
pub use notes::Notes;
pub use oauth::Oauth;
pub use plaza::Plaza;
pub use quota::Quota;
pub use rerank::Rerank;
pub use secrets::Secrets;

/// The whole configuration. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Config {
    pub data_dir: PathBuf,
    pub server: Server,
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
    pub outgoing: Outgoing,
    pub hub: Hub,
    pub plaza: Plaza,
    pub model: Model,
    pub chat: Chat,
    pub log: Log,
    pub metrics: Metrics,
    /// Environment variables that begin with `DOPPEL_` but are not settings.
    #[serde(skip)]
    pub foreign_variables: Vec<String>,
}

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

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Database {
    pub url: String,
    pub pool_size: usize,
    pub max_readers: usize,
    pub connect_seconds: u64,
    pub statement_seconds: u64,
    pub wait_seconds: u64,
    pub start_seconds: u64,
}

/// Hides a password in the URL.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &redact::url(&self.url)).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Accounts {
    pub sign_up: SignUp,
    pub session_days: u64,
    pub max_keys: i64,
    pub hashes_at_once: usize,
    pub hash_queue: usize,
    pub sign_up_limit: u64,
    pub sign_up_window_seconds: u64,
    pub device_limit: u64,
    pub device_window_seconds: u64,
    pub user_code_limit: u64,
    pub user_code_window_seconds: u64,
    pub recheck_milliseconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "default.toml describes every value")]
pub enum SignUp {
    Open,
    Invitation,
    Closed,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Files {
    pub dir: PathBuf,
    pub max_upload_bytes: u64,
    pub max_stored_bytes: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Outgoing {
    pub allowed_networks: Vec<IpNet>,
    pub ca_file: PathBuf,
    pub connect_seconds: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Log {
    pub format: LogFormat,
    pub filter: String,
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

impl Outgoing {
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
        let server = &self.server;
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        limit("server.max_connections", count(server.max_connections), 1, 1_000_000)?;
        let key = "server.max_connections_per_address";
        limit(key, count(server.max_connections_per_address), 1, 1_000_000)?;
        limit("server.max_in_flight", count(server.max_in_flight), 1, 1_000_000)?;
        limit("server.max_in_flight_per_address", count(server.max_in_flight_per_address), 1, 1_000_000)?;
        limit("server.head_seconds", server.head_seconds, 1, 3600)?;
        limit("server.write_seconds", server.write_seconds, 1, 3600)?;
        limit("server.max_head_bytes", count(server.max_head_bytes), 8192, 1 << 20)?;
        limit("server.max_headers", count(server.max_headers), 10, 1000)?;
        limit("server.request_seconds", server.request_seconds, 1, 3600)?;
        limit("server.upload_seconds", server.upload_seconds, 1, 86_400)?;
        limit("server.max_body_bytes", count(server.max_body_bytes), 1024, 1 << 30)?;
        limit("server.lame_seconds", server.lame_seconds, 0, 600)?;
        limit("server.drain_seconds", server.drain_seconds, 0, 3600)?;
        limit("database.pool_size", count(self.database.pool_size), 1, 1000)?;
        limit("database.max_readers", count(self.database.max_readers), 1, 1000)?;
        limit("database.connect_seconds", self.database.connect_seconds, 1, 600)?;
        limit("database.statement_seconds", self.database.statement_seconds, 1, 3600)?;
        limit("database.wait_seconds", self.database.wait_seconds, 1, 600)?;
        limit("database.start_seconds", self.database.start_seconds, 0, 3600)?;
        limit("accounts.session_days", self.accounts.session_days, 1, 3650)?;
        limit("accounts.max_keys", u64::try_from(self.accounts.max_keys).unwrap_or(0), 1, 10_000_000)?;
        limit("accounts.hashes_at_once", count(self.accounts.hashes_at_once), 0, 1024)?;
        limit("accounts.hash_queue", count(self.accounts.hash_queue), 1, 100_000)?;
        for (name, actions, seconds) in [
            ("sign_up", self.accounts.sign_up_limit, self.accounts.sign_up_window_seconds),
            ("device", self.accounts.device_limit, self.accounts.device_window_seconds),
            ("user_code", self.accounts.user_code_limit, self.accounts.user_code_window_seconds),
        ] {
            limit(&format!("accounts.{name}_limit"), actions, 1, 1_000_000)?;
            limit(&format!("accounts.{name}_window_seconds"), seconds, 1, 2_592_000)?;
        }
        limit("accounts.recheck_milliseconds", self.accounts.recheck_milliseconds, 0, 60_000)?;
        self.oauth.check(limit)?;
        self.mcp.check(limit)?;
        self.secrets.check()?;
        self.model.check(limit)?;
        self.chat.check(limit)?;
        limit("files.max_upload_bytes", self.files.max_upload_bytes, 1024, 1 << 40)?;
        limit("files.max_stored_bytes", self.files.max_stored_bytes, 1024, 1 << 50)?;
        self.outgoing.authorities()?;
        limit("outgoing.connect_seconds", self.outgoing.connect_seconds, 1, 600)?;
        self.hub.check()?;
        self.plaza.check()?;
        if !server.public_url.is_empty() && !is_base_url(&server.public_url) {
            let shown = redact::url(&server.public_url);
            return Err(format!(
                "server.public_url = {shown:?}: expected http:// or https:// and a host, or nothing"
            ));
        }
        for origin in &server.cors_origins {
            if origin != "*" && !is_base_url(origin) {
                let origin = redact::url(origin);
                return Err(format!(
                    "server.cors_origins has {origin:?}: expected origins as https://app.example, or *"
                ));
            }
        }
        if self
            .metrics_address()?
            .is_some_and(|address| server.listen.address() == Some(address) && address.port() != 0)
        {
            return Err(format!(
                "metrics.listen = {:?}: expected another address than server.listen",
                self.metrics.listen
            ));
        }
        self.notes.check()?;
        self.quota.check()?;
        self.embedding.check()?;
        self.rerank.check()?;
        let database = self.database_config()?;
        self.backup.check(matches!(database.location, Location::Sqlite(_)))
    }

    /// Returns the settings of the database. A relative path of a SQLite file starts in the data directory.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub fn database_config(&self) -> Result<DatabaseConfig, String> {
        let mut config = DatabaseConfig::parse(&self.database.url)
            .map_err(|expected| format!("database.url: {expected}"))?;
        if let Location::Sqlite(path) = &mut config.location {
            *path = self.data_dir.join(&*path);
        }
        config.pool_size = self.database.pool_size;
        config.reader_limit = self.database.max_readers;
        config.connect_timeout = Duration::from_secs(self.database.connect_seconds);
        config.wait_timeout = Duration::from_secs(self.database.wait_seconds);
        config.statement_timeout = Duration::from_secs(self.database.statement_seconds);
        Ok(config)
    }

    /// Returns the directory of uploaded files.
    pub fn files_dir(&self) -> PathBuf {
        if self.files.dir.as_os_str().is_empty() {
            self.data_dir.join("files")
        } else {
            self.files.dir.clone()
        }
    }

    /// Returns the address of the listener of `/metrics`, if it is configured.
    ///
    /// # Errors
    /// A message for people that names the key.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>, String> {
        let text = &self.metrics.listen;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_no_address| {
            format!("metrics.listen = {text:?}: expected an address and a port as 127.0.0.1:9090, or nothing")
        })
    }

    /// Formats the configuration as TOML, with secrets hidden.
    ///
    /// # Errors
    /// If a value cannot be written as TOML.
    pub fn shown(&self) -> Result<String, String> {
        let mut shown = self.clone();
        shown.database.url = redact::url(&self.database.url);
        shown.hub.hide();
        shown.secrets = self.secrets.shown();
        shown.model.hide_keys();
        shown.embedding.hide();
        shown.rerank.hide();
        shown.chat.search_url = redact::url(&self.chat.search_url);
        toml::to_string(&shown).map_err(|error| error.to_string())
    }
}

/// Checks that a number of the configuration is within its limits.
fn limit(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!("{key} = {value}: expected a number from {least} to {most}"))
    }
}

fn is_base_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty() && !host.contains(['/', '?', '#', ' ', '"', '<', '>', '\\', '@'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_defaults_are_valid() {
        let config = Config::from_toml("").unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert!(toml::from_str::<Config>(&config.shown().unwrap()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (lines, expected) in [
            ("[server]\nlisten = \"nowhere\"", vec!["server.listen"]),
            ("[server]\nlisten = 5", vec!["server.listen"]),
            ("[server]\nlissten = \"127.0.0.1:1\"", vec!["lissten", "expected", "listen"]),
            ("[server]\nmax_body_bytes = 1", vec!["server.max_body_bytes", "= 1", "from 1024"]),
            (
                "[accounts]\nsign_up = \"maybe\"",
                vec!["accounts.sign_up", "maybe", "open", "invitation", "closed"],
            ),
            ("[database]\nurl = \"mysql://x\"", vec!["database.url", "postgres://"]),
            (
                "[server]\npublic_url = \"doppel.example\"",
                vec!["server.public_url", "doppel.example", "https://"],
            ),
            ("[metrics]\nlisten = \"9090\"", vec!["metrics.listen", "9090", "127.0.0.1:9090"]),
            ("[nonsense]\na = 1", vec!["nonsense"]),
        ] {
            let error = Config::from_toml(lines).unwrap_err();
            for part in expected {
                assert!(error.contains(part), "{lines}: {error}");
            }
        }
    }

    #[test]
    fn keys_of_models_are_hidden() {
        let lines = "[model]\nbase_url = \"http://h/v1\"\nname = \"m\"\napi_key = \"geheim\"\n\
                     [[model.fallback]]\nbase_url = \"http://i/v1\"\nname = \"n\"\napi_key = \"geheim\"\n\
                     [embedding]\nbase_url = \"http://j/v1\"\nname = \"e\"\napi_key = \"geheim\"";
        let config = Config::from_toml(lines).unwrap();
        assert_eq!(config.model.providers().count(), 2);
        assert!(!config.shown().unwrap().contains("geheim") && !format!("{config:?}").contains("geheim"));
        for (lines, expected) in [
            ("[model]\nbase_url = \"h\"\nname = \"m\"", "model.base_url"),
            ("[model]\nbase_url = \"http://h\"", "model.name"),
            ("[model]\nnmae = \"m\"", "nmae"),
            ("[[model.fallback]]\nbase_url = \"http://h\"\nname = \"m\"", "model.base_url"),
            ("[chat]\nrecall_tokens = 9000", "chat.recall_tokens"),
            ("[embedding]\nbase_url = \"h\"\nname = \"m\"", "embedding.base_url"),
            ("[embedding]\nbase_url = \"http://h\"", "embedding.name"),
            ("[embedding]\nbatch = 0", "embedding.batch"),
            ("[embedding]\ndimensions = 9000", "embedding.dimensions"),
            ("[rerank]\nbase_url = \"h\"", "rerank.base_url"),
            ("[rerank]\nmilliseconds = 0", "rerank.milliseconds"),
        ] {
            let error = Config::from_toml(lines).unwrap_err();
            assert!(error.contains(expected), "{lines}: {error}");
        }
    }

    #[test]
    fn a_refused_value_with_a_secret_is_not_shown() {
        for lines in [
            "[model]\nbase_url = \"http://u:geheim@h/v1\"\nname = \"m\"",
            "[model]\nbase_url = \"http://h/v1?api_key=geheim\"\nname = \"m\"",
            "[model]\nbase_url = \"http://h/v1\"\nname = \"m\"\n[[model.fallback]]\n\
             base_url = \"http://geheim@h\"",
            "[embedding]\nbase_url = \"http://u:geheim@h\"\nname = \"m\"",
            "[hub.weather]\nbase_url = \"http://u:geheim@h\"",
            "[chat]\nsearch_url = \"ftp://u:geheim@h\"",
            "[server]\npublic_url = \"https://u:geheim@h\"",
            "[server]\ncors_origins = [\"https://u:geheim@h\"]",
            "[database]\nurl = \"mysql://u:geheim@h\"",
            "[model]\napi_key = [\"geheim\"]",
            "[model]\napi_key = \"geheim",
            "[model]\napi_key = \"geheim\" x",
            "[hub.weather]\napi_key = { geheim = 1 }",
        ] {
            let error = Config::from_toml(lines).unwrap_err();
            assert!(!error.contains("geheim"), "{lines}: {error}");
        }
        let number = Config::from_toml("[model]\napi_key = 4711").unwrap_err();
        assert!(number.contains("model.api_key") && !number.contains("4711"), "{number}");
        let config = Config::from_toml("[chat]\nsearch_url = \"http://u:geheim@h/?token=geheim\"").unwrap();
        assert!(!config.shown().unwrap().contains("geheim"));
    }

    proptest! {
        #[test]
        fn a_file_changes_what_it_names_and_nothing_else(seconds in 1_u64..3600, days in 1_u64..3650) {
            let lines = format!("[server]\nrequest_seconds = {seconds}\n[accounts]\nsession_days = {days}");
            let config = Config::from_toml(&lines).unwrap();
            prop_assert_eq!((config.server.request_seconds, config.accounts.session_days), (seconds, days));
            let mut restored = config;
            let default = Config::from_toml("").unwrap();
            restored.server.request_seconds = default.server.request_seconds;
            restored.accounts.session_days = default.accounts.session_days;
            prop_assert_eq!(restored.shown(), default.shown());
        }

        #[test]
        fn any_text_is_a_configuration_or_an_error(text in ".{0,80}") {
            let _ = Config::from_toml(&text);
        }
    }
}
