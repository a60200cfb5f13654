//! Tokens that the user center signs with the key's secret, as the key's owner could.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Random, Timestamp};

use super::model::User;
use crate::{
    call::{HubCode, HubError},
    key::LiveKey,
};

/// Lifetime of a token for the `noauth-*` actions, in seconds.
pub(super) const FRONT_SECONDS: i64 = 300;
/// Lifetime of a user's token, in seconds.
pub(super) const TOKEN_SECONDS: i64 = 3600;
/// Lifetime of a refresh token, in seconds: 7 days.
pub(super) const REFRESH_SECONDS: i64 = 604_800;

/// The actions that a token for the `noauth-*` actions is limited to.
pub(super) const FRONT_ACTIONS: [&str; 3] =
    ["user_center:noauth_get_password_policy", "user_center:noauth_register", "user_center:noauth_login"];

/// The `typ` of a refresh token, which cannot be used for calls.
const REFRESH: &str = "refresh_token";

/// The actions of users on their own data. Self-registered users may call these, and what the key lists for
/// them.
const OWN_ACTIONS: [&str; 5] = [
    "user_center:get_my_profile",
    "user_center:update_my_profile",
    "user_center:change_my_password",
    "user_center:refresh_token",
    "user_center:logout",
];

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The claims of a token for calls. The order is the one on the wire.
#[derive(Serialize)]
struct Claims<'c> {
    sub: &'c str,
    iss: &'c str,
    iat: i64,
    exp: i64,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<&'c str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<&'c [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<&'c str>>,
}

/// The claims of a refresh token.
#[derive(Serialize, Deserialize)]
pub(super) struct RefreshClaims {
    pub(super) sub: String,
    pub(super) iss: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) typ: String,
    /// The chain and a random part: `{chain}.{part}`.
    pub(super) jti: String,
}

fn seconds(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(1000)
}

fn signed(key: &LiveKey, claims: &impl Serialize) -> Result<String, HubError> {
    let payload =
        serde_json::to_vec(claims).map_err(|error| HubError::new(HubCode::Unknown).because(error))?;
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.sign(token.as_bytes());
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token)
}

/// Creates the token of a person who is about to sign in.
pub(super) fn front(key: &LiveKey, now: Timestamp) -> Result<String, HubError> {
    let iat = seconds(now);
    let claims = Claims {
        sub: "anonymous",
        iss: &key.ak,
        iat,
        exp: iat + FRONT_SECONDS,
        typ: "person_token",
        username: None,
        roles: None,
        groups: None,
        actions: Some(FRONT_ACTIONS.to_vec()),
    };
    signed(key, &claims)
}

/// Creates the token of a user.
pub(super) fn of_user(key: &LiveKey, user: &User, now: Timestamp) -> Result<String, HubError> {
    let iat = seconds(now);
    let claims = Claims {
        sub: &user.id,
        iss: &key.ak,
        iat,
        exp: iat + TOKEN_SECONDS,
        typ: "person_token",
        username: Some(&user.username),
        roles: Some(user.all_roles()),
        groups: Some(&user.groups),
        actions: actions_of(key, user),
    };
    signed(key, &claims)
}

/// Returns the actions that a user's token is limited to.
fn actions_of<'k>(key: &'k LiveKey, user: &User) -> Option<Vec<&'k str>> {
    let listed = || key.rules.registered_allow.iter().map(String::as_str);
    user.is_self_registered.then(|| OWN_ACTIONS.into_iter().chain(listed()).collect())
}

/// Creates a refresh token of a chain, and the hash that it is stored as.
pub(super) fn refresh(
    key: &LiveKey,
    user: &str,
    chain: &str,
    random: &Random,
    now: Timestamp,
) -> Result<(String, [u8; 32]), HubError> {
    let iat = seconds(now);
    let claims = RefreshClaims {
        sub: user.to_owned(),
        iss: key.ak.clone(),
        iat,
        exp: iat + REFRESH_SECONDS,
        typ: REFRESH.to_owned(),
        jti: format!("{chain}.{}", random.hex(16)),
    };
    let hash = hash(&claims.jti);
    Ok((signed(key, &claims)?, hash))
}

/// Returns the hash that a refresh token is stored as, so that a copy of the store cannot be used to
/// refresh.
pub(super) fn hash(jti: &str) -> [u8; 32] {
    Sha256::digest(jti.as_bytes()).into()
}

/// Parses the claims of a refresh token whose signature was checked.
pub(super) fn refresh_claims(token: &str, now: Timestamp) -> Result<RefreshClaims, HubError> {
    let invalid = || HubError::new(HubCode::TokenInvalid).with("this is no refresh token");
    let payload = token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let claims: RefreshClaims =
        payload.and_then(|payload| serde_json::from_slice(&payload).ok()).ok_or_else(invalid)?;
    if claims.typ != REFRESH {
        return Err(invalid());
    }
    if claims.exp <= seconds(now) {
        return Err(HubCode::TokenExpired.into());
    }
    Ok(claims)
}
