//! Conversations with visitors: domain types and wire types.

use chat::visitor::VisitorRole;
use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use strum::{EnumString, IntoStaticStr};
use utoipa::ToSchema;

use crate::{AvatarId, VisitId, VisitMessageId};

/// A conversation with a visitor.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The id.
    pub id: VisitId,
    /// The random name by which clients know it.
    pub name: String,
    /// The avatar.
    pub avatar: AvatarId,
    /// The account of the avatar's owner.
    pub owner: AccountId,
    /// The visitor, as [`Visitor::key`](super::rules::Visitor::key) has it.
    pub visitor: String,
    /// The name that the visitor gave; may be empty.
    pub visitor_name: String,
    /// True if it is the visitor's latest one.
    pub is_current: bool,
    /// True while the owner answers in person.
    pub taken_over: bool,
    /// The number of messages of the visitor.
    pub messages: i64,
    /// The time of its beginning.
    pub created_at: Timestamp,
    /// The time of the last message.
    pub active_at: Timestamp,
    /// The number of the latest frame that a socket took.
    pub delivered: i64,
    /// True if the owner blocked the visitor.
    pub is_blocked: bool,
    /// True if the key that opened it is still valid, or if none did.
    pub has_valid_key: bool,
}

from_row!(Visit {
    id,
    name,
    avatar,
    owner,
    visitor,
    visitor_name,
    is_current,
    taken_over,
    messages,
    created_at,
    active_at,
    delivered,
    is_blocked,
    has_valid_key,
});

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Sender {
    /// The visitor.
    Visitor,
    /// The assistant.
    Avatar,
    /// The owner in person.
    Owner,
}

impl Sender {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the role in a prompt.
    pub(super) const fn role(self) -> VisitorRole {
        match self {
            Self::Visitor => VisitorRole::Visitor,
            Self::Avatar | Self::Owner => VisitorRole::Owner,
        }
    }
}

impl store::Column for Sender {
    const EXPECTED: &'static str = "a sender";

    fn from_value(value: store::Param<'_>) -> Option<Self> {
        match value {
            store::Param::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

/// A message of a conversation.
#[derive(Debug, Clone)]
pub struct VisitMessage {
    /// The place in the conversation.
    pub number: i64,
    /// The id.
    pub id: VisitMessageId,
    /// The author.
    pub sender: Sender,
    /// The text.
    pub content: String,
    /// True for an answer that broke off.
    pub is_failed: bool,
    /// The time.
    pub created_at: Timestamp,
}

impl VisitMessage {
    /// Returns the part of the id on the wire that does not depend on the time.
    pub fn wire_id(&self) -> String {
        super::frame::message_name(self.id)
    }
}

from_row!(VisitMessage { number, id, sender, content, is_failed, created_at });

/// A conversation that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The conversation.
    pub visit: Visit,
    /// The avatar's title.
    pub avatar_name: String,
    /// URL of the avatar's cover.
    pub cover_url: Option<String>,
    /// The first message of the avatar; may be empty.
    pub opening: String,
}

/// Body of `POST /api/secondme/visitor-chat/init`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitRequest {
    /// The avatar's key.
    #[schema(example = "sk-0123456789abcdef0123456789abcdef")]
    pub(super) api_key: String,
    /// The visitor's id at the app. Required with an app's own token; else the visitor is the person.
    #[schema(max_length = 100, example = "web_6f1c")]
    pub(super) visitor_id: Option<String>,
    /// The visitor's name.
    #[schema(max_length = 100)]
    pub(super) visitor_name: Option<String>,
}

/// Response of `POST /api/secondme/visitor-chat/init`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitResponse {
    pub(super) session_id: String,
    /// The complete URL of the WebSocket on which answers come. It works several times.
    #[schema(example = "ws://localhost:8080/gate/lab/api/secondme/visitor-chat/ws?token=…")]
    pub(super) ws_url: String,
    pub(super) avatar_name: String,
    /// May be empty.
    pub(super) opening: String,
    pub(super) avatar: Option<String>,
    pub(super) owner_user_id: i64,
    pub(super) visitor_user_id: i64,
    pub(super) ws_id: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) expires_at: i64,
}

/// Body of `POST /api/secondme/visitor-chat/send`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VisitorMessageRequest)]
pub struct SendRequest {
    /// The conversation, from `init`.
    pub(super) session_id: String,
    /// The avatar's key; checked if it is there.
    pub(super) api_key: Option<String>,
    /// At most 4000 characters. Required.
    #[schema(max_length = 4000)]
    pub(super) message: Option<String>,
}

/// Response of `POST /api/secondme/visitor-chat/send`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VisitorMessageOut)]
pub struct SendResponse {
    pub(super) message_id: String,
    pub(super) session_id: String,
}

/// Query of the WebSocket.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketParams {
    pub(super) token: String,
    /// The `seqId` of the last frame that the client has; frames after it are sent.
    pub(super) after: Option<i64>,
}
