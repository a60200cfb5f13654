//! What an authorization is and what is made of it, inside and on the wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::ToSchema;

use crate::{
    ScopeSet,
    application::{Credentials, Status},
    credential::Secret,
};

/// What the owner of the server decides about applications.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a code may wait to be exchanged, in seconds.
    pub code_seconds: i64,
    /// How long an access token lasts, in seconds.
    pub access_seconds: i64,
    /// How long a refresh token lasts, in seconds.
    pub refresh_seconds: i64,
    /// How long an access token of an application itself lasts, in seconds.
    pub app_token_seconds: i64,
    /// Most applications an account may have.
    pub max_applications: i64,
    /// Whether programs may register applications without a person.
    pub dynamic_registration: bool,
    /// How long a refresh token that was just exchanged is answered once more with the same successor, for the
    /// client whose answer was lost on the way; in seconds.
    pub rotation_grace_seconds: i64,
}

/// An authorization that stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its id.
    pub id: i64,
    /// What the person allowed.
    pub scopes: ScopeSet,
    /// Everything they were asked about.
    pub asked: ScopeSet,
    /// When they last answered themself.
    pub answered_at: Timestamp,
}

from_row!(Standing { id, scopes, asked, answered_at });

/// A person's answer to an application.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The application's id.
    pub application: String,
    /// Where the code goes; one of the application's own.
    pub redirect_uri: String,
    /// What the application asked for.
    pub asked: ScopeSet,
    /// What the person allowed of it.
    pub granted: ScopeSet,
    /// The PKCE challenge (S256), if the client sent one.
    pub challenge: Option<String>,
    /// Whether the person has just answered, rather than an answer of before being used again.
    pub is_answer: bool,
}

/// An authorization as the person sees it.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// For taking it back.
    pub id: i64,
    /// The application's id.
    pub application: String,
    /// The application's name.
    pub name: String,
    /// What the application says it is for.
    pub description: String,
    /// What it may do.
    pub scopes: ScopeSet,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last called, to the minute.
    pub last_used_at: Option<Timestamp>,
}

from_row!(Authorization { id, application, name, description, scopes, created_at, last_used_at });

/// A code that an application wants to exchange, with what proves that it may.
#[derive(Clone)]
pub struct Exchange {
    /// Who the application says it is.
    pub client: Credentials,
    /// The code.
    pub code: String,
    /// The address the code was sent to.
    pub redirect_uri: String,
    /// The PKCE verifier, if the client has one.
    pub verifier: Option<String>,
}

/// Tokens just made.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For calling.
    pub access: Secret,
    /// For getting new access tokens; none for an application's own.
    pub refresh: Option<Secret>,
    /// How long the access token lasts, in seconds.
    pub expires_in: i64,
    /// What they open.
    pub scopes: ScopeSet,
}

/// A code in the store.
pub(crate) struct CodeRow {
    pub(crate) application: String,
    pub(crate) authorization: i64,
    pub(crate) account: i64,
    pub(crate) scopes: ScopeSet,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) is_revoked: bool,
}

from_row!(CodeRow {
    application,
    authorization,
    account,
    scopes,
    redirect_uri,
    challenge,
    expires_at,
    used_at,
    is_revoked
});

/// A refresh token in the store.
pub(crate) struct RefreshRow {
    pub(crate) application: String,
    pub(crate) authorization: i64,
    /// What the token was made for.
    pub(crate) scopes: ScopeSet,
    /// What the person allows at present.
    pub(crate) allowed: ScopeSet,
    pub(crate) code_hash: Option<[u8; 32]>,
    pub(crate) expires_at: Timestamp,
    pub(crate) is_revoked: bool,
    pub(crate) account: i64,
    /// When it was exchanged for the next one, and what makes that one of it.
    pub(crate) rotated_at: Option<Timestamp>,
    pub(crate) salt: Option<[u8; 32]>,
}

