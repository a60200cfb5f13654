//! Validation of profiles, and their completeness. No I/O.

use identity::account::rules as account;
use store::Zone;
use web::{ApiError, Issues};

use super::model::Change;

/// Maximum length of a URL in characters.
pub const MAX_URL: usize = 2000;
/// Maximum length of a bio or a self-introduction, in characters.
pub const MAX_ABOUT: usize = 500;
/// Maximum length of the id of a voice in characters.
pub const MAX_VOICE: usize = 100;

/// Checks a change.
///
/// # Errors
/// 422 that names every invalid member.
pub(crate) fn check(change: &Change) -> Result<(), ApiError> {
    let mut issues = Issues::body();
    if let Some(name) = &change.name {
        issues.name("name", Some(name), account::MAX_NAME);
    }
    for (field, value) in [("avatar", &change.avatar), ("cover", &change.cover)] {
        if let Some(url) = value {
            check_url(&mut issues, field, url);
        }
    }
    for (field, value) in [("bio", &change.bio), ("about_me", &change.self_introduction)] {
        if let Some(text) = value {
            issues.text(field, text, MAX_ABOUT);
        }
    }
    if change.route.as_ref().is_some_and(|route| !account::is_route(route)) {
        let most = account::MAX_ROUTE;
        issues.add("value_error", "origin_route", format!("Input should be 1 to {most} letters and digits"));
    }
    if change.time_zone.as_ref().is_some_and(|zone| !zone.is_empty() && Zone::named(zone).is_none()) {
        issues.add("value_error", "time_zone", "Input should be an IANA time zone, such as Asia/Shanghai");
    }
    if let Some(voice) = &change.voice_id {
        issues.line("voice_id", voice, MAX_VOICE);
    }
    issues.finish()
}

/// Checks a URL that is shown on other people's pages: it must be http(s), or empty.
pub fn check_url(issues: &mut Issues, field: &str, url: &str) {
    if url.is_empty() {
        return;
    }
    issues.line(field, url, MAX_URL);
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let is_good = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !url.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\'));
    if !is_good {
        issues.add("value_error", field, "Input should be an http or https URL");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, good) in [
            ("", true),
            ("https://cdn.example.com/avatar.jpg", true),
            ("http://127.0.0.1:8080/cdn/a.png", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("//evil.example", false),
            ("https://", false),
            ("https:///x", false),
            ("https://a/\"onerror=", false),
            ("https://a b", false),
        ] {
            let mut issues = Issues::body();
            check_url(&mut issues, "avatar", url);
            assert_eq!(issues.is_empty(), good, "{url}");
        }
    }
}
