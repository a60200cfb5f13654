//! The feed over HTTP.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Answer, Data, Envelope, Query};

use super::{
    model::{FeedOut, FeedQuery, Kinds, Wish},
    rules,
};
use crate::{Plaza, gate::Reader, walk::WalkQuery};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(show)).with_state(plaza)
}

/// Read the feed. Scope plaza.read, residents only.
#[utoipa::path(get, path = "/secondme/plaza/feed", operation_id = "getFeed", tag = "Plaza", security(("bearer" = []), ("session" = [])),
    params(WalkQuery, FeedQuery),
    responses((status = 200, description = "A page", body = Envelope<FeedOut>)))]
async fn show(
    State(plaza): State<Plaza>,
    Reader(caller): Reader,
    Query(walk): Query<WalkQuery>,
    Query(query): Query<FeedQuery>,
) -> Answer<FeedOut> {
    let walk = walk.check()?;
    // Nothing matches an invalid route of a circle.
    let nothing = Wish { kinds: Kinds::Nothing, circle: "-".to_owned(), ..Wish::default() };
    let wish = rules::check(query)?.unwrap_or(nothing);
    let feed = plaza.feed(caller.account(), &wish, walk).await?;
    Ok(Data(FeedOut::new(feed, walk.page, walk.size)))
}
