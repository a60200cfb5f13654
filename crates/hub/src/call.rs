//! Calls: from a request for `/api/{api_code}/{action}` to its response.
//!
//! The gateway ([`Gateway`]) runs before the router. A call needs no route, session, or scope. Every
//! response, errors included, has the Hub's own envelope.

mod arguments;
mod ask;
mod authorize;
pub(crate) mod code;
mod cors;
mod envelope;
#[cfg(test)]
mod fuzz_tests;
mod model;

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{body::Body, response::Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Request, header, request::Parts};
use http_body::Body as _;
use web::{ClientAddress, Language, boundary::Boundary, in_flight::Full};

pub(crate) use ask::{address, has, may_call};
pub(crate) use authorize::NOT_OPEN;
pub use code::{HubCode, HubError};
pub(crate) use model::TRACE;
pub use model::{Call, Caller, CallerHeaders, Outcome, TokenCaller};

use crate::{
    Hub,
    catalog::{Api, rules::RESERVED},
    log::{Record, Who},
};

/// The header that carries a token.
pub(crate) const TOKEN: &str = "apihub-token";
/// The route label of calls in metrics. One label for all calls keeps their number small.
const ROUTE: &str = "/api/{api_code}/{action}";
/// Maximum length of an API or action name in the call log, in characters.
const LONGEST_NAME: usize = 64;
/// Maximum length of an origin in the call log, in characters.
const LONGEST_ORIGIN: usize = 256;

/// The gateway that serves calls; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    hub: Hub,
    boundary: Arc<Boundary>,
}

/// Facts collected while a call is served, for the response's headers and the call log.
struct Seen {
    who: Who,
    /// True if the calling page may read the response (CORS).
    may_read: bool,
    limits: Option<authorize::LimitHeaders>,
    /// The API, if the path names an enabled one.
    api: Option<Arc<Api>>,
}

impl Seen {
    fn new() -> Self {
        Self { who: Who::Anonymous, may_read: true, limits: None, api: None }
    }
}

impl Gateway {
    /// Creates the gateway of a Hub, with the limits that hold for every request.
    pub fn new(hub: Hub, boundary: Arc<Boundary>) -> Self {
        Self { hub, boundary }
    }

    /// Returns true if a path is a call.
    pub fn takes(path: &str) -> bool {
        let Some(rest) = path.strip_prefix("/api/") else { return false };
        let first = rest.split('/').next().unwrap_or_default();
        !first.is_empty() && !RESERVED.contains(&first)
    }

    /// Serves a call.
    pub async fn call(self, request: Request<Body>) -> Response {
        let start = Instant::now();
        let trace = self.boundary.new_id();
        let client = self.boundary.client(&request);
        let address = client.0;
        let (parts, body) = request.into_parts();
        if parts.method == Method::OPTIONS {
            let mut response = cors::preflight(&parts.headers);
            envelope::common(&mut response, trace);
            return response;
        }
        let mut seen = Seen::new();
        let span = traces::Span::received(&parts.method, ROUTE, &parts.headers);
        let outcome = span.run(self.bounded(&parts, body, &trace, client, &mut seen)).await;
        let always_200 = self.hub.settings().always_200;
        let (mut response, status, code) = match outcome {
            Ok(Outcome::Json(result)) => (envelope::success(&trace, &result), 200, ""),
            Ok(Outcome::Stream(response)) => {
                let status = response.status().as_u16();
                (*response, status, "")
            }
            Err(error) => {
                log_error(&error, &trace);
                let language = Language::of(&parts.headers);
                let response = envelope::refusal(&trace, &error, language, always_200);
                (response, error.code.status().as_u16(), error.code.name())
            }
        };
        if code == HubCode::MethodNotAllowed.name() {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
        }
        if seen.may_read {
            cors::allow(&mut response, &parts.headers);
        }
        if let Some(told) = seen.limits.take() {
            let headers = response.headers_mut();
            headers.insert(envelope::RATE_LIMIT_POLICY, told.policy);
            headers.insert(envelope::RATE_LIMIT, told.left);
        }
        envelope::common(&mut response, trace.clone());
        let took = start.elapsed();
        span.end(Some(status));
        self.boundary.outcome(&trace, &parts.method, ROUTE, status, took, address);
        let (api, action) = segments(parts.uri.path());
        self.hub.recorder().note(Record {
            id: crate::CallId(self.hub.db().ids().next()),
            trace,
            at: self.hub.db().clock().now(),
            took_us: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
            who: seen.who,
            unknown: if seen.api.is_some() { Box::default() } else { shortened(api, LONGEST_NAME) },
            api: seen.api,
            action: shortened(action, LONGEST_NAME),
            status,
            code,
            bytes: response.body().size_hint().exact().and_then(|bytes| bytes.try_into().ok()).unwrap_or(0),
            address,
            origin: cors::origin(&parts.headers).map(|origin| shortened(origin, LONGEST_ORIGIN)),
        });
        response
    }

    /// Serves a call within the limits that hold for every request, and turns a panic into an error.
    async fn bounded(
        &self,
        parts: &Parts,
        body: Body,
        trace: &HeaderValue,
        client: ClientAddress,
        seen: &mut Seen,
    ) -> Result<Outcome, HubError> {
        let (entry, body) = self.boundary.enter(client, body).map_err(|full| self.full(full, seen))?;
        let work = AssertUnwindSafe(self.serve(parts, body, trace, client.0, seen)).catch_unwind();
        let worked = tokio::time::timeout(self.boundary.limits().request, work).await;
        if let Some(refused) = entry.refused() {
            return Err(self.full(refused, seen));
        }
        match worked {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => {
                Err(HubError::new(HubCode::Unknown).because(web::boundary::panic_text(panic.as_ref())))
            }
            Err(_elapsed) => Err(HubCode::RequestTimeout.into()),
        }
    }

