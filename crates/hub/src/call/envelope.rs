//! The Hub's response envelope. It is written here only.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use web::{Language, boundary::REQUEST_ID};

use super::code::HubError;

/// Maximum number of headers of a response.
const HEADERS: usize = 12;

/// The body of an error, `{"success":false,…}`. Clients rely on the order of its fields.
#[derive(Serialize)]
struct Refusal<'e> {
    success: bool,
    trace: &'e str,
    code: &'static str,
    msg: &'static str,
    detail: &'e Value,
}

/// Creates the response of a successful call. `result` is JSON.
pub(super) fn success(trace: &HeaderValue, result: &[u8]) -> Response {
    const HEAD: &[u8] = br#"{"success":true,"trace":""#;
    const MIDDLE: &[u8] = br#"","result":"#;
    let mut body = Vec::with_capacity(HEAD.len() + 32 + MIDDLE.len() + result.len() + 1);
    body.extend_from_slice(HEAD);
    body.extend_from_slice(trace.as_bytes());
    body.extend_from_slice(MIDDLE);
    body.extend_from_slice(result);
    body.push(b'}');
    json(StatusCode::OK, body)
}

/// Creates the response of a failed call, with the error's status or with 200.
pub(super) fn refusal(
    trace: &HeaderValue,
    error: &HubError,
    language: Language,
    always_200: bool,
) -> Response {
    metrics::counter!("doppel_hub_errors_total", "code" => error.code.name()).increment(1);
    let refusal = Refusal {
        success: false,
        trace: trace.to_str().unwrap_or_default(),
        code: error.code.name(),
        msg: error.code.template(language),
        detail: &error.detail,
    };
    let body = serde_json::to_vec(&refusal).unwrap_or_default();
    let status = if always_200 { StatusCode::OK } else { error.code.status() };
    let mut response = json(status, body);
    if let Some(seconds) = error.wait() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    // Sized for all headers of a response, so that the map never grows.
    *response.headers_mut() = HeaderMap::with_capacity(HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Sets the headers that every response of the Hub has.
pub(super) fn common(response: &mut Response, trace: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(REQUEST_ID, trace);
}

/// The header with the remaining quota (draft-ietf-httpapi-ratelimit-headers).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
