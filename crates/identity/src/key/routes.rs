//! The HTTP API of keys, for people who are signed in. Keys cannot create or delete keys.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiResult, Data, Envelope, Json, Nothing, Query,
    paging::{PageParams, Paged},
};

use super::{
    model::{CreateRequest, CreatedResponse, KeyResponse, RotateRequest, UsageParams, UsageResponse},
    rules,
};
use crate::{Identity, SignedIn};

/// Returns the routes, relative to the base path of the API.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(rotate))
        .routes(routes!(delete))
        .routes(routes!(usage))
        .with_state(identity)
}

/// Create an API key. It is shown only once.
#[utoipa::path(
    post,
    path = "/apikey/create",
    operation_id = "createApiKey",
    tag = "API keys",
    security(("session" = [])),
    request_body = CreateRequest,
    responses((status = 200, description = "The key", body = Envelope<CreatedResponse>)),
)]
async fn create(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Json(request): Json<CreateRequest>,
) -> ApiResult<CreatedResponse> {
    let new = rules::read(request)?;
    let (key, secret) = identity.create_key(signed_in.caller.account(), new).await?;
    Ok(Data(CreatedResponse { key: secret.expose().to_owned(), about: key.into() }))
}

/// List one's own keys, newest first.
#[utoipa::path(
    get,
    path = "/apikey/list",
    operation_id = "listApiKeys",
    tag = "API keys",
    security(("session" = [])),
    params(PageParams),
    responses((status = 200, description = "One page", body = Envelope<Paged<KeyResponse>>)),
)]
async fn list(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Query(query): Query<PageParams>,
) -> ApiResult<Paged<KeyResponse>> {
    let (keys, total) = identity.keys(signed_in.caller.account(), query.check()?).await?;
    Ok(Data(Paged { list: keys.into_iter().map(KeyResponse::from).collect(), total }))
}

/// Replace a key by a new one. The old one stays valid for the overlap.
#[utoipa::path(
    post,
    path = "/apikey/{id}/rotate",
    operation_id = "rotateApiKey",
    tag = "API keys",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    request_body = RotateRequest,
    responses((status = 200, description = "The new key", body = Envelope<CreatedResponse>)),
)]
async fn rotate(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Json(request): Json<RotateRequest>,
) -> ApiResult<CreatedResponse> {
    let overlap = rules::overlap(&request)?;
    let (key, secret) = identity.rotate_key(signed_in.caller.account(), rules::id(&id)?, overlap).await?;
    Ok(Data(CreatedResponse { key: secret.expose().to_owned(), about: key.into() }))
}

/// Delete a key; it stops working at once.
#[utoipa::path(
    post,
    path = "/apikey/{id}/delete",
    operation_id = "deleteApiKey",
    tag = "API keys",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> ApiResult<Nothing> {
    identity.delete_key(signed_in.caller.account(), rules::id(&id)?).await?;
    Ok(Data(Nothing))
}

/// Show the calls made with a key, and the latest refusals.
#[utoipa::path(
    get,
    path = "/apikey/{id}/usage",
    operation_id = "apiKeyUsage",
    tag = "API keys",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id"), UsageParams),
    responses((
        status = 200,
        description = "Calls by day, endpoint and outcome",
        body = Envelope<UsageResponse>,
    )),
)]
async fn usage(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<UsageParams>,
) -> ApiResult<UsageResponse> {
    let days = rules::days(&query)?;
    let (rows, refusals) = identity.key_usage(signed_in.caller.account(), rules::id(&id)?, days).await?;
    let total = rows.iter().map(|row| row.calls).sum();
    let list = rows.into_iter().map(Into::into).collect();
    Ok(Data(UsageResponse { list, total, refusals: refusals.into_iter().map(Into::into).collect() }))
}
