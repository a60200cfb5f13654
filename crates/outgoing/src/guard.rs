//! The guard that decides which hosts may be called.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::{Attempt, Policy},
};

use crate::refused::Refused;

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

/// The networks that may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The public internet.
    #[default]
    Public,
    /// Private networks and this machine as well.
    Local,
}

/// Decides which hosts may be called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    /// Networks that are allowed although they are special.
    pub(crate) allowed: Arc<[IpNet]>,
    pub(crate) reach: Reach,
}

impl Guard {
    /// Checks a URL without resolving its host; a host name is checked when it is resolved.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
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

    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_in_reach = match self.reach {
            Reach::Public => is_public(address),
            Reach::Local => !is_within(CREDENTIALS, address),
        };
        is_in_reach || self.allowed.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn policy(&self) -> Policy {
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
    use std::time::Duration;

    use super::*;
    use crate::{Outgoing, Redirects, Settings, is_refused};
    use http::Method;
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
