//! Events of the agent memory, in code and on the wire. Members are read in camelCase and in snake_case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{AccountId, Row, Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

use crate::EventId;

/// Body of `POST /api/secondme/agent_memory/ingest`. At most 64 KiB as JSON.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentEvent)]
pub struct Event {
    /// The place of the event.
    pub channel: Channel,
    /// The action: `post`, `reply`, `operate`, …; 1 to 100 characters.
    #[schema(example = "post_created", min_length = 1, max_length = 100)]
    pub action: String,
    /// The objects of the action, 1 to 50.
    #[schema(min_items = 1, max_items = 50)]
    pub refs: Vec<Reference>,
    /// The label of the action, at most 200 characters.
    #[serde(alias = "action_label", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub action_label: Option<String>,
    /// The event in a sentence.
    #[serde(alias = "display_text", skip_serializing_if = "Option::is_none")]
    pub display_text: Option<String>,
    /// A remark for developers.
    #[serde(alias = "event_desc", skip_serializing_if = "Option::is_none")]
    pub event_desc: Option<String>,
    /// The time of the event, in milliseconds since 1970-01-01 UTC. Default: now.
    #[serde(alias = "event_time", skip_serializing_if = "Option::is_none")]
    pub event_time: Option<i64>,
    /// 0 to 1; from 0.7 on it is important.
    #[schema(minimum = 0, maximum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance: Option<f64>,
    /// Two events from one platform with the same key are one; at most 200 characters. Default: derived from
    /// the first object.
    #[serde(alias = "idempotency_key", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub idempotency_key: Option<String>,
    /// Further data of the sender.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Map<String, Value>>,
    /// A classification of the sender's own.
    #[serde(alias = "signal_type", skip_serializing_if = "Option::is_none")]
    pub signal_type: Option<String>,
    /// A classification of the sender's own.
    #[serde(alias = "semantic_type", skip_serializing_if = "Option::is_none")]
    pub semantic_type: Option<String>,
    /// The subject of the event, in the sender's own terms.
    #[serde(alias = "entity_key", skip_serializing_if = "Option::is_none")]
    pub entity_key: Option<String>,
    /// True if the person may be asked to act on it.
    #[serde(alias = "cta_eligible", skip_serializing_if = "Option::is_none")]
    pub cta_eligible: Option<bool>,
}

/// The place of an event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// `thread`, `post`, `comment`, …; 1 to 100 characters.
    #[schema(example = "post", min_length = 1, max_length = 100)]
    pub kind: String,
    /// The id of the place on its platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Further data of the sender.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
    /// The platform, at most 100 characters. Used if the credential does not determine it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub platform: Option<String>,
}

/// An object of an action.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The type of the object. Required, unless `type` has it.
    #[serde(alias = "object_type", skip_serializing_if = "Option::is_none")]
    pub object_type: Option<String>,
    /// Its id on the platform. Required, unless `value` or `content` has it.
    #[serde(alias = "object_id", skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// Default `external_action`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The platform of the object, if it differs from that of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The beginning of its content.
    #[serde(alias = "content_preview", skip_serializing_if = "Option::is_none")]
    pub content_preview: Option<String>,
    /// The content of the object at one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// An older name of `objectId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// An older name of `objectId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// The content of an object at a moment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The content.
    pub text: String,
    /// The time of this content, in milliseconds since 1970-01-01 UTC.
    #[serde(alias = "captured_at", skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<i64>,
    /// `sha256:` and the content's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// Response of `POST /api/secondme/agent_memory/ingest`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingested {
    /// The event's id; 0 if it was stored before.
    #[schema(value_type = i64)]
    pub(super) event_id: EventId,
    /// True if it was stored before.
    pub(super) is_duplicate: bool,
}

/// A stored event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoredEvent {
    /// The event's id.
    #[schema(value_type = i64)]
    pub event_id: EventId,
    /// Decimal digits.
    pub user_id: String,
    /// The platform it came from.
    pub platform: String,
    /// The event itself; its time is there in any case.
    #[serde(flatten)]
    pub event: Event,
}

impl store::FromRow for StoredEvent {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (account, time, body): (AccountId, Timestamp, String) = (row.get(1)?, row.get(3)?, row.get(4)?);
        let event: Event = serde_json::from_str(&body)
            .map_err(|error| store::Error::Other(format!("agent event: {error}")))?;
        Ok(Self {
            event_id: row.get(0)?,
            user_id: account.to_string(),
            platform: row.get(2)?,
            event: Event { event_time: Some(time.as_millis()), ..event },
        })
    }
}

/// Response of `GET /api/secondme/agent_memory/list`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    /// The events of this page; empty past the end.
    pub(super) items: Vec<StoredEvent>,
    /// Events in all pages together.
    pub(super) total: i64,
    /// The cursor of the next page, which new entries do not shift. Only present if the request has a
    /// `snapshot`, even an empty one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<String>,
}

/// A filter of events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlatformParams {
    /// Events of this platform only.
    #[param(example = "external")]
    pub platform: Option<String>,
}

/// The day of an overview.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DayParams {
    /// `yyyy-MM-dd`, in UTC. Default: today.
    #[param(example = "2026-01-31")]
    pub date: Option<String>,
}

/// An overview of the events of a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Events of the day, on all platforms.
    pub total_count: i64,
    /// The number of events with an importance of 0.7 or more.
    pub important_count: i64,
    /// A page of the platforms, the busiest first.
    pub apps: Vec<App>,
}

/// An overview of the events of a day on one platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// The platform.
    pub platform: String,
    /// The label of the platform.
    pub platform_label: String,
    /// The number of events.
    pub total_count: i64,
    /// The number of events with an importance of 0.7 or more.
    pub important_count: i64,
    /// Events by action.
    pub action_count: BTreeMap<String, i64>,
    /// The label of each action.
    pub action_labels: BTreeMap<String, String>,
    /// The latest important events, at most 10.
    pub important_events: Vec<StoredEvent>,
}

impl App {
    pub(super) fn new(platform: String) -> Self {
        Self {
            platform_label: platform.clone(),
            platform,
            total_count: 0,
            important_count: 0,
            action_count: BTreeMap::new(),
            action_labels: BTreeMap::new(),
            important_events: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, group: Group) {
        self.total_count += group.count;
        self.important_count += group.important;
        let label = if group.label.is_empty() { group.action.clone() } else { group.label };
        self.action_labels.insert(group.action.clone(), label);
        self.action_count.insert(group.action, group.count);
    }
}

/// Events of a day by platform and action.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) platform: String,
    pub(super) action: String,
    pub(super) count: i64,
    pub(super) important: i64,
    pub(super) label: String,
}

from_row!(Group { platform, action, count, important, label });

/// Body of `POST /api/secondme/agent_memory/delete`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = AgentMemoryDeleteRequest)]
pub struct DeleteRequest {
    /// The platform, at most 100 characters. Required.
    #[schema(max_length = 100)]
    pub(super) platform: Option<String>,
}

/// Response of `POST /api/secondme/agent_memory/delete`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentMemoryDeleted)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// The number of deleted events. If it is 10 000, there may be more.
    pub(super) deleted_count: i64,
}
