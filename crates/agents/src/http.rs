//! The layer in front of the transport: origin and host, credential, method, body, scope, and content
//! negotiation, in this order. The credential comes before the rest, so that any request without one learns
//! where to sign in.

mod accept;
mod body;
mod origin;
mod person;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;
use tower::ServiceExt;

pub use origin::Allowed;
use person::PersonServer;

use crate::{Agents, HUB_PATH, HUB_PATH_WITH_SLASH, PATH, PATH_WITH_SLASH};

/// The header with a token of the Hub.
const HUB_TOKEN: &str = "apihub-token";

/// Request headers that web pages may send.
const ACCEPTED: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, \
     last-event-id, apihub-token",
);

/// The Hub's MCP server, which authenticates its callers itself.
#[derive(Clone)]
pub struct Hub(pub Router);

/// The state of the routes.
#[derive(Clone)]
struct Front {
    person: PersonServer,
    hub: Router,
    allowed: Arc<Allowed>,
}

/// Returns the routes of the person's server and of the Hub's.
pub fn router(agents: Agents, hub: Hub, allowed: Allowed) -> Router {
    let front = Front { person: PersonServer::new(agents), hub: hub.0, allowed: Arc::new(allowed) };
    Router::new()
        .route(PATH, any(serve))
        .route(PATH_WITH_SLASH, any(serve))
        .route(HUB_PATH, any(serve_hub))
        .route(HUB_PATH_WITH_SLASH, any(serve_hub))
        .with_state(front)
}

/// The credential of a request.
enum Presented {
    Nothing,
    /// A token of the Hub.
    Hub,
    /// Any other bearer credential.
    Bearer(String),
}

/// Finds the credential. Tokens of the Hub have three parts with dots between them, or a header of their own.
fn presented(headers: &HeaderMap) -> Presented {
    let text = |value: &HeaderValue| value.to_str().map(|text| text.trim().to_owned()).unwrap_or_default();
    if headers.get(HUB_TOKEN).map(text).is_some_and(|token| !token.is_empty()) {
        return Presented::Hub;
    }
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next().map(text) else { return Presented::Nothing };
    if lines.next().is_some() {
        // With two of them, a proxy in front of us may have read the other one.
        return Presented::Bearer(String::new());
    }
    match line.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match token.trim() {
            "" => Presented::Nothing,
            token if token.split('.').count() == 3 => Presented::Hub,
            token => Presented::Bearer(token.to_owned()),
        },
        None if line.is_empty() || line.eq_ignore_ascii_case("bearer") => Presented::Nothing,
        _ => Presented::Bearer(line),
    }
}

async fn serve(State(front): State<Front>, request: Request) -> Response {
    let Front { person, hub, allowed } = front;
    from_allowed(&allowed, request, async |request| match presented(request.headers()) {
        Presented::Nothing => person.sign_in(request).await,
        Presented::Hub => hub_response(hub, request).await,
        Presented::Bearer(token) => person.serve(&token, request).await,
    })
    .await
}

async fn serve_hub(State(front): State<Front>, request: Request) -> Response {
    let Front { hub, allowed, .. } = front;
    from_allowed(&allowed, request, async |request| hub_response(hub, request).await).await
}

async fn hub_response(hub: Router, mut request: Request) -> Response {
    let method = request.method().clone();
    let accepted = accept::adapt(&method, request.headers_mut());
    if method == Method::POST {
        // `curl -d` names a form, and other clients nothing; the body itself shows if it is JSON. Pages of
        // other origins are refused before, whatever they send.
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    let response = match hub.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    accepted.apply(response).await
}

/// Refuses requests from other origins or for other hosts, responds to preflights, and serves other requests.
async fn from_allowed(
    allowed: &Allowed,
    request: Request,
    serve: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if let Err(refused) = allowed.check(request.headers()) {
        body::discard(request.into_body()).await;
        let error = json!({"code": -32600, "message": refused.message()});
        return web::envelope::json(StatusCode::FORBIDDEN, &json!({"jsonrpc": "2.0", "error": error}));
    }
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return serve(request).await };
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = if is_preflight { Response::new(Body::empty()) } else { serve(request).await };
    let headers = response.headers_mut();
    if is_preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ACCEPTED);
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let exposed = HeaderValue::from_static("www-authenticate");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if is_preflight {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_apart() {
        for (pairs, expected) in [
            (vec![], "nothing"),
            (vec![("authorization", "Bearer")], "nothing"),
            (vec![("authorization", "Bearer  ")], "nothing"),
            (vec![("authorization", "")], "nothing"),
            (vec![("authorization", "bearer lba_at_x")], "lba_at_x"),
            (vec![("authorization", "BEARER   lba_ak_x ")], "lba_ak_x"),
            (vec![("authorization", "Basic abc")], "Basic abc"),
            (vec![("authorization", "Bearer a.b.c")], "hub"),
            (vec![("authorization", "Bearer a.b")], "a.b"),
            (vec![("apihub-token", "x")], "hub"),
            (vec![("apihub-token", " ")], "nothing"),
            (vec![("apihub-token", "x"), ("authorization", "Bearer lba_at_x")], "hub"),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer b")], ""),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &pairs {
                headers.append(*name, HeaderValue::from_static(value));
            }
            let found = match presented(&headers) {
                Presented::Nothing => "nothing".to_owned(),
                Presented::Hub => "hub".to_owned(),
                Presented::Bearer(token) => token,
            };
            assert_eq!(found, expected, "{pairs:?}");
        }
    }
}
