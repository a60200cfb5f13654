//! Checks that several sections share.

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

/// Returns a number of things for [`limit`].
pub(super) fn count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
