//! The address to listen on: an IP address or a host name, and a port, or a Unix socket.

use std::{fmt, net::SocketAddr, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

/// The beginning of a Unix socket's name.
const UNIX: &str = "unix:";
/// Longest path of a Unix socket in bytes, which the system limits.
const MAX_SOCKET: usize = 107;

/// An address or a host name with a port, as `127.0.0.1:8080`, `[::]:8080` or `localhost:8080`, or a Unix
/// socket as `unix:/run/doppel/doppel.sock`. A name is resolved when the server starts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen(String);

impl Listen {
    /// Returns the address, unless it is a host name.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.parse().ok()
    }

    /// Returns the path of a Unix socket.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.0.strip_prefix(UNIX).map(Path::new)
    }

    /// Returns true if only this machine can reach it. Of all names, only `localhost` counts as such.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.address() {
            Some(address) => address.ip().is_loopback(),
            None => self.0.rsplit_once(':').is_some_and(|(host, _)| host.eq_ignore_ascii_case("localhost")),
        }
    }

    /// Returns the text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let has_name = || {
            let (host, port) = text.rsplit_once(':')?;
            (is_name(host) && port.parse::<u16>().is_ok()).then_some(())
        };
        let is_socket =
            text.strip_prefix(UNIX).is_some_and(|path| path.starts_with('/') && path.len() <= MAX_SOCKET);
        if is_socket || text.parse::<SocketAddr>().is_ok() || has_name().is_some() {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "{text:?}: expected an address or a host name, and a port, as 127.0.0.1:8080, [::]:8080 or \
             localhost:8080, or a Unix socket with its whole path, as unix:/run/doppel/doppel.sock"
        ))
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.0
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_with_a_port() {
        for good in [
            "unix:/run/doppel.sock",
            "127.0.0.1:8080",
            "[::]:0",
            "[::1]:1",
            "localhost:8080",
            "my-host.example:65535",
        ] {
            assert_eq!(good.parse::<Listen>().unwrap().as_str(), good);
        }
        for wrong in [
            "",
            "nowhere",
            "localhost",
            "8080",
            ":8080",
            "localhost:65536",
            "a b:1",
            "::1:8080",
            "http://h:1",
        ] {
            assert!(wrong.parse::<Listen>().unwrap_err().contains("127.0.0.1:8080"), "{wrong}");
        }
        let long = format!("unix:/{}", "a".repeat(200));
        for socket in ["unix:doppel.sock", "unix:", "/run/doppel.sock", &long] {
            assert!(socket.parse::<Listen>().unwrap_err().contains("unix:/run"), "{socket}");
        }
        let socket: Listen = "unix:/run/doppel.sock".parse().unwrap();
        assert_eq!((socket.socket(), socket.address()), (Some(Path::new("/run/doppel.sock")), None));
        assert!(!socket.is_loopback());
    }
}
