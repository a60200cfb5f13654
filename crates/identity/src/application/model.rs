//! The types of apps, inside and on the wire.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};
use store::{Column, Param, Row, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, Code};

use super::{
    auth::{AuthMethod, AuthMethods},
    client_id,
};
use crate::{
    Audience, ScopeSet,
    audience::MCP_PRESENT_SCOPES,
    document::Document,
    webhook::{self, Delivery, Trial, WebhookChange, model::Event},
};

/// The client type of an app that keeps a secret, on the wire.
pub(super) const CONFIDENTIAL: &str = "confidential";
/// The client type of an app without a secret, on the wire.
pub(super) const PUBLIC: &str = "public";

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

/// Body of `POST /api/applications/external/create` and, with every member optional, of `…/update`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationRequest {
    /// The name that people see, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "Example App")]
    pub app_name: Option<String>,
    /// The purpose of the app, at most 1000 characters.
    #[schema(max_length = 1000)]
    pub app_description: Option<String>,
    /// 1 to 20 redirect URIs of at most 2000 characters: https, or http to the person's own machine. If the
    /// server's settings allow them, also http to private networks and the app's own schemes
    /// (`com.example.app:/callback`).
    #[schema(min_items = 1, max_items = 20, example = json!(["https://example.com/oauth/callback"]))]
    pub redirect_uris: Option<Vec<String>>,
    /// The scopes that the app may request, in either vocabulary; at least one. It may request the same in
    /// the other vocabulary.
    #[schema(example = json!(["userinfo"]), min_items = 1, max_items = 64)]
    pub allowed_scopes: Option<Vec<String>>,
    /// `confidential` (the default): an app that keeps a secret on its server. `public`: an app without a
    /// secret, such as a program on people's machines, which uses PKCE. Cannot be changed later.
    #[schema(example = "confidential")]
    pub client_type: Option<String>,
    /// The application's picture, an https address. Empty: none.
    #[schema(max_length = 2000)]
    pub icon_url: Option<String>,
    /// The https URL that is notified of revoked consent. Empty: none.
    #[schema(max_length = 2000)]
    pub authorization_revoked_webhook_url: Option<String>,
    /// True if the webhook is enabled. Needs the URL.
    pub authorization_revoked_webhook_enabled: Option<bool>,
    /// The secret that signs webhook events, 16 to 200 characters. Absent: created if there is none yet.
    #[schema(min_length = 16, max_length = 200, example = "whs_…")]
    pub authorization_revoked_webhook_secret: Option<String>,
}

/// Query of `GET /api/applications/external/list`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Page number from 1. Default 1.
    #[param(minimum = 1, default = 1)]
    pub(super) page: Option<i64>,
    /// Entries on a page. Default 20; more than 100 is taken as 100.
    #[param(minimum = 1, default = 20)]
    pub(super) page_size: Option<i64>,
}

/// An app in responses.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationOut {
    /// A UUID.
    app_id: String,
    /// The same id, as `client_id` of OAuth.
    client_id: String,
    /// The name that people see.
    app_name: String,
    /// The purpose of the app; may be empty.
    app_description: String,
    /// The URIs to which people may be redirected.
    redirect_uris: Vec<String>,
    /// The scopes that the app may request.
    allowed_scopes: Vec<&'static str>,
    /// `approved`, `pending`, `rejected` or `suspended`.
    #[schema(example = "approved")]
    status: &'static str,
    /// `confidential` or `public`.
    #[schema(example = "confidential")]
    client_type: &'static str,
    /// The application's picture; may be empty.
    icon_url: String,
    /// The URL that is notified of revoked consent; may be empty.
    authorization_revoked_webhook_url: String,
    /// True if the webhook is enabled.
    authorization_revoked_webhook_enabled: bool,
    /// The latest delivery. Only in responses about a single app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_revoked_webhook_last_delivery: Option<DeliveryOut>,
    /// The time of creation, in milliseconds since 1970.
    created_at: i64,
    /// The time of the last change, in milliseconds since 1970.
    updated_at: i64,
}

