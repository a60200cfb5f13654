//! The feed over HTTP.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Query};

use super::{
    model::{FeedFilter, FeedParams, FeedResponse, Kinds},
    rules,
};
use crate::{Plaza, cursor::CursorParams, gate::Reader};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(show)).with_state(plaza)
}

/// Read the feed. Scope plaza.read, and a Plaza certificate.
#[utoipa::path(
    get,
    path = "/secondme/plaza/feed",
    operation_id = "getFeed",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(CursorParams, FeedParams),
    responses((status = 200, description = "One page", body = Envelope<FeedResponse>)),
)]
async fn show(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Query(cursor): Query<CursorParams>,
    Query(query): Query<FeedParams>,
) -> ApiResult<FeedResponse> {
    let cursor = cursor.check()?;
    // Nothing matches an invalid route of a circle.
    let nothing = FeedFilter { kinds: Kinds::Nothing, circle: "-".to_owned(), ..FeedFilter::default() };
    let filter = rules::check(query)?.unwrap_or(nothing);
    let feed = plaza.feed(caller.account(), &filter, cursor).await?;
    Ok(Data(FeedResponse::new(feed, cursor.number(), cursor.limit)))
}
