//! Checks of the `Origin` and `Host` headers of the MCP servers. They protect against DNS rebinding and
//! against requests from foreign pages.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Uri, header};

/// Headers that reveal a proxy. A proxy may send a host name of its own.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// The reason why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The request comes from a page of another origin.
    Origin,
    /// The request names another host.
    Host,
}

impl Refused {
    /// Returns the message for developers.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Origin => "Origin not allowed: see mcp.allowed_origins",
            Self::Host => "Host not allowed: see server.public_url",
        }
    }
}

/// The origins and hosts that are allowed.
#[derive(Debug, Clone)]
pub struct Allowed {
    own: Option<Origin>,
    others: Vec<Origin>,
    any_origin: bool,
    only_loopback: bool,
}

impl Allowed {
    /// Allows the server's own origin at `base_url`, and `origins` (`*`: all). `only_loopback` is true if
    /// the server listens on loopback addresses only.
    pub fn new(base_url: &str, origins: &[String], only_loopback: bool) -> Self {
        Self {
            own: Origin::parse(base_url),
            others: origins.iter().filter_map(|origin| Origin::parse(origin)).collect(),
            any_origin: origins.iter().any(|origin| origin == "*"),
            only_loopback,
        }
    }

    /// Checks the origin and the host of a request.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let host = host_name(host);
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if let Some(origin) = origins.next() {
            let origin = origin.to_str().ok().and_then(Origin::parse);
            if origins.next().is_some() || !origin.is_some_and(|origin| self.allows(&origin, &host)) {
                return Err(Refused::Origin);
            }
        }
        let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(HeaderName::from_static(name)));
        if self.only_loopback && !is_forwarded && !is_loopback(&host) && !self.is_own(&host) {
            return Err(Refused::Host);
        }
        Ok(())
    }

    fn allows(&self, origin: &Origin, host: &str) -> bool {
        self.any_origin
            || self.own.as_ref() == Some(origin)
            || self.others.contains(origin)
            || (is_loopback(&origin.host) && is_loopback(host))
    }

    fn is_own(&self, host: &str) -> bool {
        self.own.as_ref().is_some_and(|own| own.host == host)
    }
}

/// A scheme, a host in lower case, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// Parses the origin of an `http` or `https` URL; `None` for `null` and other texts.
    fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        Some(Self { host: host_name(uri.host()?), port: uri.port_u16().unwrap_or(usual), scheme })
    }
}

/// Returns the host of an authority in lower case, without port, brackets, and trailing dot.
fn host_name(authority: &str) -> String {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// Returns true for names and addresses of this machine.
fn is_loopback(host: &str) -> bool {
    let is_name = host == "localhost" || host.ends_with(".localhost");
    is_name || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &Allowed, host: &str, others: &[(&'static str, &str)]) -> Result<(), Refused> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for (name, value) in others {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        allowed.check(&headers)
    }

    #[test]
    fn origins_are_our_own_or_named() {
        let named = ["https://app.example".to_owned()];
        let allowed = Allowed::new("https://me.example", &named, false);
        for (origin, host, good) in [
            ("https://me.example", "me.example", true),
            ("https://ME.example:443", "me.example", true),
            ("https://app.example", "me.example", true),
            ("http://me.example", "me.example", false),
            ("https://me.example:8443", "me.example", false),
            ("https://app.example.evil.example", "me.example", false),
            ("https://evil.example", "evil.example", false),
            ("null", "me.example", false),
            ("", "me.example", false),
            ("file://", "me.example", false),
            ("http://localhost:6274", "me.example", false),
            ("http://localhost:6274", "127.0.0.1:8080", true),
            ("http://[::1]:6274", "localhost:8080", true),
            ("http://localhost.evil.example", "localhost:8080", false),
        ] {
            let expected = if good { Ok(()) } else { Err(Refused::Origin) };
            assert_eq!(check(&allowed, host, &[("origin", origin)]), expected, "{origin} at {host}");
        }
        let twice = [("origin", "https://me.example"), ("origin", "https://me.example")];
        assert_eq!(check(&allowed, "me.example", &twice), Err(Refused::Origin));
        let any = Allowed::new("https://me.example", &["*".to_owned()], false);
        assert_eq!(check(&any, "me.example", &[("origin", "https://evil.example")]), Ok(()));
        assert_eq!(check(&any, "me.example", &[("origin", "null")]), Err(Refused::Origin));
    }

    #[test]
    fn a_server_on_loopback_has_names_of_its_own() {
        let allowed = Allowed::new("http://home.example:8080", &[], true);
        for (host, good) in [
            ("127.0.0.1:8080", true),
            ("127.8.9.1", true),
            ("[::1]:8080", true),
            ("localhost:8080", true),
            ("LOCALHOST.:8080", true),
            ("doppel.localhost", true),
            ("home.example", true),
            ("home.example:9", true),
            ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let expected = if good { Ok(()) } else { Err(Refused::Host) };
            assert_eq!(check(&allowed, host, &[]), expected, "{host}");
            // A proxy has its own host names.
            assert_eq!(check(&allowed, host, &[("x-forwarded-for", "203.0.113.9")]), Ok(()), "{host}");
        }
        let everywhere = Allowed::new("http://home.example:8080", &[], false);
        assert_eq!(check(&everywhere, "192.168.1.5:8080", &[]), Ok(()));
    }
}
