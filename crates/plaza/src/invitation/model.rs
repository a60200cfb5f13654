//! What an invitation is, inside and on the wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::ToSchema;

/// An invitation code.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// For withdrawing it.
    pub id: i64,
    /// The code itself.
    pub code: String,
    /// Whose it is.
    pub account: i64,
    /// An administrator's note.
    pub note: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
    /// Who came in with it.
    pub used_by: Option<i64>,
    /// When.
    pub used_at: Option<Timestamp>,
}

from_row!(Invitation { id, code, account, note, created_at, withdrawn_at, used_by, used_at });

/// What redeeming a code led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The code.
    pub code: String,
    /// Whose it was.
    pub inviter: i64,
    /// Whether a certificate was issued; where not, the person had one and the code stays good.
    pub is_issued: bool,
    /// The person's certificate.
    pub number: String,
}

/// Body of `POST /api/invitation/redeem` (contract C-14).
#[derive(Debug, Deserialize, ToSchema)]
pub struct RedeemRequest {
    /// In any case.
    #[schema(example = "INVITE-CODE-123")]
    pub(super) code: Option<String>,
}

/// Answer of `POST /api/invitation/redeem`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedeemOut {
    code: String,
    /// Decimal digits.
    #[schema(example = "98765")]
    inviter_user_id: String,
    #[schema(example = "邀请码兑换成功")]
    message: &'static str,
    /// False where the caller was a resident already: the code then stays good.
    certificate_issued: bool,
    #[schema(example = "CERT-20240120-001")]
    certificate_number: String,
}

impl From<Redeemed> for RedeemOut {
    fn from(redeemed: Redeemed) -> Self {
        Self {
            code: redeemed.code,
            inviter_user_id: redeemed.inviter.to_string(),
            message: if redeemed.is_issued {
                "邀请码兑换成功"
            } else {
                "已拥有居民证,邀请码未使用"
            },
            certificate_issued: redeemed.is_issued,
            certificate_number: redeemed.number,
        }
    }
}
