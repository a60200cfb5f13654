//! Validation of requests that create or change a key. No I/O.

use std::{fmt, net::IpAddr};

use ipnet::{IpNet, Ipv4Net};
use store::Timestamp;
use web::{ApiError, Issues};

use super::{Bounds, MAX_ENTRIES, MAX_NAME, MAX_REGISTERED};
use crate::key::model::{KeyRequest, Rules};

/// The validated fields of a key.
#[derive(Debug, Clone)]
pub(in crate::key) struct KeyChange {
    pub(in crate::key) name: String,
    pub(in crate::key) is_enabled: bool,
    pub(in crate::key) expires_at: Option<Timestamp>,
    pub(in crate::key) rules: Rules,
}

impl KeyChange {
    /// Returns the default fields of a new key.
    pub(in crate::key) fn new(bounds: Bounds) -> Self {
        let rules = Rules {
            per_second: bounds.per_second.0,
            per_person_second: bounds.per_person_second.0,
            per_day: bounds.per_day.0,
            ..Rules::default()
        };
        Self { name: String::new(), is_enabled: true, expires_at: None, rules }
    }

    /// Applies a request to these fields.
    ///
    /// # Errors
    /// 422 that lists everything that is invalid.
    pub(in crate::key) fn changed(
        mut self,
        request: KeyRequest,
        bounds: Bounds,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let mut issues = Issues::body();
        let name = request.name.or_else(|| (!self.name.is_empty()).then(|| self.name.clone()));
        self.name = issues.name("name", name.as_deref(), MAX_NAME);
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
            rules.ips = entries(&mut issues, "ips", &list, MAX_ENTRIES, network);
        }
        if let Some(list) = request.domains {
            rules.domains = entries(&mut issues, "domains", &list, MAX_ENTRIES, |text| text.trim().parse());
        }
        if let Some(list) = request.allow {
            rules.allow = entries(&mut issues, "allow", &list, MAX_ENTRIES, permission);
        }
        if let Some(registration) = request.registration {
            rules.registration = registration;
        }
        if let Some(list) = request.registered_allow {
            rules.registered_allow =
                entries(&mut issues, "registeredAllow", &list, MAX_REGISTERED, permission);
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
    most: usize,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Vec<T> {
    if list.len() > most {
        issues.add("too_long", field, format!("List should have at most {most} items"));
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
    Ok(canonical(network).trunc())
}

/// Converts an IPv4-mapped IPv6 network to IPv4, the form that callers' addresses have.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(long) = network else { return network };
    let short = long.addr().to_ipv4_mapped().zip(long.prefix_len().checked_sub(96));
    short.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

/// Normalizes a permission to `api_code:action` with underscores.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::rules::{lets_address_in, permits};

    #[test]
    fn networks_and_addresses_of_both_families() {
        let list: Vec<IpNet> =
            ["203.0.113.7", "10.0.0.0/8", "2001:db8::/32", "::ffff:192.0.2.1", "::ffff:198.51.100.0/120"]
                .map(|text| network(text).unwrap())
                .to_vec();
        for (address, expected) in [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("10.255.0.1", true),
            ("2001:db8::9", true),
            ("2001:db9::9", false),
            ("192.0.2.1", true),
            ("198.51.100.9", true),
            ("198.51.101.9", false),
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
}
