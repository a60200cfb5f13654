//! What a certificate is, inside and on the wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

/// A resident's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its id.
    pub id: i64,
    /// `CERT-YYYYMMDD-NNN`.
    pub number: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Whether the resident's double may comment.
    pub double_speaks: bool,
    /// Until when the resident may not speak.
    pub banned_until: Timestamp,
    /// Why not.
    pub ban_reason: String,
}

from_row!(Certificate { id, number, issued_at, double_speaks, banned_until, ban_reason });

/// Query of `GET /api/certificate/`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// The person asked about; without it the caller.
    pub(super) user_id: Option<String>,
}

/// Answer of `GET /api/certificate/` (contract C-13).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    pub(super) has_certificate: bool,
    /// Null without one.
    pub(super) certificate: Option<CertificateOut>,
}

/// A certificate on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateOut {
    #[schema(example = 123)]
    pub(super) id: i64,
    #[schema(example = "CERT-20240120-001")]
    pub(super) certificate_number: String,
    /// Decimal digits.
    #[schema(example = "2148256")]
    pub(super) user_id: String,
    /// ISO 8601, UTC.
    #[schema(example = "2024-01-20T10:00:00Z")]
    pub(super) issued_at: String,
    /// `active`, or `suspended` while an administrator has silenced the resident.
    #[schema(example = "active")]
    pub(super) status: &'static str,
    pub(super) name: String,
    /// URL of the picture, or an empty text.
    pub(super) avatar: String,
}
