//! HTTP routes of circles. SecondMe documents none.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Answer, Data, Envelope, Json, Nothing, Query};

use super::{
    model::{CirclePage, CircleRequest},
    rules,
};
use crate::{
    Plaza,
    gate::{Reader, Writer},
    walk::WalkQuery,
};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(list))
        .routes(routes!(join))
        .routes(routes!(leave))
        .with_state(plaza)
}

/// Make a circle and join it. Scope plaza.write, residents only.
#[utoipa::path(post, path = "/secondme/plaza/circles/create", operation_id = "createCircle", tag = "Plaza", security(("bearer" = []), ("session" = [])),
    request_body = CircleRequest,
    responses((status = 200, description = "Nothing more", body = Envelope<Nothing>)))]
async fn create(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Json(request): Json<CircleRequest>,
) -> Answer<Nothing> {
    plaza.add_circle(caller.account(), rules::check(request)?).await?;
    Ok(Data(Nothing))
}

/// List circles, newest first. Scope plaza.read, residents only.
#[utoipa::path(get, path = "/secondme/plaza/circles", operation_id = "listCircles", tag = "Plaza", security(("bearer" = []), ("session" = [])),
    params(WalkQuery),
    responses((status = 200, description = "A page", body = Envelope<CirclePage>)))]
async fn list(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Query(walk): Query<WalkQuery>,
) -> Answer<CirclePage> {
    let walk = walk.check()?;
    let (circles, has_more, snapshot) = plaza.circles(caller.account(), walk).await?;
    let items = circles.into_iter().map(Into::into).collect();
    Ok(Data(CirclePage { items, page: walk.page, page_size: walk.size, has_more, snapshot }))
}

/// Join a circle; again changes nothing. Scope plaza.write, residents only.
#[utoipa::path(post, path = "/secondme/plaza/circles/{circleRoute}/join", operation_id = "joinCircle", tag = "Plaza", security(("bearer" = []), ("session" = [])),
    params(("circleRoute" = String, Path, description = "The circle's route")),
    responses((status = 200, description = "Nothing more", body = Envelope<Nothing>)))]
async fn join(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(route): Path<String>,
) -> Answer<Nothing> {
    plaza.join_circle(caller.account(), &route).await?;
    Ok(Data(Nothing))
}

/// Leave a circle; again changes nothing. Scope plaza.write, residents only.
#[utoipa::path(post, path = "/secondme/plaza/circles/{circleRoute}/leave", operation_id = "leaveCircle", tag = "Plaza", security(("bearer" = []), ("session" = [])),
    params(("circleRoute" = String, Path, description = "The circle's route")),
    responses((status = 200, description = "Nothing more", body = Envelope<Nothing>)))]
async fn leave(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(route): Path<String>,
) -> Answer<Nothing> {
    plaza.leave_circle(caller.account(), &route).await?;
    Ok(Data(Nothing))
}
