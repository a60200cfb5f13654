//! Counts and exports: domain types and wire types.

use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

use crate::AvatarId;

const DAY_MS: i64 = 86_400_000;

/// A conversation with an avatar, in short.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interaction {
    pub(super) id: i64,
    pub(super) visitor_name: String,
    /// Messages of the visitor.
    pub(super) message_count: i64,
    pub(super) duration_seconds: i64,
    /// The beginning of the visitor's first message.
    pub(super) summary: String,
    /// UTC, without a zone.
    #[schema(example = "2026-01-01 00:00:00")]
    pub(super) created_at: String,
}

/// Query of `GET /api/secondme/avatar/dashboard`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DashboardParams {
    /// The avatar's id.
    pub(super) avatar_id: i64,
    /// Milliseconds since 1970. Default: 30 days before `to`.
    pub(super) from: Option<i64>,
    /// Milliseconds since 1970. Default: now.
    pub(super) to: Option<i64>,
    /// Always taken as `day`.
    #[param(default = "auto")]
    #[serde(rename = "interval")]
    pub(super) _interval: Option<String>,
}

/// A range of days.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// The counts of an avatar.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    pub(super) avatar_id: i64,
    pub(super) avatar_title: String,
    pub(super) access_type: &'static str,
    pub(super) interval: &'static str,
    pub(super) data_updated_at: i64,
    pub(super) summary: DashboardSummary,
    pub(super) trend: Vec<Bucket>,
}

impl Dashboard {
    /// Returns the date and the number of messages of each day.
    pub fn by_day(&self) -> impl Iterator<Item = (&str, i64)> {
        self.trend.iter().map(|day| (day.label.as_str(), day.message_count))
    }

    /// Returns the numbers of visitors, of visitors who wrote, and of messages.
    pub const fn totals(&self) -> (i64, i64, i64) {
        let all = &self.summary;
        (all.unique_visitor_count, all.message_user_count, all.message_count)
    }
}

/// The counts of a range. This server has no payments, so theirs are 0.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DashboardSummary {
    unique_visitor_count: i64,
    message_user_count: i64,
    /// Visitors who wrote, of 10000.
    message_conversion_rate_bp: i64,
    message_count: i64,
    paid_user_count: i64,
    paid_order_count: i64,
    gross_income_unit_amount: i64,
}

impl DashboardSummary {
    pub(super) const fn new(visitors: i64, writers: i64, messages: i64) -> Self {
        let rate = if visitors == 0 { 0 } else { writers * 10_000 / visitors };
        Self {
            unique_visitor_count: visitors,
            message_user_count: writers,
            message_conversion_rate_bp: rate,
            message_count: messages,
            paid_user_count: 0,
            paid_order_count: 0,
            gross_income_unit_amount: 0,
        }
    }
}

/// The counts of a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    bucket_start: i64,
    bucket_end: i64,
    #[schema(example = "2026-01-01")]
    label: String,
    new_user_count: i64,
    returning_user_count: i64,
    message_user_count: i64,
    message_count: i64,
    avg_message_count: f64,
    paid_order_count: i64,
    gross_income_unit_amount: i64,
}

impl Bucket {
    /// Creates the counts of a day from its new and returning visitors, those who wrote, and messages.
    pub(super) fn new(day: i64, (_, new, returning, writers, messages): (i64, i64, i64, i64, i64)) -> Self {
        let start = day.saturating_mul(DAY_MS);
        let average = if writers == 0 { 0.0 } else { messages as f64 / writers as f64 };
        Self {
            bucket_start: start,
            bucket_end: start.saturating_add(DAY_MS),
            label: Timestamp(start).date(),
            new_user_count: new,
            returning_user_count: returning,
            message_user_count: writers,
            message_count: messages,
            avg_message_count: average,
            paid_order_count: 0,
            gross_income_unit_amount: 0,
        }
    }
}

/// An export of conversations.
#[derive(Debug, Clone)]
pub struct Export {
    /// The id: 32 hexadecimal digits.
    pub job: String,
    pub(super) owner: AccountId,
    pub(super) avatar: AvatarId,
    pub(super) language: String,
    pub(super) zone: String,
    pub(super) messages: i64,
    pub(super) is_truncated: bool,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

from_row!(Export { job, owner, avatar, language, zone, messages, is_truncated, created_at, expires_at });

/// Body of `POST /api/secondme/avatar/conversations/export`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportRequest {
    /// The avatar's id.
    #[serde(deserialize_with = "crate::lenient::id")]
    #[schema(value_type = i64)]
    pub(super) avatar_id: AvatarId,
    /// `zh` (default) or `en`.
    pub(super) app_language: Option<String>,
    /// An IANA time zone. Default `Asia/Shanghai`.
    pub(super) timezone: Option<String>,
}

/// Response of `POST /api/secondme/avatar/conversations/export`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportJob {
    pub(super) job_id: String,
}

/// Response of `GET /api/secondme/avatar/conversations/export/{jobId}`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportResponse {
    pub(super) job_id: String,
    /// Always `SUCCEEDED`: the file is made while it is downloaded.
    #[schema(example = "SUCCEEDED")]
    pub(super) status: &'static str,
    /// It needs no credential.
    pub(super) download_url: String,
    pub(super) expires_at: i64,
    pub(super) file_name: String,
    pub(super) truncated: bool,
    pub(super) message_count: i64,
}

/// Response of `GET /api/secondme/avatar/contract/status`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractStatus {
    /// Always `NOT_SIGNED`: this server has no payments.
    #[schema(example = "NOT_SIGNED")]
    pub(super) status: &'static str,
}

/// Query of a download.
#[derive(Debug, Default, Deserialize)]
pub struct DownloadParams {
    #[serde(default)]
    pub(super) token: String,
}
