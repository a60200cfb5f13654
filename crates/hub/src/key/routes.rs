//! HTTP endpoints for keys. They need a sign-in session; API keys and tokens cannot manage keys.

use axum::extract::{Path, State};
use identity::SignedIn;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiResult, Data, Envelope, Json, Nothing, Query,
    paging::{PageParams, Paged},
};

use super::{
    model::{KeyRequest, KeyResponse, RotateRequest, SecretResponse},
    rules,
};
use crate::Hub;

/// Returns the routes, relative to the API's base path.
pub fn router(hub: Hub) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(update))
        .routes(routes!(rotate))
        .routes(routes!(delete))
        .with_state(hub)
}

/// Create a Hub key. Its secret is shown only once.
#[utoipa::path(
    post,
    path = "/apikey/hub/keys/create",
    operation_id = "createHubKey",
    tag = "Hub",
    security(("session" = [])),
    request_body = KeyRequest,
    responses((status = 200, description = "The key", body = Envelope<SecretResponse>)),
)]
async fn create(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Json(request): Json<KeyRequest>,
) -> ApiResult<SecretResponse> {
    let (key, secret) = hub.create_key(signed_in.caller.account(), request).await?;
    Ok(Data(SecretResponse { sk: secret.expose().to_owned(), about: key.into() }))
}

/// List one's own keys, newest first.
#[utoipa::path(
    get,
    path = "/apikey/hub/keys/list",
    operation_id = "listHubKeys",
    tag = "Hub",
    security(("session" = [])),
    params(PageParams),
    responses((status = 200, description = "One page", body = Envelope<Paged<KeyResponse>>)),
)]
async fn list(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Query(query): Query<PageParams>,
) -> ApiResult<Paged<KeyResponse>> {
    let (keys, total) = hub.keys(signed_in.caller.account(), query.check()?).await?;
    Ok(Data(Paged { list: keys.into_iter().map(KeyResponse::from).collect(), total }))
}

/// See one of one's own keys.
#[utoipa::path(
    get,
    path = "/apikey/hub/keys/{id}",
    operation_id = "hubKey",
    tag = "Hub",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    responses((status = 200, description = "The key", body = Envelope<KeyResponse>)),
)]
async fn one(State(hub): State<Hub>, signed_in: SignedIn, Path(id): Path<String>) -> ApiResult<KeyResponse> {
    Ok(Data(hub.key(signed_in.caller.account(), rules::id(&id)?).await?.into()))
}

/// Change a key. Absent members stay as they are. In force with the next call.
#[utoipa::path(
    post,
    path = "/apikey/hub/keys/{id}/update",
    operation_id = "updateHubKey",
    tag = "Hub",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    request_body = KeyRequest,
    responses((status = 200, description = "The changed key", body = Envelope<KeyResponse>)),
)]
async fn update(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Json(request): Json<KeyRequest>,
) -> ApiResult<KeyResponse> {
    Ok(Data(hub.update_key(signed_in.caller.account(), rules::id(&id)?, request).await?.into()))
}

/// Replace the secret of a key. The old one stays valid for the overlap.
#[utoipa::path(
    post,
    path = "/apikey/hub/keys/{id}/rotate",
    operation_id = "rotateHubKey",
    tag = "Hub",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    request_body = RotateRequest,
    responses((status = 200, description = "The key and its new secret", body = Envelope<SecretResponse>)),
)]
async fn rotate(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Json(request): Json<RotateRequest>,
) -> ApiResult<SecretResponse> {
    let overlap = rules::overlap(&request)?;
    let (key, secret) = hub.rotate_key(signed_in.caller.account(), rules::id(&id)?, overlap).await?;
    Ok(Data(SecretResponse { sk: secret.expose().to_owned(), about: key.into() }))
}

/// Delete a key; it stops working at once.
#[utoipa::path(
    post,
    path = "/apikey/hub/keys/{id}/delete",
    operation_id = "deleteHubKey",
    tag = "Hub",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(State(hub): State<Hub>, signed_in: SignedIn, Path(id): Path<String>) -> ApiResult<Nothing> {
    hub.delete_key(signed_in.caller.account(), rules::id(&id)?).await?;
    Ok(Data(Nothing))
}
