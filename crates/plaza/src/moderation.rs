//! Moderation: blocks between people, reports to the administrators, bans, and a log of moderation actions.

pub(crate) mod log;
pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use std::collections::HashSet;

use store::{AccountId, Timestamp, params};
use web::{ApiError, Code};

use log::{ModerationAction, note};
pub use model::{Ban, LogEntry, Report};

use crate::{
    CommentId, LogEntryId, Plaza, PostId, ReportId, TargetId, certificate, comment, post,
    rate::{self, Action},
};

/// Most accounts that one account can block.
const MAX_BLOCKS: i64 = 1_000;
/// Most entries on a page of reports, of bans and of the log.
const PER_PAGE: i64 = 50;

/// The subject of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A post, by its name.
    Post(String),
    /// A comment, by its id.
    Comment(CommentId),
}

impl Plaza {
    /// Blocks an account for another one. The blocker no longer sees its posts and comments, and it can
    /// neither reply to the blocker's nor like them.
    ///
    /// # Errors
    /// [`Code::InvalidParam`] if both accounts are the same, or the account has blocked 1 000 others already.
    pub async fn block(&self, account: AccountId, other: AccountId) -> Result<(), ApiError> {
        let (blocks,): (i64,) = self.db().fetch_one(queries::BLOCKS, params![account]).await?;
        if account == other || blocks >= MAX_BLOCKS {
            return Err(ApiError::new(Code::InvalidParam).with("userId"));
        }
        let now = self.db().clock().now();
        self.db().execute(queries::BLOCK, params![account, other, now]).await?;
        Ok(())
    }

    /// Removes a block.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unblock(&self, account: AccountId, other: AccountId) -> Result<(), ApiError> {
        self.db().execute(queries::UNBLOCK, params![account, other]).await?;
        Ok(())
    }

    /// Returns the accounts that an account has blocked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn blocked(&self, account: AccountId) -> Result<HashSet<AccountId>, ApiError> {
        let rows: Vec<(AccountId,)> = self.db().fetch_all(queries::BLOCKED, params![account]).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Checks that an account may reply to and like what an author wrote.
    ///
    /// # Errors
    /// [`Code::PlazaBlocked`] if the author has blocked it.
    pub(crate) async fn check_welcome(&self, account: AccountId, author: AccountId) -> Result<(), ApiError> {
        let values = params![author, account];
        match self.db().fetch_optional::<(i64,)>(queries::HAS_BLOCKED, values).await? {
            Some(_) => Err(Code::PlazaBlocked.into()),
            None => Ok(()),
        }
    }

    /// Reports a post or comment to the administrators.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such post or comment; [`Code::RateLimited`].
    pub async fn report(&self, account: AccountId, target: Target, reason: String) -> Result<(), ApiError> {
        let (post, comment, author) = match target {
            Target::Post(name) => {
                let found = self.db().fetch_optional(post::queries::ID, params![&name]).await?;
                let (post, author): (PostId, AccountId) = found.ok_or(Code::NotFound)?;
                (post, None, author)
            }
            Target::Comment(id) => {
                let (post, author, _) = self.place(id).await?;
                (post, Some(id), author)
            }
        };
        let (id, now) = (self.db().ids().next(), self.db().clock().now());
        let most = self.settings().reports_per_hour;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    rate::count(tx, account, Action::Report, most, now).await?;
                    let target = comment.map_or_else(|| post.into(), TargetId::from);
                    let values = params![id, target, post, comment, author, account, &reason, now];
                    tx.execute(queries::REPORT, values).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Returns the open reports, oldest first, at most 50.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reports(&self) -> Result<Vec<Report>, ApiError> {
        Ok(self.db().fetch_all(queries::OPEN, params![PER_PAGE]).await?)
    }

    /// Returns an open report.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such report, or it is closed.
    pub async fn find_report(&self, id: ReportId) -> Result<Report, ApiError> {
        let found = self.db().fetch_optional(queries::FIND, params![id]).await?;
        found.ok_or_else(|| Code::NotFound.into())
    }

    /// Closes a report, with no other effect than an entry in the log.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such report, or it is closed.
    pub async fn dismiss_report(&self, admin: AccountId, id: ReportId) -> Result<(), ApiError> {
        let report = self.find_report(id).await?;
        let (db, now) = (self.db().clone(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::CLOSE_ONE, params![id]).await? == 0 {
                        return Err(Code::NotFound.into());
                    }
                    let target = report.comment.map_or(report.post, comment::rules::name);
                    let (account, reason) = (report.author, report.reason.as_str());
                    let entry =
                        ModerationAction { action: "report.dismiss", target: &target, account, reason };
                    note(tx, &db, admin, entry, now).await
                })
            })
            .await
    }

    /// Deletes the reported post or comment, which closes all reports about it.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such report, or it is closed.
    pub async fn uphold_report(&self, admin: AccountId, id: ReportId) -> Result<(), ApiError> {
        let report = self.find_report(id).await?;
        match report.comment {
            Some(comment) => self.delete_comment(admin, Some(&report.reason), comment).await,
            None => self.delete_post(admin, Some(&report.reason), &report.post).await,
        }
    }

    /// Bans an account from writing for a number of days, or for good if `days` is 0.
    ///
    /// # Errors
    /// 422 if the reason is missing or too long; [`Code::NotFound`] if the account has no certificate;
    /// [`Code::InvalidParam`] if the number of days is negative or too large.
    pub async fn ban(
        &self,
        admin: AccountId,
        account: AccountId,
        days: i64,
        reason: &str,
    ) -> Result<(), ApiError> {
        let until = rules::until(self.db().clock().now(), days)?;
        self.set_ban(admin, account, until, rules::check_reason(reason)?, "resident.ban").await
    }

    /// Ends a ban.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the account has no certificate.
    pub async fn unban(&self, admin: AccountId, account: AccountId) -> Result<(), ApiError> {
        self.set_ban(admin, account, Timestamp(0), String::new(), "resident.unban").await
    }

    async fn set_ban(
        &self,
        admin: AccountId,
        account: AccountId,
        until: Timestamp,
        reason: String,
        action: &'static str,
    ) -> Result<(), ApiError> {
        let (db, now) = (self.db().clone(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let values = params![account, until, &reason];
                    if tx.execute(certificate::queries::BAN, values).await? == 0 {
                        return Err(Code::NotFound.into());
                    }
                    note(
                        tx,
                        &db,
                        admin,
                        ModerationAction { action, target: "", account, reason: &reason },
                        now,
                    )
                    .await
                })
            })
            .await
    }

    /// Returns the bans in force, those that end first at the front, at most 50.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn bans(&self) -> Result<Vec<Ban>, ApiError> {
        let now = self.db().clock().now();
        Ok(self.db().fetch_all(queries::BANNED, params![now, PER_PAGE]).await?)
    }

    /// Returns a page of the log: entries with ids below `before`, newest first, at most 50.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log(&self, before: LogEntryId) -> Result<Vec<LogEntry>, ApiError> {
        Ok(self.db().fetch_all(queries::LOG, params![before, PER_PAGE]).await?)
    }
}
