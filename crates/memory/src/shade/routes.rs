//! Interests over HTTP.

use axum::extract::{Path, State};
use identity::{
    Scoped,
    scope::{ReadShades, WriteProfile},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Code, Data, Envelope, Json, Nothing, id_in};

use super::model::{Shade, ShadeBody, Shades};
use crate::Memory;

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_all))
        .routes(routes!(create))
        .routes(routes!(update))
        .routes(routes!(delete))
        .with_state(memory)
}

/// List the person's interests that have a public side. Scope user.info.shades or userinfo.
#[utoipa::path(
    get,
    path = "/secondme/user/shades",
    operation_id = "listPublicShades",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "The interests", body = Envelope<Shades>)),
)]
async fn list(State(memory): State<Memory>, Scoped { caller, .. }: Scoped<ReadShades>) -> ApiResult<Shades> {
    Ok(Data(Shades { shades: memory.shades(caller.account(), true).await? }))
}

/// List all interests of the person, including those without a public side. A key needs scope *.
#[utoipa::path(
    get,
    path = "/secondme/user/shades/all",
    operation_id = "listShades",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "The interests", body = Envelope<Shades>)),
)]
async fn list_all(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
) -> ApiResult<Shades> {
    Ok(Data(Shades { shades: memory.shades(caller.account(), false).await? }))
}

/// Add an interest. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/user/shades/create",
    operation_id = "createShade",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    request_body = ShadeBody,
    responses((status = 200, description = "The interest", body = Envelope<Shade>)),
)]
async fn create(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Json(body): Json<ShadeBody>,
) -> ApiResult<Shade> {
    Ok(Data(memory.create_shade(caller.account(), body).await?))
}

/// Replace the content of an interest. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/user/shades/{id}/update",
    operation_id = "updateShade",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The interest's id")),
    request_body = ShadeBody,
    responses((status = 200, description = "The interest", body = Envelope<Shade>)),
)]
async fn update(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Path(segment): Path<String>,
    Json(body): Json<ShadeBody>,
) -> ApiResult<Shade> {
    Ok(Data(memory.update_shade(caller.account(), id_in(&segment, Code::NotFound)?, body).await?))
}

/// Delete an interest. A key needs scope *.
#[utoipa::path(
    post,
    path = "/secondme/user/shades/{id}/delete",
    operation_id = "deleteShade",
    tag = "User",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The interest's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Path(segment): Path<String>,
) -> ApiResult<Nothing> {
    memory.delete_shade(caller.account(), id_in(&segment, Code::NotFound)?).await?;
    Ok(Data(Nothing))
}
