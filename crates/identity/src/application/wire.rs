//! Requests and responses about apps.

use serde::{Deserialize, Serialize};
use store::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::model::Application;
use crate::webhook::{self, Delivery, Trial, model::Event};

/// The client type of an app that keeps a secret, on the wire.
pub(super) const CONFIDENTIAL: &str = "confidential";
/// The client type of an app without a secret, on the wire.
pub(super) const PUBLIC: &str = "public";

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
pub struct ListParams {
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
#[schema(as = ApplicationOut)]
pub struct ApplicationResponse {
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
    pub(super) authorization_revoked_webhook_last_delivery: Option<DeliveryResponse>,
    /// The time of creation, in milliseconds since 1970.
    created_at: i64,
    /// The time of the last change, in milliseconds since 1970.
    updated_at: i64,
}

impl From<Application> for ApplicationResponse {
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
pub struct CreatedResponse {
    #[serde(flatten)]
    pub(super) about: ApplicationResponse,
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
#[schema(as = ChangedOut)]
pub struct ChangedResponse {
    #[serde(flatten)]
    pub(super) about: ApplicationResponse,
    /// The webhook signing secret if it is new. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_revoked_webhook_secret: Option<String>,
}

/// The delivery status of a webhook event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryOut)]
pub struct DeliveryResponse {
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

impl From<Delivery> for DeliveryResponse {
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
#[schema(as = TrialOut)]
pub struct TrialResponse {
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

impl From<Trial> for TrialResponse {
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
pub struct SecretResponse {
    /// The secret to keep. It cannot be shown again.
    pub(super) client_secret: String,
}

/// One page of applications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListOut)]
pub struct ListResponse {
    /// The applications of this page, newest first.
    pub(super) items: Vec<ApplicationResponse>,
    /// The same entries, under the name that other lists use.
    pub(super) list: Vec<ApplicationResponse>,
    /// Applications in all pages together.
    pub(super) total: i64,
    /// The page's number.
    pub(super) page: i64,
    /// Entries on a page.
    pub(super) page_size: i64,
}
