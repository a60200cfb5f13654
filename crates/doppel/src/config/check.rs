//! Checks that several sections share.

use web::redact;

/// Checks that a number of the configuration is within its limits.
pub(super) fn limit(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!("{key} = {value}: expected a number from {least} to {most}"))
    }
}

/// Returns true for `http://` or `https://` and a host, without a path.
pub(super) fn is_base_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty() && !host.contains(['/', '?', '#', ' ', '"', '<', '>', '\\', '@'])
    })
}

/// Checks the base URL of an endpoint of models, which may be empty. A URL in the message has no secret.
pub(super) fn endpoint(key: &str, url: &str, example: &str) -> Result<(), String> {
    let is_url = url.starts_with("http://") || url.starts_with("https://");
    if url.is_empty() || (is_url && !url.contains(['?', '#', '@', ' '])) {
        return Ok(());
    }
    Err(format!("{key} = {:?}: expected an address as {example}, or nothing", redact::url(url)))
}

/// Returns a number of things for [`limit`].
pub(super) fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
