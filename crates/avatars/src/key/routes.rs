//! HTTP routes of keys of avatars.

use axum::extract::State;
use identity::{
    Scoped,
    scope::{ReadAvatars, WriteAvatars},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Issues, Json, Nothing, Query};

use super::model::{KeyChangeRequest, KeyList, KeyRef, NewKeyRequest, NewKeyResponse};
use crate::{AvatarId, Avatars, avatar::model::AvatarParams};

/// Longest name of a key in characters.
const MAX_NAME: usize = 100;

pub(crate) fn router(avatars: Avatars) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(update))
        .routes(routes!(delete))
        .with_state(avatars)
}

/// Create a key of an avatar. The secret is in this response only. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/api-key/create",
    operation_id = "createAvatarKey",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = NewKeyRequest,
    responses((status = 200, description = "The key with its secret", body = Envelope<NewKeyResponse>)),
)]
async fn create(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<NewKeyRequest>,
) -> ApiResult<NewKeyResponse> {
    let mut issues = Issues::body();
    let name = issues.name("name", request.name.as_deref(), MAX_NAME);
    issues.finish()?;
    let avatar = request.avatar_id;
    let (key, secret) = avatars.create_avatar_key(caller.account(), avatar, name).await?;
    Ok(Data(NewKeyResponse { key: key.into(), secret_key: secret.expose().to_owned() }))
}

/// List the keys of an avatar, newest first. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/api-key/list",
    operation_id = "listAvatarKeys",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(AvatarParams),
    responses((status = 200, description = "The keys", body = Envelope<KeyList>)),
)]
async fn list(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Query(params): Query<AvatarParams>,
) -> ApiResult<KeyList> {
    let keys = avatars.avatar_keys(caller.account(), AvatarId(params.avatar_id)).await?;
    Ok(Data(KeyList { list: keys.into_iter().map(Into::into).collect() }))
}

/// Rename a key of an avatar, or enable or disable it. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/api-key/update",
    operation_id = "updateAvatarKey",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = KeyChangeRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn update(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<KeyChangeRequest>,
) -> ApiResult<Nothing> {
    let mut issues = Issues::body();
    let name = request.name.map(|name| issues.name("name", Some(&name), MAX_NAME));
    issues.finish()?;
    let key = request.key_id;
    avatars.update_avatar_key(caller.account(), key, name, request.enabled).await?;
    Ok(Data(Nothing))
}

/// Delete a key of an avatar. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/api-key/delete",
    operation_id = "deleteAvatarKey",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = KeyRef,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<KeyRef>,
) -> ApiResult<Nothing> {
    avatars.delete_avatar_key(caller.account(), request.key_id).await?;
    Ok(Data(Nothing))
}
