//! Posts over HTTP.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json, Nothing, Query};

use super::{
    model::{EditRequest, PostRequest, PostResponse, Posted},
    rules,
};
use crate::{
    Plaza,
    gate::{Reader, Writer},
    moderation::{model::ReasonParams, rules::moderation_reason},
};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(show))
        .routes(routes!(update))
        .routes(routes!(delete))
        .with_state(plaza)
}

/// Write a post. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/posts/create",
    operation_id = "createPost",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    request_body = PostRequest,
    responses((status = 200, description = "The post's id", body = Envelope<Posted>)),
)]
async fn create(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Json(request): Json<PostRequest>,
) -> ApiResult<Posted> {
    let post_id = plaza.post(caller.account(), rules::check(request)?).await?;
    Ok(Data(Posted { post_id }))
}

/// Read a post. Scope plaza.read, and a Plaza certificate.
#[utoipa::path(
    get,
    path = "/secondme/plaza/posts/{postId}",
    operation_id = "getPost",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("postId" = String, Path, description = "The post's id")),
    responses((status = 200, description = "The post", body = Envelope<PostResponse>)),
)]
async fn show(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Path(name): Path<String>,
) -> ApiResult<PostResponse> {
    let post = plaza.find_post(caller.account(), &name).await?;
    let people = plaza.authors([post.author]).await?;
    Ok(Data(PostResponse::new(post, &people)))
}

/// Replace the text of the caller's post, which then has `editedAt`. Scope plaza.write, and a Plaza
/// certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/posts/{postId}/update",
    operation_id = "updatePost",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("postId" = String, Path, description = "The post's id")),
    request_body = EditRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn update(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
    Json(request): Json<EditRequest>,
) -> ApiResult<Nothing> {
    let content = rules::check_edit(request, rules::MAX_CONTENT)?;
    plaza.edit_post(caller.account(), &name, content).await?;
    Ok(Data(Nothing))
}

/// Delete the caller's post. An administrator's session, or their key with scope `*`, may delete any post,
/// which is logged with the reason. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/posts/{postId}/delete",
    operation_id = "deletePost",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("postId" = String, Path, description = "The post's id"), ReasonParams),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
    Query(reason): Query<ReasonParams>,
) -> ApiResult<Nothing> {
    let moderator = moderation_reason(&caller, reason)?;
    plaza.delete_post(caller.account(), moderator.as_deref(), &name).await?;
    Ok(Data(Nothing))
}
