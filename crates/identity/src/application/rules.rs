//! Validation of apps. No I/O.

use web::{ApiError, Code, Issues};

use super::{
    client_id,
    model::{Change, NewApplication},
    redirect,
    wire::{ApplicationRequest, CONFIDENTIAL, PUBLIC},
};
pub use client_id::MAX_NAME;
pub use redirect::MAX_REDIRECT_URIS;

use crate::{
    Scope, ScopeSet,
    webhook::{WebhookChange, model::Standing, rules as webhook},
};

/// Longest description in characters.
pub const MAX_DESCRIPTION: usize = 1000;
/// Most apps that registered themselves. Unused ones are removed after a while.
pub(super) const MAX_SELF_REGISTERED: i64 = 1_000;
/// Most scopes in a request; more than there are.
const MAX_SCOPES: usize = 64;

/// Validates a request for a new app. `policy` is the one for redirect URIs.
///
/// # Errors
/// 422 with every invalid field; then [`Code::OauthRedirectInvalid`] or [`Code::OauthScopeInvalid`].
pub fn create(request: ApplicationRequest, policy: redirect::Policy) -> Result<NewApplication, ApiError> {
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
    let change = change(request, policy)?;
    webhook::merge(Standing::default(), &change.webhook)?;
    Ok(NewApplication {
        name: change.name.unwrap_or_default(),
        description: change.description.unwrap_or_default(),
        redirect_uris: change.redirect_uris.unwrap_or_default(),
        scopes: change.scopes.unwrap_or_default(),
        icon_url: change.icon_url.unwrap_or_default(),
        webhook: change.webhook,
        is_public,
        ..NewApplication::default()
    })
}

/// Validates a request to change an app. `policy` is the one for redirect URIs.
///
/// # Errors
/// The errors of [`create`], except those of missing fields.
pub fn change(request: ApplicationRequest, policy: redirect::Policy) -> Result<Change, ApiError> {
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
    check_redirects(request.redirect_uris.iter().flatten(), policy)?;
    let scopes = request.allowed_scopes.map(|names| grantable(&names)).transpose()?;
    Ok(Change {
        name,
        description: request.app_description,
        redirect_uris: request.redirect_uris,
        scopes,
        icon_url: request.icon_url,
        webhook: WebhookChange {
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

/// Checks that redirect URIs may be registered.
///
/// # Errors
/// [`Code::OauthRedirectInvalid`] with the first URI that may not, and the reason.
pub(crate) fn check_redirects<'a>(
    uris: impl IntoIterator<Item = &'a String>,
    policy: redirect::Policy,
) -> Result<(), ApiError> {
    uris.into_iter().try_for_each(|uri| redirect::check(uri, policy).map_err(|refused| refused.of(uri)))
}

/// Returns the scopes with these names. An app must be able to have all of them.
///
/// # Errors
/// [`Code::OauthScopeInvalid`] if a name is unknown or `*`.
pub(crate) fn grantable<S: AsRef<str>>(names: &[S]) -> Result<ScopeSet, ApiError> {
    let mut set = ScopeSet::EMPTY;
    for name in names.iter().map(AsRef::as_ref) {
        match Scope::parse(name) {
            // OAuth has no wildcard: `*` is for API keys only.
            None | Some(Scope::Everything) => {
                return Err(ApiError::new(Code::OauthScopeInvalid).with(short(name)));
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

/// True if an icon may be shown from a URL: an empty one, or an https one.
pub fn is_picture(url: &str) -> bool {
    url.is_empty() || (url.starts_with("https://") && redirect::is_web_address(url))
}

/// Checks that a text has the format of an app's id, before a look-up.
///
/// # Errors
/// [`Code::OauthApplicationNotFound`] if it has not.
pub(super) fn check_id(text: &str) -> Result<(), Code> {
    if client_id::is_uuid(text) || client_id::is_url(text) {
        Ok(())
    } else {
        Err(Code::OauthApplicationNotFound)
    }
}

/// Returns redirect URIs in the form in which they are stored.
pub(crate) fn uris_as_text(uris: &[String]) -> String {
    serde_json::Value::from(uris).to_string()
}

/// Returns a UUID (version 4) of random bytes.
pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scopes_an_application_may_have() {
        assert_eq!(grantable(&["userinfo", "chat"]).unwrap().names(), ["chat", "userinfo"]);
        assert_eq!(grantable(&["memory.write"]).unwrap().names(), ["memory.write"]);
        for names in [["nonsense"], ["*"]] {
            assert_eq!(grantable(&names).unwrap_err().code(), Code::OauthScopeInvalid);
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
    }
}
