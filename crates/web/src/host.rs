//! The `Host` of a request (RFC 9112 §3.2): exactly one with HTTP/1.1, at most one with HTTP/1.0.

use http::{HeaderMap, Version, header};

/// True if a request has the `Host` header that its HTTP version requires, and the value holds only
/// characters of a host and a port.
pub fn is_valid(version: Version, headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::HOST).iter();
    let Some(host) = lines.next() else { return version < Version::HTTP_11 };
    lines.next().is_none() && host.as_bytes().iter().all(|byte| is_of_host(*byte))
}

/// True for the characters of `host` and `port` in RFC 3986.
const fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'%'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'['
                | b']'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn exactly_one_host() {
        for (version, hosts, expected) in [
            (Version::HTTP_11, &["doppel.example:8080"][..], true),
            (Version::HTTP_11, &["[::1]:8080"], true),
            (Version::HTTP_11, &[""], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_11, &["a b"], false),
            (Version::HTTP_11, &["a/b"], false),
            (Version::HTTP_11, &["u@a"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a"], true),
            (Version::HTTP_10, &["a", "b"], false),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            assert_eq!(is_valid(version, &headers), expected, "{version:?} {hosts:?}");
        }
    }
}
