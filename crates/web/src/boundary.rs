//! The outermost middleware, which every request passes.
//!
//! It assigns the request id, finds the client's address, bounds time and concurrency, catches panics,
//! renders errors in the client's language, and logs and counts each outcome once.

use std::{
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use ipnet::IpNet;

use crate::{
    address::{self, ClientAddress, Peer},
    error::{ApiError, Code},
    extract::BodyLimit,
    host,
    in_flight::{Entry, Full, InFlight},
    language::Language,
};

/// The header of the request id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, in its logs and in `X-Request-Id` of the response. The client's own id is used if it
/// consists of 1 to 64 letters, digits, `.`, `_`, or `-`.
#[derive(Debug, Clone)]
pub struct RequestId(pub HeaderValue);

/// The limits of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest time from the head of a request to the head of its response, including the request's body.
    pub request: Duration,
    /// The same limit for `upload_routes`.
    pub upload: Duration,
    /// Suffixes of the routes that accept files. They read a body only from authenticated callers.
    pub upload_routes: Vec<&'static str>,
    /// Routes that are served regardless of the number of requests in work: those that report the state of
    /// the server.
    pub unbounded: &'static [&'static str],
    /// Suffixes of the routes whose response waits for another server.
    pub slow: Vec<&'static str>,
    /// Additional time for `slow` routes.
    pub slow_request: Duration,
    /// Most requests in work at once; one more gets 503. Requests whose body the server waits for do not
    /// count.
    pub in_flight: usize,
    /// The same limit for one client address; one more gets 429. Loopback and trusted proxies stand for many
    /// clients and may have seven eighths of `in_flight`.
    pub in_flight_of_address: usize,
    /// Largest body in bytes, except on `upload_routes`.
    pub body: usize,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// True if outcomes are counted for `/metrics`.
    pub metrics: bool,
    /// True if every request is logged at the level info, otherwise at debug.
    pub access_log: bool,
}

/// The functions that render an error as a page. The boundary decides when a page is returned; the crate with
/// the pages provides these functions.
#[derive(Debug, Clone, Copy)]
pub struct ErrorPages {
    /// Returns the language of pages for a request.
    pub language: fn(&HeaderMap) -> Language,
    /// Renders the page of an error. The text is the request id.
    pub render: fn(&ApiError, Language, &str) -> Response,
}

/// Paths that are always pages, regardless of `Accept`, because people open them with all kinds of clients.
const PAGES: [&str; 8] = [
    "/oauth",
    "/oauth/",
    "/oauth/authorize",
    "/authorize",
    "/sign-in",
    "/sign-up",
    "/setup",
    "/new-password",
];

/// True if a request is to be answered with a page instead of JSON: outside the API, without an
/// `Authorization` header, and with HTML in `Accept` or with a path of a page for people.
pub fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let is_api = path.starts_with("/api/") || path.starts_with("/gate/");
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    !is_api
        && !headers.contains_key(header::AUTHORIZATION)
        && (PAGES.contains(&path) || accept.is_some_and(|accept| accept.contains("text/html")))
}

/// The state of the boundary, shared by all requests.
#[derive(Debug)]
pub struct Boundary {
    limits: Limits,
    pages: ErrorPages,
    challenge: HeaderValue,
    in_flight: Arc<InFlight>,
    process: u64,
    counter: AtomicU64,
}

impl Boundary {
    /// Creates the boundary. `process` is a random number that makes this process's request ids unique.
    /// `base_url` is the server's public URL without a slash at the end.
    pub fn new(limits: Limits, pages: ErrorPages, base_url: &str, process: u64) -> Arc<Self> {
        let in_flight = InFlight::new(limits.in_flight, limits.in_flight_of_address);
        let challenge =
            format!("Bearer resource_metadata=\"{base_url}/.well-known/oauth-protected-resource\"");
        let challenge = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"));
        Arc::new(Self { limits, pages, challenge, in_flight, process, counter: AtomicU64::new(0) })
    }

    fn request_id(&self, headers: &HeaderMap) -> RequestId {
        if let Some(given) = headers.get(REQUEST_ID).filter(|value| is_request_id(value.as_bytes())) {
            return RequestId(given.clone());
        }
        RequestId(self.new_id())
    }

