//! The log of moderation actions, and the end of reports about what was deleted.

use store::{AccountId, Database, Timestamp, Tx, params};
use web::ApiError;

use super::queries;
use crate::TargetId;

/// A moderation action to log.
pub(crate) struct ModerationAction<'a> {
    pub(crate) action: &'static str,
    pub(crate) target: &'a str,
    pub(crate) account: AccountId,
    pub(crate) reason: &'a str,
}

/// Logs a moderation action in the transaction that performs it.
pub(crate) async fn note(
    tx: &mut Tx<'_>,
    db: &Database,
    moderator: AccountId,
    action: ModerationAction<'_>,
    now: Timestamp,
) -> Result<(), ApiError> {
    let ModerationAction { action, target, account, reason } = action;
    let values = params![db.ids().next(), moderator, action, target, account, reason, now];
    tx.execute(queries::NOTE, values).await?;
    Ok(())
}

/// Closes all reports about a deleted post or comment.
pub(crate) async fn close(tx: &mut Tx<'_>, target: TargetId) -> Result<(), ApiError> {
    tx.execute(queries::CLOSE, params![target]).await?;
    Ok(())
}
