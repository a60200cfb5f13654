//! What a person decides about their double, and what they have used today.

mod queries;

use store::{Tx, params};
use web::{ApiError, Code, Issues};

use crate::Chat;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Most tokens a day that a person may set.
const MAX_DAILY: i64 = 1 << 50;
/// Most actions of the Hub that a double may use.
pub const MAX_TOOLS: usize = 16;

/// What a person decides about their double.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// Most tokens in a day; 0: no limit beside the server's.
    pub daily_tokens: i64,
    /// Whether facts are distilled from their conversations.
    pub distills: bool,
    /// The Hub's actions that the double may use, each as `api__action`.
    pub tools: Vec<String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { daily_tokens: 0, distills: true, tools: Vec::new() }
    }
}

impl Wishes {
    /// Checks that they can be.
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

    /// The tools as they are stored.
    pub(crate) fn tools(&self) -> String {
        serde_json::Value::from(self.tools.as_slice()).to_string()
    }
}

/// A person as an answer is begun: their wishes, and the tokens used today.
#[derive(Debug, Clone, Default)]
pub(crate) struct Today {
    pub(crate) wishes: Wishes,
    pub(crate) used: i64,
}

impl store::FromRow for Today {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        let (distills, tools): (i64, String) = (row.get(2)?, row.get(3)?);
        let tools = serde_json::from_str(&tools).unwrap_or_default();
        Ok(Self {
            used: row.get(0)?,
            wishes: Wishes { daily_tokens: row.get(1)?, distills: distills != 0, tools },
        })
    }
}

impl Chat {
    /// A person's wishes and what they have used today.
    pub(crate) async fn today(&self, account: i64) -> Result<Today, ApiError> {
        let today = self.db().clock().now().day();
        Ok(self.db().fetch_one(queries::TODAY, params![account, today]).await?)
    }

    /// [`today`](Self::today) as a transaction sees it.
    pub(crate) async fn today_in(&self, tx: &mut Tx<'_>, account: i64) -> Result<Today, ApiError> {
        let today = self.db().clock().now().day();
        Ok(tx.fetch_one(queries::TODAY, params![account, today]).await?)
    }

    /// What a person has decided, if they may use more tokens today.
    ///
    /// # Errors
    /// [`Code::ChatUsedUp`].
    pub(crate) fn admit(&self, today: Today) -> Result<Wishes, ApiError> {
        if self.is_used_up(&today) {
            let now = self.db().clock().now();
            let left = (now.day() + 1) * DAY_MS - now.as_millis();
            let seconds = u32::try_from(left / 1000 + 1).unwrap_or(u32::MAX);
            return Err(ApiError::new(Code::ChatUsedUp).retry_after(seconds));
        }
        Ok(today.wishes)
    }

    /// Whether a person may use no more tokens today.
    pub(crate) fn is_used_up(&self, today: &Today) -> bool {
        let limits = [self.settings().daily_tokens, today.wishes.daily_tokens];
        limits.into_iter().any(|limit| limit > 0 && today.used >= limit)
    }

    /// Most tokens that a person may use in a day, the server's limit and their own; 0: no limit.
    pub(crate) async fn daily_limit(&self, account: i64) -> Result<i64, ApiError> {
        let limits = [self.settings().daily_tokens, self.wishes(account).await?.daily_tokens];
        Ok(limits.into_iter().filter(|limit| *limit > 0).min().unwrap_or(0))
    }

    /// What a person has decided about their double.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wishes(&self, account: i64) -> Result<Wishes, ApiError> {
        Ok(self.today(account).await?.wishes)
    }

    /// Changes what a person has decided about their double.
    ///
    /// # Errors
    /// 422 for a limit or a list of tools that cannot be.
    pub async fn set_wishes(&self, account: i64, wishes: Wishes) -> Result<(), ApiError> {
        wishes.check()?;
        let tools = wishes.tools();
        let values = params![account, wishes.daily_tokens, i64::from(wishes.distills), &tools];
        self.db().execute(queries::SET, values).await?;
        Ok(())
    }
}
