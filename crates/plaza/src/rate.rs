//! Rate limits per account.
//!
//! They are counted in the database, in the transaction of the action. An action that fails is thus not
//! counted, and several processes share the counters.

use store::{AccountId, Database, Timestamp, Tx, params};
use web::{ApiError, Code};

/// An action that is limited.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Post,
    Comment,
    DoubleComment,
    Like,
    Redeem,
    Report,
    Circle,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::DoubleComment => "double",
            Self::Like => "like",
            Self::Redeem => "redeem",
            Self::Report => "report",
            Self::Circle => "circle",
        }
    }

    const fn window_ms(self) -> i64 {
        match self {
            Self::Circle | Self::DoubleComment => DAY_MS,
            Self::Post | Self::Comment | Self::Like | Self::Redeem | Self::Report => HOUR_MS,
        }
    }

    const fn refusal(self) -> Code {
        match self {
            Self::Redeem => Code::InvitationSlowed,
            _ => Code::RateLimited,
        }
    }
}

/// Counts an action in the current window. A window begins with the first action and lasts an hour or a day.
/// A window that begins in the future (because the clock was wrong) counts as over.
const COUNT: &str = "INSERT INTO plaza_rate (account_id, action, window_start, used) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (account_id, action) DO UPDATE SET \
     used = CASE WHEN plaza_rate.window_start > $4 AND plaza_rate.window_start <= $3 THEN plaza_rate.used + \
     1 ELSE 1 END, \
     window_start = CASE WHEN plaza_rate.window_start > $4 AND plaza_rate.window_start <= $3 THEN \
     plaza_rate.window_start ELSE $3 END \
     RETURNING used, window_start";

/// Counts an action.
///
/// # Errors
/// [`Code::RateLimited`], or [`Code::InvitationSlowed`] for [`Action::Redeem`], with the time to wait, if
/// there were `most` in the window before.
pub(crate) async fn count(
    tx: &mut Tx<'_>,
    account: AccountId,
    action: Action,
    most: i64,
    now: Timestamp,
) -> Result<(), ApiError> {
    let window = action.window_ms();
    let values = params![account, action.name(), now, now.plus_ms(-window)];
    let (used, start): (i64, Timestamp) = tx.fetch_one(COUNT, values).await?;
    if used <= most {
        return Ok(());
    }
    let left_ms = start.plus_ms(window).0.saturating_sub(now.0);
    let seconds = u32::try_from(left_ms.saturating_add(999) / 1000).unwrap_or(u32::MAX);
    Err(ApiError::new(action.refusal()).retry_after(seconds))
}

const GIVE_BACK: &str =
    "UPDATE plaza_rate SET used = used - 1 WHERE account_id = $1 AND action = $2 AND used > 0";

/// Takes back the count of an action that failed with a server error.
pub(crate) async fn give_back(db: &Database, account: AccountId, action: Action) -> Result<(), ApiError> {
    db.execute(GIVE_BACK, params![account, action.name()]).await?;
    Ok(())
}
