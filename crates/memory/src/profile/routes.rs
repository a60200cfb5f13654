//! The profile over HTTP.

use axum::extract::State;
use identity::{
    Caller, Scoped,
    scope::{ReadUserInfo, WriteProfile},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json};

use super::model::{Me, ProfileRequest, ProfileResponse, UserInfo};
use crate::Memory;

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(info)).routes(routes!(update)).routes(routes!(me)).with_state(memory)
}

/// Get the person's profile. Scope user.info or userinfo.
#[utoipa::path(
    get,
    path = "/secondme/user/info",
    operation_id = "userInfo",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "The person", body = Envelope<UserInfo>)),
)]
async fn info(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadUserInfo>,
) -> ApiResult<UserInfo> {
    let (account, profile) = memory.profile(caller.account()).await?;
    Ok(Data(UserInfo::new(account, profile)))
}

/// Change the profile. Absent members stay as they are. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/user/profile",
    operation_id = "updateProfile",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    request_body = ProfileRequest,
    responses((status = 200, description = "The changed profile", body = Envelope<ProfileResponse>)),
)]
async fn update(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Json(request): Json<ProfileRequest>,
) -> ApiResult<ProfileResponse> {
    memory.update_profile(caller.account(), request.into()).await?;
    let (account, profile) = memory.profile(caller.account()).await?;
    Ok(Data(ProfileResponse::new(account, profile, &memory.settings().public_url)))
}

/// Get the person of the credential, with their id for the calling app. Any credential of a person.
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "me",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "The person", body = Envelope<Me>)),
)]
async fn me(State(memory): State<Memory>, caller: Caller) -> ApiResult<Me> {
    let (account, profile) = memory.profile(caller.account()).await?;
    Ok(Data(Me::new(account, profile, memory.app_scoped_id(&caller).await?)))
}
