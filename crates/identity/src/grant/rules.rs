//! The rules for codes, tokens, and scopes. No I/O.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::model::{
    ClientRequest, CodeRequest, CodeRow, Exchange, ExternalRequest, RefreshRequest, RefreshRow, Standing,
};
use crate::{
    Audience, Scope, ScopeSet,
    application::{Application, Credentials, model::Client, rules::grantable},
    credential::equal,
    scope::Abilities,
};

/// The grant types that exist. One of another endpoint gets another error than an unknown one.
const GRANT_TYPES: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];
/// The default scopes of an app's own token: chatting, in both vocabularies.
const CHATTING: ScopeSet = ScopeSet::of(&[Scope::Chat, Scope::ChatWrite]);
/// Time in milliseconds in which the same client may send a used code again without losing the tokens that it
/// obtained.
const REPEAT_MS: i64 = 10_000;
/// Most scopes in a request; more than there are.
const MAX_SCOPES: usize = 64;

/// A request with a refresh token.
pub(super) struct Refresh {
    pub(super) token: String,
    pub(super) client: Credentials,
}

/// Returns the values of required fields.
fn required<const N: usize>(fields: [(&str, Option<String>); N]) -> Result<[String; N], ApiError> {
    let mut issues = Issues::body();
    let values = fields.map(|(name, value)| {
        value.unwrap_or_else(|| {
            issues.missing(name);
            String::new()
        })
    });
    issues.finish()?;
    Ok(values)
}

fn check_grant_type(given: &str, expected: &str) -> Result<(), ApiError> {
    let code = match given {
        given if given == expected => return Ok(()),
        given if GRANT_TYPES.contains(&given) => Code::OauthGrantTypeUnsupported,
        _ => Code::OauthGrantTypeInvalid,
    };
    Err(ApiError::new(code).with(expected))
}

/// Validates a request to exchange a code.
///
/// # Errors
/// 422 for missing fields; then [`Code::OauthGrantTypeUnsupported`] or [`Code::OauthGrantTypeInvalid`].
pub(super) fn exchange(request: CodeRequest) -> Result<Exchange, ApiError> {
    let [grant_type, code, redirect_uri, client_id, client_secret] = required([
        ("grant_type", request.grant_type),
        ("code", request.code),
        ("redirect_uri", request.redirect_uri),
        ("client_id", request.client_id),
        ("client_secret", request.client_secret),
    ])?;
    check_grant_type(&grant_type, "authorization_code")?;
    let client = Credentials { id: client_id, secret: Some(client_secret), ..Credentials::default() };
    Ok(Exchange { client, code, redirect_uri, verifier: request.code_verifier, audience: None })
}

/// Validates a request to use a refresh token.
///
/// # Errors
/// The errors of [`exchange`].
pub(super) fn refresh(request: RefreshRequest) -> Result<Refresh, ApiError> {
    let [grant_type, token, client_id, client_secret] = required([
        ("grant_type", request.grant_type),
        ("refresh_token", request.refresh_token),
        ("client_id", request.client_id),
        ("client_secret", request.client_secret),
    ])?;
    check_grant_type(&grant_type, "refresh_token")?;
    let client = Credentials { id: client_id, secret: Some(client_secret), ..Credentials::default() };
    Ok(Refresh { token, client })
}

/// Validates a request for an app's own token. Returns the credentials and the requested scopes.
///
/// # Errors
/// The errors of [`exchange`].
pub(super) fn own(request: ClientRequest) -> Result<(Credentials, Option<String>), ApiError> {
    let [grant_type, client_id, client_secret] = required([
        ("grant_type", request.grant_type),
        ("client_id", request.client_id),
        ("client_secret", request.client_secret),
    ])?;
    check_grant_type(&grant_type, "client_credentials")?;
    let client = Credentials { id: client_id, secret: Some(client_secret), ..Credentials::default() };
    Ok((client, request.scope))
}

/// Validates a request for a code. Returns the app's id, the redirect URI, and the names of the scopes.
///
/// # Errors
/// 422 if fields are missing or `scope` is too long.
pub(super) fn external(request: ExternalRequest) -> Result<(String, String, Vec<String>), ApiError> {
    let mut issues = Issues::body();
    let mut text = |field: &str, value: Option<String>| {
        if value.is_none() {
            issues.missing(field);
        }
        value.unwrap_or_default()
    };
    let (client_id, redirect_uri) =
        (text("clientId", request.client_id), text("redirectUri", request.redirect_uri));
    match &request.scope {
        None => issues.missing("scope"),
        Some(names) if names.len() > MAX_SCOPES => {
            issues.add("too_long", "scope", format!("List should have at most {MAX_SCOPES} items"));
        }
        Some(_) => {}
    }
    issues.finish()?;
    Ok((client_id, redirect_uri, request.scope.unwrap_or_default()))
}

