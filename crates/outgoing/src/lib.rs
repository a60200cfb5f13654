//! HTTP requests to other servers.
//!
//! A URL that comes from a person or an app ([`Outgoing::request`]) is called only if its host is in a public
//! network. Private, loopback, and other special networks are refused when the connection is made. So neither
//! DNS changes nor redirects get around the check. URLs that the server's owner configured
//! ([`Outgoing::trusted`]) are called without it. URLs that an administrator entered on a page
//! ([`Outgoing::local`]) may be in private networks, but not where clouds serve their credentials.

mod body;
mod breaker;
mod decode;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::Method;
use ipnet::IpNet;
use reqwest::{
    Certificate, Client, ClientBuilder, RequestBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};
use traces::Span;

pub use body::{Body, read};
pub use breaker::{Admitted, Breaker};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// Special-purpose IPv4 networks (IANA's registry), which are refused for URLs from people and apps.
const SPECIAL_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The block of public IPv6 addresses. [`SPECIAL_V6`] lists the special networks inside it, among them those
/// that embed an IPv4 address.
const GLOBAL_V6: &str = "2000::/3";
const SPECIAL_V6: &[&str] = &["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// Networks that are refused even for URLs of administrators: link-local ones and other addresses where
/// clouds serve the credentials of a machine, and groups.
const CREDENTIALS: &[&str] = &[
    "169.254.0.0/16",
    "100.100.100.200/32",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "fe80::/10",
    "fd00:ec2::254/128",
    "ff00::/8",
];

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

/// The reason why a call was not made, or was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is not a URL, the scheme is not http or https, or the URL contains a user name or password.
    #[error("not an http or https address")]
    Address,
    /// The host is in a network that must not be called.
    #[error("the host is in a private or special network")]
    Network,
    /// The response is larger than this limit in bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The response is compressed in a way that is not supported.
    #[error("the answer is compressed in a way that is not supported")]
    Encoding,
    /// The connection broke while the response was read, or its bytes cannot be decompressed.
    #[error("the answer broke off")]
    Broken,
    /// This process cannot make calls, for example because the system has no certificates.
    #[error("cannot make calls: {0}")]
    Client(String),
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

    /// Creates a client like [`Outgoing::trusted`] with a connect timeout of its own. The client is new at
    /// each call, so the caller keeps it.
    ///
    /// # Errors
    /// [`Refused::Client`].
    pub fn trusted_within(&self, connect: Duration) -> Result<Client, Refused> {
        made(&OnceLock::new(), || self.builder().redirect(Policy::none()).connect_timeout(connect))
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

    fn builder(&self) -> ClientBuilder {
        let connect = if self.0.connect.is_zero() { Duration::from_secs(5) } else { self.0.connect };
        let agent = concat!("Doppel/", env!("CARGO_PKG_VERSION"));
        let builder = Client::builder().user_agent(agent).connect_timeout(connect).no_proxy();
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

/// The networks that may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reach {
    /// The public internet.
    #[default]
    Public,
    /// Private networks and this machine as well.
    Local,
}

/// Decides which hosts may be called.
#[derive(Debug, Clone, Default)]
struct Guard {
    /// Networks that are allowed although they are special.
    allowed: Arc<[IpNet]>,
    reach: Reach,
}

impl Guard {
    /// Checks a URL without resolving its host; a host name is checked when it is resolved.
    fn check(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some()
        {
            return Err(Refused::Address);
        }
        let host = url.host_str().ok_or(Refused::Address)?;
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(Refused::Network),
            _ => Ok(()),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_in_reach = match self.reach {
            Reach::Public => is_public(address),
            Reach::Local => !is_within(CREDENTIALS, address),
        };
        is_in_reach || self.allowed.iter().any(|network| network.contains(&address))
    }

    fn policy(&self) -> Policy {
        let guard = self.clone();
        Policy::custom(move |attempt: Attempt<'_>| {
            if attempt.previous().len() > MAX_REDIRECTS {
                return attempt.error("too many redirects");
            }
            match guard.check(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refused) => attempt.error(refused),
            }
        })
    }
}

impl Resolve for Guard {
    /// Resolves a name to the addresses that may be called. The connection is made to one of these, so the
    /// name cannot change between the check and the call.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| guard.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(Refused::Network.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// True if an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !is_within(SPECIAL_V4, address),
        IpAddr::V6(_) => is_within(&[GLOBAL_V6], address) && !is_within(SPECIAL_V6, address),
    }
}

/// True if an address is in one of these networks.
fn is_within(networks: &[&str], address: IpAddr) -> bool {
    networks.iter().any(|network| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(url: &str) -> Option<Refused> {
        Outgoing::default().request(Method::GET, url, Redirects::Follow).err()
    }

    #[test]
    fn only_public_addresses_are_called() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://10.1.2.3/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://0.0.0.0/",
            "https://192.168.1.1:8443/",
            "http://100.64.0.1/",
        ] {
            assert_eq!(refusal(url), Some(Refused::Network), "{url}");
        }
        for url in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "example.com",
            "",
            "http://u:p@example.com/",
            "http://",
        ] {
            assert_eq!(refusal(url), Some(Refused::Address), "{url}");
        }
        for url in
            ["https://example.com/", "http://8.8.8.8/", "http://[2606:4700::1111]/", "http://1.1.1.1:8080/x"]
        {
            assert_eq!(refusal(url), None, "{url}");
        }
    }

    #[test]
    fn administrators_reach_private_networks_but_no_credentials_of_clouds() {
        let outgoing = Outgoing::default();
        for url in
            ["http://127.0.0.1:11434/v1", "http://192.168.1.5/v1", "http://[::1]/", "https://a.example"]
        {
            assert_eq!(outgoing.check_local(url), Ok(()), "{url}");
        }
        for url in [
            "http://169.254.169.254/latest",
            "http://2852039166/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
        ] {
            assert_eq!(outgoing.check_local(url), Err(Refused::Network), "{url}");
        }
        for url in ["ftp://127.0.0.1/", "http://u:p@127.0.0.1/", ""] {
            assert_eq!(outgoing.check_local(url), Err(Refused::Address), "{url}");
        }
    }

    #[test]
    fn what_the_owner_allows_is_called() {
        let allowed = vec!["127.0.0.0/8".parse().unwrap()];
        let outgoing =
            Outgoing::new(Settings { allowed, connect: Duration::from_secs(1), ..Settings::default() });
        assert!(outgoing.request(Method::GET, "http://127.0.0.1/", Redirects::Keep).is_ok());
        assert!(outgoing.request(Method::GET, "http://[::ffff:127.0.0.1]/", Redirects::Keep).is_ok());
        assert!(outgoing.request(Method::GET, "http://10.0.0.1/", Redirects::Keep).is_err());
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_when_it_is_resolved() {
        let request =
            Outgoing::default().request(Method::GET, "http://localhost:9/", Redirects::Follow).unwrap();
        assert!(is_refused(&request.send().await.unwrap_err()));
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_or_refused(text in "\\PC{0,60}") {
            let _ = refusal(&text);
        }
    }
}
