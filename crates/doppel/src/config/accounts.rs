//! `[accounts]`: people, their sessions and keys, and limits of attempts.

use serde::{Deserialize, Serialize};

use super::check::{count, limit};

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
    pub audit_days: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "default.toml describes every value")]
pub enum SignUp {
    Open,
    Invitation,
    Closed,
}

impl Accounts {
    pub(super) fn check(&self) -> Result<(), String> {
        limit("accounts.session_days", self.session_days, 1, 3650)?;
        limit("accounts.max_keys", u64::try_from(self.max_keys).unwrap_or(0), 1, 10_000_000)?;
        limit("accounts.hashes_at_once", count(self.hashes_at_once), 0, 1024)?;
        limit("accounts.hash_queue", count(self.hash_queue), 1, 100_000)?;
        for (name, actions, seconds) in [
            ("sign_up", self.sign_up_limit, self.sign_up_window_seconds),
            ("device", self.device_limit, self.device_window_seconds),
            ("user_code", self.user_code_limit, self.user_code_window_seconds),
        ] {
            limit(&format!("accounts.{name}_limit"), actions, 1, 1_000_000)?;
            limit(&format!("accounts.{name}_window_seconds"), seconds, 1, 2_592_000)?;
        }
        limit("accounts.audit_days", self.audit_days, 1, 36_500)?;
        limit("accounts.recheck_milliseconds", self.recheck_milliseconds, 0, 60_000)
    }
}
