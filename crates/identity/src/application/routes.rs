//! Applications over HTTP, for the developer who signed in.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Answer, Data, Envelope, Json, Nothing, Query, paging::PageQuery};

use super::{
    model::{ApplicationOut, ApplicationRequest, CreatedOut, ListOut, ListQuery, SecretOut},
    rules,
};
use crate::{Identity, SignedIn};

/// The routes, relative to the API's base path.
pub fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(create))
        .routes(routes!(show))
        .routes(routes!(update))
        .routes(routes!(regenerate))
        .routes(routes!(delete))
        .with_state(identity)
}

/// List one's own applications, newest first.
#[utoipa::path(get, path = "/applications/external/list", operation_id = "listApplications", tag = "Applications", security(("session" = [])), params(ListQuery),
    responses((status = 200, description = "One page", body = Envelope<ListOut>)))]
async fn list(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Query(query): Query<ListQuery>,
) -> Answer<ListOut> {
    let page = PageQuery { page_no: query.page, page_size: query.page_size }.check()?;
    let (list, total) = identity.own_applications(signed_in.caller.account(), page).await?;
    let items: Vec<ApplicationOut> = list.into_iter().map(ApplicationOut::from).collect();
    let number = query.page.unwrap_or(1);
    Ok(Data(ListOut { list: items.clone(), items, total, page: number, page_size: page.limit }))
}

/// Register an application. Its secret is shown this once.
#[utoipa::path(post, path = "/applications/external/create", operation_id = "createApplication", tag = "Applications", security(("session" = [])), request_body = ApplicationRequest,
    responses((status = 200, description = "The application", body = Envelope<CreatedOut>)))]
async fn create(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Json(request): Json<ApplicationRequest>,
) -> Answer<CreatedOut> {
    let new = rules::create(request)?;
    let (application, secret) = identity.create_application(signed_in.caller.account(), new).await?;
    let client_secret = (!application.is_public).then(|| secret.expose().to_owned());
    Ok(Data(CreatedOut { about: application.into(), client_secret }))
}

/// One of one's own applications, without its secret.
#[utoipa::path(get, path = "/applications/external/{appId}", operation_id = "application", tag = "Applications", security(("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    responses((status = 200, description = "The application", body = Envelope<ApplicationOut>)))]
async fn show(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Answer<ApplicationOut> {
    Ok(Data(identity.own_application(signed_in.caller.account(), &id).await?.into()))
}

/// Change an application; what is absent stays as it is. A scope taken away is gone from its tokens at once.
#[utoipa::path(post, path = "/applications/external/{appId}/update", operation_id = "updateApplication", tag = "Applications", security(("session" = [])),
    params(("appId" = String, Path, description = "The application's id")), request_body = ApplicationRequest,
    responses((status = 200, description = "The application as it is now", body = Envelope<ApplicationOut>)))]
async fn update(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Json(request): Json<ApplicationRequest>,
) -> Answer<ApplicationOut> {
    let change = rules::change(request)?;
    Ok(Data(identity.change_application(signed_in.caller.account(), &id, change).await?.into()))
}

/// Give an application a new secret; the old one stops working at once.
#[utoipa::path(post, path = "/applications/external/{appId}/regenerate-secret", operation_id = "regenerateApplicationSecret", tag = "Applications", security(("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    responses((status = 200, description = "The new secret", body = Envelope<SecretOut>)))]
async fn regenerate(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Answer<SecretOut> {
    let secret = identity.new_application_secret(signed_in.caller.account(), &id).await?;
    Ok(Data(SecretOut { client_secret: secret.expose().to_owned() }))
}

/// Delete an application, with every authorization and token it has.
#[utoipa::path(post, path = "/applications/external/{appId}/delete", operation_id = "deleteApplication", tag = "Applications", security(("session" = [])),
    params(("appId" = String, Path, description = "The application's id")),
    responses((status = 200, description = "Nothing more", body = Envelope<Nothing>)))]
async fn delete(
    State(identity): State<Identity>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Answer<Nothing> {
    identity.delete_application(signed_in.caller.account(), &id).await?;
    Ok(Data(Nothing))
}
