//! Comments over HTTP.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json, Nothing, Query};

use super::{
    model::{CommentPage, CommentRequest, CommentResponse, Commented, Comments},
    rules,
};
use crate::{
    Plaza,
    cursor::CursorParams,
    gate::{Reader, Writer},
    moderation::{model::ReasonParams, rules::moderation_reason},
    post::{model::EditRequest, rules::check_edit},
};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(update))
        .routes(routes!(delete))
        .with_state(plaza)
}

/// Comment on a post. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/posts/comment",
    operation_id = "createComment",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    request_body = CommentRequest,
    responses((status = 200, description = "The comment's id", body = Envelope<Commented>)),
)]
async fn create(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Json(request): Json<CommentRequest>,
) -> ApiResult<Commented> {
    let id = plaza.comment(caller.account(), rules::check(request)?).await?;
    Ok(Data(Commented { comment_id: rules::name(id) }))
}

/// List a post's comments, oldest first. Scope plaza.read, and a Plaza certificate.
#[utoipa::path(
    get,
    path = "/secondme/plaza/posts/{postId}/comments",
    operation_id = "listComments",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("postId" = String, Path, description = "The post's id"), CursorParams),
    responses((status = 200, description = "One page", body = Envelope<CommentPage>)),
)]
async fn list(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Path(post): Path<String>,
    Query(cursor): Query<CursorParams>,
) -> ApiResult<CommentPage> {
    let cursor = cursor.check()?;
    let Comments { items, context, has_more, snapshot, people } =
        plaza.comments(caller.account(), &post, cursor).await?;
    Ok(Data(CommentPage {
        items: items.into_iter().map(|comment| CommentResponse::new(comment, &people)).collect(),
        context_items: context.into_iter().map(|comment| CommentResponse::new(comment, &people)).collect(),
        page: cursor.number(),
        page_size: cursor.limit,
        has_more,
        snapshot,
    }))
}

/// Replace the text of the caller's comment, which then has `editedAt`. Scope plaza.write, and a Plaza
/// certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/comments/{commentId}/update",
    operation_id = "updateComment",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("commentId" = String, Path, description = "The comment's id")),
    request_body = EditRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn update(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
    Json(request): Json<EditRequest>,
) -> ApiResult<Nothing> {
    rules::check_length(request.content.as_deref().unwrap_or_default())?;
    let content = check_edit(request, rules::MAX_CONTENT)?;
    plaza.edit_comment(caller.account(), rules::parse(&name)?, &content).await?;
    Ok(Data(Nothing))
}

/// Delete the caller's comment; replies stay. An administrator's session, or their key with scope `*`, may
/// delete any comment, which is logged with the reason. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/comments/{commentId}/delete",
    operation_id = "deleteComment",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("commentId" = String, Path, description = "The comment's id"), ReasonParams),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(name): Path<String>,
    Query(reason): Query<ReasonParams>,
) -> ApiResult<Nothing> {
    let moderator = moderation_reason(&caller, reason)?;
    plaza.delete_comment(caller.account(), moderator.as_deref(), rules::parse(&name)?).await?;
    Ok(Data(Nothing))
}
