//! What an upstream answered.

use std::{io, time::Duration};

use axum::body::Body;
use http::{HeaderName, HeaderValue, header};
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

/// Longest wait that is passed on, in seconds.
const LONGEST_WAIT: i64 = 86_400;

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

/// An answer that is no success, as an error; when to come again is passed on.
fn check(response: &Response) -> Result<(), HubError> {
    let status = response.status().as_u16();
    let detail = || format!("the upstream answered {status}");
    let error = match status {
        200..=299 => return Ok(()),
        400 | 422 => return Err(HubError::new(HubCode::InvalidParams).with(detail())),
        429 => HubError::new(HubCode::RateLimited).with(detail()),
        _ => HubError::new(HubCode::UpstreamError).with(detail()),
    };
    let wait =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Err(match wait.filter(|seconds| (1..=LONGEST_WAIT).contains(seconds)) {
        Some(seconds) => error.retry_after(seconds),
        None => error,
    })
}

/// The answer as `result`.
pub(super) async fn read(
    response: Response,
    mapping: Option<&Mapping>,
    limit: usize,
) -> Result<Outcome, HubError> {
    check(&response)?;
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
    let result = mapping.apply(&answer);
    Outcome::of(&result.ok_or_else(|| {
        HubError::new(HubCode::UpstreamError).with("the upstream's answer has another shape than is expected")
    })?)
}

/// The answer as it comes, for as long as the caller reads it and the upstream is never silent for `idle`. It counts as
/// a call under way until its end.
pub(super) fn passed_through(
    response: Response,
    permit: OwnedSemaphorePermit,
    idle: Duration,
) -> Result<Outcome, HubError> {
    check(&response)?;
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
    let stream = futures::stream::unfold(Some((response, permit)), move |open| async move {
        let (mut response, permit) = open?;
        match tokio::time::timeout(idle, response.chunk()).await {
            Ok(Ok(chunk)) => Some((Ok(chunk?), Some((response, permit)))),
            // The caller sees that the answer is not whole: its end does not come.
            Ok(Err(error)) => Some((Err(io::Error::other(describe(&error))), None)),
            Err(_elapsed) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    });
    *passed.body_mut() = Body::from_stream(stream);
    Ok(Outcome::Stream(Box::new(passed)))
}