/// Splits a list of scopes at white space, `+`, and commas.
pub(super) fn names(list: &str) -> Vec<&str> {
    list.split([' ', ',', '+', '\t', '\n']).filter(|name| !name.is_empty()).collect()
}

/// Returns the scopes with these names, all of which `allowed` must cover in either vocabulary.
///
/// # Errors
/// [`Code::OauthScopeInvalid`] if a name is unknown or there are none; [`Code::OauthScopeDisallowed`] if a
/// scope is not allowed.
pub(super) fn strict<S: AsRef<str>>(names: &[S], allowed: ScopeSet) -> Result<ScopeSet, ApiError> {
    let scopes = grantable(names)?;
    if scopes.is_empty() {
        return Err(ApiError::new(Code::OauthScopeInvalid).with(""));
    }
    let allowed = allowed.abilities();
    match scopes.iter().find(|scope| !allowed.covers(scope.abilities())) {
        Some(scope) => Err(ApiError::new(Code::OauthScopeDisallowed).with(scope.name())),
        None => Ok(scopes),
    }
}

/// Returns the scopes of an app's own token. An empty list is treated like no list: the app gets the allowed
/// scopes of [`CHATTING`].
///
/// # Errors
/// The errors of [`strict`]; [`Code::OauthScopeDisallowed`] without a list if the app may not chat.
pub(super) fn own_scopes(requested: Option<&str>, allowed: ScopeSet) -> Result<ScopeSet, ApiError> {
    match requested.filter(|list| !names(list).is_empty()) {
        Some(list) => strict(&names(list), allowed),
        None if allowed.intersects(CHATTING) => Ok(allowed.and(CHATTING)),
        None => Err(ApiError::new(Code::OauthScopeDisallowed).with(Scope::ChatWrite.name())),
    }
}

/// Returns the scopes in a list, or `None` if there are none. Unknown names are ignored, because clients send
/// names such as `openid` and `offline_access`.
fn named(list: Option<&str>) -> Option<ScopeSet> {
    let mut set = ScopeSet::EMPTY;
    for scope in names(list?).into_iter().take(MAX_SCOPES).filter_map(Scope::parse) {
        set.insert(scope);
    }
    (!set.is_empty()).then_some(set)
}

/// Returns the scopes that the consent page asks a person about: those that the app requests, in the
/// vocabulary of the request, as far as they are allowed; or all allowed ones if it requests none.
pub fn asked(list: Option<&str>, allowed: ScopeSet) -> ScopeSet {
    // OAuth2 has no wildcard.
    let wildcard = ScopeSet::of(&[Scope::Everything]);
    named(list).map_or(allowed, |set| set.without(wildcard).within(allowed))
}

/// Returns the scopes that the consent page asks a person about for a resource. `most` are those that the app
/// may have there. At `/mcp` scopes that no tool uses are left out, and a request with none of the tools'
/// scopes asks for `usual`.
pub fn asked_for(audience: Audience, list: Option<&str>, most: ScopeSet, usual: ScopeSet) -> ScopeSet {
    match audience {
        Audience::Server => asked(list, most),
        Audience::Mcp => {
            let used = audience.limit(named(list).unwrap_or_default()).within(most);
            if used.is_empty() { usual.within(most) } else { used }
        }
    }
}

/// Returns the scopes that a refresh requests as far as `most` covers them, or `None` if it names no scope.
/// Clients repeat the scopes of their first request, of which the person may have granted a part.
///
/// # Errors
/// [`Code::OauthScopeDisallowed`] if none is left.
pub(super) fn narrowed(list: Option<&str>, most: ScopeSet) -> Result<Option<ScopeSet>, ApiError> {
    let Some(requested) = named(list) else { return Ok(None) };
    let granted = asked(list, most);
    if granted.is_empty() {
        return Err(ApiError::new(Code::OauthScopeDisallowed).with(requested.to_string()));
    }
    Ok(Some(granted))
}

/// Returns the scopes that a person grants by choosing `chosen` of `asked`. [`Scope::is_needed`] scopes that
/// were asked for are always granted.
pub fn allowed(asked: ScopeSet, chosen: ScopeSet) -> ScopeSet {
    let mut granted = asked.and(chosen);
    for scope in asked.iter().filter(|scope| scope.is_needed()) {
        granted.insert(scope);
    }
    granted
}

/// Returns the scopes of `asked` that an authorization grants without asking the person again. Returns `None`
/// if they were not asked about all of them before, in either vocabulary, or granted none of them.
fn stands(standing: &Standing, asked: ScopeSet) -> Option<ScopeSet> {
    let granted = asked.within(standing.scopes);
    let was_asked = standing.asked.abilities().covers(asked.abilities());
    (was_asked && !granted.is_empty()).then_some(granted)
}

