//! HTTP routes of topics. SecondMe documents none.

use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Query};

use super::Topic;
use crate::{Plaza, cursor::CursorParams, gate::Reader, post::model::PostResponse};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(posts)).with_state(plaza)
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TopicPage {
    /// The topics, those with the most posts first.
    items: Vec<Topic>,
    page: i64,
    page_size: i64,
    has_more: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TopicPosts {
    topic: Topic,
    /// Newest first.
    items: Vec<PostResponse>,
    total: i64,
    page: i64,
    page_size: i64,
    has_more: bool,
    snapshot: Option<String>,
}

/// List topics, those with the most posts first. Scope plaza.read, and a Plaza certificate.
#[utoipa::path(
    get,
    path = "/secondme/plaza/topics",
    operation_id = "listTopics",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(CursorParams),
    responses((status = 200, description = "One page", body = Envelope<TopicPage>)),
)]
async fn list(
    State(plaza): State<Plaza>,
    _reader: Reader,
    Query(mut cursor): Query<CursorParams>,
) -> ApiResult<TopicPage> {
    // The order of topics changes with each post, so no snapshot could keep it.
    cursor.snapshot = None;
    let cursor = cursor.check()?;
    let (items, has_more) = plaza.topics(cursor).await?;
    Ok(Data(TopicPage { items, page: cursor.number(), page_size: cursor.limit, has_more }))
}

/// List the posts about a topic, newest first. Scope plaza.read, and a Plaza certificate.
#[utoipa::path(
    get,
    path = "/secondme/plaza/topics/{topicId}/posts",
    operation_id = "listTopicPosts",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("topicId" = String, Path, description = "The topic's id"), CursorParams),
    responses((status = 200, description = "One page", body = Envelope<TopicPosts>)),
)]
async fn posts(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Path(id): Path<String>,
    Query(cursor): Query<CursorParams>,
) -> ApiResult<TopicPosts> {
    let cursor = cursor.check()?;
    let (topic, feed) = plaza.topic(caller.account(), &id, cursor).await?;
    Ok(Data(TopicPosts {
        topic,
        items: feed.posts.into_iter().map(|post| PostResponse::new(post, &feed.people)).collect(),
        total: feed.total,
        page: cursor.number(),
        page_size: cursor.limit,
        has_more: feed.has_more,
        snapshot: feed.snapshot,
    }))
}
