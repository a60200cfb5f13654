//! `[hub]`: the API hub.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use store::SecretText;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Hub {
    pub always_200: bool,
    pub anonymous: bool,
    pub anonymous_per_second: u32,
    pub anonymous_per_day: u64,
    pub address_per_second: u32,
    pub address_burst: u32,
    pub per_second: u32,
    pub max_per_second: u32,
    pub person_per_second: u32,
    pub max_person_per_second: u32,
    pub per_day: u64,
    pub max_per_day: u64,
    pub keys: KeyMakers,
    pub max_keys: u64,
    pub catalogue_file: PathBuf,
    pub echo: bool,
    pub weather: HubWeather,
    pub call_log: CallLog,
    pub call_log_unknown_per_minute: u32,
    pub call_log_days: u64,
    pub call_log_rows: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct HubWeather {
    pub base_url: String,
    pub api_key: SecretText,
    pub cache_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "default.toml describes every value")]
pub enum KeyMakers {
    Admins,
    Everybody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "default.toml describes every value")]
pub enum CallLog {
    All,
    Errors,
    Off,
}

impl Hub {
    pub(super) fn check(&self) -> Result<(), String> {
        let limit = |key: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("hub.{key} = {value}: expected a number from {least} to {most}"))
            }
        };
        const MOST: u64 = 1_000_000;
        limit("anonymous_per_second", self.anonymous_per_second.into(), 1, MOST)?;
        limit("address_per_second", self.address_per_second.into(), 1, MOST)?;
        limit("address_burst", self.address_burst.into(), 1, MOST)?;
        limit("max_per_second", self.max_per_second.into(), 1, MOST)?;
        limit("per_second", self.per_second.into(), 1, self.max_per_second.into())?;
        limit("max_person_per_second", self.max_person_per_second.into(), 1, MOST)?;
        limit("person_per_second", self.person_per_second.into(), 1, self.max_person_per_second.into())?;
        limit("max_per_day", self.max_per_day, 1, 1 << 50)?;
        limit("per_day", self.per_day, 1, self.max_per_day)?;
        limit("anonymous_per_day", self.anonymous_per_day, 0, 1 << 50)?;
        limit("max_keys", self.max_keys, 0, 1_000_000)?;
        limit("call_log_unknown_per_minute", self.call_log_unknown_per_minute.into(), 0, MOST)?;
        limit("call_log_days", self.call_log_days, 1, 3650)?;
        limit("call_log_rows", self.call_log_rows, 1000, 1 << 40)?;
        limit("weather.cache_seconds", self.weather.cache_seconds, 0, 86_400)?;
        if !self.weather.base_url.is_empty()
            && !super::check::is_base_url(self.weather.base_url.trim_end_matches('/'))
        {
            let shown = web::redact::url(&self.weather.base_url);
            return Err(format!(
                "hub.weather.base_url = {shown:?}: expected http:// or https:// and a host, or nothing"
            ));
        }
        Ok(())
    }

    /// Returns the settings for the hub crate. `recheck` is the time for which a key is cached.
    pub fn settings(&self, recheck: Duration) -> hub::Settings {
        hub::Settings {
            always_200: self.always_200,
            anonymous: self.anonymous,
            anonymous_quota: (self.anonymous_per_second, self.anonymous_per_day),
            address_quota: (self.address_per_second, self.address_burst),
            bounds: hub::key::rules::Bounds {
                per_second: (self.per_second, self.max_per_second),
                per_person_second: (self.person_per_second, self.max_person_per_second),
                per_day: (self.per_day, self.max_per_day),
            },
            key_makers: match self.keys {
                KeyMakers::Admins => hub::KeyMakers::Admins,
                KeyMakers::Everybody => hub::KeyMakers::Everybody,
            },
            max_keys: i64::try_from(self.max_keys).unwrap_or(i64::MAX),
            recheck,
            catalogue_file: self.catalogue_file.clone(),
            echo: self.echo,
            weather: hub::WeatherSettings {
                base_url: self.weather.base_url.clone(),
                api_key: self.weather.api_key.clone(),
                cache_seconds: self.weather.cache_seconds,
            },
            log: match self.call_log {
                CallLog::All => hub::log::Level::All,
                CallLog::Errors => hub::log::Level::Errors,
                CallLog::Off => hub::log::Level::Off,
            },
            log_unknown_per_minute: self.call_log_unknown_per_minute,
            log_days: i64::try_from(self.call_log_days).unwrap_or(i64::MAX),
            log_rows: i64::try_from(self.call_log_rows).unwrap_or(i64::MAX),
        }
    }
}
