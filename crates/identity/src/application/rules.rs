//! Validation of apps and redirect URIs. No I/O.

use web::{ApiError, Code, Issues};

use super::model::{ApplicationRequest, CONFIDENTIAL, Change, NewApplication, PUBLIC};
use crate::{
    Scope, ScopeSet,
    webhook::{Wish, model::Standing, rules as webhook},
};

/// Longest name in characters.
pub const MAX_NAME: usize = 100;
/// Longest description in characters.
pub const MAX_DESCRIPTION: usize = 1000;
/// Most redirect URIs of an app.
pub const MAX_REDIRECT_URIS: usize = 20;
/// Longest redirect URI in bytes.
pub const MAX_REDIRECT_URI: usize = 2000;
/// Most apps that registered themselves. Unused ones are removed after a while.
pub(super) const MAX_SELF_REGISTERED: i64 = 1_000;
/// Most scopes in a request; more than there are.
const MAX_SCOPES: usize = 64;
/// Hosts that stand for the machine on which the browser runs.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Validates a request for a new app.
///
/// # Errors
/// 422 with every invalid field; then [`Code::OauthRedirectInvalid`], [`Code::OauthScopeInvalid`], or
/// [`Code::OauthScopeDisallowed`].
pub fn create(request: ApplicationRequest) -> Result<NewApplication, ApiError> {
    let mut issues = Issues::body();
    for (field, is_missing) in [
        ("appName", request.app_name.is_none()),
        ("redirectUris", request.redirect_uris.is_none()),
        ("allowedScopes", request.allowed_scopes.is_none()),
    ] {
        if is_missing {
            issues.missing(field);
        }
    }
    let is_public = match request.client_type.as_deref() {
        None | Some(CONFIDENTIAL) => false,
        Some(PUBLIC) => true,
        Some(_) => {
            issues.add("enum", "clientType", "Input should be 'confidential' or 'public'");
            false
        }
    };
    issues.finish()?;
    let change = change(request)?;
    webhook::merge(Standing::default(), &change.webhook)?;
    Ok(NewApplication {
        name: change.name.unwrap_or_default(),
        description: change.description.unwrap_or_default(),
        redirect_uris: change.redirect_uris.unwrap_or_default(),
        scopes: change.scopes.unwrap_or_default(),
        icon_url: change.icon_url.unwrap_or_default(),
        webhook: change.webhook,
        is_public,
    })
}

/// Validates a request to change an app.
///
/// # Errors
/// The errors of [`create`], except those of missing fields.
pub fn change(request: ApplicationRequest) -> Result<Change, ApiError> {
    let mut issues = Issues::body();
    let name = request.app_name.map(|name| issues.name("appName", Some(&name), MAX_NAME));
    if let Some(text) = &request.app_description {
        issues.text("appDescription", text, MAX_DESCRIPTION);
    }
    if let Some(uris) = &request.redirect_uris {
        count(&mut issues, "redirectUris", uris.len(), MAX_REDIRECT_URIS);
    }
    if request.icon_url.as_deref().is_some_and(|url| !is_picture(url)) {
        issues.add("value_error", "iconUrl", "Input should be an https address of at most 2000 characters");
    }
    let url = request.authorization_revoked_webhook_url.as_deref();
    if url.is_some_and(|url| !url.is_empty() && !webhook::is_address(url)) {
        issues.add("value_error", "authorizationRevokedWebhookUrl", webhook::ADDRESS);
    }
    let secret = request.authorization_revoked_webhook_secret.as_deref();
    if secret.is_some_and(|secret| !webhook::is_secret(secret)) {
        issues.add("value_error", "authorizationRevokedWebhookSecret", webhook::SECRET_FORM);
    }
    if let Some(names) = &request.allowed_scopes {
        count(&mut issues, "allowedScopes", names.len(), MAX_SCOPES);
    }
    issues.finish()?;
    if let Some(uri) = request.redirect_uris.iter().flatten().find(|uri| !may_register(uri)) {
        return Err(ApiError::new(Code::OauthRedirectInvalid).with(short(uri)));
    }
    let scopes = request.allowed_scopes.map(|names| grantable(&names)).transpose()?;
    Ok(Change {
        name,
        description: request.app_description,
        redirect_uris: request.redirect_uris,
        scopes,
        icon_url: request.icon_url,
        webhook: Wish {
            url: request.authorization_revoked_webhook_url,
            is_enabled: request.authorization_revoked_webhook_enabled,
            secret: request.authorization_revoked_webhook_secret,
        },
    })
}

