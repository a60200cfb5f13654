//! HTTP endpoints for the call log: one's own calls, and all calls for administrators.

use axum::extract::{Path, State};
use identity::SignedIn;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Code, Data, Envelope, Issues, Query};

use super::{
    Viewer,
    model::{CallResponse, CallsResponse, Search, UsageParams, UsageResponse},
};
use crate::{Hub, key::rules};

const MAX_HOURS: i64 = 1000;

/// Returns the routes, relative to the API's base path.
pub fn router(hub: Hub) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(calls)).routes(routes!(usage)).with_state(hub)
}

/// Search the calls of one's own keys, newest first.
#[utoipa::path(
    get,
    path = "/apikey/hub/calls",
    operation_id = "searchHubCalls",
    tag = "Hub",
    security(("session" = [])),
    params(Search),
    responses((status = 200, description = "One page", body = Envelope<CallsResponse>)),
)]
async fn calls(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Query(search): Query<Search>,
) -> ApiResult<CallsResponse> {
    let viewer = match search.all {
        Some(true) if signed_in.caller.is_admin() => Viewer::Everybody,
        Some(true) => return Err(Code::AdminRequired.into()),
        _ => Viewer::Account(signed_in.caller.account()),
    };
    let (rows, next) = hub.calls(viewer, &search).await?;
    Ok(Data(CallsResponse { list: rows.into_iter().map(CallResponse::from).collect(), next }))
}

/// Count a key's calls by hour, API, and outcome.
#[utoipa::path(
    get,
    path = "/apikey/hub/keys/{id}/usage",
    operation_id = "hubKeyUsage",
    tag = "Hub",
    security(("session" = [])),
    params(("id" = i64, Path, description = "The key's id"), UsageParams),
    responses((
        status = 200,
        description = "Calls by hour, newest first",
        body = Envelope<Vec<UsageResponse>>,
    )),
)]
async fn usage(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<UsageParams>,
) -> ApiResult<Vec<UsageResponse>> {
    let mut issues = Issues::query();
    let hours = issues.range("hours", query.hours.unwrap_or(24), 1..=MAX_HOURS);
    issues.finish()?;
    let rows = hub.key_usage(signed_in.caller.account(), rules::id(&id)?, hours).await?;
    Ok(Data(rows.into_iter().map(UsageResponse::from).collect()))
}
