//! CORS: which pages may read a response.
//!
//! A preflight carries no token, so the key is unknown: it allows every origin. The response itself names
//! the origin only if the key's domain allowlist covers it, so other pages cannot read it.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static("apihub-token, content-type");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-request-id, ratelimit, ratelimit-policy, retry-after");
const A_WHILE: HeaderValue = HeaderValue::from_static("600");

/// Returns the origin of the calling page: the `Origin` header, else the `Referer`.
pub(super) fn origin(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    text(header::ORIGIN).or_else(|| text(header::REFERER))
}

/// Returns the response to a preflight.
pub(super) fn preflight(request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    allow(&mut response, request);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, A_WHILE);
    response
}

/// Lets the requesting page read the response.
pub(super) fn allow(response: &mut Response, request: &HeaderMap) {
    if let Some(origin) = request.get(header::ORIGIN) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}
