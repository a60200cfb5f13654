//! The types of authorizations, codes, and tokens, inside and on the wire.

use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use utoipa::ToSchema;

use crate::{
    Audience, AuthorizationId, ScopeSet,
    application::{Credentials, Status, redirect::Policy},
    credential::Secret,
};

/// The settings of OAuth.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Lifetime of a code in seconds.
    pub code_seconds: i64,
    /// Lifetime of an access token for the whole server in seconds.
    pub access_seconds: i64,
    /// Lifetime of an access token for the tools at `/mcp` in seconds.
    pub mcp_access_seconds: i64,
    /// The scopes that are asked for at `/mcp` if a client names none that the tools use.
    pub mcp_scopes: ScopeSet,
    /// True if agents may call the Hub in the person's name, for which they ask for [`Scope::HubCall`].
    ///
    /// [`Scope::HubCall`]: crate::Scope::HubCall
    pub mcp_hub: bool,
    /// Lifetime of a refresh token in seconds.
    pub refresh_seconds: i64,
    /// Lifetime of a refresh token for the tools at `/mcp` in seconds, counted from its last use.
    pub mcp_refresh_seconds: i64,
    /// Lifetime of an app's own access token in seconds.
    pub app_token_seconds: i64,
    /// Most apps of an account.
    pub max_applications: i64,
    /// The policy for redirect URIs that apps may register.
    pub redirects: Policy,
    /// True if apps may register themselves.
    pub dynamic_registration: bool,
    /// Time in seconds in which a used refresh token returns the same successor again, for a client that did
    /// not receive the response.
    pub rotation_grace_seconds: i64,
}

impl Settings {
    /// Returns the lifetime of an access token in seconds.
    pub const fn access_seconds(&self, audience: Audience) -> i64 {
        match audience {
            Audience::Server => self.access_seconds,
            Audience::Mcp => self.mcp_access_seconds,
        }
    }

    /// Returns the lifetime of a refresh token in seconds.
    pub const fn refresh_seconds(&self, audience: Audience) -> i64 {
        match audience {
            Audience::Server => self.refresh_seconds,
            Audience::Mcp => self.mcp_refresh_seconds,
        }
    }
}

/// An active authorization.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The id.
    pub id: AuthorizationId,
    /// The scopes that the person granted.
    pub scopes: ScopeSet,
    /// All scopes that the person was asked about.
    pub asked: ScopeSet,
    /// The time of the person's last answer on the consent page.
    pub answered_at: Timestamp,
}

from_row!(Standing { id, scopes, asked, answered_at });

/// A person's consent for an app.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The id of the app.
    pub application: String,
    /// The URI to which the code is sent; one of the registered ones.
    pub redirect_uri: String,
    /// The resource that the tokens are to be for.
    pub audience: Audience,
    /// The scopes that the person was asked about.
    pub asked: ScopeSet,
    /// The scopes that the person granted.
    pub granted: ScopeSet,
    /// The PKCE challenge (S256), if the client sent one.
    pub challenge: Option<String>,
    /// True if the person has just answered; false if an earlier answer is used again.
    pub is_answer: bool,
}

/// An authorization in the person's list.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The id, with which it can be revoked.
    pub id: AuthorizationId,
    /// The id of the app.
    pub application: String,
    /// The name of the app.
    pub name: String,
    /// The purpose of the app, in its own words.
    pub description: String,
    /// The granted scopes.
    pub scopes: ScopeSet,
    /// The time of the first consent.
    pub created_at: Timestamp,
    /// The time of the app's last call, to the minute.
    pub last_used_at: Option<Timestamp>,
}

from_row!(Authorization { id, application, name, description, scopes, created_at, last_used_at });

/// A request to exchange a code.
#[derive(Clone)]
pub struct Exchange {
    /// The credentials of the app.
    pub client: Credentials,
    /// The code.
    pub code: String,
    /// The URI to which the code was sent.
    pub redirect_uri: String,
    /// The PKCE verifier, if the client sent one.
    pub verifier: Option<String>,
    /// The resource that the client names, if it names one.
    pub audience: Option<Audience>,
}

/// New tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// The refresh token; `None` with an app's own token.
    pub refresh: Option<Secret>,
    /// Lifetime of the access token in seconds.
    pub expires_in: i64,
    /// The scopes of the access token.
    pub scopes: ScopeSet,
}

/// A stored code.
pub(crate) struct CodeRow {
    pub(crate) application: String,
    pub(crate) authorization: AuthorizationId,
    pub(crate) account: AccountId,
    pub(crate) scopes: ScopeSet,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) is_revoked: bool,
    pub(crate) audience: Audience,
    /// The scopes that the person grants at present.
    pub(crate) allowed: ScopeSet,
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
    is_revoked,
    audience,
    allowed
});

/// A stored refresh token.
pub(crate) struct RefreshRow {
    pub(crate) application: String,
    pub(crate) authorization: AuthorizationId,
    /// The scopes for which the token was issued.
    pub(crate) scopes: ScopeSet,
    /// The scopes that the person grants at present.
    pub(crate) allowed: ScopeSet,
    pub(crate) code_hash: Option<[u8; 32]>,
    pub(crate) expires_at: Timestamp,
    pub(crate) is_revoked: bool,
    pub(crate) account: AccountId,
    /// The time at which the token was exchanged for its successor. The successor is derived with `salt`.
    pub(crate) rotated_at: Option<Timestamp>,
    pub(crate) salt: Option<[u8; 32]>,
    pub(crate) audience: Audience,
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
    salt,
    audience
});

/// A stored access token.
pub(crate) struct AccessRow {
    pub(crate) expires_at: Timestamp,
    pub(crate) application: String,
    pub(crate) name: String,
    pub(crate) is_self_registered: bool,
    pub(crate) app_scopes: ScopeSet,
    pub(crate) status: Status,
    pub(crate) scopes: ScopeSet,
    pub(crate) authorization: Option<AuthorizationId>,
    pub(crate) account: Option<AccountId>,
    pub(crate) allowed: Option<ScopeSet>,
    pub(crate) asked: Option<ScopeSet>,
    pub(crate) audience: Audience,
}

from_row!(AccessRow {
    expires_at,
    application,
    name,
    is_self_registered,
    app_scopes,
    status,
    scopes,
    authorization,
    account,
    allowed,
    asked,
    audience
});

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
    /// One of the app's redirect URIs.
    #[schema(required = true)]
    pub(super) redirect_uri: Option<String>,
    /// The scopes that are granted to the app; at least one.
    #[schema(required = true, min_items = 1, max_items = 64)]
    pub(super) scope: Option<Vec<String>>,
    /// Returned unchanged.
    pub(super) state: Option<String>,
}

/// A code for an application.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeOut)]
pub struct CodeResponse {
    /// The code. It can be exchanged once, within five minutes.
    pub(super) code: String,
    /// The `state` of the request, unchanged.
    pub(super) state: Option<String>,
}

/// Tokens on the wire.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokensOut)]
pub struct TokensResponse {
    /// For the header `Authorization: Bearer …`.
    access_token: String,
    /// For getting the next access token; absent in a token of an application itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// `Bearer`.
    token_type: &'static str,
    /// Lifetime of the access token in seconds.
    #[schema(example = 7200)]
    expires_in: i64,
    /// The scopes of the access token.
    #[schema(example = json!(["user.info", "chat"]))]
    scope: Vec<&'static str>,
}

impl From<Tokens> for TokensResponse {
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