/// Returns the scopes that an app gets without the consent page: those that the person granted before, if the
/// app has not changed since, and it is certain that the same app asks. That is so for an app with a secret
/// that an account registered, and for one that a document describes if the code goes to an https URI of the
/// document. Every program on the person's machine can claim to be an app without a secret (RFC 8252 §8.6).
pub fn silent(
    standing: &Standing,
    application: &Application,
    redirect_uri: &str,
    asked: ScopeSet,
) -> Option<ScopeSet> {
    let is_certain = match application.host() {
        Some(_) => redirect_uri.starts_with("https://"),
        None => !application.is_public && !application.is_self_registered,
    };
    let is_same = is_certain && application.updated_at <= standing.answered_at;
    stands(standing, asked).filter(|_| is_same)
}

/// Returns an authorization after another consent. The consent decides about `asked`; other scopes stay as
/// they were. Refused abilities are removed from the scopes of both vocabularies.
pub(super) fn merge(before: &Standing, asked: ScopeSet, granted: ScopeSet) -> Standing {
    let granted = granted.within(asked);
    let refused = asked.abilities().without(granted.abilities());
    Standing {
        id: before.id,
        scopes: before.scopes.with(Abilities::ALL.without(refused)).or(granted),
        asked: before.asked.or(asked),
        answered_at: before.answered_at,
    }
}

/// Checks that a code may be exchanged. The order of the checks is that of the SecondMe API.
///
/// # Errors
/// [`Code::OauthCodeInvalid`] if the code belongs to another app; [`Code::OauthCodeUsed`];
/// [`Code::OauthCodeExpired`]; [`Code::OauthCodeRevoked`]; [`Code::OauthRedirectMismatch`];
/// [`Code::OauthCodeInvalid`] if the verifier is wrong or missing.
pub(super) fn judge(
    code: &CodeRow,
    client: &Client,
    exchange: &Exchange,
    (now, code_seconds): (Timestamp, i64),
) -> Result<(), Code> {
    if code.application != client.id {
        return Err(Code::OauthCodeInvalid);
    }
    if code.used_at.is_some() {
        return Err(Code::OauthCodeUsed);
    }
    if code.expires_at.wait_from(now, code_seconds.saturating_mul(1000)) == 0 {
        return Err(Code::OauthCodeExpired);
    }
    if code.is_revoked {
        return Err(Code::OauthCodeRevoked);
    }
    if code.redirect_uri != exchange.redirect_uri {
        return Err(Code::OauthRedirectMismatch);
    }
    if shows_verifier(code, client, exchange) { Ok(()) } else { Err(Code::OauthCodeInvalid) }
}

/// True if the PKCE verifier matches the code. Without a challenge there must be none, and a public app needs
/// both, because it has no secret.
fn shows_verifier(code: &CodeRow, client: &Client, exchange: &Exchange) -> bool {
    let is_open = client.is_public && code.challenge.is_none();
    !is_open && is_proven(code.challenge.as_deref(), exchange.verifier.as_deref())
}

/// True if a used code is sent again by the client that used it, with the same URI and verifier, within
/// [`REPEAT_MS`]. Then it is the same request again: the response was lost, or a button was pressed twice.
pub(super) fn is_repeat(code: &CodeRow, client: &Client, exchange: &Exchange, now: Timestamp) -> bool {
    let again_until = code.used_at.map(|at| at.plus_ms(REPEAT_MS));
    again_until.is_some_and(|until| until.wait_from(now, REPEAT_MS) > 0)
        && code.application == client.id
        && code.redirect_uri == exchange.redirect_uri
        && shows_verifier(code, client, exchange)
}

/// Checks that a refresh token is valid.
///
/// # Errors
/// [`Code::OauthRefreshInvalid`] if the token belongs to another app; [`Code::OauthRefreshExpired`];
/// [`Code::OauthRefreshRevoked`].
pub(super) fn judge_refresh(row: &RefreshRow, application: &str, now: Timestamp) -> Result<(), Code> {
    if row.application != application {
        return Err(Code::OauthRefreshInvalid);
    }
    if row.expires_at <= now {
        return Err(Code::OauthRefreshExpired);
    }
    if row.is_revoked { Err(Code::OauthRefreshRevoked) } else { Ok(()) }
}

/// True if a text has the format of a PKCE challenge (S256): 32 bytes in base64url.
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// True if the verifier matches the challenge, or there is neither. One without the other is refused. A
/// verifier for a code without a challenge means that somebody removed the challenge (RFC 9700 §2.1.1).
pub(crate) fn is_proven(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            equal(challenge, &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests;
