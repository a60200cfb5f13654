//! Invitations over HTTP.

use axum::extract::State;
use identity::Caller;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json};

use super::{
    model::{RedeemRequest, RedeemResponse},
    rules,
};
use crate::Plaza;

pub(crate) fn router(plaza: Plaza) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(redeem)).with_state(plaza)
}

/// Redeem an invitation code. Any valid credential of a person; a limited number of tries an hour.
#[utoipa::path(
    post,
    path = "/invitation/redeem",
    operation_id = "redeemInvitation",
    tag = "Plaza",
    security(("bearer" = []), ("session" = [])),
    request_body = RedeemRequest,
    responses((status = 200, description = "The certificate", body = Envelope<RedeemResponse>)),
)]
async fn redeem(
    State(plaza): State<Plaza>,
    caller: Caller,
    Json(request): Json<RedeemRequest>,
) -> ApiResult<RedeemResponse> {
    let code = rules::check_code(request.code.as_deref())?;
    Ok(Data(plaza.redeem(caller.account(), &code).await?.into()))
}
