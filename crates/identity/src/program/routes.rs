//! The HTTP API for the sign-in of programs.

use axum::{
    Extension,
    extract::{Path, State},
};
use http::{HeaderMap, header};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, ClientAddress, Data, Envelope, Issues, Json};

use super::{
    TOKEN_SECONDS,
    device::Polled,
    model::{DeviceResponse, PolledResponse, ProgramTokenResponse, SkillRequest, UserCodeRequest},
    rules,
};
use crate::{Identity, SignedIn};

/// The routes for programs without a credential, as written in the router.
pub const PUBLIC: &[&str] = &[
    "/api/auth/skills/token",
    "/api/auth/cli/session",
    "/api/auth/cli/session/{sessionId}/poll",
    "/gate/lab/api/auth/skills/token",
    "/gate/lab/api/auth/cli/session",
    "/gate/lab/api/auth/cli/session/{sessionId}/poll",
];

/// Returns the routes, relative to the base path of the API.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(skill))
        .routes(routes!(start))
        .routes(routes!(poll))
        .routes(routes!(by_code))
        .routes(routes!(authorize))
        .with_state(identity)
}

/// Exchange the code that a person brought from the page `/auth/skills?challenge=…`, once.
#[utoipa::path(
    post,
    path = "/auth/skills/token",
    operation_id = "skillToken",
    tag = "Sign-in of programs",
    security(()),
    request_body = SkillRequest,
    responses((status = 200, description = "The token", body = Envelope<ProgramTokenResponse>)),
)]
async fn skill(
    State(identity): State<Identity>,
    headers: HeaderMap,
    Json(request): Json<SkillRequest>,
) -> ApiResult<ProgramTokenResponse> {
    let mut issues = Issues::body();
    for (field, value) in [("code", &request.code), ("codeVerifier", &request.code_verifier)] {
        if value.is_none() {
            issues.missing(field);
        }
    }
    issues.finish()?;
    let name = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (code, verifier) = (request.code.unwrap_or_default(), request.code_verifier.unwrap_or_default());
    let token = identity.exchange_program_code(&code, verifier, rules::name(name)).await?;
    let access_token = token.expose().to_owned();
    Ok(Data(ProgramTokenResponse { access_token, token_type: "Bearer", expires_in: TOKEN_SECONDS }))
}

/// Start the sign-in of a program. The person agrees at `/auth/cli?session=…`, or enters the code there.
#[utoipa::path(
    post,
    path = "/auth/cli/session",
    operation_id = "startDevice",
    tag = "Sign-in of programs",
    security(()),
    responses(
        (
            status = 200,
            description = "The session to poll with, and the code and URL to show",
            body = Envelope<DeviceResponse>,
        ),
        (status = 429, description = "Too many from this address; `Retry-After` says when to try again"),
    ),
)]
async fn start(
    State(identity): State<Identity>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
) -> ApiResult<DeviceResponse> {
    let device = identity.start_device(address).await?;
    Ok(Data(DeviceResponse {
        session_id: device.session,
        user_code: device.user_code,
        expires_at: device.expires_at.iso8601(),
    }))
}

/// Get the state of a program's sign-in.
#[utoipa::path(
    get,
    path = "/auth/cli/session/{sessionId}/poll",
    operation_id = "pollDevice",
    tag = "Sign-in of programs",
    security(()),
    params(("sessionId" = String, Path, description = "The session from `auth/cli/session`")),
    responses((
        status = 200,
        description = "The state, and the token once the person agreed",
        body = Envelope<PolledResponse>,
    )),
)]
async fn poll(State(identity): State<Identity>, Path(session): Path<String>) -> ApiResult<PolledResponse> {
    Ok(Data(match identity.poll_device(&session).await? {
        Polled::Pending => PolledResponse { status: "pending", token: None },
        Polled::Expired => PolledResponse { status: "expired", token: None },
        Polled::Authorized(token) => {
            PolledResponse { status: "authorized", token: Some(token.expose().to_owned()) }
        }
    }))
}

/// Sign in the program with this session.
#[utoipa::path(
    post,
    path = "/auth/cli/session/{sessionId}/authorize",
    operation_id = "authorizeDevice",
    tag = "Sign-in of programs",
    security(("session" = [])),
    params(("sessionId" = String, Path, description = "The `session` parameter of the page")),
    responses((status = 200, description = "The program is signed in", body = Envelope<PolledResponse>)),
)]
async fn authorize(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(session): Path<String>,
) -> ApiResult<PolledResponse> {
    identity.let_session_in(signed_in.caller.account(), &session).await?;
    Ok(Data(PolledResponse { status: "authorized", token: None }))
}

/// Sign in the program that shows this code.
#[utoipa::path(
    post,
    path = "/auth/cli/session/authorize-by-code",
    operation_id = "authorizeDeviceByCode",
    tag = "Sign-in of programs",
    security(("session" = [])),
    request_body = UserCodeRequest,
    responses(
        (status = 200, description = "The program is signed in", body = Envelope<PolledResponse>),
        (status = 429, description = "Too many wrong codes; `Retry-After` says when to try again"),
    ),
)]
async fn by_code(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Json(request): Json<UserCodeRequest>,
) -> ApiResult<PolledResponse> {
    let mut issues = Issues::body();
    if request.user_code.is_none() {
        issues.missing("userCode");
    }
    issues.finish()?;
    let user_code = request.user_code.unwrap_or_default();
    identity.let_device_in(signed_in.caller.account(), &user_code, address).await?;
    Ok(Data(PolledResponse { status: "authorized", token: None }))
}
