//! The settings of the Hub.

use std::{path::PathBuf, time::Duration};

use store::SecretText;

use crate::key::rules::Bounds;

/// The settings of a weather service that is compatible with Seniverse.
#[derive(Debug, Clone, Default)]
pub struct WeatherSettings {
    /// The base URL, such as `https://api.seniverse.com`; empty: none.
    pub base_url: String,
    /// The API key of the service.
    pub api_key: SecretText,
    /// The time in seconds for which a response is cached for requests about the same place.
    pub cache_seconds: u64,
}

/// The accounts that may create keys of the Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMakers {
    /// Administrators alone.
    Admins,
    /// Everybody who has an account.
    Everybody,
}

/// The calls that get a row. All calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Every call.
    All,
    /// Calls that failed.
    Errors,
    /// No calls.
    Off,
}

/// The Hub's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// True if every response is sent with the status 200.
    pub always_200: bool,
    /// True if calls without a token are served.
    pub anonymous: bool,
    /// Calls per second and per day of all anonymous callers together.
    pub anonymous_quota: (u32, u64),
    /// Calls per second, and burst size, of one anonymous address.
    pub address_quota: (u32, u32),
    /// Defaults and maxima of the limits of keys.
    pub bounds: Bounds,
    /// The accounts that may create keys.
    pub key_makers: KeyMakers,
    /// Maximum number of keys of an account.
    pub max_keys: i64,
    /// The time for which a key is cached. It bounds how long a change by another process goes unnoticed.
    pub recheck: Duration,
    /// The file with definitions of APIs; empty: none.
    pub catalogue_file: PathBuf,
    /// True if the API `echo` is served.
    pub echo: bool,
    /// The weather service behind `weather-basic`.
    pub weather: WeatherSettings,
    /// The calls that get a row in the log.
    pub log: Level,
    /// Maximum rows per minute for calls without a valid token or of an unknown API.
    pub log_unknown_per_minute: u32,
    /// The number of days for which rows are kept.
    pub log_days: i64,
    /// Maximum number of rows. The oldest are deleted.
    pub log_rows: i64,
}
