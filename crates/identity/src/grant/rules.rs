//! Who may have which code and token. No I/O.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use store::Timestamp;
use web::{ApiError, Code, Issues};

use super::model::{
    ClientRequest, CodeRequest, CodeRow, Exchange, ExternalRequest, RefreshRequest, RefreshRow, Standing,
};
use crate::{
    Scope, ScopeSet,
    application::{Application, Credentials, model::Client, rules::grantable},
    credential::equal,
};

/// Grant types that exist, so that one of another endpoint is told from nonsense.
const GRANT_TYPES: [&str; 3] = ["authorization_code", "refresh_token", "client_credentials"];
/// What a program gets that asks for nothing in its own name: chatting, by either name (contract D-02).
const CHATTING: ScopeSet = ScopeSet::of(&[Scope::Chat, Scope::ChatWrite]);
/// How long after a code was used the same client may send it again without losing what it obtained, in milliseconds.
const REPEAT_MS: i64 = 10_000;
/// Most scopes in a request; there are not as many.
const MAX_SCOPES: usize = 64;

/// A refresh token that an application presents.
pub(super) struct Refresh {
    pub(super) token: String,
    pub(super) client: Credentials,
}

/// Reads the fields that must be there.
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

/// Reads a request for tokens in exchange for a code.
///
/// # Errors
/// 422 for missing fields, then the codes of the grant type.
pub(super) fn exchange(request: CodeRequest) -> Result<Exchange, ApiError> {
    let [grant_type, code, redirect_uri, client_id, client_secret] = required([
        ("grant_type", request.grant_type),
        ("code", request.code),
        ("redirect_uri", request.redirect_uri),
        ("client_id", request.client_id),
        ("client_secret", request.client_secret),
    ])?;
    check_grant_type(&grant_type, "authorization_code")?;
    let client = Credentials { id: client_id, secret: Some(client_secret) };
    Ok(Exchange { client, code, redirect_uri, verifier: request.code_verifier })
}

/// Reads a request for a new access token.
///
/// # Errors
/// As [`exchange`].
pub(super) fn refresh(request: RefreshRequest) -> Result<Refresh, ApiError> {
    let [grant_type, token, client_id, client_secret] = required([
        ("grant_type", request.grant_type),
        ("refresh_token", request.refresh_token),
        ("client_id", request.client_id),
        ("client_secret", request.client_secret),
    ])?;
    check_grant_type(&grant_type, "refresh_token")?;
    Ok(Refresh { token, client: Credentials { id: client_id, secret: Some(client_secret) } })
}

/// Reads an application's request for a token of its own, and the scopes.
///
/// # Errors
/// As [`exchange`].
pub(super) fn own(request: ClientRequest) -> Result<(Credentials, Option<String>), ApiError> {
    let [grant_type, client_id, client_secret] = required([
        ("grant_type", request.grant_type),
        ("client_id", request.client_id),
        ("client_secret", request.client_secret),
    ])?;
    check_grant_type(&grant_type, "client_credentials")?;
    Ok((Credentials { id: client_id, secret: Some(client_secret) }, request.scope))
}

/// Reads a request for a code: the application's id, the address, the scopes.
///
/// # Errors
/// 422 for what is missing.
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

/// Takes apart a list of scopes separated by white space, `+` or commas.
pub(super) fn names(list: &str) -> Vec<&str> {
    list.split([' ', ',', '+', '\t', '\n']).filter(|name| !name.is_empty()).collect()
}

/// The scopes of these names, all of which the application may have.
///
/// # Errors
/// [`Code::OauthScopeInvalid`] for a name that is no scope, or none at all; [`Code::OauthScopeDisallowed`].
pub(super) fn strict<S: AsRef<str>>(names: &[S], allowed: ScopeSet) -> Result<ScopeSet, ApiError> {
    let scopes = grantable(names)?;
    if scopes.is_empty() {
        return Err(ApiError::new(Code::OauthScopeInvalid).with(""));
    }
    match scopes.without(allowed).iter().next() {
        Some(scope) => Err(ApiError::new(Code::OauthScopeDisallowed).with(scope.name())),
        None => Ok(scopes),
    }
}

/// What an application gets that asks in its own name. An empty list is none.
///
/// # Errors
/// As [`strict`].
pub(super) fn own_scopes(wish: Option<&str>, allowed: ScopeSet) -> Result<ScopeSet, ApiError> {
    match wish.filter(|list| !names(list).is_empty()) {
        Some(list) => strict(&names(list), allowed),
        None if allowed.intersects(CHATTING) => Ok(allowed.and(CHATTING)),
        None => Err(ApiError::new(Code::OauthScopeDisallowed).with(Scope::ChatWrite.name())),
    }
}

