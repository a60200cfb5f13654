//! Reports, bans and the log, inside and on the wire.

use serde::Deserialize;
use store::{Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

/// What a resident told the administrators.
#[derive(Debug, Clone)]
pub struct Report {
    /// For dealing with it.
    pub id: i64,
    /// The comment it is about; `None`: the post itself.
    pub comment: Option<i64>,
    /// What the post is called.
    pub post: String,
    /// Who wrote what it is about.
    pub author: i64,
    /// Who told.
    pub reporter: i64,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
    /// What was written.
    pub content: String,
}

from_row!(Report { id, comment, post, author, reporter, reason, created_at, content });

/// Something an administrator did.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Its number; newer ones are greater.
    pub id: i64,
    /// Who did it.
    pub moderator: i64,
    /// What.
    pub action: String,
    /// To which post, comment or code; empty where it was about a person alone.
    pub target: String,
    /// To whom.
    pub account: i64,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
}

from_row!(LogEntry { id, moderator, action, target, account, reason, created_at });

/// Somebody who may not speak.
#[derive(Debug, Clone)]
pub struct Ban {
    /// Who.
    pub account: i64,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

from_row!(Ban { account, until, reason });

/// Why an administrator deletes what somebody else wrote.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReasonQuery {
    /// Of an administrator, at most 500 characters: noted in the log with the deletion.
    #[param(max_length = 500)]
    pub(crate) reason: Option<String>,
}

/// Body of `POST /api/secondme/plaza/report`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportRequest {
    /// The post; or the comment, if that is named.
    pub(super) post_id: Option<String>,
    pub(super) comment_id: Option<String>,
    /// At most 500 characters. Required.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}
