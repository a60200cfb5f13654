//! The request and response types of programs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api/auth/skills/token`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillRequest {
    /// The code that the person brought from the page.
    #[schema(required = true)]
    pub(super) code: Option<String>,
    /// The verifier of the challenge that the page was opened with.
    #[schema(required = true)]
    pub(super) code_verifier: Option<String>,
}

/// A program's token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramTokenOut {
    /// For the header `Authorization: Bearer …`.
    pub(super) access_token: String,
    /// `Bearer`.
    pub(super) token_type: &'static str,
    /// How long it lasts, in seconds. There is no other way to another one than through the person again.
    #[schema(example = 604_800)]
    pub(super) expires_in: i64,
}

/// A program that waits.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceOut {
    /// What to poll with, and to open the page `/auth/cli?session=…` with.
    pub(super) session_id: String,
    /// What the person compares, or types.
    #[schema(example = "BCDF-1234")]
    pub(super) user_code: String,
    /// When waiting ends.
    pub(super) expires_at: String,
}

/// How it stands with a program that waits.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolledOut {
    /// `pending`, `authorized` or `expired`.
    #[schema(example = "pending")]
    pub(super) status: &'static str,
    /// Its token, once it was let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
}

/// Body of `POST /api/auth/cli/session/authorize-by-code`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserCodeRequest {
    /// What the program shows.
    #[schema(required = true, example = "BCDF-1234")]
    pub(super) user_code: Option<String>,
}
