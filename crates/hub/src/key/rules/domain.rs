//! Entries of a key's domain allowlist: a host, or all hosts below one. No I/O.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Maximum length of a host name in bytes.
const MAX_HOST: usize = 253;

/// A host, or all hosts below one, whose pages may use a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain {
    /// In lower case, without the `*.`.
    host: String,
    is_wildcard: bool,
    port: Option<u16>,
}

impl FromStr for Domain {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a host as app.example.com, *.example.com or localhost:3000";
        let (is_wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (host, port) = split_port(rest).ok_or(EXPECTED)?;
        let is_address = host.starts_with('[') && host.ends_with(']');
        let is_name =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
                && !host.split('.').any(str::is_empty);
        if host.len() > MAX_HOST || host.is_empty() || !(is_name || is_address && !is_wildcard) {
            return Err(EXPECTED);
        }
        Ok(Self { host: host.to_ascii_lowercase(), is_wildcard, port })
    }
}

impl TryFrom<String> for Domain {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.to_string()
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_wildcard { "*." } else { "" })?;
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Domain {
    /// Returns true if the entry covers an origin (`https://app.example.com:8443`). An entry without a port
    /// covers every port.
    pub fn covers(&self, origin: &str) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else { return false };
        // A `Referer` continues after the host.
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let Some((host, port)) = split_port(rest) else { return false };
        let is_host = if self.is_wildcard {
            host.len() > self.host.len()
                && host.split_at_checked(host.len() - self.host.len()).is_some_and(|(left, right)| {
                    left.ends_with('.') && right.eq_ignore_ascii_case(&self.host)
                })
        } else {
            host.eq_ignore_ascii_case(&self.host)
        };
        let default = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        is_host && self.port.is_none_or(|wanted| port.or(default) == Some(wanted))
    }
}

/// Splits a text into host and port. An IPv6 address is in brackets. Returns `None` if the port is invalid.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            Some((host, Some(port.parse().ok()?)))
        }
        Some(_) if !text.ends_with(']') => None,
        _ => Some((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn covers(domain: &str, origin: &str) -> bool {
        domain.parse::<Domain>().unwrap().covers(origin)
    }

    #[test]
    fn a_domain_is_a_host_or_all_below_one() {
        for (domain, origin, expected) in [
            ("app.example.com", "https://app.example.com", true),
            ("app.example.com", "https://APP.example.com:8443", true),
            ("App.Example.com", "http://app.example.com", true),
            ("app.example.com", "https://app.example.com.evil.net", false),
            ("app.example.com", "https://evil-app.example.com", false),
            ("app.example.com", "https://x.app.example.com", false),
            ("*.example.com", "https://a.example.com", true),
            ("*.example.com", "https://a.b.example.com:9", true),
            ("*.example.com", "https://example.com", false),
            ("*.example.com", "https://evilexample.com", false),
            ("*.example.com", "https://.example.com.evil", false),
            ("localhost:3000", "http://localhost:3000", true),
            ("localhost:3000", "http://localhost:3001", false),
            ("localhost:80", "http://localhost", true),
            ("localhost:443", "http://localhost", false),
            ("example.com:443", "https://example.com", true),
            ("[::1]:3000", "http://[::1]:3000", true),
            ("[::1]", "http://[::1]:3000", true),
            ("example.com", "https://example.com/path?x#y", true),
            ("example.com", "null", false),
            ("example.com", "", false),
            ("example.com", "https://user@example.com", false),
        ] {
            assert_eq!(covers(domain, origin), expected, "{domain} {origin}");
        }
        for text in
            ["", "*", "*.", "a b", "https://a.example", "a/b", "a:b", "a:99999", "..", "*.[::1]", "a..b"]
        {
            assert!(text.parse::<Domain>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_domain_or_refused(text in "\\PC{0,40}", origin in "\\PC{0,40}") {
            if let Ok(domain) = text.parse::<Domain>() {
                let _ = domain.covers(&origin);
                prop_assert_eq!(domain.to_string().parse::<Domain>(), Ok(domain));
            }
        }

        #[test]
        fn a_wildcard_covers_what_is_below_and_nothing_else(label in "[a-z]{1,8}", evil in "[a-z]{1,8}") {
            let below = format!("https://{label}.example.com");
            prop_assert!(covers("*.example.com", &below));
            let other = format!("https://{label}.example.com.{evil}");
            prop_assert!(!covers("*.example.com", &other));
        }
    }
}
