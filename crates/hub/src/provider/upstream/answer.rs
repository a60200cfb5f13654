//! What an upstream answered.

use std::{io, time::Duration};

use axum::body::Body;
use http::{HeaderName, HeaderValue, header};
use reqwest::Response;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use web::outgoing::{self, Refused};

use crate::{
    call::{HubCode, HubError, Outcome},
    provider::mapping::Mapping,
};

/// Headers of an answer that is passed through.
const PASSED: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LENGTH];

/// Longest wait that is passed on, in seconds.
const LONGEST_WAIT: i64 = 86_400;

/// A call without a result, and what it says about the health of the upstream.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: HubError,
    pub(super) health: Health,
}

/// What a failed call says about an upstream. The circuit breaker counts [`Health::Failing`] alone, so that no caller
/// can open it with arguments that the upstream refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// It answered, though not with a result.
    Answering,
    /// It cannot be reached, broke off, took too long or answered 5xx.
    Failing,
    /// It was not asked.
    Unknown,
}

impl Failure {
    /// A failure of an upstream that answered.
    fn answering(error: HubError) -> Self {
        Self { error, health: Health::Answering }
    }

    /// A failure of an upstream that is not well.
    pub(super) fn failing(error: impl Into<HubError>) -> Self {
        Self { error: error.into(), health: Health::Failing }
    }

    /// A failure before the upstream was asked.
    pub(super) fn unknown(error: HubError) -> Self {
        Self { error, health: Health::Unknown }
    }
}

/// Why there is no answer.
pub(super) fn failed(error: &reqwest::Error) -> Failure {
    let code = if error.is_timeout() { HubCode::UpstreamTimeout } else { HubCode::UpstreamError };
    let detail = if error.is_connect() { "the upstream cannot be reached" } else { "the upstream broke off" };
    // The address may have a secret in its query.
    Failure::failing(HubError::new(code).with(detail).because(describe(error)))
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

/// Returns the Hub's code for a status of an upstream that is no success.
///
/// A 4xx is about the arguments, so it is the caller's own error; but 401, 403 and their like are about the
/// credentials of the Hub, which no caller can change.
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

/// Checks that an answer is a success; when to come again is passed on.
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

/// An answer that is not what the definition expects. It is logged, and is no sign of bad health.
fn unexpected(detail: impl Into<String>) -> Failure {
    let detail = detail.into();
    Failure::answering(HubError::new(HubCode::UpstreamError).because(&detail).with(detail))
}

/// The answer as `result`.
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
        Err(refused @ Refused::TooLarge(_)) => return Err(unexpected(refused.to_string())),
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

/// The answer as it comes, for as long as the caller reads it and the upstream is never silent for `idle`. It counts as
/// a call under way until its end.
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
