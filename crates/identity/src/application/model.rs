//! The types of apps, inside.

use std::net::{IpAddr, Ipv4Addr};

use store::{Column, Param, Row, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use web::{ApiError, Code};

use super::{
    auth::{AuthMethod, AuthMethods},
    client_id,
};
use crate::{Audience, ScopeSet, audience::MCP_PRESENT_SCOPES, document::Document, webhook::WebhookChange};

/// The status of an app. Only approved apps may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// The app may work.
    Approved,
    /// The app waits for review.
    Pending,
    /// The app was rejected by the review.
    Rejected,
    /// The app was suspended.
    Suspended,
}

impl Status {
    /// Every status.
    pub const ALL: &[Self] = &[Self::Approved, Self::Pending, Self::Rejected, Self::Suspended];

    /// Returns the name on the wire and in the database.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Checks that the app is approved.
    ///
    /// # Errors
    /// The code of any other status.
    pub fn check(self) -> Result<(), ApiError> {
        match self {
            Self::Approved => Ok(()),
            Self::Pending => Err(Code::OauthApplicationPending.into()),
            Self::Rejected => Err(Code::OauthApplicationRejected.into()),
            Self::Suspended => Err(Code::OauthApplicationSuspended.into()),
        }
    }
}

impl Column for Status {
    const EXPECTED: &'static str = "a status of an application";

    fn from_value(value: Param<'_>) -> Option<Self> {
        match value {
            Param::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// An app as its owner sees it: all but the secret.
#[derive(Debug, Clone)]
pub struct Application {
    /// The `client_id`, a UUID.
    pub id: String,
    /// The name of the owner.
    pub owner: String,
    /// The name of the app.
    pub name: String,
    /// The purpose of the app; may be empty.
    pub description: String,
    /// The URIs to which a person may be redirected.
    pub redirect_uris: Vec<String>,
    /// The scopes that the app may request.
    pub scopes: ScopeSet,
    /// The status.
    pub status: Status,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
    /// True if the app has no secret and proves itself by PKCE.
    pub is_public: bool,
    /// True if the app registered itself, without an account.
    pub is_self_registered: bool,
    /// The https URL of an icon; may be empty.
    pub icon_url: String,
    /// The URL that is notified of revoked consent; may be empty.
    pub webhook_url: String,
    /// True if the webhook is enabled.
    pub webhook_enabled: bool,
    /// The document that describes the app, if it was read just now.
    pub document: Option<Box<Document>>,
    described: Described,
}

/// The stored properties with which an app authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Described {
    methods: AuthMethods,
    jwks_uri: String,
    jwks: String,
    signing_alg: String,
}

impl Application {
    /// Returns the app that a document describes.
    pub(crate) fn described(document: Document, now: Timestamp) -> Self {
        Self {
            id: document.url.clone(),
            owner: String::new(),
            name: document.name.clone(),
            description: String::new(),
            redirect_uris: document.redirect_uris.clone(),
            scopes: MCP_PRESENT_SCOPES,
            status: Status::Approved,
            created_at: now,
            updated_at: now,
            is_public: document.methods.contains(AuthMethod::None),
            is_self_registered: true,
            icon_url: String::new(),
            webhook_url: String::new(),
            webhook_enabled: false,
            described: Described {
                methods: document.methods,
                jwks_uri: document.jwks_uri.clone(),
                jwks: document.jwks.clone(),
                signing_alg: document.signing_alg.clone(),
            },
            document: Some(Box::new(document)),
        }
    }

    /// True if the app still has the redirect URIs, methods, and keys that a document says.
    pub(crate) fn is_described_by(&self, document: &Document) -> bool {
        let now = Self::described(document.clone(), self.updated_at);
        self.redirect_uris == now.redirect_uris && self.described == now.described
    }

    /// Returns the host that describes the app, with its port; `None` if the app was registered here.
    pub fn host(&self) -> Option<&str> {
        self.id.starts_with("https://").then(|| client_id::host(&self.id))
    }

    /// Returns the scopes that the app may have at a resource.
    pub fn most(&self, audience: Audience) -> ScopeSet {
        audience.most(self.scopes, self.is_self_registered)
    }
}

impl store::FromRow for Application {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let uris: String = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            owner: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            redirect_uris: serde_json::from_str(&uris)
                .map_err(|error| store::Error::Other(format!("redirect URIs: {error}")))?,
            scopes: row.get(5)?,
            status: row.get(6)?,
            created_at: row.get(7)?,
            updated_at: row.get(8)?,
            is_public: row.get(9)?,
            is_self_registered: row.get(10)?,
            icon_url: row.get(11)?,
            webhook_url: row.get(12)?,
            webhook_enabled: row.get(13)?,
            described: Described {
                methods: row.get(14)?,
                jwks_uri: row.get(15)?,
                jwks: row.get(16)?,
                signing_alg: row.get(17)?,
            },
            document: None,
        })
    }
}

