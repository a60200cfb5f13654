//! One HTTP request to an app's server.

use std::time::Duration;

use http::Method;
use web::outgoing::{self, Redirects};

use super::rules;
use crate::Identity;

/// Time limit of the request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest response that is read, in bytes. Only responses of trials are read.
const MAX_ANSWER: usize = 16 * 1024;
/// Most characters of the response that are shown.
const SHOWN: usize = 2_000;

/// The result of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    /// The HTTP status, if there was a response.
    pub(crate) status: Option<i64>,
    /// The error, if there was no response.
    pub(crate) note: String,
    /// The body of the response, for trials only.
    pub(crate) body: String,
    /// True if another attempt may succeed.
    pub(crate) may_repeat: bool,
}

impl Sent {
    /// Creates the result of a request that was not sent and is not to be tried again.
    pub(super) fn refused(why: impl ToString) -> Self {
        Self { note: why.to_string(), ..Self::default() }
    }

    pub(super) fn failed(why: &str) -> Self {
        Self { note: why.to_owned(), may_repeat: true, ..Self::default() }
    }

    /// True if the response accepts the event (2xx).
    pub(crate) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Identity {
    /// Sends a signed event. Redirects are not followed, so that only the configured URL gets it.
    pub(super) async fn send(&self, url: &str, secret: &str, body: &str, is_trial: bool) -> Sent {
        let settings = &self.settings().webhook;
        let timestamp = (self.db().clock().now().as_millis() / 1000).to_string();
        let request = match settings.outgoing.request(Method::POST, url, Redirects::Keep) {
            Ok(request) => request,
            Err(refused) => return Sent::refused(refused),
        };
        let request = request
            .timeout(PATIENCE)
            .header("content-type", "application/json")
            .header("x-secondme-timestamp", &timestamp)
            .header(settings.signature_header.as_str(), rules::signature(secret, &timestamp, body))
            .body(body.to_owned());
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body = if is_trial {
                    let bytes = outgoing::read(answer, MAX_ANSWER).await.unwrap_or_default();
                    String::from_utf8_lossy(&bytes).chars().filter(|c| *c != '\0').take(SHOWN).collect()
                } else {
                    String::new()
                };
                let may_repeat = rules::may_repeat(status);
                Sent { status: Some(status.into()), note: String::new(), body, may_repeat }
            }
            Err(error) if outgoing::is_refused(&error) => Sent::refused(outgoing::Refused::Network),
            Err(error) if error.is_timeout() => Sent::failed("no answer in time"),
            Err(error) if error.is_connect() => Sent::failed("cannot connect"),
            Err(_broken) => Sent::failed("the connection broke"),
        }
    }
}
