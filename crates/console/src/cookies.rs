//! Cookies that keep a choice about the pages.

use http::{HeaderMap, HeaderValue, header};

use crate::Console;

const YEAR: u32 = 365 * 86_400;

/// Returns the value of a cookie. Of several with one name, the first counts.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// Returns the header that keeps a choice for a year.
pub(crate) fn keep(console: &Console, name: &str, value: &str) -> Option<HeaderValue> {
    let secure = if console.identity.settings().secure_cookies { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}"))
        .ok()
}