    /// Creates a request id: 32 lower-case hexadecimal digits.
    pub fn new_id(&self) -> HeaderValue {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut text = [0; 32];
        let bytes = self.process.to_be_bytes().into_iter().chain(number.to_be_bytes());
        for (place, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *place = [digit(byte >> 4), digit(byte & 0xf)];
        }
        HeaderValue::from_bytes(&text).unwrap_or_else(|_invalid| HeaderValue::from_static("none"))
    }

    /// Returns the limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Counts a request of `client` as in work until the returned [`Entry`] is dropped. The caller reads the
    /// returned body instead of `body`.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn enter(&self, client: ClientAddress, body: Body) -> Result<(Entry, Body), Full> {
        let is_shared = address::is_shared(client.0, &self.limits.trusted_proxies);
        self.in_flight.enter(client.0, is_shared, body)
    }

    /// Returns the client's address, as far as it can be trusted.
    pub fn client<B>(&self, request: &http::Request<B>) -> ClientAddress {
        let peer =
            request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        address::client_address(peer, request.headers(), &self.limits.trusted_proxies)
    }

    /// Counts and logs the outcome of a request.
    pub fn outcome(
        &self,
        id: &HeaderValue,
        method: &Method,
        route: &str,
        status: u16,
        took: Duration,
        client: IpAddr,
    ) {
        if self.limits.metrics {
            count(method, route, status, took);
        }
        let id = id.to_str().unwrap_or_default();
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // The level of an event is fixed where it is made.
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    request.id = id, %method, route, status, took_us, client.address = %client, "answered"
                )
            };
        }
        if self.limits.access_log { log!(info) } else { log!(debug) }
    }

    /// Returns the time limit of a route. It depends on nothing that a client sends.
    fn time_limit(&self, route: Option<&MatchedPath>) -> Duration {
        let Some(route) = route.map(MatchedPath::as_str) else { return self.limits.request };
        let is_one_of = |ends: &[&str]| ends.iter().any(|end| route.ends_with(end));
        if is_one_of(&self.limits.slow) {
            self.limits.request.saturating_add(self.limits.slow_request)
        } else if is_one_of(&self.limits.upload_routes) {
            self.limits.upload
        } else {
            self.limits.request
        }
    }

    /// Runs a request within the limits of requests in work.
    async fn bounded(
        &self,
        request: Request,
        next: Next,
        client: ClientAddress,
        route: Option<&MatchedPath>,
    ) -> Response {
        let limit = self.time_limit(route);
        if route.is_some_and(|route| self.limits.unbounded.contains(&route.as_str())) {
            return run(request, next, limit).await;
        }
        let (parts, body) = request.into_parts();
        let (entry, body) = match self.enter(client, body) {
            Ok(entered) => entered,
            Err(full) => return ApiError::from(full).into_response(),
        };
        let response = run(Request::from_parts(parts, body), next, limit).await;
        // A body that broke off for lack of a permit gets this error, whatever the route returned.
        entry.refused().map_or(response, |full| ApiError::from(full).into_response())
    }
}

/// Returns a hexadecimal digit. Every request needs 32 of them, and `format!` is slow.
const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

