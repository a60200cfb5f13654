//! Client ids: UUIDs of registered apps, and URLs of documents that describe an app. No I/O.

use url::Url;

/// Longest client id in bytes.
pub const MAX_URL: usize = 2048;
/// Longest name of an app in characters.
pub const MAX_NAME: usize = 100;

/// True if a client id is the URL of a document: https, with a path, in the form in which URL parsers leave
/// it, so without dot segments. It has neither fragment nor user info.
pub fn is_url(text: &str) -> bool {
    text.len() <= MAX_URL
        && text.starts_with("https://")
        && !text.contains('#')
        && Url::parse(text).is_ok_and(|url| {
            url.as_str() == text
                && url.path().len() > 1
                && url.username().is_empty()
                && url.password().is_none()
                && url.has_host()
        })
}

/// True if a client id is that of a registered app.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Returns the host of a client id that is a URL, with its port.
pub fn host(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// True if a URL is one for https.
pub fn is_https(url: &str) -> bool {
    url.len() <= MAX_URL && Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_are_client_ids() {
        for url in [
            "https://client.example/oauth/client.json",
            "https://client.example:8443/c",
            "https://client.example/c?x=1",
            "https://chatgpt.com/oauth/cb_1/client.json",
            "https://127.0.0.1/c",
        ] {
            assert!(is_url(url), "{url}");
        }
        for url in [
            "http://client.example/c",
            "https://client.example",
            "https://client.example/",
            "https://client.example/c#x",
            "https://client.example/c#",
            "https://u@client.example/c",
            "https://u:p@client.example/c",
            "https://client.example/a/../c",
            "https://client.example/./c",
            "https://client.example/%2e%2e/c",
            "https://client.example/a/%2E./c",
            "HTTPS://client.example/c",
            "https://client.example\\c",
            "https:///c",
            " https://client.example/c",
            "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            "",
            &format!("https://client.example/{}", "x".repeat(MAX_URL)),
        ] {
            assert!(!is_url(url), "{url}");
        }
        assert_eq!(host("https://client.example:8443/c?x"), "client.example:8443");
        assert!(is_uuid("3f2504e0-4f89-41d3-9a0c-0305e82c3301") && !is_uuid("https://client.example/c"));
        assert!(is_https("https://a.example") && !is_https("http://a.example") && !is_https("https://"));
    }
}