from_row!(RefreshRow {
    application,
    authorization,
    scopes,
    allowed,
    code_hash,
    expires_at,
    is_revoked,
    account,
    rotated_at,
    salt
});

/// An access token in the store.
pub(crate) struct AccessRow {
    pub(crate) expires_at: Timestamp,
    pub(crate) application: String,
    pub(crate) app_scopes: ScopeSet,
    pub(crate) status: Status,
    pub(crate) scopes: ScopeSet,
    pub(crate) authorization: Option<i64>,
    pub(crate) account: Option<i64>,
    pub(crate) allowed: Option<ScopeSet>,
}

from_row!(AccessRow { expires_at, application, app_scopes, status, scopes, authorization, account, allowed });

/// Form of `POST /api/oauth/token/code`.
#[derive(Deserialize, ToSchema)]
pub struct CodeRequest {
    /// `authorization_code`.
    #[schema(required = true, example = "authorization_code")]
    pub(super) grant_type: Option<String>,
    /// The code, from the redirect.
    #[schema(required = true)]
    pub(super) code: Option<String>,
    /// The address the code was sent to.
    #[schema(required = true)]
    pub(super) redirect_uri: Option<String>,
    /// The application's id.
    #[schema(required = true)]
    pub(super) client_id: Option<String>,
    /// The application's secret.
    #[schema(required = true)]
    pub(super) client_secret: Option<String>,
    /// The PKCE verifier; needed if, and only if, the code was asked for with a challenge.
    pub(super) code_verifier: Option<String>,
}

/// Form of `POST /api/oauth/token/refresh`.
#[derive(Deserialize, ToSchema)]
pub struct RefreshRequest {
    /// `refresh_token`.
    #[schema(required = true, example = "refresh_token")]
    pub(super) grant_type: Option<String>,
    /// The refresh token.
    #[schema(required = true)]
    pub(super) refresh_token: Option<String>,
    /// The application's id.
    #[schema(required = true)]
    pub(super) client_id: Option<String>,
    /// The application's secret.
    #[schema(required = true)]
    pub(super) client_secret: Option<String>,
}

/// Form of `POST /api/oauth/token/client`.
#[derive(Deserialize, ToSchema)]
pub struct ClientRequest {
    /// `client_credentials`.
    #[schema(required = true, example = "client_credentials")]
    pub(super) grant_type: Option<String>,
    /// The application's id.
    #[schema(required = true)]
    pub(super) client_id: Option<String>,
    /// The application's secret.
    #[schema(required = true)]
    pub(super) client_secret: Option<String>,
    /// Scopes separated by spaces. Absent: chatting, as far as the application may.
    #[schema(example = "chat.write")]
    pub(super) scope: Option<String>,
}

/// Body of `POST /api/oauth/authorize/external`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRequest {
    /// The application's id.
    #[schema(required = true)]
    pub(super) client_id: Option<String>,
    /// One of the application's addresses.
    #[schema(required = true)]
    pub(super) redirect_uri: Option<String>,
    /// What the application is allowed; at least one scope.
    #[schema(required = true, min_items = 1, max_items = 64)]
    pub(super) scope: Option<Vec<String>>,
    /// Given back as it is.
    pub(super) state: Option<String>,
}

/// A code for an application.
#[derive(Serialize, ToSchema)]
pub struct CodeOut {
    /// To be exchanged within five minutes, once.
    pub(super) code: String,
    /// As it was sent.
    pub(super) state: Option<String>,
}

/// Tokens on the wire.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokensOut {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// For getting the next access token; absent in a token of an application itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// `Bearer`.
    token_type: &'static str,
    /// How long the access token lasts, in seconds.
    #[schema(example = 7200)]
    expires_in: i64,
    /// What it opens.
    #[schema(example = json!(["user.info", "chat"]))]
    scope: Vec<&'static str>,
}

impl From<Tokens> for TokensOut {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.expose().to_owned(),
            refresh_token: tokens.refresh.map(|refresh| refresh.expose().to_owned()),
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            scope: tokens.scopes.names(),
        }
    }
}
