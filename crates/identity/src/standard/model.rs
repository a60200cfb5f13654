//! The request and response types of the standards.

use serde::{Deserialize, Serialize};

use crate::grant::{Introspection, Tokens};

/// Form of `POST /oauth/token`.
#[derive(Deserialize)]
pub(super) struct TokenRequest {
    pub(super) grant_type: Option<String>,
    pub(super) code: Option<String>,
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
}

/// Form of `POST /oauth/revoke` and `POST /oauth/introspect`. `token_type_hint` is ignored, because a token
/// shows its type.
#[derive(Deserialize)]
pub(super) struct PresentedRequest {
    pub(super) token: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
}

/// Tokens (RFC 6749 §5.1).
#[derive(Serialize)]
pub(super) struct TokensOut {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

impl From<Tokens> for TokensOut {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.expose().to_owned(),
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh.map(|refresh| refresh.expose().to_owned()),
            scope: tokens.scopes.to_string(),
        }
    }
}

/// The result of an introspection (RFC 7662 §2.2).
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum IntrospectionOut {
    Inactive { active: bool },
    Active(Active),
}

/// A valid token.
#[derive(Serialize)]
pub(super) struct Active {
    active: bool,
    scope: String,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    aud: String,
    iss: String,
}

impl IntrospectionOut {
    pub(super) fn new(found: Option<Introspection>, client_id: String, issuer: &str) -> Self {
        let Some(found) = found else { return Self::Inactive { active: false } };
        Self::Active(Active {
            active: true,
            scope: found.scopes.to_string(),
            client_id,
            token_type: found.is_access.then_some("Bearer"),
            exp: found.expires_at.as_millis() / 1000,
            iat: found.created_at.as_millis() / 1000,
            sub: found.person,
            aud: found.audience.resource(issuer),
            iss: issuer.to_owned(),
        })
    }
}

/// Body of `POST /oauth/register` (RFC 7591 §2). Other members are ignored.
#[derive(Deserialize)]
pub(super) struct RegisterRequest {
    pub(super) redirect_uris: Option<Vec<String>>,
    pub(super) client_name: Option<String>,
    pub(super) logo_uri: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) token_endpoint_auth_method: Option<String>,
    pub(super) grant_types: Option<Vec<String>>,
    pub(super) response_types: Option<Vec<String>>,
}

/// A registered app (RFC 7591 §3.2.1).
#[derive(Serialize)]
pub(super) struct RegisteredOut {
    pub(super) client_id: String,
    pub(super) client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<String>,
    /// 0, because the secret does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret_expires_at: Option<i64>,
    pub(super) client_name: String,
    pub(super) redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) logo_uri: String,
    pub(super) scope: String,
    pub(super) token_endpoint_auth_method: String,
    pub(super) grant_types: [&'static str; 2],
    pub(super) response_types: [&'static str; 1],
}
