//! What a valid wish for a key is, and whom an allowlist lets in. No I/O.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::model::{KeyRequest, RotateRequest, Rules};

/// Longest name in characters.
pub const MAX_NAME: usize = 100;
/// Most entries of each list.
pub const MAX_ENTRIES: usize = 100;
/// Longest overlap of a rotation in seconds: 30 days.
pub const MAX_OVERLAP: i64 = 30 * 86_400;
/// Longest host name.
const MAX_HOST: usize = 253;

/// What the owner of the server allows at most, and what a key gets that asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Calls a second with a key: by default, and at most.
    pub per_second: (u32, u32),
    /// Calls a second of a person: by default, and at most.
    pub per_person_second: (u32, u32),
    /// Calls a day with a key: by default, and at most.
    pub per_day: (u64, u64),
}

/// A host, or all hosts below one, of which pages may use a key.
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
    /// Whether pages of an origin (`https://app.example.com:8443`) are meant. Without a port, any will do.
    pub fn covers(&self, origin: &str) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else { return false };
        // A `Referer` goes on after the host.
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

/// A host and its port, if it has one. An IPv6 address stands in brackets.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            Some((host, Some(port.parse().ok()?)))
        }
        Some(_) if !text.ends_with(']') => None,
        _ => Some((text, None)),
    }
}

/// Whether an address is in a list of networks; an empty list is no restriction.
pub fn lets_address_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.is_empty() || networks.iter().any(|network| network.contains(&address))
}

/// Whether an origin is in a list of domains; an empty list is no restriction, and no origin is in none.
pub fn lets_origin_in(domains: &[Domain], origin: Option<&str>) -> bool {
    domains.is_empty() || origin.is_some_and(|origin| domains.iter().any(|domain| domain.covers(origin)))
}

/// Whether a list of permissions (`weather_basic:now`, `weather_basic:*`, `*`) has an action. `api` and `action`
/// are written with underscores.
pub fn permits(list: &[String], api: &str, action: &str) -> bool {
    list.iter().any(|entry| match entry.split_once(':') {
        Some((of, "*")) => of == api,
        Some((of, which)) => of == api && which == action,
        None => entry == "*" || entry == api,
    })
}

/// Reads rules from the store.
///
/// # Errors
/// When they are no rules.
pub(super) fn stored(json: &str) -> store::Result<Rules> {
    serde_json::from_str(json).map_err(|error| store::Error::Other(format!("stored rules of a key: {error}")))
}

/// A single address is shown without its prefix length.
pub(super) fn shown_network(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// What a checked wish asks for.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) is_enabled: bool,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) rules: Rules,
}

impl Wish {
    /// What a new key is before anything is asked for.
    pub(super) fn new(bounds: Bounds) -> Self {
        let rules = Rules {
            per_second: bounds.per_second.0,
            per_person_second: bounds.per_person_second.0,
            per_day: bounds.per_day.0,
            ..Rules::default()
        };
        Self { name: String::new(), is_enabled: true, expires_at: None, rules }
    }

    /// The same, changed as asked.
    ///
    /// # Errors
    /// 422 that names everything that is wrong.
    pub(super) fn changed(
        mut self,
        request: KeyRequest,
        bounds: Bounds,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let mut issues = Issues::body();
        let name = request.name.or_else(|| (!self.name.is_empty()).then(|| self.name.clone()));
        self.name = issues.required_text("name", name.as_deref(), MAX_NAME);
        issues.line("name", &self.name, MAX_NAME);
        if let Some(enabled) = request.enabled {
            self.is_enabled = enabled;
        }
        if let Some(expiry) = request.expires_at {
            self.expires_at = (expiry != 0).then_some(Timestamp(expiry));
            if self.expires_at.is_some_and(|expiry| expiry <= now) {
                issues.add(
                    "value_error",
                    "expiresAt",
                    "Input should be in the future, in milliseconds since 1970, or 0",
                );
            }
        }
        let rules = &mut self.rules;
        if let Some(both) = request.both_lists {
            rules.both_lists = both;
        }
        if let Some(list) = request.ips {
            rules.ips = entries(&mut issues, "ips", &list, network);
        }
        if let Some(list) = request.domains {
            rules.domains = entries(&mut issues, "domains", &list, |text| text.trim().parse());
        }
        if let Some(list) = request.allow {
            rules.allow = entries(&mut issues, "allow", &list, permission);
        }
        number(&mut issues, "perSecond", request.per_second, bounds.per_second.1, &mut rules.per_second);
        let (asked, most) = (request.per_person_second, bounds.per_person_second.1);
        number(&mut issues, "perPersonSecond", asked, most, &mut rules.per_person_second);
        number(&mut issues, "perDay", request.per_day, bounds.per_day.1, &mut rules.per_day);
        issues.finish()?;
        Ok(self)
    }
}