    /// Returns the error for a request that found no in-flight permit.
    fn full(&self, full: Full, seen: &mut Seen) -> HubError {
        let code = match full {
            Full::Server => HubCode::Unavailable,
            Full::Address => {
                let most = self.boundary.limits().in_flight_of_address;
                seen.limits = Some(authorize::LimitHeaders::in_flight(most));
                HubCode::RateLimited
            }
        };
        HubError::new(code).because(full).retry_after(1)
    }

    async fn serve(
        &self,
        parts: &Parts,
        body: Body,
        trace: &HeaderValue,
        address: IpAddr,
        seen: &mut Seen,
    ) -> Result<Outcome, HubError> {
        let hub = &self.hub;
        if !matches!(parts.method, Method::GET | Method::POST) {
            return Err(HubCode::MethodNotAllowed.into());
        }
        let now = hub.db().clock().now();
        let origin = cors::origin(&parts.headers);
        let (code, action) = segments(parts.uri.path());
        let api = hub.catalog().now().find(code).cloned().filter(|api| api.spec.enabled);
        let asked = api.as_ref().map(|api| authorize::Action::of(api, action));
        let finds_key = asked.as_ref().is_some_and(authorize::Action::finds_key);
        let known = authorize::identify(hub, &parts.headers, address, origin, now, finds_key, seen).await?;
        seen.api.clone_from(&api);
        // Counted before the API is looked up, so that calls of unknown or forbidden APIs count, too.
        authorize::quota(hub, known.as_ref(), address, now, finds_key, &mut seen.limits).await?;
        let (Some(api), Some(asked)) = (api, asked) else { return Err(HubCode::ApiNotFound.into()) };
        authorize::action(&api, &asked, known.as_ref())?;
        let body = arguments::body(&parts.headers, body, self.boundary.limits().body).await?;
        let call = Call {
            trace: trace.clone(),
            method: parts.method.clone(),
            action,
            action_name: asked.name,
            query: parts.uri.query(),
            arguments: arguments::merged(parts.uri.query(), &body)?,
            caller: known.map_or(Caller::Anonymous, |checked| Caller::Known(TokenCaller(checked))),
            address,
            headers: &parts.headers,
            now,
            api,
        };
        call.api.provider.call(hub.services(), &call).await
    }
}

/// Splits a path into API and action. Further segments stay in the action, where no action matches them.
fn segments(path: &str) -> (&str, &str) {
    let rest = path.strip_prefix("/api/").unwrap_or_default();
    rest.split_once('/').unwrap_or((rest, ""))
}

fn shortened(text: &str, longest: usize) -> Box<str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => text.get(..end).unwrap_or_default().into(),
        None => text.into(),
    }
}

/// Logs server and upstream failures. Errors that a caller caused are not logged.
fn log_error(error: &HubError, trace: &HeaderValue) {
    let id = trace.to_str().unwrap_or_default();
    let cause = error.cause.as_deref().unwrap_or("no cause noted");
    let code = error.code.name();
    match error.code {
        HubCode::Unknown => tracing::error!(request.id = id, code, cause, "call failed"),
        HubCode::Unavailable
        | HubCode::UpstreamError
        | HubCode::UpstreamRefused
        | HubCode::UpstreamTimeout => {
            tracing::warn!(request.id = id, code, cause, "call not answered");
        }
        _ => {}
    }
}

/// Returns the token of a request, or an error if the header occurs more than once.
fn token(headers: &HeaderMap) -> Result<Option<&str>, HubError> {
    let mut lines = headers.get_all(TOKEN).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    // A proxy in between may have read the other one.
    if lines.next().is_some() {
        return Err(HubError::new(HubCode::TokenInvalid).with("the header Apihub-Token came more than once"));
    }
    let invalid =
        |_bytes| HubError::new(HubCode::TokenInvalid).with("the token has characters that no token has");
    line.to_str().map(|line| Some(bare(line.trim()))).map_err(invalid)
}

/// Returns a token without the scheme `Bearer` and quotation marks, which some clients put around every
/// credential.
fn bare(line: &str) -> &str {
    const SCHEME: &str = "bearer";
    let token = match line.split_at_checked(SCHEME.len()) {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case(SCHEME) && (rest.is_empty() || rest.starts_with([' ', '\t'])) =>
        {
            rest.trim_start()
        }
        _ => line,
    };
    token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).unwrap_or(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_the_lab_by_their_first_segment() {
        for (path, expected) in [
            ("/api/echo", true),
            ("/api/echo/now", true),
            ("/api/weather_basic/now", true),
            ("/api/echo/a/b", true),
            ("/api/secondme/user/info", false),
            ("/api/secondme", false),
            ("/api/apikey/list", false),
            ("/api/", false),
            ("/api", false),
            ("/apis/echo", false),
            ("/gate/lab/api/echo", false),
        ] {
            assert_eq!(Gateway::takes(path), expected, "{path}");
        }
        assert_eq!(segments("/api/echo/a"), ("echo", "a"));
        assert_eq!(segments("/api/echo"), ("echo", ""));
        assert_eq!(segments("/api/echo/a/b"), ("echo", "a/b"));
    }
}
