//! The endpoints of the standards. They are at the root of the server, because the metadata has their
//! absolute URLs.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use web::{ApiError, ClientAddress, Code, Form, envelope};

use super::{
    client,
    error::{Refusal, no_cache},
    fields::Fields,
    metadata,
    model::{IntrospectionOut, TokensResponse},
    register,
};
use crate::{Audience, Identity, application::Credentials, grant::Exchange};

/// The routes, as written in the router. They are public, because clients authenticate in the request itself.
pub const PUBLIC: &[&str] = &[
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/register",
    "/token",
    "/register",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/oauth-authorization-server/mcp/",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/mcp",
    "/.well-known/openid-configuration/mcp/",
    "/mcp/.well-known/openid-configuration",
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
    let metadata = Arc::new(metadata::server(issuer, may_register, identity.settings().oauth.mcp_hub));
    let mut router = Router::new()
        .route("/oauth/token", post(token))
        .route("/token", post(token))
        .route("/oauth/revoke", post(revoke))
        .route("/oauth/introspect", post(introspect))
        .route("/.well-known/oauth-protected-resource", get(whole))
        .route("/.well-known/oauth-protected-resource/{*path}", get(resource));
    for path in PUBLIC.iter().filter(|path| is_server_metadata(path)) {
        router = router.route(path, get(describe));
    }
    if may_register {
        let limit = DefaultBodyLimit::max(register::MAX_BYTES);
        let registering = post(register_self).layer(limit);
        router = router.route("/oauth/register", registering.clone()).route("/register", registering);
    }
    router.with_state(Standard { identity, issuer: issuer.into(), metadata })
}

/// True if a route serves the metadata of the authorization server. Clients derive its address from the
/// issuer or from the URL of the MCP server, with the well-known part before or after the path.
fn is_server_metadata(path: &str) -> bool {
    path.contains("/oauth-authorization-server") || path.contains("/openid-configuration")
}

/// Returns the resource that a request names, if it names one. One that names several is for the server as a
/// whole.
///
/// # Errors
/// [`Code::OauthTargetInvalid`] if it is not one of this server.
fn audience(fields: &Fields, issuer: &str) -> Result<Option<Audience>, ApiError> {
    let mut found = None;
    for resource in fields.all("resource").filter(|resource| !resource.is_empty()) {
        let audience = Audience::of_resource(resource, issuer).ok_or(Code::OauthTargetInvalid)?;
        found =
            Some(found.map_or(audience, |other| if other == audience { audience } else { Audience::Server }));
    }
    Ok(found)
}

/// Returns the credentials of the app that sends a request from an address.
fn client(headers: &HeaderMap, fields: &Fields, address: IpAddr) -> Result<Credentials, ApiError> {
    Ok(Credentials { address, ..client::read(headers, fields)? })
}

async fn token(
    State(Standard { identity, issuer, .. }): State<Standard>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    form: Result<Form<Fields>, ApiError>,
) -> Result<Response, Refusal> {
    let Form(fields) = form?;
    let grant_type = fields.required("grant_type")?;
    let client = client(&headers, &fields, address)?;
    let tokens = match grant_type {
        "authorization_code" => {
            let exchange = Exchange {
                client,
                code: fields.required("code")?.to_owned(),
                redirect_uri: fields.required("redirect_uri")?.to_owned(),
                verifier: fields.optional("code_verifier")?.map(str::to_owned),
                audience: audience(&fields, &issuer)?,
            };
            identity.exchange_code(exchange).await?
        }
        "refresh_token" => {
            let (token, scope) = (fields.required("refresh_token")?, fields.optional("scope")?);
            identity.refresh(&client, token, scope, audience(&fields, &issuer)?).await?
        }
        "client_credentials" => identity.app_token(&client, fields.optional("scope")?).await?,
        _ => {
            let served = "authorization_code, refresh_token, client_credentials";
            return Err(ApiError::new(Code::OauthGrantTypeInvalid).with(served).into());
        }
    };
    Ok(no_cache(envelope::json(StatusCode::OK, &TokensResponse::from(tokens))))
}

async fn revoke(
    State(Standard { identity, .. }): State<Standard>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    form: Result<Form<Fields>, ApiError>,
) -> Result<StatusCode, Refusal> {
    let Form(fields) = form?;
    let mut client = client(&headers, &fields, address)?;
    if let Some(assertion) = &mut client.assertion {
        assertion.is_for_revocation = true;
    }
    identity.revoke_token(&client, fields.required("token")?).await?;
    Ok(StatusCode::OK)
}

async fn introspect(
    State(Standard { identity, issuer, .. }): State<Standard>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    form: Result<Form<Fields>, ApiError>,
) -> Result<Response, Refusal> {
    let Form(fields) = form?;
    let client = client(&headers, &fields, address)?;
    let found = identity.introspect(&client, fields.required("token")?).await?;
    Ok(envelope::json(StatusCode::OK, &IntrospectionOut::new(found, client.id, &issuer)))
}

async fn register_self(
    State(Standard { identity, .. }): State<Standard>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let too_large = || ApiError::new(Code::BodyTooLarge).with(register::MAX_BYTES.to_string());
    let body = body.map_err(|_too_large| too_large())?;
    let body: Map<String, Value> =
        serde_json::from_slice(&body).map_err(|_no_object| ApiError::new(Code::InvalidParam).with("body"))?;
    let made = register::register(&identity, &body, address).await?;
    Ok(no_cache(envelope::json(StatusCode::CREATED, &made)))
}

async fn describe(State(Standard { metadata, .. }): State<Standard>) -> Response {
    std::future::ready(published(&metadata)).await
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
