//! One HTTP request to an app's server.

use std::time::Duration;

use http::Method;
use outgoing::Redirects;

use super::{model::Sent, rules};
use crate::Identity;

/// Time limit of the request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest response that is read, in bytes. Only responses of trials are read.
const MAX_ANSWER: usize = 16 * 1024;
/// Most characters of the response that are shown.
const SHOWN: usize = 2_000;

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
