//! HTTP requests to other servers.
//!
//! A URL that comes from a person or an app ([`Outgoing::request`]) is called only if its host is in a public
//! network. Private, loopback, and other special networks are refused when the connection is made. So neither
//! DNS changes nor redirects get around the check. URLs that the server's owner configured
//! ([`Outgoing::trusted`]) are called without it. URLs that an administrator entered on a page
//! ([`Outgoing::local`]) may be in private networks, but not where clouds serve their credentials.

mod body;
mod breaker;
mod client;
mod decode;
mod direct;
mod guard;
mod refused;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::Method;
use ipnet::IpNet;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Url, redirect::Policy};
use traces::Span;

use direct::{AGENT, Pool};
use guard::{Guard, Reach};

pub use body::{Body, read};
pub use breaker::{Admitted, Breaker};
pub use client::{CallError, UpstreamClient};
pub use refused::Refused;

/// Settings for calls to URLs from people and apps.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Private and special networks that may be called nevertheless.
    pub allowed: Vec<IpNet>,
    /// Connect timeout. Zero means five seconds.
    pub connect: Duration,
    /// Certificate authorities in PEM that are trusted besides those of the system; may be empty.
    pub authorities: Vec<u8>,
}

/// The handling of redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Follows up to five redirects. Each target is checked like the first URL.
    Follow,
    /// Returns a redirect like any other response.
    Keep,
}

/// The clients for calls to other servers. Cheap to clone; each client is created at its first use.
#[derive(Debug, Clone, Default)]
pub struct Outgoing(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    guard: Guard,
    connect: Duration,
    authorities: Vec<u8>,
    following: OnceLock<Client>,
    keeping: OnceLock<Client>,
    trusted: OnceLock<Client>,
    local: OnceLock<Client>,
    /// Connections of [`Outgoing::upstreams`].
    direct: Arc<Pool>,
}

impl Outgoing {
    /// Creates the clients with these settings.
    pub fn new(settings: Settings) -> Self {
        let guard = Guard { allowed: settings.allowed.into(), reach: Reach::Public };
        let Settings { connect, authorities, .. } = settings;
        Self(Arc::new(Inner { guard, connect, authorities, ..Inner::default() }))
    }

    /// Creates a request to a URL that comes from a person or an app. The caller sets a timeout for the
    /// whole.
    ///
    /// # Errors
    /// [`Refused::Address`]; [`Refused::Network`] for an IP address (a host name is checked when the request
    /// is sent); [`Refused::Client`].
    pub fn request(
        &self,
        method: Method,
        url: &str,
        redirects: Redirects,
    ) -> Result<RequestBuilder, Refused> {
        let url = Url::parse(url).map_err(|_no_url| Refused::Address)?;
        self.0.guard.check(&url)?;
        let (place, policy) = match redirects {
            Redirects::Follow => (&self.0.following, self.0.guard.policy()),
            Redirects::Keep => (&self.0.keeping, Policy::none()),
        };
        let client =
            made(place, || self.builder().redirect(policy).dns_resolver(Arc::new(self.0.guard.clone())))?;
        Ok(client.request(method, url))
    }

    /// Returns the client for URLs that the server's owner configured. It follows no redirects, because the
    /// request may carry a secret.
    ///
    /// # Errors
    /// [`Refused::Client`].
    pub fn trusted(&self) -> Result<Client, Refused> {
        made(&self.0.trusted, || self.builder().redirect(Policy::none()))
    }

    /// Returns the client for upstreams that the server's owner configured. Cheap.
    ///
    /// # Errors
    /// [`Refused::Client`].
    pub fn upstreams(&self) -> Result<UpstreamClient, Refused> {
        let (client, direct) = (self.trusted()?, Arc::clone(&self.0.direct));
        Ok(UpstreamClient { client, direct, connect: self.connect(), guard: None })
    }

