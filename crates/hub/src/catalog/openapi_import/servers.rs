//! Base URLs of a document, its paths, and its operations. No I/O.

use reqwest::Url;
use serde_json::Value;

use super::text;
use crate::catalog::rules;

/// Maximum number of variables of a URL, and maximum length of a value and of a URL in bytes.
const MAX_VARIABLES: usize = 50;
const MAX_VALUE: usize = 500;
const MAX_URL: usize = 2000;

/// The reason why a document has no base URL.
pub(super) const NO_BASE: &str = "the document names no server with a whole address: give a base address";

/// Returns the first server of a list, and the length of the list.
pub(super) fn first(owner: &Value) -> Option<(&Value, usize)> {
    let servers = owner.get("servers")?.as_array()?;
    Some((servers.first()?, servers.len()))
}

/// Returns the URL of a server, with the defaults of its variables. Relative URLs are resolved against
/// `base`.
///
/// # Errors
/// The reason why the URL cannot be called.
pub(super) fn address(server: &Value, base: Option<&str>) -> Result<String, String> {
    let mut url = text(server, "url").trim().to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten().take(MAX_VARIABLES) {
        let value = match variable.get("default") {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(value)) => value.clone(),
            _ => variable.pointer("/enum/0").and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        let places = url.matches(&format!("{{{name}}}")).count();
        if value.len() > MAX_VALUE || url.len() + places * value.len() > MAX_URL {
            return Err("its server's address is too long".into());
        }
        url = url.replace(&format!("{{{name}}}"), &value);
    }
    if url.len() > MAX_URL {
        return Err("its server's address is too long".into());
    }
    if url.contains(['{', '}']) {
        return Err(format!("its server {url:?} has a variable without a default"));
    }
    let is_whole = url.starts_with("http://") || url.starts_with("https://");
    if !is_whole {
        if url.contains("://") {
            return Err(format!("its server {url:?} is no http or https address"));
        }
        let base = base.and_then(|base| Url::parse(base).ok()).ok_or(NO_BASE)?;
        url = base.join(&url).map_err(|_no_url| format!("its server {url:?} is no address"))?.to_string();
    }
    let url = url.trim_end_matches('/').to_owned();
    if rules::is_base_url(&url) {
        Ok(url)
    } else {
        Err(format!("its server {url:?} is no plain http or https address"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_filled_in_and_joined() {
        for (server, base, expected) in [
            (json!({"url": "https://a.example/v1/"}), None, Some("https://a.example/v1")),
            (
                json!({
                    "url": "https://{h}/{v}",
                    "variables": {"h": {"default": "b.example"}, "v": {"enum": ["v2", "v3"]}},
                }),
                None,
                Some("https://b.example/v2"),
            ),
            (
                json!({"url": "https://a.example:{port}", "variables": {"port": {"default": 8443}}}),
                None,
                Some("https://a.example:8443"),
            ),
            (json!({"url": "/v2"}), Some("https://a.example/v1"), Some("https://a.example/v2")),
            (json!({"url": "files"}), Some("https://a.example/v1/"), Some("https://a.example/v1/files")),
            (json!({"url": "//b.example/x"}), Some("https://a.example"), Some("https://b.example/x")),
            (json!({"url": "/v2"}), None, None),
            (json!({"url": "https://{h}/"}), None, None),
            (json!({"url": "ftp://a.example"}), Some("https://a.example"), None),
            (json!({"url": "https://u:p@a.example"}), None, None),
            (json!({"url": "https://a.example?x=1"}), None, None),
            (json!({"url": "javascript:alert(1)"}), Some("https://a.example"), None),
            (json!({"url": "file:///etc/passwd"}), Some("https://a.example"), None),
            (json!({"url": 5}), None, None),
            (json!({"url": "{a}".repeat(500), "variables": {"a": {"default": "x".repeat(400)}}}), None, None),
        ] {
            assert_eq!(address(&server, base).ok().as_deref(), expected, "{server}");
        }
    }
}