/// The scopes that a list names. Names that are no scopes are passed over, because clients send all kinds, such as
/// `openid` and `offline_access`; `None` where nothing is left, as without a list.
fn named(list: Option<&str>) -> Option<ScopeSet> {
    let mut set = ScopeSet::EMPTY;
    for scope in names(list?).into_iter().take(MAX_SCOPES).filter_map(Scope::parse) {
        set.insert(scope);
    }
    (!set.is_empty()).then_some(set)
}

/// What the page asks a person about (contract C14): what the application may have of the scopes that it names;
/// where it names none, all it may have.
pub fn asked(list: Option<&str>, allowed: ScopeSet) -> ScopeSet {
    named(list).map_or(allowed, |set| set.and(allowed))
}

/// What a refresh asks for within what there is; `None` where it names no scope. It must not name more.
///
/// # Errors
/// [`Code::OauthScopeInvalid`], [`Code::OauthScopeDisallowed`].
pub(super) fn narrowed(list: Option<&str>, most: ScopeSet) -> Result<Option<ScopeSet>, ApiError> {
    named(list).map(|set| strict(&set.names(), most)).transpose()
}

/// What a person who chose these allows of what they were asked: an application always learns who they are
/// if it asked for that.
pub fn allowed(asked: ScopeSet, chosen: ScopeSet) -> ScopeSet {
    let mut granted = asked.and(chosen);
    for scope in asked.iter().filter(|scope| scope.is_needed()) {
        granted.insert(scope);
    }
    granted
}

/// What an authorization allows of what is asked without asking the person again: `None` when they were not
/// asked about all of it before, or allowed none of it.
fn stands(standing: &Standing, asked: ScopeSet) -> Option<ScopeSet> {
    let granted = standing.scopes.and(asked);
    (standing.asked.covers(asked) && !granted.is_empty()).then_some(granted)
}

/// What an application gets of what it asks without the page: as far as the person answered before, and the
/// application has not changed since. Never for a public application, which cannot prove that it is the one that
/// the person answered (RFC 8252 §8.6).
pub fn silent(standing: &Standing, application: &Application, asked: ScopeSet) -> Option<ScopeSet> {
    let is_same = !application.is_public && application.updated_at <= standing.answered_at;
    stands(standing, asked).filter(|_| is_same)
}

/// An authorization after another answer: the answer decides about what was asked, the rest stays.
pub(super) fn merge(before: &Standing, asked: ScopeSet, granted: ScopeSet) -> Standing {
    Standing {
        id: before.id,
        scopes: before.scopes.without(asked).or(granted.and(asked)),
        asked: before.asked.or(asked),
        answered_at: before.answered_at,
    }
}

/// Whether a code may be exchanged, judged in the contract's order (C-02).
///
/// # Errors
/// What is wrong with it.
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

/// Whether the verifier is the code's. It is what a public application has to show instead of a secret.
fn shows_verifier(code: &CodeRow, client: &Client, exchange: &Exchange) -> bool {
    let is_open = client.is_public && code.challenge.is_none();
    !is_open && is_proven(code.challenge.as_deref(), exchange.verifier.as_deref())
}

/// Whether a used code is sent by the very client that used it, with all that it has to show, so soon after that it
/// is the same request again: the answer was lost on the way, or a button was pressed twice.
pub(super) fn is_repeat(code: &CodeRow, client: &Client, exchange: &Exchange, now: Timestamp) -> bool {
    let again_until = code.used_at.map(|at| at.plus_ms(REPEAT_MS));
    again_until.is_some_and(|until| until.wait_from(now, REPEAT_MS) > 0)
        && code.application == client.id
        && code.redirect_uri == exchange.redirect_uri
        && shows_verifier(code, client, exchange)
}

/// Whether a refresh token is good.
///
/// # Errors
/// What is wrong with it.
pub(super) fn judge_refresh(row: &RefreshRow, application: &str, now: Timestamp) -> Result<(), Code> {
    if row.application != application {
        return Err(Code::OauthRefreshInvalid);
    }
    if row.expires_at <= now {
        return Err(Code::OauthRefreshExpired);
    }
    if row.is_revoked { Err(Code::OauthRefreshRevoked) } else { Ok(()) }
}

