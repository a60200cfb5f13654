//! HTTP routes of reports and blocks. SecondMe documents none.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Code, Data, Envelope, Json, Nothing, id_in};

use super::{model::ReportRequest, rules};
use crate::{Plaza, gate::Writer};

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(block))
        .routes(routes!(unblock))
        .with_state(plaza)
}

/// Report a post or comment to the administrators. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/report",
    operation_id = "report",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    request_body = ReportRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn report(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Json(request): Json<ReportRequest>,
) -> ApiResult<Nothing> {
    let (target, reason) = rules::check(request)?;
    plaza.report(caller.account(), target, reason).await?;
    Ok(Data(Nothing))
}

/// Block a person. The caller no longer sees their posts and comments, and they can neither reply to the
/// caller's nor like them. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/users/{userId}/block",
    operation_id = "blockUser",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("userId" = String, Path, description = "The person's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn block(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(user): Path<String>,
) -> ApiResult<Nothing> {
    plaza.block(caller.account(), id_in(&user, Code::NotFound)?).await?;
    Ok(Data(Nothing))
}

/// Remove a block. Scope plaza.write, and a Plaza certificate.
#[utoipa::path(
    post,
    path = "/secondme/plaza/users/{userId}/unblock",
    operation_id = "unblockUser",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    params(("userId" = String, Path, description = "The person's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn unblock(
    State(plaza): State<Plaza>,
    Writer(caller): Writer,
    Path(user): Path<String>,
) -> ApiResult<Nothing> {
    plaza.unblock(caller.account(), id_in(&user, Code::NotFound)?).await?;
    Ok(Data(Nothing))
}