impl From<Application> for ApplicationOut {
    fn from(application: Application) -> Self {
        Self {
            client_id: application.id.clone(),
            app_id: application.id,
            app_name: application.name,
            app_description: application.description,
            redirect_uris: application.redirect_uris,
            allowed_scopes: application.scopes.names(),
            status: application.status.name(),
            client_type: if application.is_public { PUBLIC } else { CONFIDENTIAL },
            icon_url: application.icon_url,
            authorization_revoked_webhook_url: application.webhook_url,
            authorization_revoked_webhook_enabled: application.webhook_enabled,
            authorization_revoked_webhook_last_delivery: None,
            created_at: application.created_at.as_millis(),
            updated_at: application.updated_at.as_millis(),
        }
    }
}

/// A new app with its secrets, which are returned only here.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CreatedApplicationOut)]
pub struct CreatedOut {
    #[serde(flatten)]
    pub(super) about: ApplicationOut,
    /// The secret to keep. It cannot be shown again. Absent for a public application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<String>,
    /// The secret that signs webhook events. It cannot be shown again. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_revoked_webhook_secret: Option<String>,
}

/// A changed app.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedOut {
    #[serde(flatten)]
    pub(super) about: ApplicationOut,
    /// The webhook signing secret if it is new. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_revoked_webhook_secret: Option<String>,
}

/// The delivery status of a webhook event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryOut {
    /// The id of the event, by which the receiver detects repetitions.
    event_id: String,
    /// `waiting`, `delivered` or `given_up`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// Number of attempts.
    attempts: i64,
    /// The HTTP status of the last response, if there was one.
    status_code: Option<i64>,
    /// The error if there was no response; may be empty.
    error_message: String,
    /// The time of the last attempt.
    tried_at: Option<String>,
    /// The time of the next attempt, while the delivery waits.
    next_attempt_at: Option<String>,
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        Self {
            event_id: delivery.event_id,
            status: delivery.state.name(),
            attempts: delivery.attempts,
            status_code: delivery.status,
            error_message: delivery.note,
            tried_at: delivery.tried_at.map(Timestamp::iso8601),
            next_attempt_at: (delivery.state == webhook::State::Waiting).then(|| delivery.due_at.iso8601()),
        }
    }
}

/// Body of `POST …/test-revocation-webhook`. Absent members are taken from the saved webhook.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrialRequest {
    /// The URL to send to.
    pub(super) webhook_url: Option<String>,
    /// The secret to sign with.
    pub(super) webhook_secret: Option<String>,
}

/// The result of a trial.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrialOut {
    /// The id of the event, by which the receiver detects repetitions.
    event_id: String,
    /// `authorization.revoked`.
    event_type: String,
    /// The time of the trial delivery.
    occurred_at: String,
    /// The URL that the event was sent to.
    webhook_url: String,
    /// True if the response had a status from 200 to 299.
    success: bool,
    /// The HTTP status of the response, if there was one.
    status_code: Option<i64>,
    /// The beginning of the response.
    response_body: String,
    /// The error if there was no response.
    error_message: Option<String>,
    /// The event that was sent.
    payload: Event,
}

impl From<Trial> for TrialOut {
    fn from(trial: Trial) -> Self {
        Self {
            event_id: trial.event.event_id.clone(),
            event_type: trial.event.event_type.clone(),
            occurred_at: trial.event.occurred_at.clone(),
            webhook_url: trial.url,
            success: trial.sent.is_taken(),
            status_code: trial.sent.status,
            response_body: trial.sent.body,
            error_message: Some(trial.sent.note).filter(|note| !note.is_empty()),
            payload: trial.event,
        }
    }
}

/// A new secret, shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientSecretOut)]
pub struct SecretOut {
    /// The secret to keep. It cannot be shown again.
    pub(super) client_secret: String,
}

/// One page of applications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListOut {
    /// The applications of this page, newest first.
    pub(super) items: Vec<ApplicationOut>,
    /// The same entries, under the name that other lists use.
    pub(super) list: Vec<ApplicationOut>,
    /// Applications in all pages together.
    pub(super) total: i64,
    /// The page's number.
    pub(super) page: i64,
    /// Entries on a page.
    pub(super) page_size: i64,
}
