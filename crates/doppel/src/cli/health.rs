//! `doppel health`

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    time::Duration,
};

use super::out::{Failure, say};
use crate::config::{Config, Listen};

/// The time limit of connecting, of writing and of each read.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Most bytes of the response that are read.
const MAX_RESPONSE: u64 = 16 * 1024;

/// Asks the server that listens at `server.listen` for `/readyz`. Says "ready", or fails with the status or
/// the reason.
pub(super) fn run(config: &Config) -> Result<(), Failure> {
    let listen = &config.server.listen;
    let address = address_of(listen)?;
    let status =
        ask(address).map_err(|error| Failure::failed(format!("no server responds at {address}: {error}")))?;
    if status == "200" {
        say("ready")
    } else {
        Err(Failure::failed(format!("not ready: HTTP status {status}")))
    }
}

/// Returns the address to connect to: that of this machine if the server listens on all.
fn address_of(listen: &Listen) -> Result<SocketAddr, Failure> {
    let mut found = listen.as_str().to_socket_addrs().map_err(Failure::failed)?;
    let mut address =
        found.next().ok_or_else(|| Failure::failed(format!("{listen} has no address on this machine")))?;
    if address.port() == 0 {
        return Err(Failure::input("server.listen has port 0: name the port that the server has taken"));
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

/// Sends the request and returns the status of the response, as text.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(
        format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut response = Vec::new();
    stream.take(MAX_RESPONSE).read_to_end(&mut response)?;
    let text = String::from_utf8_lossy(&response);
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.map(str::to_owned).ok_or_else(|| std::io::Error::other("the response is not HTTP"))
}