fn count(issues: &mut Issues, field: &str, count: usize, most: usize) {
    if count == 0 {
        issues.add("too_short", field, "List should have at least 1 item");
    } else if count > most {
        issues.add("too_long", field, format!("List should have at most {most} items"));
    }
}

/// Returns the scopes with these names. An app must be able to have all of them.
///
/// # Errors
/// [`Code::OauthScopeInvalid`] if a name is unknown or `*`; [`Code::OauthScopeDisallowed`] if apps cannot
/// have the scope.
pub(crate) fn grantable<S: AsRef<str>>(names: &[S]) -> Result<ScopeSet, ApiError> {
    let mut set = ScopeSet::EMPTY;
    for name in names.iter().map(AsRef::as_ref) {
        match Scope::parse(name) {
            // OAuth has no wildcard: `*` is for API keys only.
            None | Some(Scope::Everything) => {
                return Err(ApiError::new(Code::OauthScopeInvalid).with(short(name)));
            }
            Some(scope) if !scope.is_for_apps() => {
                return Err(ApiError::new(Code::OauthScopeDisallowed).with(scope.name()));
            }
            Some(scope) => set.insert(scope),
        }
    }
    Ok(set)
}

/// Returns a part of an input that is short enough to be repeated in a message.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// True if a URI may be registered: https with any host, or plain http with a host of this machine. It has no
/// fragment, user name, or wildcard, and nothing that parsers interpret differently as a part of the host.
pub fn may_register(uri: &str) -> bool {
    if uri.len() > MAX_REDIRECT_URI
        || !uri.bytes().all(|byte| byte.is_ascii_graphic())
        || uri.contains(['#', '*', '\\', '<', '>', '"', '`', '{', '}', '|', '^'])
    {
        return false;
    }
    let Ok(parsed) = uri.parse::<http::Uri>() else { return false };
    let Some(host) = parsed.host().filter(|host| !host.is_empty()) else { return false };
    // After the host only a port may follow; the parser does not check this.
    let behind = parsed.authority().and_then(|authority| authority.as_str().strip_prefix(host));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if !behind.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port)) {
        return false;
    }
    if !is_plain_host(host) {
        return false;
    }
    uri.starts_with("https://") || (uri.starts_with("http://") && LOOPBACK.contains(&host))
}

/// True if all parsers agree on a host: a name of plain characters, or an IP address in its usual form.
/// Browsers read a name that ends in a number, such as `2130706433`, as an IPv4 address.
fn is_plain_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|byte| byte.is_ascii_digit())
            || last.starts_with("0x")
            || last.starts_with("0X"));
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && (!is_number || host.parse::<std::net::Ipv4Addr>().is_ok())
}

/// True if an icon may be shown from a URL: an empty one, or an https one.
pub fn is_picture(url: &str) -> bool {
    url.is_empty() || (url.starts_with("https://") && may_register(url))
}

/// True if a URI equals a registered one. The port of a loopback URI may differ, because a program on the
/// person's machine may have to use any free port (RFC 8252 §7.3).
pub fn is_registered(registered: &[String], given: &str) -> bool {
    let without_port = loopback(given);
    registered.iter().any(|uri| uri == given || (without_port.is_some() && loopback(uri) == without_port))
}

/// Returns host and path of a loopback URI without the port; `None` for other URIs.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    LOOPBACK.contains(&host).then_some((host, path))
}

/// Checks that a text has the format of an app's id, before a look-up.
///
/// # Errors
/// [`Code::OauthApplicationNotFound`] if it has not.
pub(super) fn check_id(text: &str) -> Result<(), Code> {
    let is_id = text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if is_id { Ok(()) } else { Err(Code::OauthApplicationNotFound) }
}

/// Returns redirect URIs in the form in which they are stored.
pub(super) fn uris_as_text(uris: &[String]) -> String {
    serde_json::Value::from(uris).to_string()
}