/// An app that is to be authenticated.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret_hash: [u8; 32],
    pub(crate) scopes: ScopeSet,
    pub(crate) status: Status,
    pub(crate) is_public: bool,
    pub(crate) is_self_registered: bool,
    /// The methods that the app registered; empty for an app that an account registered.
    pub(crate) methods: AuthMethods,
    pub(crate) jwks_uri: String,
    pub(crate) jwks: String,
    pub(crate) signing_alg: String,
}

impl Client {
    /// Returns the methods by which the app may authenticate. A secret is good by either way.
    pub(crate) fn methods(&self) -> AuthMethods {
        match (self.methods.is_empty(), self.is_public) {
            (false, _) => self.methods,
            (true, true) => AuthMethods::NONE,
            (true, false) => AuthMethods::only(AuthMethod::SecretBasic),
        }
    }

    /// Takes over what the app's document says now.
    pub(crate) fn describe(&mut self, document: Document) {
        self.is_public = document.methods.contains(AuthMethod::None);
        self.methods = document.methods;
        self.jwks_uri = document.jwks_uri;
        self.jwks = document.jwks;
        self.signing_alg = document.signing_alg;
    }

    /// Returns the scopes that the app may have at a resource.
    pub(crate) fn most(&self, audience: Audience) -> ScopeSet {
        audience.most(self.scopes, self.is_self_registered)
    }
}

from_row!(Client {
    id,
    secret_hash,
    scopes,
    status,
    is_public,
    is_self_registered,
    methods,
    jwks_uri,
    jwks,
    signing_alg
});

/// The credentials of an app.
#[derive(Clone)]
pub struct Credentials {
    /// The id of the app.
    pub id: String,
    /// The secret; `None` for a public app.
    pub secret: Option<String>,
    /// The assertion of an app with a key.
    pub assertion: Option<Assertion>,
    /// The address of the client, whose use of documents is limited.
    pub address: IpAddr,
}

impl Default for Credentials {
    fn default() -> Self {
        let address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self { id: String::new(), secret: None, assertion: None, address }
    }
}

/// A JWT that an app has signed (RFC 7523).
#[derive(Clone)]
pub struct Assertion {
    /// The JWT.
    pub text: String,
    /// True if it came to the revocation endpoint, whose URL it may then be for.
    pub is_for_revocation: bool,
}

/// The validated properties of a new app.
#[derive(Debug, Clone, Default)]
pub struct NewApplication {
    /// The name, 1 to 100 characters.
    pub name: String,
    /// The purpose, at most 1000 characters.
    pub description: String,
    /// 1 to 20 redirect URIs.
    pub redirect_uris: Vec<String>,
    /// At least one scope.
    pub scopes: ScopeSet,
    /// True if the app cannot keep a secret, and proves itself by PKCE.
    pub is_public: bool,
    /// The https URL of an icon; may be empty.
    pub icon_url: String,
    /// The https URL of the app's web site; may be empty.
    pub client_uri: String,
    /// The settings of the webhook.
    pub webhook: WebhookChange,
    /// The methods by which an app that registers itself authenticates; empty for others.
    pub auth_methods: AuthMethods,
    /// The keys of an app that registers itself.
    pub keys: NewKeys,
}

/// The public keys of a new app.
#[derive(Debug, Clone, Default)]
pub struct NewKeys {
    /// The https URL of a JWK set; may be empty.
    pub jwks_uri: String,
    /// A JWK set; may be empty.
    pub jwks: String,
    /// The algorithm of assertions; empty if any.
    pub signing_alg: String,
}

impl NewKeys {
    /// True if there are no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.jwks_uri.is_empty() && self.jwks.is_empty()
    }
}

/// A validated change of an app. `None` leaves a property as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The name, 1 to 100 characters.
    pub name: Option<String>,
    /// The purpose, at most 1000 characters.
    pub description: Option<String>,
    /// 1 to 20 redirect URIs.
    pub redirect_uris: Option<Vec<String>>,
    /// At least one scope.
    pub scopes: Option<ScopeSet>,
    /// The https URL of an icon; an empty one removes it.
    pub icon_url: Option<String>,
    /// The change of the webhook.
    pub webhook: WebhookChange,
}
