//! The request and response types of the standards.

use serde::Serialize;

use crate::grant::{Introspection, Tokens};

/// Tokens (RFC 6749 §5.1).
#[derive(Serialize)]
pub(super) struct TokensResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

impl From<Tokens> for TokensResponse {
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

/// A registered app (RFC 7591 §3.2.1).
#[derive(Serialize)]
pub(super) struct RegisteredResponse {
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
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) client_uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jwks: Option<serde_json::Value>,
    pub(super) scope: String,
    pub(super) token_endpoint_auth_method: &'static str,
    pub(super) grant_types: Vec<&'static str>,
    pub(super) response_types: [&'static str; 1],
}
