//! HTTP routes of counts and exports, and of what this server does not offer.

use std::future::{Ready, ready};

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::header;
use identity::{
    Scoped,
    scope::{ReadAvatars, WriteAvatars},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, Code, Data, Envelope, Json, Language, Nothing, Query, extract::id_in};

use super::{
    model::{
        ContractStatus, Dashboard, DashboardParams, DownloadParams, ExportJob, ExportRequest, ExportResponse,
        Interaction,
    },
    rules,
};
use crate::{AvatarId, Avatars, avatar::model::AvatarParams};

pub(crate) fn router(avatars: Avatars) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(interactions))
        .routes(routes!(dashboard))
        .routes(routes!(export))
        .routes(routes!(export_state))
        .route("/secondme/avatar/conversations/export/{jobId}/download", get(download))
        .routes(routes!(contract))
        .routes(routes!(mini_program))
        .routes(routes!(evaluate))
        .routes(routes!(evaluation))
        .routes(routes!(evaluation_report))
        .with_state(avatars)
}

/// List the latest conversations with an avatar. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/{avatarId}/interactions",
    operation_id = "listAvatarInteractions",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("avatarId" = i64, Path, description = "The avatar's id")),
    responses((status = 200, description = "The conversations", body = Envelope<Vec<Interaction>>)),
)]
async fn interactions(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Path(id): Path<String>,
) -> ApiResult<Vec<Interaction>> {
    Ok(Data(avatars.interactions(caller.account(), id_in(&id, Code::AvatarNotFound)?).await?))
}

/// See the counts of an avatar's visitors and messages, by day. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/dashboard",
    operation_id = "avatarDashboard",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(DashboardParams),
    responses((status = 200, description = "The counts", body = Envelope<Dashboard>)),
)]
async fn dashboard(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Query(params): Query<DashboardParams>,
) -> ApiResult<Dashboard> {
    let range = rules::range(&params, avatars.db().clock().now())?;
    Ok(Data(avatars.dashboard(caller.account(), AvatarId(params.avatar_id), range).await?))
}

/// Export an avatar's conversations of the last 30 days as CSV. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/conversations/export",
    operation_id = "exportAvatarConversations",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    request_body = ExportRequest,
    responses((status = 200, description = "The export", body = Envelope<ExportJob>)),
)]
async fn export(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Json(request): Json<ExportRequest>,
) -> ApiResult<ExportJob> {
    let zone = rules::zone(request.timezone.as_deref())?;
    let language = match request.app_language.as_deref() {
        Some("en") => Language::En,
        _ => Language::Zh,
    };
    let avatar = request.avatar_id;
    let export = avatars.export_visits(caller.account(), avatar, language, &zone).await?;
    Ok(Data(ExportJob { job_id: export.job }))
}

/// See an export, with the URL of its file. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/conversations/export/{jobId}",
    operation_id = "getAvatarExport",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("jobId" = String, Path, description = "The export's id")),
    responses((status = 200, description = "The export", body = Envelope<ExportResponse>)),
)]
async fn export_state(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Path(job): Path<String>,
) -> ApiResult<ExportResponse> {
    let export = avatars.export(caller.account(), &job).await?;
    Ok(Data(ExportResponse {
        download_url: avatars.export_url(&export).await?,
        status: "SUCCEEDED",
        expires_at: export.expires_at.0,
        file_name: rules::file_name(&export),
        truncated: export.is_truncated,
        message_count: export.messages,
        job_id: export.job,
    }))
}

/// The file of an export. Its token is in the URL.
async fn download(
    State(avatars): State<Avatars>,
    Path(job): Path<String>,
    Query(params): Query<DownloadParams>,
) -> Result<Response, ApiError> {
    let (name, table) = avatars.export_file(&job, &params.token).await?;
    let headers = [
        (header::CONTENT_TYPE, web::csv::MEDIA.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, table).into_response())
}

/// See the state of the contract for paid avatars: never signed, because this server has no payments. Scope
/// avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/contract/status",
    operation_id = "avatarContractStatus",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "The state", body = Envelope<ContractStatus>)),
)]
fn contract(_: Scoped<ReadAvatars>) -> Ready<ApiResult<ContractStatus>> {
    ready(Ok(Data(ContractStatus { status: "NOT_SIGNED" })))
}

fn not_offered<T>(feature: &'static str) -> ApiResult<T> {
    Err(ApiError::new(Code::AvatarFeatureMissing).with(feature))
}

/// See the code of an avatar's mini program. This server has none: 400 avatar.feature.unavailable. Scope
/// avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/wxapp-qrcode",
    operation_id = "avatarMiniProgramCode",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(AvatarParams),
    responses((status = 200, description = "Never", body = Envelope<Nothing>)),
)]
async fn mini_program(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<ReadAvatars>,
    Query(params): Query<AvatarParams>,
) -> ApiResult<Nothing> {
    avatars.avatar(caller.account(), AvatarId(params.avatar_id)).await?;
    not_offered("wxapp")
}

/// Have an avatar evaluated. This server does not: 400 avatar.feature.unavailable. Scope avatar.write.
#[utoipa::path(
    post,
    path = "/secondme/avatar/{avatarId}/evaluations",
    operation_id = "evaluateAvatar",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("avatarId" = i64, Path, description = "The avatar's id")),
    responses((status = 200, description = "Never", body = Envelope<Nothing>)),
)]
async fn evaluate(
    State(avatars): State<Avatars>,
    Scoped { caller, .. }: Scoped<WriteAvatars>,
    Path(id): Path<String>,
) -> ApiResult<Nothing> {
    avatars.avatar(caller.account(), id_in(&id, Code::AvatarNotFound)?).await?;
    not_offered("evaluation")
}

/// See an evaluation. This server makes none: 400 avatar.feature.unavailable. Scope avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/evaluations/{runId}",
    operation_id = "getAvatarEvaluation",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("runId" = String, Path, description = "The evaluation's id")),
    responses((status = 200, description = "Never", body = Envelope<Nothing>)),
)]
fn evaluation(_: Scoped<ReadAvatars>) -> Ready<ApiResult<Nothing>> {
    ready(not_offered("evaluation"))
}

/// See the report of an evaluation. This server makes none: 400 avatar.feature.unavailable. Scope
/// avatar.read.
#[utoipa::path(
    get,
    path = "/secondme/avatar/evaluations/{runId}/report",
    operation_id = "getAvatarEvaluationReport",
    tag = "Avatars",
    security(("bearer" = []), ("session" = [])),
    params(("runId" = String, Path, description = "The evaluation's id")),
    responses((status = 200, description = "Never", body = Envelope<Nothing>)),
)]
fn evaluation_report(_: Scoped<ReadAvatars>) -> Ready<ApiResult<Nothing>> {
    ready(not_offered("evaluation"))
}
