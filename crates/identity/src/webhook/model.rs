//! The types of webhooks and their deliveries.

use outgoing::Outgoing;
use serde::Serialize;
use store::{Column, Param, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::DeliveryId;

/// The settings of webhooks.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The clients for calls to URLs from people and apps.
    pub outgoing: Outgoing,
    /// The name of the header with the signature.
    pub signature_header: String,
}

/// A validated change of a webhook. `None` leaves a setting as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WebhookChange {
    /// The URL that gets the events; an empty one removes it.
    pub url: Option<String>,
    /// True if events are sent.
    pub is_enabled: Option<bool>,
    /// The secret with which events are signed.
    pub secret: Option<String>,
}

/// Omits the secret.
impl std::fmt::Debug for WebhookChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookChange")
            .field("url", &self.url)
            .field("is_enabled", &self.is_enabled)
            .finish_non_exhaustive()
    }
}

/// The stored webhook of an app.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) url: String,
    pub(crate) is_enabled: bool,
    pub(crate) has_secret: bool,
}

from_row!(Standing { url, is_enabled, has_secret });

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// It is to be sent, for the first time or again.
    Waiting,
    /// The app's server accepted it.
    Delivered,
    /// It is not sent any more.
    GivenUp,
}

impl State {
    /// Returns the name in the database and on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Column for State {
    const EXPECTED: &'static str = "a state of a delivery";

    fn from_value(value: Param<'_>) -> Option<Self> {
        match value {
            Param::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// A delivery in the list of the app's owner.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The id of the event, by which the receiver detects repetitions.
    pub event_id: String,
    /// The state.
    pub state: State,
    /// Number of attempts.
    pub attempts: i64,
    /// The time of the event.
    pub created_at: Timestamp,
    /// The time of the last attempt.
    pub tried_at: Option<Timestamp>,
    /// The time of the next attempt, while the delivery waits.
    pub due_at: Timestamp,
    /// The HTTP status of the last response, if there was one.
    pub status: Option<i64>,
    /// The error if there was no response; may be empty.
    pub note: String,
}

from_row!(Delivery { event_id, state, attempts, created_at, tried_at, due_at, status, note });

/// A due delivery, with the webhook of its app.
pub(super) struct Due {
    pub(super) id: DeliveryId,
    pub(super) application: String,
    pub(super) body: String,
    pub(super) attempts: i64,
    pub(super) due_at: Timestamp,
    pub(super) url: String,
    pub(super) is_enabled: bool,
    pub(super) secret: Option<Vec<u8>>,
}

from_row!(Due { id, application, body, attempts, due_at, url, is_enabled, secret });

/// The result of a request to an app's server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    /// The HTTP status, if there was a response.
    pub(crate) status: Option<i64>,
    /// The error, if there was no response.
    pub(crate) note: String,
    /// The body of the response, for trials only.
    pub(crate) body: String,
    /// True if another attempt may succeed.
    pub(crate) may_repeat: bool,
}

impl Sent {
    /// Creates the result of a request that was not sent and is not to be tried again.
    pub(super) fn refused(why: impl ToString) -> Self {
        Self { note: why.to_string(), ..Self::default() }
    }

    pub(super) fn failed(why: &str) -> Self {
        Self { note: why.to_owned(), may_repeat: true, ..Self::default() }
    }

    /// True if the response accepts the event (2xx).
    pub(crate) fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// The receiver of a delivery.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) secret: String,
}

/// A webhook event: a person revoked their consent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevocationEvent)]
pub struct Event {
    /// The id of the event, by which the receiver detects repetitions.
    #[schema(example = "evt_0123456789abcdef")]
    pub event_id: String,
    /// `authorization.revoked`.
    #[schema(example = "authorization.revoked")]
    pub event_type: String,
    /// The time of the event.
    pub occurred_at: String,
    /// The application's id.
    pub app_id: String,
    /// The person, by the id that this application knows them by.
    pub app_scoped_user_id: String,
    /// `user_revoked`, or `test_delivery`.
    pub reason: String,
}

impl Event {
    pub(super) fn revoked(
        event_id: String,
        now: Timestamp,
        application: &str,
        person: String,
        reason: &str,
    ) -> Self {
        Self {
            event_id,
            event_type: "authorization.revoked".into(),
            occurred_at: now.iso8601(),
            app_id: application.to_owned(),
            app_scoped_user_id: person,
            reason: reason.to_owned(),
        }
    }

    /// Returns the event as the JSON text that is sent.
    pub(super) fn body(&self) -> String {
        // Serialization of a struct of texts cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The result of a trial.
#[derive(Debug, Clone)]
pub struct Trial {
    pub(crate) url: String,
    pub(crate) event: Event,
    pub(crate) sent: Sent,
}

impl Trial {
    /// True if the app's server accepted the event.
    pub fn is_taken(&self) -> bool {
        self.sent.is_taken()
    }

    /// Returns the HTTP status of the response, or the error if there was none.
    pub fn summary(&self) -> String {
        self.sent.status.map_or_else(|| self.sent.note.clone(), |status| format!("HTTP {status}"))
    }
}
