//! Validation of API definitions. No I/O.

use http::{HeaderName, HeaderValue};
use reqwest::Url;
use web::{ApiError, Issues};

use super::model::{ActionSpec, ApiSpec, EVERY_ACCOUNT, HttpSpec, ProviderSpec};
use crate::key::Ak;

/// First segments of the Lab API's paths under `/api`. No API of the Hub may have such a code.
pub const RESERVED: &[&str] = &[
    "secondme",
    "oauth",
    "auth",
    "certificate",
    "invitation",
    "applications",
    "integrations",
    "cdn",
    "apikey",
];

/// Maximum number of actions of an API.
pub const MAX_ACTIONS: usize = 500;
const MAX_CODE: usize = 64;
const MAX_TEXT: usize = 4000;
const MAX_LIST: usize = 100;
/// Maximum number of accounts, and of keys, of an API.
const MAX_USERS: usize = 500;
/// Maximum length of an e-mail address in bytes.
const MAX_EMAIL: usize = 320;

/// Headers that a definition must not set: the Hub or the connection sets them.
const OURS: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "apihub-token",
];
/// The prefix of the headers that tell an upstream who calls.
pub(crate) const IDENTITY_PREFIX: &str = "x-hub-";

/// Returns a code with underscores, the form for look-ups and permissions.
pub fn permission_name(code: &str) -> String {
    code.replace('-', "_")
}

/// Checks a definition.
///
/// # Errors
/// 422 that lists everything that is invalid.
pub(crate) fn check(spec: &ApiSpec) -> Result<(), ApiError> {
    let mut issues = Issues::body();
    if !is_segment(&spec.code, MAX_CODE) || spec.code.contains('_') {
        issues.add("value_error", "code", "Input should be 1 to 64 lower-case letters, digits and hyphens");
    } else if RESERVED.contains(&spec.code.as_str()) {
        issues.add("value_error", "code", "This code is reserved for the Lab API");
    }
    issues.optional_name("name", &spec.name, 100);
    issues.text("description", &spec.description, MAX_TEXT);
    users(&mut issues, spec);
    needs(&mut issues, "", &spec.roles, &spec.groups);
    if spec.actions.len() > MAX_ACTIONS {
        issues.add("too_long", "actions", format!("An API should have at most {MAX_ACTIONS} actions"));
    }
    for (name, action) in &spec.actions {
        let place = format!("actions.{name}");
        if !name.is_empty() && !is_segment(name, MAX_CODE) {
            issues.add(
                "value_error",
                &place,
                "An action's name should be lower-case letters, digits and hyphens",
            );
        }
        issues.line(&format!("{place}.summary"), &action.summary, 500);
        needs(&mut issues, &format!("{place}."), &action.roles, &action.groups);
        check_action(&mut issues, &place, action);
    }
    if let ProviderSpec::Http(http) = &spec.provider {
        check_http(&mut issues, http);
    }
    issues.finish()
}

fn is_segment(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        })
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// Checks the accounts and keys that may use an API.
fn users(issues: &mut Issues, spec: &ApiSpec) {
    entries(issues, "accounts", &spec.accounts, is_account, "Input should be an e-mail address or *");
    entries(issues, "keys", &spec.keys, |ak| Ak::parse(ak).is_some(), "Input should be the AK of a key");
}

/// Checks each entry of a list of accounts or keys.
fn entries(
    issues: &mut Issues,
    field: &str,
    list: &[String],
    is_good: impl Fn(&str) -> bool,
    expected: &str,
) {
    if list.len() > MAX_USERS {
        issues.add("too_long", field, format!("List should have at most {MAX_USERS} items"));
        return;
    }
    for (at, _) in list.iter().enumerate().filter(|(_, entry)| !is_good(entry)) {
        issues.add("value_error", &format!("{field}.{at}"), expected);
    }
}

fn is_account(text: &str) -> bool {
    text == EVERY_ACCOUNT
        || (text.contains('@')
            && text.len() <= MAX_EMAIL
            && !text.chars().any(|c| c.is_whitespace() || c.is_control()))
}

/// Returns true if a key may use an API. `email` is the address of the key's account.
pub(crate) fn may_use(spec: &ApiSpec, is_admin: bool, email: &str, ak: &str) -> bool {
    is_admin
        || spec.accounts.iter().any(|account| account == EVERY_ACCOUNT || account.eq_ignore_ascii_case(email))
        || spec.keys.iter().any(|key| key == ak)
}

fn needs(issues: &mut Issues, place: &str, roles: &[String], groups: &[String]) {
    for (field, list) in [("roles", roles), ("groups", groups)] {
        if list.len() > MAX_LIST {
            issues.add(
                "too_long",
                &format!("{place}{field}"),
                format!("List should have at most {MAX_LIST} items"),
            );
        }
    }
    if !groups.iter().all(|group| group.starts_with('/')) {
        issues.add("value_error", &format!("{place}groups"), "Groups should be paths that begin with /");
    }
}

