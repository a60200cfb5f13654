//! The address of a client: the peer of the socket, or the address that a trusted proxy reports.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use tokio::task::futures::TaskLocalFuture;

/// The peer of the connection. The [listener](crate::server) adds it to the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The client's address as far as it can be trusted. The boundary adds it to the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

tokio::task_local! {
    static CLIENT: IpAddr;
}

/// Runs the handling of a request, during which [`current_client`] returns the client's address.
pub(crate) fn for_client<F: Future>(client: ClientAddress, work: F) -> TaskLocalFuture<IpAddr, F> {
    CLIENT.scope(client.0, work)
}

/// Returns the address of the client whose request this task handles; `None` in background tasks and on the
/// command line.
#[must_use]
pub fn current_client() -> Option<IpAddr> {
    CLIENT.try_with(|address| *address).ok()
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Most entries of `X-Forwarded-For` that are read.
const MAX_HOPS: usize = 16;

/// Returns the client's address. Reads `X-Forwarded-For` from the right for as long as the address that added
/// an entry is a trusted proxy. Entries that the client wrote itself are left of the first untrusted address
/// and are ignored.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let mut address = canonical(peer);
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    if trusted.is_empty() || !is_trusted(address) {
        return ClientAddress(address);
    }
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).take(MAX_HOPS);
    for hop in hops {
        let Some(next) = parse(hop.trim()) else { break };
        address = canonical(next);
        if !is_trusted(address) {
            break;
        }
    }
    ClientAddress(address)
}

/// Parses an entry of `X-Forwarded-For`: an address with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Turns an IPv4-mapped IPv6 address into IPv4, so that one rule matches both forms.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Returns the address under which a client is counted: an IPv4 address, or the /64 network of an IPv6
/// address, because one client may use every address in that network.
pub fn group(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// True for an address that may stand for many clients: loopback, or a trusted proxy.
pub fn is_shared(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = canonical(address);
    address.is_loopback() || trusted.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn ask(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(ask("203.0.113.9", &["1.1.1.1"], &[]), "203.0.113.9");
        assert_eq!(ask("203.0.113.9", &["1.1.1.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(ask("10.0.0.1", &["1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ask("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ask("10.0.0.1", &["6.6.6.6", "1.1.1.1"], &["10.0.0.0/8"]), "1.1.1.1");
        assert_eq!(ask("10.0.0.1", &["junk"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(ask("::ffff:10.0.0.1", &["[2001:db8::1]:443"], &["10.0.0.0/8"]), "2001:db8::1");
    }

    #[test]
    fn addresses_are_counted_by_client() {
        for (address, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(group(address.parse().unwrap()).to_string(), expected);
        }
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        for (address, expected) in
            [("127.0.0.2", true), ("::1", true), ("::ffff:10.1.1.1", true), ("203.0.113.9", false)]
        {
            assert_eq!(is_shared(address.parse().unwrap(), &proxies), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_untrusted_peer_is_never_replaced(line in "[ -~]{0,200}") {
            prop_assert_eq!(ask("203.0.113.9", &[&line], &["10.0.0.0/8"]), "203.0.113.9");
        }
    }
}
