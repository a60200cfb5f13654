//! A person's settings of their assistant, and their token usage today.

mod queries;

use store::{AccountId, Tx, params};
use web::{ApiError, Code, Issues};

use crate::Chat;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Maximum daily token limit that a person may set.
const MAX_DAILY: i64 = 1 << 50;
/// Maximum number of tools that an assistant may use.
pub const MAX_TOOLS: usize = 16;

/// A person's settings of their assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssistantSettings {
    /// Maximum number of tokens per day; 0: only the server's limit applies.
    pub daily_tokens: i64,
    /// True if facts are distilled from the person's conversations.
    pub distills: bool,
    /// The actions of the Hub that the assistant may use, each as `api__action`.
    pub tools: Vec<String>,
}

impl Default for AssistantSettings {
    fn default() -> Self {
        Self { daily_tokens: 0, distills: true, tools: Vec::new() }
    }
}

impl AssistantSettings {
    /// Checks the bounds of the settings.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let mut issues = Issues::body();
        if !(0..=MAX_DAILY).contains(&self.daily_tokens) {
            issues.add("value_error", "dailyTokens", format!("Input should be 0 to {MAX_DAILY}"));
        }
        if self.tools.len() > MAX_TOOLS {
            issues.add("too_long", "tools", format!("List should have at most {MAX_TOOLS} items"));
        }
        issues.finish()
    }

    /// Returns the tools as stored JSON.
    pub(crate) fn tools(&self) -> String {
        serde_json::Value::from(self.tools.as_slice()).to_string()
    }
}

/// A person's settings, and the number of tokens used today.
#[derive(Debug, Clone, Default)]
pub(crate) struct Today {
    pub(crate) preferences: AssistantSettings,
    pub(crate) used: i64,
}

impl store::FromRow for Today {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        let (distills, tools): (i64, String) = (row.get(2)?, row.get(3)?);
        let tools = serde_json::from_str(&tools).unwrap_or_default();
        Ok(Self {
            used: row.get(0)?,
            preferences: AssistantSettings { daily_tokens: row.get(1)?, distills: distills != 0, tools },
        })
    }
}

impl Chat {
    /// Returns a person's settings and today's usage.
    pub(crate) async fn today(&self, account: AccountId) -> Result<Today, ApiError> {
        let today = self.db().clock().now().day();
        Ok(self.db().fetch_one(queries::TODAY, params![account, today]).await?)
    }

    /// As [`today`](Self::today), within a transaction.
    pub(crate) async fn today_in(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<Today, ApiError> {
        let today = self.db().clock().now().day();
        Ok(tx.fetch_one(queries::TODAY, params![account, today]).await?)
    }

    /// Returns the settings in `today`, if the person may use more tokens today.
    ///
    /// # Errors
    /// [`Code::ChatUsedUp`] if a daily limit is reached.
    pub(crate) fn admit(&self, today: Today) -> Result<AssistantSettings, ApiError> {
        if self.is_used_up(&today) {
            let now = self.db().clock().now();
            let left = (now.day() + 1) * DAY_MS - now.as_millis();
            let seconds = u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX);
            return Err(ApiError::new(Code::ChatUsedUp).retry_after(seconds));
        }
        Ok(today.preferences)
    }

    /// Returns true if a daily limit is reached.
    pub(crate) fn is_used_up(&self, today: &Today) -> bool {
        let limits = [self.settings().daily_tokens, today.preferences.daily_tokens];
        limits.into_iter().any(|limit| limit > 0 && today.used >= limit)
    }

    /// Returns the lower of the server's and the person's daily token limits; 0: no limit.
    pub(crate) async fn daily_limit(&self, account: AccountId) -> Result<i64, ApiError> {
        let limits = [self.settings().daily_tokens, self.assistant_settings(account).await?.daily_tokens];
        Ok(limits.into_iter().filter(|limit| *limit > 0).min().unwrap_or(0))
    }

    /// Returns a person's settings of their assistant.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn assistant_settings(&self, account: AccountId) -> Result<AssistantSettings, ApiError> {
        Ok(self.today(account).await?.preferences)
    }

    /// Replaces a person's settings of their assistant.
    ///
    /// # Errors
    /// 422 for a limit out of bounds or for too many tools.
    pub async fn set_assistant_settings(
        &self,
        account: AccountId,
        preferences: AssistantSettings,
    ) -> Result<(), ApiError> {
        preferences.check()?;
        let tools = preferences.tools();
        let values = params![account, preferences.daily_tokens, i64::from(preferences.distills), &tools];
        self.db().execute(queries::SET, values).await?;
        Ok(())
    }
}
