//! `[avatars]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Avatars {
    pub max_avatars: i64,
    pub visitor_messages_per_hour: i64,
    pub guest_messages_per_hour: i64,
    pub messages_per_day: i64,
    pub tokens_per_day: i64,
    pub visitors_at_once: i64,
    pub max_sockets: u32,
    pub session_hours: i64,
    pub keep_days: i64,
}

impl Avatars {
    pub(super) fn check(&self) -> Result<(), String> {
        for (key, value, least, most) in [
            ("max_avatars", self.max_avatars, 1, 1000),
            ("visitor_messages_per_hour", self.visitor_messages_per_hour, 0, 1_000_000),
            ("guest_messages_per_hour", self.guest_messages_per_hour, 1, 1_000_000),
            ("messages_per_day", self.messages_per_day, 1, 1_000_000_000),
            ("tokens_per_day", self.tokens_per_day, 0, 1_000_000_000_000),
            ("visitors_at_once", self.visitors_at_once, 0, 100_000),
            ("max_sockets", self.max_sockets.into(), 0, 100_000),
            ("session_hours", self.session_hours, 6, 720),
            ("keep_days", self.keep_days, 31, 3650),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("avatars.{key} = {value}: expected a number from {least} to {most}"));
            }
        }
        Ok(())
    }

    /// Returns the settings for the avatars crate.
    pub fn settings(&self, public_url: &str) -> avatars::Settings {
        avatars::Settings {
            max_avatars: self.max_avatars,
            visitor_messages_per_hour: self.visitor_messages_per_hour,
            guest_messages_per_hour: self.guest_messages_per_hour,
            messages_per_day: self.messages_per_day,
            tokens_per_day: self.tokens_per_day,
            visitors_at_once: self.visitors_at_once,
            max_sockets: usize::try_from(self.max_sockets).unwrap_or(usize::MAX),
            session: Duration::from_secs(u64::try_from(self.session_hours).unwrap_or(24) * 3600),
            keep_days: self.keep_days,
            public_url: public_url.to_owned(),
        }
    }
}
