//! The endpoints of the standards. They are at the root of the server, because the metadata has their
//! absolute URLs.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use web::{ApiError, ClientAddress, Code, Form, Json, Language, envelope};

use super::{
    client,
    error::{Refusal, no_cache},
    metadata,
    model::{IntrospectionOut, PresentedRequest, RegisterRequest, TokenRequest, TokensOut},
    register,
};
use crate::{Identity, grant::Exchange};

/// The routes, as written in the router. They are public, because clients authenticate in the request itself.
pub const PUBLIC: &[&str] = &[
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/register",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/{*path}",
];
/// Longest path of a resource with metadata, in bytes.
const MAX_PATH: usize = 200;
/// The path of the MCP server, and those of the Hub's MCP server.
const MCP: &str = "mcp";
const HUB_MCP: [&str; 2] = ["mcp/hub", "mcp/hub/"];

#[derive(Clone)]
struct Standard {
    identity: Identity,
    /// The server's URL without a slash at the end.
    issuer: Arc<str>,
    metadata: Arc<Value>,
}

/// Returns the routes, relative to the root of the server.
pub fn router(identity: Identity, issuer: &str) -> Router {
    let may_register = identity.settings().oauth.dynamic_registration;
    let metadata = Arc::new(metadata::server(issuer, may_register));
    let mut router = Router::new()
        .route("/oauth/token", post(token))
        .route("/oauth/revoke", post(revoke))
        .route("/oauth/introspect", post(introspect))
        .route("/.well-known/oauth-authorization-server", get(describe))
        .route("/.well-known/openid-configuration", get(describe))
        .route("/.well-known/oauth-protected-resource", get(whole))
        .route("/.well-known/oauth-protected-resource/{*path}", get(resource));
    if may_register {
        router = router.route("/oauth/register", post(register_self));
    }
    router.with_state(Standard { identity, issuer: issuer.into(), metadata })
}

fn required(name: &str, value: Option<String>) -> Result<String, ApiError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| ApiError::new(Code::InvalidParam).with(name))
}

async fn token(
    State(Standard { identity, .. }): State<Standard>,
    headers: HeaderMap,
    form: Result<Form<TokenRequest>, ApiError>,
) -> Result<Response, Refusal> {
    let Form(request) = form?;
    let grant_type = required("grant_type", request.grant_type)?;
    let client = client::read(&headers, request.client_id, request.client_secret)?;
    let tokens = match grant_type.as_str() {
        "authorization_code" => {
            let code = required("code", request.code)?;
            let redirect_uri = required("redirect_uri", request.redirect_uri)?;
            let exchange = Exchange { client, code, redirect_uri, verifier: request.code_verifier };
            identity.exchange_code(exchange).await?
        }
        "refresh_token" => {
            let token = required("refresh_token", request.refresh_token)?;
            identity.refresh(&client, &token, request.scope.as_deref()).await?
        }
        "client_credentials" => identity.app_token(&client, request.scope.as_deref()).await?,
        _ => {
            let served = "authorization_code, refresh_token, client_credentials";
            return Err(ApiError::new(Code::OauthGrantTypeInvalid).with(served).into());
        }
    };
    Ok(no_cache(envelope::json(StatusCode::OK, &TokensOut::from(tokens))))
}

async fn revoke(
    State(Standard { identity, .. }): State<Standard>,
    headers: HeaderMap,
    form: Result<Form<PresentedRequest>, ApiError>,
) -> Result<StatusCode, Refusal> {
    let Form(request) = form?;
    let client = client::read(&headers, request.client_id, request.client_secret)?;
    let token = required("token", request.token)?;
    identity.revoke_token(&client, &token).await?;
    Ok(StatusCode::OK)
}

async fn introspect(
    State(Standard { identity, issuer, .. }): State<Standard>,
    headers: HeaderMap,
    form: Result<Form<PresentedRequest>, ApiError>,
) -> Result<Response, Refusal> {
    let Form(request) = form?;
    let client = client::read(&headers, request.client_id, request.client_secret)?;
    let token = required("token", request.token)?;
    let found = identity.introspect(&client, &token).await?;
    Ok(envelope::json(StatusCode::OK, &IntrospectionOut::new(found, client.id, &issuer)))
}

async fn register_self(
    State(Standard { identity, .. }): State<Standard>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    body: Result<Json<RegisterRequest>, ApiError>,
) -> Result<Response, Refusal> {
    let Json(request) = body?;
    match register::register(&identity, request, address).await {
        Ok(made) => Ok(no_cache(envelope::json(StatusCode::CREATED, &made))),
        Err(wrong) => match wrong.name() {
            Some(name) => {
                let text = wrong.error().message(Language::En);
                let body = json!({"error": name, "error_description": text});
                Ok(envelope::json(register::Wrong::STATUS, &body))
            }
            None => Err(wrong.error().into()),
        },
    }
}

async fn describe(State(Standard { metadata, .. }): State<Standard>) -> Response {
    std::future::ready(envelope::json(StatusCode::OK, &*metadata)).await
}

async fn whole(State(Standard { issuer, .. }): State<Standard>) -> Response {
    std::future::ready(published(&metadata::resource(&issuer, ""))).await
}

async fn resource(State(standard): State<Standard>, Path(path): Path<String>) -> Response {
    let Standard { identity, issuer, .. } = standard;
    // The Hub's MCP server takes its own tokens only: metadata would send clients to sign in for nothing.
    let is_hub = HUB_MCP.contains(&path.as_str());
    let is_plain = path.len() <= MAX_PATH
        && !is_hub
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~'));
    let answer = if !is_plain {
        ApiError::new(Code::NotFound).into_response()
    } else if path.strip_suffix('/').unwrap_or(&path) == MCP {
        // Clients compare the resource with the URL that the person typed, with or without a slash.
        published(&metadata::mcp(&issuer, &format!("/{path}"), identity.settings().oauth.mcp_scopes))
    } else {
        published(&metadata::resource(&issuer, &format!("/{path}")))
    };
    std::future::ready(answer).await
}

/// Returns a public document, which pages of any origin may read and caches may keep for a while.
fn published(document: &Value) -> Response {
    let mut response = envelope::json(StatusCode::OK, document);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
