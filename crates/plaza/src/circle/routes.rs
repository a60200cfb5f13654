//! HTTP routes of circles. SecondMe documents none.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json, Nothing, Query};

use super::{
    model::{CirclePage, CircleRequest},
    rules,
};
use crate::{
    Plaza,
    cursor::CursorParams,
    gate::{Reader, Writer},
};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(join))
        .routes(routes!(leave))
        .with_state(plaza)
}

/// Create a circle and join it. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/circles/create",
    operation_id = "createCircle",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    request_body = CircleRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn create(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Json(request): Json<CircleRequest>,
) -> ApiResult<Nothing> {
    plaza.add_circle(caller.account(), rules::check(request)?).await?;
    Ok(Data(Nothing))
}

/// List circles, newest first. Scope plaza.read, and a Plaza certificate.
#[utoipa::path(
    get,
    path = "/secondme/plaza/circles",
    operation_id = "listCircles",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(CursorParams),
    responses((status = 200, description = "One page", body = Envelope<CirclePage>)),
)]
async fn list(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Query(cursor): Query<CursorParams>,
) -> ApiResult<CirclePage> {
    let cursor = cursor.check()?;
    let (circles, has_more, snapshot) = plaza.circles(caller.account(), cursor).await?;
    let items = circles.into_iter().map(Into::into).collect();
    Ok(Data(CirclePage { items, page: cursor.number(), page_size: cursor.limit, has_more, snapshot }))
}

/// Join a circle. Repeating it changes nothing. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/circles/{circleRoute}/join",
    operation_id = "joinCircle",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("circleRoute" = String, Path, description = "The circle's route")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn join(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(route): Path<String>,
) -> ApiResult<Nothing> {
    plaza.join_circle(caller.account(), &route).await?;
    Ok(Data(Nothing))
}

/// Leave a circle. Repeating it changes nothing. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/circles/{circleRoute}/leave",
    operation_id = "leaveCircle",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("circleRoute" = String, Path, description = "The circle's route")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn leave(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(route): Path<String>,
) -> ApiResult<Nothing> {
    plaza.leave_circle(caller.account(), &route).await?;
    Ok(Data(Nothing))
}
