//! News on the way to an application, and what became of them.

use serde::Serialize;
use store::{Column, Param, Timestamp, from_row};
use utoipa::ToSchema;
use web::Outgoing;

use super::send::Sent;

/// How applications are told news.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The clients for calls to addresses that others have named.
    pub outgoing: Outgoing,
    /// The header that carries the signature.
    pub signature_header: String,
}

/// What an application's owner wants changed; checked. `None` leaves a member as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Where news go; empty: nowhere.
    pub url: Option<String>,
    /// Whether news are sent.
    pub is_enabled: Option<bool>,
    /// What they are signed with.
    pub secret: Option<String>,
}

/// The secret stays out.
impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wish")
            .field("url", &self.url)
            .field("is_enabled", &self.is_enabled)
            .finish_non_exhaustive()
    }
}

/// What an application hears at present.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) url: String,
    pub(crate) is_enabled: bool,
    pub(crate) has_secret: bool,
}

from_row!(Standing { url, is_enabled, has_secret });

/// How it stands with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is still to be sent, or sent again.
    Waiting,
    /// The application's server took it.
    Delivered,
    /// It is not sent any more.
    GivenUp,
}

impl State {
    const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::GivenUp];

    /// The name in the store and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

impl Column for State {
    const EXPECTED: &'static str = "a state of a delivery";

    fn from_value(value: Param<'_>) -> Option<Self> {
        match value {
            Param::Text(text) => Self::ALL.into_iter().find(|state| state.name() == text),
            _ => None,
        }
    }
}

/// A delivery as the application's owner sees it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The event's id, by which the receiver tells a repetition.
    pub event_id: String,
    /// How it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: i64,
    /// When what it tells of happened.
    pub created_at: Timestamp,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// While it waits: when it is tried next.
    pub due_at: Timestamp,
    /// The HTTP status of the last answer, if there was one.
    pub status: Option<i64>,
    /// What went wrong where there was no answer; may be empty.
    pub note: String,
}

from_row!(Delivery { event_id, state, attempts, created_at, tried_at, due_at, status, note });

/// A delivery that is due.
pub(super) struct Due {
    pub(super) id: i64,
    pub(super) application: String,
    pub(super) body: String,
    pub(super) attempts: i64,
    pub(super) due_at: Timestamp,
    pub(super) url: String,
    pub(super) is_enabled: bool,
    pub(super) secret: Option<Vec<u8>>,
}

from_row!(Due { id, application, body, attempts, due_at, url, is_enabled, secret });

/// Where a delivery goes.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) secret: String,
}

/// What an application is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevocationEvent)]
pub struct Event {
    /// Tells a repetition.
    #[schema(example = "evt_0123456789abcdef")]
    pub event_id: String,
    /// `authorization.revoked`.
    #[schema(example = "authorization.revoked")]
    pub event_type: String,
    /// When it happened.
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

    /// As it is sent.
    pub(super) fn body(&self) -> String {
        // A struct of texts always becomes JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What came of a trial.
#[derive(Debug, Clone)]
pub struct Trial {
    pub(crate) url: String,
    pub(crate) event: Event,
    pub(crate) sent: Sent,
}

impl Trial {
    /// Whether the application's server took it.
    pub fn is_taken(&self) -> bool {
        self.sent.is_taken()
    }

    /// What came back: the status, or what went wrong.
    pub fn summary(&self) -> String {
        self.sent.status.map_or_else(|| self.sent.note.clone(), |status| format!("HTTP {status}"))
    }
}
