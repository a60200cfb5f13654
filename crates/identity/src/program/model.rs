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
#[schema(as = ProgramTokenOut)]
pub struct ProgramTokenResponse {
    /// For the header `Authorization: Bearer …`.
    pub(super) access_token: String,
    /// `Bearer`.
    pub(super) token_type: &'static str,
    /// Lifetime in seconds. After it the person has to sign the program in again.
    #[schema(example = 604_800)]
    pub(super) expires_in: i64,
}

/// A program that waits.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeviceOut)]
pub struct DeviceResponse {
    /// The secret to poll with, which also opens the page `/auth/cli?session=…`.
    pub(super) session_id: String,
    /// The code that the person compares or types.
    #[schema(example = "BCDF-1234")]
    pub(super) user_code: String,
    /// The time at which the program stops waiting.
    pub(super) expires_at: String,
}

/// The state of a waiting program.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PolledOut)]
pub struct PolledResponse {
    /// `pending`, `authorized` or `expired`.
    #[schema(example = "pending")]
    pub(super) status: &'static str,
    /// The token, once the program is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
}

/// Body of `POST /api/auth/cli/session/authorize-by-code`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserCodeRequest {
    /// The code that the program shows.
    #[schema(required = true, example = "BCDF-1234")]
    pub(super) user_code: Option<String>,
}
