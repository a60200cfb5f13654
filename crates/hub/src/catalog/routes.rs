//! HTTP endpoints for the catalog. Signed-in people may read it, administrators may change it.

use axum::extract::{FromRequestParts, Path, State};
use http::request::Parts;
use identity::SignedIn;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, ApiResult, Code, Data, Envelope, Json, Nothing, extract::BodyLimit};

use super::{
    Api,
    model::{ApiResponse, ApiSpec},
};
use crate::{Hub, provider::Provider};

/// Maximum size of a definition in bytes. It has room for every imported one.
const MAX_DEFINITION: usize = 8 << 20;

/// Returns the routes, relative to the API's base path.
pub fn router(hub: Hub) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .merge(OpenApiRouter::new().routes(routes!(save)).layer(axum::Extension(BodyLimit(MAX_DEFINITION))))
        .routes(routes!(delete))
        .with_state(hub)
}

impl From<&Api> for ApiResponse {
    fn from(api: &Api) -> Self {
        let breaker = match &api.provider {
            Provider::Http(http) => Some(http.state()),
            Provider::Builtin(_) => None,
        };
        Self { source: api.source, breaker, spec: api.spec.clone() }
    }
}

/// Extracts a signed-in administrator of this server.
pub(super) struct Admin;

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        if signed_in.caller.is_admin() { Ok(Self) } else { Err(Code::AdminRequired.into()) }
    }
}

/// List the Hub's APIs.
#[utoipa::path(
    get,
    path = "/apikey/hub/apis/list",
    operation_id = "listHubApis",
    tag = "Hub",
    security(("session" = [])),
    responses((status = 200, description = "Every API, by code", body = Envelope<Vec<ApiResponse>>)),
)]
async fn list(State(hub): State<Hub>, signed_in: SignedIn) -> ApiResult<Vec<ApiResponse>> {
    // Everybody may see what can be called. Upstream details are for administrators.
    let is_admin = signed_in.caller.is_admin();
    Ok(Data(hub.apis().iter().map(|api| shown(api, is_admin)).collect()))
}

/// See an API of the Hub.
#[utoipa::path(
    get,
    path = "/apikey/hub/apis/{code}",
    operation_id = "hubApi",
    tag = "Hub",
    security(("session" = [])),
    params(("code" = String, Path, description = "The API's code")),
    responses((status = 200, description = "The API", body = Envelope<ApiResponse>)),
)]
async fn one(
    State(hub): State<Hub>,
    signed_in: SignedIn,
    Path(code): Path<String>,
) -> ApiResult<ApiResponse> {
    Ok(Data(shown(&*hub.api_of(&code)?, signed_in.caller.is_admin())))
}

fn shown(api: &Api, is_admin: bool) -> ApiResponse {
    let mut out = ApiResponse::from(api);
    if !is_admin {
        out.spec.accounts.clear();
        out.spec.keys.clear();
    }
    if !is_admin && let super::ProviderSpec::Http(http) = &mut out.spec.provider {
        http.base_url.clear();
        http.trusted_origins.clear();
        http.headers.clear();
        http.secret_headers.clear();
        http.secret_query.clear();
        http.health_path.clear();
        http.forward_headers.clear();
        for action in out.spec.actions.values_mut() {
            action.path.clear();
            action.base_url.clear();
            action.headers.clear();
            action.styles.clear();
            (action.query, action.body, action.result) = (None, None, None);
        }
    }
    out
}

/// Define an API, or define it anew; in force from the next call on. For administrators.
#[utoipa::path(
    post,
    path = "/apikey/hub/apis/save",
    operation_id = "saveHubApi",
    tag = "Hub",
    security(("session" = [])),
    request_body = ApiSpec,
    responses((status = 200, description = "The changed API", body = Envelope<ApiResponse>)),
)]
async fn save(State(hub): State<Hub>, _: Admin, Json(spec): Json<ApiSpec>) -> ApiResult<ApiResponse> {
    Ok(Data(ApiResponse::from(&*hub.save_api(spec).await?)))
}

/// Remove an API's definition from the store. For administrators.
#[utoipa::path(
    post,
    path = "/apikey/hub/apis/{code}/delete",
    operation_id = "deleteHubApi",
    tag = "Hub",
    security(("session" = [])),
    params(("code" = String, Path, description = "The API's code")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(State(hub): State<Hub>, _: Admin, Path(code): Path<String>) -> ApiResult<Nothing> {
    hub.delete_api(&code).await?;
    Ok(Data(Nothing))
}