/// Returns a UUID (version 4) of random bytes.
pub(crate) fn uuid(mut bytes: [u8; 16]) -> String {
    for (at, byte) in bytes.iter_mut().enumerate() {
        match at {
            6 => *byte = (*byte & 0x0f) | 0x40,
            8 => *byte = (*byte & 0x3f) | 0x80,
            _ => {}
        }
    }
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn which_addresses_may_be_registered() {
        for good in [
            "https://example.com/oauth/callback",
            "https://example.com",
            "https://example.com:8443/cb?fixed=1",
            "http://localhost:3000/api/auth/callback",
            "http://127.0.0.1/cb",
            "http://[::1]:8000/cb",
        ] {
            assert!(may_register(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "example.com/cb",
            "/cb",
            "http://example.com/cb",
            "http://localhost.example.com/cb",
            "http://127.0.0.1.example.com/cb",
            "http://localhost@example.com/cb",
            "http://127.0.0.1:80cb",
            "http://localhost:/cb",
            "https://2130706433/cb",
            "https://0x7f.1/cb",
            "https://ex%61mple.com/cb",
            "https://example.com:65536/cb",
            "https://user:password@example.com/cb",
            "https://example.com/cb#fragment",
            "https://*.example.com/cb",
            "https://example.com/*",
            "https://example.com\\@evil.example/cb",
            "https://example.com/a b",
            "https://example.com/\r\nSet-Cookie:a=b",
            "https://例子.example/cb",
            "javascript:alert(1)",
            "data:text/html,hello",
            "myapp://callback",
            "HTTP://example.com/cb",
        ] {
            assert!(!may_register(bad), "{bad}");
        }
        assert!(!may_register(&format!("https://example.com/{}", "a".repeat(MAX_REDIRECT_URI))));
    }

    #[test]
    fn a_registered_address_is_met_to_the_letter() {
        let registered = ["https://example.com/cb".to_owned(), "http://localhost:3000/cb?a=1".to_owned()];
        for good in [
            "https://example.com/cb",
            "http://localhost:3000/cb?a=1",
            "http://localhost:61234/cb?a=1",
            "http://localhost/cb?a=1",
        ] {
            assert!(is_registered(&registered, good), "{good}");
        }
        for bad in [
            "",
            "https://example.com/cb/",
            "https://example.com/CB",
            "https://example.com/cb?x=1",
            "https://example.com:443/cb",
            "https://example.com/cb/../evil",
            "https://evil.example/cb",
            "http://example.com/cb",
            "http://localhost:3000/cb",
            "http://localhost:3000/cb?a=1#x",
            "http://127.0.0.1:3000/cb?a=1",
            "http://localhost:3000@evil.example/cb?a=1",
            "http://localhost:x/cb?a=1",
            "https://localhost:3000/cb?a=1",
        ] {
            assert!(!is_registered(&registered, bad), "{bad}");
        }
    }

    #[test]
    fn scopes_an_application_may_have() {
        assert_eq!(grantable(&["userinfo", "chat"]).unwrap().names(), ["chat", "userinfo"]);
        for (names, code) in [
            (["nonsense"], Code::OauthScopeInvalid),
            (["*"], Code::OauthScopeInvalid),
            (["memory.write"], Code::OauthScopeDisallowed),
        ] {
            assert_eq!(grantable(&names).unwrap_err().code(), code);
        }
    }

    proptest! {
        #[test]
        fn a_uuid_is_one_of_version_4(bytes: [u8; 16]) {
            let text = uuid(bytes);
            let parts: Vec<usize> = text.split('-').map(str::len).collect();
            prop_assert_eq!(parts, [8, 4, 4, 4, 12]);
            prop_assert!(text.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
            prop_assert!(check_id(&text).is_ok());
            prop_assert_eq!(text.as_bytes()[14], b'4');
            prop_assert!(b"89ab".contains(&text.as_bytes()[19]));
        }

        #[test]
        fn what_may_be_registered_is_met_by_itself_and_fits_a_header(uri in "https?://(localhost|127\\.0\\.0\\.1|[a-z.]{1,12})(:[0-9]{1,4})?[/?#@a-z\\\\*]{0,10}") {
            if may_register(&uri) {
                prop_assert!(is_registered(std::slice::from_ref(&uri), &uri));
                prop_assert!(http::HeaderValue::from_str(&uri).is_ok());
            }
        }

        #[test]
        fn nothing_panics(a in ".*", b in ".*") {
            let _ = may_register(&a);
            let _ = is_registered(&[a], &b);
        }
    }
}