pub(crate) fn is_request_id(value: &[u8]) -> bool {
    (1..=64).contains(&value.len())
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

impl Boundary {
    /// Returns the response that refuses a request without a valid `Host`, or `None` for a valid request.
    pub fn refuse<B>(&self, request: &http::Request<B>) -> Option<Response> {
        if host::is_valid(request.version(), request.headers()) {
            return None;
        }
        let id = self.request_id(request.headers());
        let error = ApiError::new(Code::InvalidParam).with("Host");
        let mut response = error.render(Language::of(request.headers()));
        response.headers_mut().insert(REQUEST_ID, id.0.clone());
        // Client and server may disagree about where the next request begins.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        let status = response.status().as_u16();
        let client = self.client(request).0;
        self.outcome(&id.0, request.method(), "none", status, Duration::ZERO, client);
        Some(response)
    }
}

/// The middleware, for `axum::middleware::from_fn_with_state`.
pub async fn layer(State(boundary): State<Arc<Boundary>>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = boundary.request_id(request.headers());
    let language = Language::of(request.headers());
    let page = wants_page(request.uri().path(), request.headers())
        .then(|| (boundary.pages.language)(request.headers()));
    let is_openai = request.uri().path().starts_with("/v1/");
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = boundary.client(&request);
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(BodyLimit(boundary.limits.body));

    let span = traces::Span::received(
        &method,
        route.as_ref().map_or("none", MatchedPath::as_str),
        request.headers(),
    );
    let bounded = boundary.bounded(request, next, client, route.as_ref());
    let mut response = span.run(address::for_client(client, bounded)).await;
    // The route instead of the path: a path may hold what must not be logged, and metric labels must be few.
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        log_error(&error, &id, &method, route);
        metrics::counter!("doppel_http_errors_total", "code" => error.code().sub_code()).increment(1);
        let rendered = match page {
            _ if is_openai => error.render_openai(language),
            Some(language) => (boundary.pages.render)(&error, language, id.0.to_str().unwrap_or_default()),
            None => error.render(language),
        };
        // Headers that the route set stay, such as `Allow` of a 405, or a cookie.
        let mut headers = std::mem::take(response.headers_mut());
        headers.extend(rendered.headers().clone());
        // Tells a program where to find out how to get a token (RFC 9728 §5.1).
        if headers.contains_key(header::WWW_AUTHENTICATE) {
            headers.insert(header::WWW_AUTHENTICATE, boundary.challenge.clone());
        }
        response = rendered;
        *response.headers_mut() = headers;
    }
    // A response in the Hub's format already has an id of its own.
    response.headers_mut().entry(REQUEST_ID).or_insert_with(|| id.0.clone());
    let status = response.status().as_u16();
    span.end(Some(status));
    boundary.outcome(&id.0, &method, route, status, start.elapsed(), client.0);
    response
}

async fn run(request: Request, next: Next, limit: Duration) -> Response {
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => ApiError::new(Code::Internal).because(panic_text(panic.as_ref())).into_response(),
        Err(_elapsed) => ApiError::new(Code::RequestTimeout).into_response(),
    }
}

impl From<Full> for ApiError {
    fn from(full: Full) -> Self {
        let code = match full {
            Full::Server => Code::Unavailable,
            Full::Address => Code::RateLimited,
        };
        Self::new(code).because(full).retry_after(1)
    }
}

/// Returns the message of a panic.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    format!("panic: {text}")
}

/// Logs a server error; it is logged nowhere else. Errors of clients are not logged.
fn log_error(error: &ApiError, id: &RequestId, method: &Method, route: &str) {
    let id = id.0.to_str().unwrap_or_default();
    let cause = error.cause().unwrap_or("no cause noted");
    if error.code().status() == http::StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request.id = id, %method, route, cause, "request failed");
    } else if error.code() == Code::Unavailable {
        tracing::warn!(request.id = id, %method, route, cause, "request refused for now");
    }
}

/// Returns a method as a metric's label: one of the nine standard methods, or `OTHER`, because clients may
/// send any word.
pub fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => "OTHER",
    }
}

fn count(method: &Method, route: &str, status: u16, took: Duration) {
    let (method, status) = (method_label(method), status.to_string());
    metrics::counter!(
        "doppel_http_requests_total", "method" => method, "route" => route.to_owned(), "status" => status
    )
    .increment(1);
    metrics::histogram!("doppel_http_request_seconds", "route" => route.to_owned())
        .record(took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_for_people_ignore_accept() {
        let headers = |pairs: &[(HeaderName, &'static str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
        };
        let json = headers(&[(header::ACCEPT, "application/json")]);
        let key = headers(&[(header::AUTHORIZATION, "Bearer lba_ak_x"), (header::ACCEPT, "text/html")]);
        for path in PAGES {
            assert!(wants_page(path, &HeaderMap::new()) && wants_page(path, &json), "{path}");
            assert!(!wants_page(path, &key), "{path}: a program's credential");
        }
        for path in ["/", "/keys", "/oauth/token", "/oauth/authorize/x", "/api/oauth", "/gate/lab/oauth"] {
            assert!(!wants_page(path, &HeaderMap::new()) && !wants_page(path, &json), "{path}");
        }
        assert!(wants_page("/keys", &headers(&[(header::ACCEPT, "text/html,*/*")])));
    }

    #[test]
    fn a_request_id_is_short_and_plain() {
        for (value, good) in [
            ("a", true),
            ("A-1.b_2", true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(is_request_id(value.as_bytes()), good, "{value}");
        }
    }
}