fn number<T: PartialOrd + From<u32> + fmt::Display>(
    issues: &mut Issues,
    field: &str,
    asked: Option<T>,
    most: T,
    place: &mut T,
) {
    match asked {
        Some(asked) if asked < T::from(1) || asked > most => {
            issues.add("value_error", field, format!("Input should be from 1 to {most}"));
        }
        Some(asked) => *place = asked,
        None => {}
    }
}

fn entries<T: PartialEq>(
    issues: &mut Issues,
    field: &str,
    list: &[String],
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Vec<T> {
    if list.len() > MAX_ENTRIES {
        issues.add("too_long", field, format!("List should have at most {MAX_ENTRIES} items"));
        return Vec::new();
    }
    let mut all = Vec::with_capacity(list.len());
    for (at, text) in list.iter().enumerate() {
        match read(text) {
            Ok(entry) if all.contains(&entry) => {}
            Ok(entry) => all.push(entry),
            Err(expected) => {
                issues.add("value_error", &format!("{field}.{at}"), format!("Input should be {expected}"));
            }
        }
    }
    all
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    const EXPECTED: &str = "an address or a network as 203.0.113.7 or 2001:db8::/32";
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_no_address) => text.parse::<IpNet>().map_err(|_no_network| EXPECTED)?,
    };
    Ok(network.trunc())
}

/// A permission in its one spelling: `api_code:action` with underscores.
fn permission(text: &str) -> Result<String, &'static str> {
    const EXPECTED: &str = "an action as weather_basic:now, weather-basic/now, weather_basic:* or *";
    let text = text.trim();
    let is_segment = |part: &str| {
        (1..=64).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    if text == "*" {
        return Ok(text.to_owned());
    }
    let (api, action) = text.split_once([':', '/']).unwrap_or((text, "*"));
    if !is_segment(api) || !(action == "*" || is_segment(action)) {
        return Err(EXPECTED);
    }
    Ok(format!("{api}:{action}").replace('-', "_"))
}

/// The overlap of a rotation in seconds.
///
/// # Errors
/// 422 outside 0 to [`MAX_OVERLAP`].
pub(super) fn overlap(request: &RotateRequest) -> Result<i64, ApiError> {
    let seconds = request.overlap_seconds.unwrap_or(0);
    let mut issues = Issues::body();
    if !(0..=MAX_OVERLAP).contains(&seconds) {
        issues.add("value_error", "overlapSeconds", format!("Input should be from 0 to {MAX_OVERLAP}"));
    }
    issues.finish()?;
    Ok(seconds)
}

/// The id of a path segment. What is no id is no key either.
///
/// # Errors
/// [`Code::HubKeyNotFound`].
pub(crate) fn id(segment: &str) -> Result<i64, ApiError> {
    segment.parse().map_err(|_no_number| Code::HubKeyNotFound.into())
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

    #[test]
    fn networks_and_addresses_of_both_families() {
        let list: Vec<IpNet> = ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32", "::ffff:192.0.2.1"]
            .map(|text| network(text).unwrap())
            .to_vec();
        for (address, expected) in [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("10.255.0.1", true),
            ("2001:db8::9", true),
            ("2001:db9::9", false),
            ("192.0.2.1", true),
        ] {
            assert_eq!(lets_address_in(&list, address.parse().unwrap()), expected, "{address}");
        }
        assert!(lets_address_in(&[], "1.1.1.1".parse().unwrap()));
        assert!(network("10.0.0.0/33").is_err() && network("localhost").is_err());
    }

    #[test]
    fn permissions_have_one_spelling() {
        let list =
            ["weather-basic/now", "echo", "user_center:noauth-login"].map(|text| permission(text).unwrap());
        assert_eq!(list, ["weather_basic:now", "echo:*", "user_center:noauth_login"]);
        assert!(permits(&list, "weather_basic", "now") && permits(&list, "echo", "anything"));
        assert!(!permits(&list, "weather_basic", "later") && !permits(&list, "echo_two", "x"));
        assert!(permits(&["*".into()], "a", "b") && !permits(&[], "a", "b"));
        for text in ["", ":", "a:", ":a", "a b:c", "a:b:c", "阿:b"] {
            assert!(permission(text).is_err(), "{text}");
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
