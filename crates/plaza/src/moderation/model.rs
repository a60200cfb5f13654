//! Reports, bans and the log: domain types and wire types.

use serde::Deserialize;
use store::{AccountId, Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

use crate::{CommentId, LogEntryId, ReportId};

/// A report to the administrators.
#[derive(Debug, Clone)]
pub struct Report {
    /// The id.
    pub id: ReportId,
    /// The reported comment; `None` if the post itself is reported.
    pub comment: Option<CommentId>,
    /// The post's name.
    pub post: String,
    /// The author of the reported post or comment.
    pub author: AccountId,
    /// The account that reported it.
    pub reporter: AccountId,
    /// The reason.
    pub reason: String,
    /// The time of the report.
    pub created_at: Timestamp,
    /// The text of the reported post or comment.
    pub content: String,
}

from_row!(Report { id, comment, post, author, reporter, reason, created_at, content });

/// A logged moderation action.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// The id; newer entries have greater ones.
    pub id: LogEntryId,
    /// The moderator's account.
    pub moderator: AccountId,
    /// The kind of action, such as `post.delete`.
    pub action: String,
    /// The post, comment or invitation code; empty if the action concerned only an account.
    pub target: String,
    /// The account concerned.
    pub account: AccountId,
    /// The reason, or empty.
    pub reason: String,
    /// The time.
    pub created_at: Timestamp,
}

from_row!(LogEntry { id, moderator, action, target, account, reason, created_at });

/// A ban from writing.
#[derive(Debug, Clone)]
pub struct Ban {
    /// The banned account.
    pub account: AccountId,
    /// The end of the ban.
    pub until: Timestamp,
    /// The reason.
    pub reason: String,
}

from_row!(Ban { account, until, reason });

/// Query of deletions: the reason for which an administrator deletes somebody else's post or comment.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReasonParams {
    /// The reason of an administrator, which is logged with the deletion; at most 500 characters.
    #[param(max_length = 500)]
    pub(crate) reason: Option<String>,
}

/// Body of `POST /api/secondme/plaza/report`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRequest {
    /// The reported post; ignored if there is a `commentId`.
    pub(super) post_id: Option<String>,
    pub(super) comment_id: Option<String>,
    /// At most 500 characters. Required.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}
