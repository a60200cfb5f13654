//! What an upstream answered.

use axum::body::Body;
use futures::{StreamExt, TryStreamExt};
use http::{HeaderName, HeaderValue, StatusCode, header};
use reqwest::Response;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use web::outgoing;

use crate::{
    call::{HubCode, HubError, Outcome},
    provider::mapping::Mapping,
};

/// Headers of an answer that is passed through.
const PASSED: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LENGTH];

/// Why there is no answer.
pub(super) fn failed(error: &reqwest::Error) -> HubError {
    let code = if error.is_timeout() { HubCode::UpstreamTimeout } else { HubCode::UpstreamError };
    let detail = if error.is_connect() { "the upstream cannot be reached" } else { "the upstream broke off" };
    // The address may have a secret in its query.
    HubError::new(code).with(detail).because(describe(error))
}

/// The chain of causes, without the address.
fn describe(error: &reqwest::Error) -> String {
    let mut text = String::from("upstream call failed");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// An answer that is no success, as an error.
fn check(status: StatusCode) -> Result<(), HubError> {
    let detail = || format!("the upstream answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Ok(()),
        400 | 422 => Err(HubError::new(HubCode::InvalidParams).with(detail())),
        429 => Err(HubError::new(HubCode::RateLimited).with(detail())),
        _ => Err(HubError::new(HubCode::UpstreamError).with(detail())),
    }
}

/// The answer as `result`.
pub(super) async fn read(
    response: Response,
    mapping: Option<&Mapping>,
    limit: usize,
) -> Result<Outcome, HubError> {
    check(response.status())?;
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/"));
    let body = outgoing::read(response, limit)
        .await
        .map_err(|refused| HubError::new(HubCode::UpstreamError).with(refused.to_string()))?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Outcome::Json(b"null".to_vec()));
    }
    let Some(mapping) = mapping else {
        return match serde_json::from_slice::<IgnoredAny>(&body) {
            Ok(_) => Ok(Outcome::Json(body.to_vec())),
            Err(_no_json) if is_text => Outcome::of(&String::from_utf8_lossy(&body)),
            Err(_no_json) => {
                Err(HubError::new(HubCode::UpstreamError).with("the upstream's answer is no JSON"))
            }
        };
    };
    let answer: Value = serde_json::from_slice(&body)
        .map_err(|_no_json| HubError::new(HubCode::UpstreamError).with("the upstream's answer is no JSON"))?;
    Outcome::of(&mapping.apply(&answer))
}

/// The answer as it comes, for as long as the caller reads it. It counts as a call under way until its end.
pub(super) fn passed_through(response: Response, permit: OwnedSemaphorePermit) -> Result<Outcome, HubError> {
    check(response.status())?;
    let mut passed = axum::response::Response::new(Body::empty());
    *passed.status_mut() = response.status();
    for name in PASSED {
        if let Some(value) = response.headers().get(&name) {
            passed.headers_mut().insert(name, value.clone());
        }
    }
    // It comes from another server but under our name: it must not run as one of our pages.
    let headers = passed.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    let stream = response.bytes_stream().map_err(|error| std::io::Error::other(describe(&error)));
    let stream = stream.map(move |chunk| {
        let _under_way = &permit;
        chunk
    });
    *passed.body_mut() = Body::from_stream(stream);
    Ok(Outcome::Stream(Box::new(passed)))
}