/// Headers that an argument never becomes: they carry credentials, or say where a request comes from.
const NO_ARGUMENT: &[&str] = &[
    "authorization",
    "cookie",
    "proxy-authorization",
    "forwarded",
    "x-real-ip",
    "x-http-method-override",
    "x-original-url",
    "x-rewrite-url",
];
/// Most headers of an action.
const MAX_HEADERS: usize = 50;

/// True if an argument of a call may become this header.
pub(super) fn may_be_argument(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    may_set(&name) && !NO_ARGUMENT.contains(&name.as_str()) && !name.starts_with("x-forwarded-")
}

fn check_headers(issues: &mut Issues, place: &str, action: &ActionSpec) {
    if action.headers.len() > MAX_HEADERS {
        let message = format!("An action should have at most {MAX_HEADERS} headers");
        issues.add("too_long", &format!("{place}.headers"), message);
    }
    for (name, value) in &action.headers {
        let is_constant = !value.replace("{{", "").contains('{');
        let is_good = if is_constant { may_set(name) } else { may_be_argument(name) };
        if !is_good || value.len() > MAX_TEXT || HeaderValue::from_str(value).is_err() {
            issues.add("value_error", &format!("{place}.headers.{name}"), "This header cannot be set so");
        }
    }
}

/// Checks what an action says of the upstream call.
pub(super) fn check_action(issues: &mut Issues, place: &str, action: &ActionSpec) {
    check_headers(issues, place, action);
    if !action.base_url.is_empty() && !is_base_url(&action.base_url) {
        issues.add("value_error", &format!("{place}.base_url"), BASE_URL);
    }
    if !matches!(action.method.as_str(), "" | "GET" | "POST" | "PUT" | "PATCH" | "DELETE") {
        issues.add(
            "value_error",
            &format!("{place}.method"),
            "Input should be GET, POST, PUT, PATCH or DELETE",
        );
    }
    if action.path.len() > MAX_TEXT
        || action.path.contains(['?', '#', '\\'])
        || action.path.split('/').any(|s| s == "..")
    {
        issues.add("value_error", &format!("{place}.path"), "Input should be a path without ?, # and ..");
    }
    if action.cache_seconds > 86_400 {
        issues.add("value_error", &format!("{place}.cache_seconds"), "Input should be at most 86400");
    }
}

const BASE_URL: &str = "Input should be an http or https address without a query";

/// True if calls can be sent below this address.
pub(super) fn is_base_url(url: &str) -> bool {
    url.len() <= MAX_TEXT
        && Url::parse(url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        })
}

/// The origin of an address, as `https://api.example.com`; `None` for what is no such address.
pub(crate) fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

fn check_http(issues: &mut Issues, http: &HttpSpec) {
    if !is_base_url(&http.base_url) {
        issues.add("value_error", "provider.base_url", BASE_URL);
    }
    if http.trusted_origins.len() > MAX_LIST {
        let message = format!("List should have at most {MAX_LIST} items");
        issues.add("too_long", "provider.trusted_origins", message);
    }
    for (at, entry) in http.trusted_origins.iter().enumerate().take(MAX_LIST) {
        let is_origin =
            origin(entry).is_some_and(|origin| origin.eq_ignore_ascii_case(entry.trim_end_matches('/')));
        if !is_origin {
            let place = format!("provider.trusted_origins.{at}");
            issues.add("value_error", &place, "Input should be an origin, as https://uploads.example.com");
        }
    }
    for (field, names) in [("headers", http.headers.iter()), ("secret_headers", http.secret_headers.iter())] {
        for (name, value) in names {
            if !may_set(name) || HeaderValue::from_str(value).is_err() {
                issues.add(
                    "value_error",
                    &format!("provider.{field}.{name}"),
                    "This header cannot be set so",
                );
            }
        }
    }
    for name in &http.forward_headers {
        if !may_set(name) || matches!(name.to_ascii_lowercase().as_str(), "authorization" | "cookie") {
            issues.add("value_error", "provider.forward_headers", format!("{name} cannot be passed on"));
        }
    }
    let mut within = |field: &str, value: u64, least: u64, most: u64| {
        if !(least..=most).contains(&value) {
            issues.add(
                "value_error",
                &format!("provider.{field}"),
                format!("Input should be from {least} to {most}"),
            );
        }
    };
    within("timeout_ms", http.timeout_ms, 1, 600_000);
    within("idle_ms", http.idle_ms, 1, 3_600_000);
    within("retries", http.retries.into(), 0, 5);
    within("max_request_bytes", http.max_request_bytes as u64, 0, 64 << 20);
    within("max_response_bytes", http.max_response_bytes as u64, 1, 256 << 20);
    within("max_in_flight", http.max_in_flight as u64, 1, 100_000);
    within("breaker_failures", http.breaker_failures.into(), 0, 1000);
    within("breaker_open_ms", http.breaker_open_ms, 1, 3_600_000);
    within("health_seconds", http.health_seconds, 1, 3600);
}

fn may_set(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HeaderName::try_from(name.as_str()).is_ok()
        && !OURS.contains(&name.as_str())
        && !name.starts_with(IDENTITY_PREFIX)
}