    /// Creates a client for one upstream with a connect timeout of its own, as [`Outgoing::trusted`], or as
    /// [`Outgoing::local`] if an administrator entered the URL on a page. The caller keeps it.
    ///
    /// # Errors
    /// [`Refused::Client`].
    pub fn upstream_within(&self, connect: Duration, is_from_page: bool) -> Result<UpstreamClient, Refused> {
        let builder =
            if is_from_page { self.local_builder() } else { self.builder().redirect(Policy::none()) };
        let client = made(&OnceLock::new(), || builder.connect_timeout(connect))?;
        let guard = is_from_page.then(|| self.local_guard());
        Ok(UpstreamClient { client, direct: Arc::default(), connect, guard })
    }

    /// Returns the client for URLs that an administrator entered on a page. It follows no redirects. An
    /// address in the URL itself is checked by [`Outgoing::check_local`], a host name when it is resolved.
    ///
    /// # Errors
    /// [`Refused::Client`].
    pub fn local(&self) -> Result<Client, Refused> {
        made(&self.0.local, || self.local_builder())
    }

    /// Creates a client like [`Outgoing::local`] with a connect timeout of its own. The client is new at each
    /// call, so the caller keeps it.
    ///
    /// # Errors
    /// [`Refused::Client`].
    pub fn local_within(&self, connect: Duration) -> Result<Client, Refused> {
        made(&OnceLock::new(), || self.local_builder().connect_timeout(connect))
    }

    /// Checks a URL that an administrator entered on a page.
    ///
    /// # Errors
    /// [`Refused::Address`]; [`Refused::Network`] for an IP address that must not be called.
    pub fn check_local(&self, url: &str) -> Result<(), Refused> {
        let url = Url::parse(url).map_err(|_no_url| Refused::Address)?;
        self.local_guard().check(&url)
    }

    fn local_builder(&self) -> ClientBuilder {
        self.builder().redirect(Policy::none()).dns_resolver(Arc::new(self.local_guard()))
    }

    fn local_guard(&self) -> Guard {
        Guard { reach: Reach::Local, ..self.0.guard.clone() }
    }

    fn connect(&self) -> Duration {
        if self.0.connect.is_zero() { Duration::from_secs(5) } else { self.0.connect }
    }

    fn builder(&self) -> ClientBuilder {
        let builder = Client::builder().user_agent(AGENT).connect_timeout(self.connect()).no_proxy();
        match Certificate::from_pem_bundle(&self.0.authorities) {
            Ok(authorities) if !authorities.is_empty() => builder.tls_certs_merge(authorities),
            _ => builder,
        }
    }
}

/// Sends a request to a server that the owner or an administrator configured. If traces are exported, it is a
/// span, and the server is told its id. `name` says what the request is for.
///
/// # Errors
/// Those of [`RequestBuilder::send`].
pub async fn send(request: RequestBuilder, name: &'static str) -> reqwest::Result<reqwest::Response> {
    if !traces::is_enabled() {
        return request.send().await;
    }
    let (client, request) = request.build_split();
    let mut request = request?;
    let (method, host) = (request.method().clone(), request.url().host_str().unwrap_or_default().to_owned());
    let span = Span::sent(name, &method, &host, request.headers_mut());
    let response = span.run(client.execute(request)).await;
    span.end(response.as_ref().ok().map(|response| response.status().as_u16()));
    response
}

/// True if a call failed because the guard refused it, not because of the network.
pub fn is_refused(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<Refused>().is_some() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// Returns the innermost cause of a failed call, such as "Connection refused (os error 111)". It has no part
/// of the URL.
pub fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// True if a text in PEM has certificates, and nothing that is malformed.
pub fn has_certificates(pem: &[u8]) -> bool {
    Certificate::from_pem_bundle(pem).is_ok_and(|certificates| !certificates.is_empty())
}

/// Installs the TLS implementation of this process, before the first client is created. Repeated calls have
/// no effect.
pub fn prepare_tls() {
    let _already = rustls::crypto::ring::default_provider().install_default();
}

fn made(place: &OnceLock<Client>, builder: impl FnOnce() -> ClientBuilder) -> Result<Client, Refused> {
    if let Some(client) = place.get() {
        return Ok(client.clone());
    }
    prepare_tls();
    let client = builder().build().map_err(|error| Refused::Client(error.to_string()))?;
    Ok(place.get_or_init(|| client).clone())
}
