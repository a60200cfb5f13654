//! The HTTP API of apps, for developers who are signed in, and programs that they signed in.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Json, Nothing, Query, paging::PageParams};

use super::{
    rules,
    wire::{
        ApplicationRequest, ApplicationResponse, ChangedResponse, CreatedResponse, ListParams, ListResponse,
        SecretResponse, TrialRequest, TrialResponse,
    },
};
use crate::{Developer, Identity};

/// Returns the routes, relative to the base path of the API.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create))
        .routes(routes!(show))
        .routes(routes!(update))
        .routes(routes!(test))
        .routes(routes!(regenerate))
        .routes(routes!(delete))
        .with_state(identity)
}

/// List one's own applications, newest first.
#[utoipa::path(
    get,
    path = "/applications/external/list",
    operation_id = "listApplications",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    params(ListParams),
    responses((status = 200, description = "One page", body = Envelope<ListResponse>)),
)]
async fn list(
    State(identity): State<Identity>,
    developer: Developer,
    Query(query): Query<ListParams>,
) -> ApiResult<ListResponse> {
    let page = PageParams { page_no: query.page, page_size: query.page_size }.check()?;
    let (list, total) = identity.own_applications(developer.caller.account(), page).await?;
    let items: Vec<ApplicationResponse> = list.into_iter().map(ApplicationResponse::from).collect();
    let number = query.page.unwrap_or(1);
    Ok(Data(ListResponse { list: items.clone(), items, total, page: number, page_size: page.limit }))
}

/// Register an application. Its secret is shown this once.
#[utoipa::path(
    post,
    path = "/applications/external/create",
    operation_id = "createApplication",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    request_body = ApplicationRequest,
    responses((status = 200, description = "The application", body = Envelope<CreatedResponse>)),
)]
async fn create(
    State(identity): State<Identity>,
    developer: Developer,
    Json(request): Json<ApplicationRequest>,
) -> ApiResult<CreatedResponse> {
    let new = rules::create(request, identity.settings().oauth.redirects)?;
    let (account, webhook) = (developer.caller.account(), new.webhook.clone());
    let (application, secret) = identity.create_application(account, new).await?;
    let webhook_secret = identity.set_webhook(account, &application.id, webhook).await?;
    let application = identity.own_application(account, &application.id).await?;
    Ok(Data(CreatedResponse {
        client_secret: (!application.is_public).then(|| secret.expose().to_owned()),
        about: application.into(),
        authorization_revoked_webhook_secret: webhook_secret,
    }))
}

/// One of one's own applications, without its secret.
#[utoipa::path(
    get,
    path = "/applications/external/{appId}",
    operation_id = "application",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    responses((status = 200, description = "The application", body = Envelope<ApplicationResponse>)),
)]
async fn show(
    State(identity): State<Identity>,
    developer: Developer,
    Path(id): Path<String>,
) -> ApiResult<ApplicationResponse> {
    let account = developer.caller.account();
    let mut about = ApplicationResponse::from(identity.own_application(account, &id).await?);
    let latest = identity.deliveries(account, &id).await?.into_iter().next();
    about.authorization_revoked_webhook_last_delivery = latest.map(Into::into);
    Ok(Data(about))
}

/// Change an app. Absent members stay as they are. Removed scopes are removed from its tokens at once.
#[utoipa::path(
    post,
    path = "/applications/external/{appId}/update",
    operation_id = "updateApplication",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    request_body = ApplicationRequest,
    responses((status = 200, description = "The changed app", body = Envelope<ChangedResponse>)),
)]
async fn update(
    State(identity): State<Identity>,
    developer: Developer,
    Path(id): Path<String>,
    Json(request): Json<ApplicationRequest>,
) -> ApiResult<ChangedResponse> {
    let change = rules::change(request, identity.settings().oauth.redirects)?;
    let account = developer.caller.account();
    let secret = identity.set_webhook(account, &id, change.webhook.clone()).await?;
    let about = identity.change_application(account, &id, change).await?.into();
    Ok(Data(ChangedResponse { about, authorization_revoked_webhook_secret: secret }))
}

/// Send the application's server a trial event right away.
#[utoipa::path(
    post,
    path = "/applications/external/{appId}/test-revocation-webhook",
    operation_id = "testWebhook",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    request_body = TrialRequest,
    responses((
        status = 200,
        description = "The result of the trial delivery",
        body = Envelope<TrialResponse>,
    )),
)]
async fn test(
    State(identity): State<Identity>,
    developer: Developer,
    Path(id): Path<String>,
    Json(request): Json<TrialRequest>,
) -> ApiResult<TrialResponse> {
    let (url, secret) = (request.webhook_url, request.webhook_secret);
    Ok(Data(identity.try_webhook(developer.caller.account(), &id, url, secret).await?.into()))
}

/// Give an application a new secret; the old one stops working at once.
#[utoipa::path(
    post,
    path = "/applications/external/{appId}/regenerate-secret",
    operation_id = "regenerateApplicationSecret",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    responses((status = 200, description = "The new secret", body = Envelope<SecretResponse>)),
)]
async fn regenerate(
    State(identity): State<Identity>,
    developer: Developer,
    Path(id): Path<String>,
) -> ApiResult<SecretResponse> {
    let secret = identity.new_application_secret(developer.caller.account(), &id).await?;
    Ok(Data(SecretResponse { client_secret: secret.expose().to_owned() }))
}

/// Delete an application, with every authorization and token it has.
#[utoipa::path(
    post,
    path = "/applications/external/{appId}/delete",
    operation_id = "deleteApplication",
    tag = "Applications",
    security(("bearer" = []), ("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(identity): State<Identity>,
    developer: Developer,
    Path(id): Path<String>,
) -> ApiResult<Nothing> {
    identity.delete_application(developer.caller.account(), &id).await?;
    Ok(Data(Nothing))
}
