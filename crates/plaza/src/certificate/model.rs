//! Certificates: domain types and wire types.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

use crate::CertificateId;

/// A certificate, which lets its account use the Plaza.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The id.
    pub id: CertificateId,
    /// The number, `CERT-YYYYMMDD-NNN`.
    pub number: String,
    /// The time of issue.
    pub issued_at: Timestamp,
    /// True if the person's assistant may comment.
    pub double_speaks: bool,
    /// The end of a ban from writing; in the past if there is none.
    pub banned_until: Timestamp,
    /// The reason of the ban.
    pub ban_reason: String,
}

from_row!(Certificate { id, number, issued_at, double_speaks, banned_until, ban_reason });

/// Query of `GET /api/certificate/`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// The account whose certificate is looked up. Default: the caller.
    pub(super) user_id: Option<String>,
}

/// Response of `GET /api/certificate/`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    pub(super) has_certificate: bool,
    /// Null if there is none.
    pub(super) certificate: Option<CertificateResponse>,
}

/// A certificate in responses of the older API, whose document does not have them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    pub(super) activated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) certificate_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issued_at: Option<String>,
}

/// A certificate in responses.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CertificateOut)]
pub struct CertificateResponse {
    #[schema(value_type = i64, example = 123)]
    pub(super) id: CertificateId,
    #[schema(example = "CERT-20240120-001")]
    pub(super) certificate_number: String,
    /// Decimal digits.
    #[schema(example = "2148256")]
    pub(super) user_id: String,
    /// ISO 8601, UTC.
    #[schema(example = "2024-01-20T10:00:00Z")]
    pub(super) issued_at: String,
    /// `active`, or `suspended` during a ban.
    #[schema(example = "active")]
    pub(super) status: &'static str,
    pub(super) name: String,
    /// URL of the picture, or an empty text.
    pub(super) avatar: String,
}