/// Whether a text is a PKCE challenge by S256: 32 bytes in base64url.
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the verifier is the challenge's. One without the other is refused: a verifier for a code that was
/// asked for without a challenge means that somebody took the challenge away (RFC 9700 §2.1.1).
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(list: &str) -> ScopeSet {
        ScopeSet::parse_list(list).unwrap()
    }

    #[test]
    fn pkce_as_in_rfc_7636() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_challenge(challenge) && is_proven(Some(challenge), Some(verifier)));
        assert!(!is_proven(Some(challenge), Some(challenge)), "the method plain is refused");
        assert!(!is_proven(Some(challenge), None) && !is_proven(None, Some(verifier)));
        assert!(is_proven(None, None));
        for bad in ["", "short", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", &format!("{challenge}=")] {
            assert!(!is_challenge(bad), "{bad}");
        }
    }

    #[test]
    fn grant_types() {
        assert!(check_grant_type("refresh_token", "refresh_token").is_ok());
        let code = |given| check_grant_type(given, "authorization_code").unwrap_err().code();
        assert_eq!(code("refresh_token"), Code::OauthGrantTypeUnsupported);
        assert_eq!(code("client_credentials"), Code::OauthGrantTypeUnsupported);
        for nonsense in ["", "password", "implicit", "Authorization_Code"] {
            assert_eq!(code(nonsense), Code::OauthGrantTypeInvalid);
        }
    }

    #[test]
    fn a_list_of_scopes_is_read_as_clients_send_it() {
        let allowed = set("user.info chat voice");
        for list in
            ["user.info chat", "user.info,chat", "user.info+chat", " chat ,user.info  unknown note.add *"]
        {
            assert_eq!(asked(Some(list), allowed), set("user.info chat"), "{list}");
        }
        assert_eq!(asked(None, allowed), allowed);
        assert!(asked(Some("note.add"), allowed).is_empty() && asked(Some("*"), allowed).is_empty());
        assert_eq!((asked(Some("unknown"), allowed), asked(Some(""), allowed)), (allowed, allowed));
    }

    #[test]
    fn an_application_in_its_own_name() {
        assert_eq!(own_scopes(None, set("chat.write voice")).unwrap(), set("chat.write"));
        assert_eq!(own_scopes(Some("voice"), set("chat.write voice")).unwrap(), set("voice"));
        for (wish, code) in [
            (None, Code::OauthScopeDisallowed),
            (Some("chat.write"), Code::OauthScopeDisallowed),
            (Some("nonsense"), Code::OauthScopeInvalid),
            (Some("*"), Code::OauthScopeInvalid),
            (Some(""), Code::OauthScopeDisallowed),
        ] {
            assert_eq!(own_scopes(wish, set("voice")).unwrap_err().code(), code, "{wish:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_was_allowed(standing: u32, asked_before: u32, wish: u32, choice: u32) {
            let of = |bits: u32| {
                let mut set = ScopeSet::EMPTY;
                for (at, scope) in Scope::ALL.iter().enumerate() {
                    if bits >> at & 1 == 1 {
                        set.insert(*scope);
                    }
                }
                set
            };
            let before = Standing { id: 1, scopes: of(standing).and(of(asked_before)), asked: of(asked_before), answered_at: Timestamp(0) };
            let (wish, choice) = (of(wish), of(choice));
            if let Some(granted) = stands(&before, wish) {
                prop_assert!(wish.covers(granted) && before.scopes.covers(granted) && before.asked.covers(wish));
            }
            let granted = allowed(wish, choice);
            prop_assert!(wish.covers(granted) && granted.covers(wish.and(choice)));
            let after = merge(&before, wish, granted);
            prop_assert!(after.asked.covers(after.scopes), "nothing is allowed that was not asked");
            prop_assert_eq!(after.scopes.and(wish), granted);
            prop_assert_eq!(after.scopes.without(wish), before.scopes.without(wish));
            if !granted.is_empty() {
                prop_assert_eq!(stands(&after, wish), Some(granted), "the same is not asked twice");
            }
        }

        #[test]
        fn only_the_verifier_proves(verifier in "[A-Za-z0-9._~-]{43,64}", other in "[A-Za-z0-9._~-]{43,64}") {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            prop_assert!(is_challenge(&challenge) && is_proven(Some(&challenge), Some(&verifier)));
            prop_assert_eq!(is_proven(Some(&challenge), Some(&other)), verifier == other);
        }
    }
}
