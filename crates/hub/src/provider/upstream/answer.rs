//! Responses of an upstream: status, body, and streams.

use std::{io, time::Duration};

use axum::body::Body;
use http::{HeaderName, HeaderValue, header};
use outgoing::{CallError, Refused};
use reqwest::Response;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    call::{HubCode, HubError, Outcome},
    provider::mapping::Mapping,
};

/// Headers that are kept when a response is passed through.
const PASSED: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LENGTH];

/// Maximum `Retry-After` that is passed on, in seconds.
const LONGEST_WAIT: i64 = 86_400;

/// A failed call, and its meaning for the health of the upstream.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: HubError,
    pub(super) health: Health,
}

/// The health of an upstream, judged from a failed call. The circuit breaker counts only
/// [`Health::Failing`], so that callers cannot open it with arguments that the upstream refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It responded, though not with a result.
    Answering,
    /// It was unreachable, closed the connection, timed out, or responded with a 5xx.
    Failing,
    /// No request was sent.
    Unknown,
}

impl Failure {
    /// Creates a failure of an upstream that responded.
    fn answering(error: HubError) -> Self {
        Self { error, health: Health::Answering }
    }

    /// Creates a failure that counts against the upstream's health.
    pub(super) fn failing(error: impl Into<HubError>) -> Self {
        Self { error: error.into(), health: Health::Failing }
    }

    /// Creates a failure that happened before a request was sent.
    pub(super) fn unknown(error: HubError) -> Self {
        Self { error, health: Health::Unknown }
    }
}

/// Converts an error of the HTTP client.
pub(super) fn failed(error: &CallError) -> Failure {
    if error.is_refused() {
        return Failure::unknown(HubError::new(HubCode::UpstreamError).with(super::target::PRIVATE));
    }
    let code = if error.is_timeout() { HubCode::UpstreamTimeout } else { HubCode::UpstreamError };
    let detail = if error.is_connect() { "the upstream cannot be reached" } else { "the upstream broke off" };
    // The URL is left out, because its query may contain a secret.
    Failure::failing(HubError::new(code).with(detail).because(describe(error)))
}

/// Joins the chain of causes. The URL is not part of it.
fn describe(error: &CallError) -> String {
    let mut text = String::from("upstream call failed");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Returns the Hub's code for a status of an upstream other than 2xx.
///
/// Most 4xx are about the arguments, so they are the caller's errors. 401, 403, and the like are about the
/// Hub's credentials, which a caller cannot change.
fn code_of(status: u16) -> HubCode {
    match status {
        401..=403 | 407 | 451 => HubCode::UpstreamRefused,
        404 | 410 => HubCode::NotFound,
        408 => HubCode::UpstreamTimeout,
        409 | 412 => HubCode::Conflict,
        413 => HubCode::BodyTooLarge,
        429 => HubCode::RateLimited,
        400..=499 => HubCode::InvalidParams,
        _ => HubCode::UpstreamError,
    }
}

/// Checks that a response is a success. An error keeps the `Retry-After` of the response.
pub(super) fn check(response: &Response) -> Result<(), Failure> {
    let status = response.status().as_u16();
    if response.status().is_success() {
        return Ok(());
    }
    let detail = format!("the upstream answered {status}");
    let code = code_of(status);
    let mut error = HubError::new(code).because(&detail).with(detail);
    let wait =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(seconds) = wait.filter(|seconds| (1..=LONGEST_WAIT).contains(seconds)) {
        error = error.retry_after(seconds);
    }
    Err(if status >= 500 { Failure::failing(error) } else { Failure::answering(error) })
}

/// Creates the failure for a response that does not fit the definition. It is logged, and does not count
/// against the upstream's health.
fn unexpected(detail: impl Into<String>) -> Failure {
    let detail = detail.into();
    Failure::answering(HubError::new(HubCode::UpstreamError).because(&detail).with(detail))
}

/// Reads a response and maps it to the `result`.
pub(super) async fn read(
    response: Response,
    mapping: Option<&Mapping>,
    limit: usize,
) -> Result<Outcome, Failure> {
    check(&response)?;
    let is_text = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/"));
    let body = match outgoing::read(response, limit).await {
        Ok(body) => body,
        Err(refused @ (Refused::TooLarge(_) | Refused::Encoding)) => {
            return Err(unexpected(refused.to_string()));
        }
        Err(broken) => {
            return Err(Failure::failing(HubError::new(HubCode::UpstreamError).with(broken.to_string())));
        }
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Outcome::Json(b"null".to_vec()));
    }
    let no_json = || unexpected("the upstream's answer is no JSON");
    let Some(mapping) = mapping else {
        return match serde_json::from_slice::<IgnoredAny>(&body) {
            Ok(_) => Ok(Outcome::Json(body.to_vec())),
            Err(_no_json) if is_text => {
                Outcome::of(&String::from_utf8_lossy(&body)).map_err(Failure::answering)
            }
            Err(_no_json) => Err(no_json()),
        };
    };
    let answer: Value = serde_json::from_slice(&body).map_err(|_no_json| no_json())?;
    let result = mapping.apply(&answer);
    let result =
        result.ok_or_else(|| unexpected("the upstream's answer has another shape than is expected"))?;
    Outcome::of(&result).map_err(Failure::answering)
}

/// Passes a response through as it arrives, decompressed, because the caller may not support the
/// compression. It is cut off if the upstream sends nothing for `idle`. It holds its in-flight permit until
/// it ends.
pub(super) fn passed_through(
    response: Response,
    permit: OwnedSemaphorePermit,
    idle: Duration,
) -> Result<Outcome, Failure> {
    check(&response)?;
    let mut passed = axum::response::Response::new(Body::empty());
    *passed.status_mut() = response.status();
    for name in PASSED {
        if let Some(value) = response.headers().get(&name) {
            passed.headers_mut().insert(name, value.clone());
        }
    }
    // The content comes from another server but is served under our origin: it must not run as one of our
    // pages.
    let body = outgoing::Body::new(response).map_err(|refused| unexpected(refused.to_string()))?;
    let headers = passed.headers_mut();
    if body.is_compressed() {
        headers.remove(header::CONTENT_LENGTH);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    let stream = futures::stream::unfold(Some((body, permit)), move |open| async move {
        let (mut body, permit) = open?;
        match tokio::time::timeout(idle, body.chunk()).await {
            Ok(Ok(chunk)) => Some((Ok(chunk?), Some((body, permit)))),
            // The body ends with an error, so that the caller sees that it is incomplete.
            Ok(Err(refused)) => Some((Err(io::Error::other(refused)), None)),
            Err(_elapsed) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    });
    *passed.body_mut() = Body::from_stream(stream);
    Ok(Outcome::Stream(Box::new(passed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_code_of_its_class() {
        for status in 300..=599 {
            let code = code_of(status);
            let is_callers = matches!(status, 400 | 404..=406 | 409..=450 | 452..=499);
            assert_eq!(code.status().is_client_error(), is_callers, "{status}: {}", code.name());
        }
    }
}
