//! Likes over HTTP.

use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope};

use crate::{Plaza, comment::rules::parse, gate::Writer};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(like_post))
        .routes(routes!(unlike_post))
        .routes(routes!(like_comment))
        .routes(routes!(unlike_comment))
        .with_state(plaza)
}

/// Response of liking and unliking.
#[derive(Debug, Serialize, ToSchema)]
struct Likes {
    /// True if the caller likes it.
    liked: bool,
    /// The number of likes.
    likes: i64,
}

/// Like a post. Repeating it changes nothing. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/posts/{postId}/like",
    operation_id = "likePost",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("postId" = String, Path, description = "The post's id")),
    responses((status = 200, description = "The number of likes", body = Envelope<Likes>)),
)]
async fn like_post(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
) -> ApiResult<Likes> {
    let likes = plaza.like_post(caller.account(), &name, true).await?;
    Ok(Data(Likes { liked: true, likes }))
}

/// Remove the like of a post. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/posts/{postId}/unlike",
    operation_id = "unlikePost",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("postId" = String, Path, description = "The post's id")),
    responses((status = 200, description = "The number of likes", body = Envelope<Likes>)),
)]
async fn unlike_post(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
) -> ApiResult<Likes> {
    let likes = plaza.like_post(caller.account(), &name, false).await?;
    Ok(Data(Likes { liked: false, likes }))
}

/// Like a comment. Repeating it changes nothing. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/comments/{commentId}/like",
    operation_id = "likeComment",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("commentId" = String, Path, description = "The comment's id")),
    responses((status = 200, description = "The number of likes", body = Envelope<Likes>)),
)]
async fn like_comment(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
) -> ApiResult<Likes> {
    let likes = plaza.like_comment(caller.account(), parse(&name)?, true).await?;
    Ok(Data(Likes { liked: true, likes }))
}

/// Remove the like of a comment. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/comments/{commentId}/unlike",
    operation_id = "unlikeComment",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("commentId" = String, Path, description = "The comment's id")),
    responses((status = 200, description = "The number of likes", body = Envelope<Likes>)),
)]
async fn unlike_comment(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
) -> ApiResult<Likes> {
    let likes = plaza.like_comment(caller.account(), parse(&name)?, false).await?;
    Ok(Data(Likes { liked: false, likes }))
}
