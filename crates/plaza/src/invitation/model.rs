//! Invitations: domain types and wire types.

use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use utoipa::ToSchema;

use crate::InvitationId;

/// An invitation code.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The id; newer codes have greater ones.
    pub id: InvitationId,
    /// The code.
    pub code: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// The note of an administrator, or empty.
    pub note: String,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of its withdrawal.
    pub withdrawn_at: Option<Timestamp>,
    /// The account that redeemed it.
    pub used_by: Option<AccountId>,
    /// The time at which it was redeemed.
    pub used_at: Option<Timestamp>,
}

from_row!(Invitation { id, code, account, note, created_at, withdrawn_at, used_by, used_at });

/// The result of redeeming a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// The code.
    pub code: String,
    /// The account that the code belongs to.
    pub inviter: AccountId,
    /// True if a certificate was issued. False if the person already had one; the code is then not used up.
    pub is_issued: bool,
    /// The number of the person's certificate.
    pub number: String,
}

/// Body of `POST /api/invitation/redeem`.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RedeemRequest {
    /// The code, in upper or lower case.
    #[schema(example = "INVITE-CODE-123")]
    pub(super) code: Option<String>,
}

/// Response of `POST /api/invitation/redeem`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedeemOut)]
pub struct RedeemResponse {
    code: String,
    /// Decimal digits.
    #[schema(example = "98765")]
    inviter_user_id: String,
    #[schema(example = "邀请码兑换成功")]
    message: &'static str,
    /// False if the caller already had a certificate; the code is then not used up.
    certificate_issued: bool,
    #[schema(example = "CERT-20240120-001")]
    certificate_number: String,
}

impl From<Redeemed> for RedeemResponse {
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
