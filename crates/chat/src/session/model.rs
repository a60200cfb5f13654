//! Types of sessions and messages: domain and wire.

use memory::MessageId;
use serde::{Deserialize, Serialize};
use store::{AccountId, Row, Timestamp};
use strum::{EnumString, IntoStaticStr};
use utoipa::{IntoParams, ToSchema};
use web::paging::cursor::Position;

use crate::{ConversationId, provider::Role};

/// The state of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum State {
    /// The answer is complete.
    Complete,
    /// The client left or the server stopped. The text so far was stored.
    Stopped,
    /// The model failed. The text so far was stored.
    Failed,
}

impl State {
    /// Returns the name in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Parses a name in the store.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// A conversation.
#[derive(Debug, Clone)]
pub struct Session {
    /// The id of the row, which other tables refer to.
    pub key: ConversationId,
    /// The app that began it; empty for the person.
    pub client: String,
    /// The id that clients use.
    pub id: String,
    /// The app id that the client gave.
    pub app_id: String,
    /// The beginning of the first message.
    pub title: String,
    /// The beginning of the last message.
    pub last_message: String,
    /// Number of messages.
    pub message_count: i64,
    /// The time at which it began.
    pub created_at: Timestamp,
    /// The time of the last message.
    pub updated_at: Timestamp,
    /// The summary of the messages up to `summary_to`; empty in lists.
    pub(crate) summary: String,
    pub(crate) summary_to: MessageId,
    pinned: i64,
    /// The model that the person picked; empty for the first one.
    pub model: String,
    titled: i64,
}

impl Session {
    /// True if the person pinned it.
    #[must_use]
    pub const fn is_pinned(&self) -> bool {
        self.pinned != 0
    }

    /// Returns its position in the list of sessions, which is ordered by last activity.
    pub const fn position(&self) -> Position {
        Position(self.updated_at.as_millis(), self.key.0)
    }

    /// True if a model or the person gave it its title.
    pub(crate) const fn is_titled(&self) -> bool {
        self.titled != 0
    }
}

store::from_row!(Session {
    key,
    client,
    id,
    app_id,
    title,
    last_message,
    message_count,
    created_at,
    updated_at,
    summary,
    summary_to,
    pinned,
    model,
    titled
});

/// A message of a conversation.
#[derive(Debug, Clone)]
pub struct Message {
    /// The id; ids follow the time.
    pub id: MessageId,
    /// The role of its author.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The state: complete, or an answer that was stopped or failed.
    pub state: State,
    /// The time of the message.
    pub created_at: Timestamp,
}

impl store::FromRow for Message {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (role, state): (String, String) = (row.get(1)?, row.get(3)?);
        let damaged = || store::Error::Other("message: unknown role or state".to_owned());
        Ok(Self {
            id: row.get(0)?,
            role: Role::parse(&role).ok_or_else(damaged)?,
            content: row.get(2)?,
            state: State::parse(&state).ok_or_else(damaged)?,
            created_at: row.get(4)?,
        })
    }
}

/// Formats a message's id for the wire.
pub fn message_id(id: MessageId) -> String {
    format!("msg_{:014x}", id.0)
}

/// Parses a message's id from the wire.
pub fn parse_message_id(name: &str) -> Option<MessageId> {
    let digits = name.strip_prefix("msg_")?;
    let id = MessageId(i64::from_str_radix(digits, 16).ok()?);
    (message_id(id) == name).then_some(id)
}

/// Query parameters of the list of sessions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Sessions of this app id only.
    pub(super) app_id: Option<String>,
    /// The `nextCursor` of the previous page, or empty for the first page (`cursor=`). Without it, the
    /// response has no `nextCursor`. A session that gets a message while pages are read moves to the front,
    /// and is found by reading the list again.
    pub(super) cursor: Option<String>,
    /// Maximum number of sessions on a page, 1 to 500. Default 500.
    #[param(minimum = 1, maximum = 500, default = 500)]
    pub(super) page_size: Option<i64>,
}

/// Response of `GET /api/secondme/chat/session/list`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// The sessions, latest activity first.
    pub(super) sessions: Vec<ListedSession>,
    /// The cursor of the next page, if there is one and the request has a `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// A session in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    /// The session's id.
    #[schema(example = "labs_sess_a1b2c3d4e5f6")]
    pub(super) session_id: String,
    /// The app id that the session is assigned to.
    #[schema(example = "general")]
    pub(super) app_id: String,
    /// The beginning of the first message.
    pub(super) title: String,
    /// The last message, cut to 50 characters.
    pub(super) last_message: Option<String>,
    /// The time of the last message.
    #[schema(example = "2024-01-20T15:30:00Z")]
    pub(super) last_update_time: Option<String>,
    /// Number of messages.
    pub(super) message_count: i64,
}

/// Query parameters of the list of messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct MessagesParams {
    /// The session's id.
    pub(super) session_id: String,
}

/// Response of `GET /api/secondme/chat/session/messages`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// The session's id, as requested.
    pub(super) session_id: String,
    /// The messages, oldest first; empty if the session does not exist.
    pub(super) messages: Vec<ListedMessage>,
}

/// A message in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedMessage {
    /// The message's id.
    #[schema(example = "msg_00000000000001")]
    pub(super) message_id: String,
    /// `system`, `user` or `assistant`.
    #[schema(example = "user")]
    pub(super) role: &'static str,
    /// The text.
    pub(super) content: String,
    /// The person's id.
    #[schema(value_type = i64)]
    pub(super) sender_user_id: AccountId,
    /// Always null.
    pub(super) receiver_user_id: Option<i64>,
    /// The time of the message.
    #[schema(example = "2024-01-20T15:00:00Z")]
    pub(super) create_time: String,
    /// The state of an assistant's message.
    pub(super) state: State,
}

/// Response of `GET /api/secondme/chat/message/{messageId}/sent`: the prompt that was sent to a model for
/// an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SentAnswer)]
pub struct SentResponse {
    /// The answer's id.
    #[schema(example = "msg_00000000000001")]
    pub(super) message_id: String,
    /// The provider's URL; empty for the built-in responder, which sends nothing.
    pub(super) provider: String,
    /// The provider's name of the model.
    pub(super) model: String,
    /// The messages of the prompt, each with `role` and `content`.
    #[schema(value_type = Vec<Object>)]
    pub(super) messages: serde_json::Value,
    /// The memories in the prompt, each with `kind`, `id`, `text`, `score`, and `tokens`.
    #[schema(value_type = Vec<Object>)]
    pub(super) memories: serde_json::Value,
    /// Tokens of the prompt.
    pub(super) tokens_in: i64,
    /// Tokens of the answer.
    pub(super) tokens_out: i64,
    /// The time at which the answer was stored.
    #[schema(example = "2024-01-20T15:00:00Z")]
    pub(super) time: String,
}

/// Query parameters of the usage.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// The number of days, including today: 1 to 366. Default 30.
    #[param(minimum = 1, maximum = 366, default = 30)]
    pub(super) days: Option<i64>,
}

/// Response of `GET /api/secondme/chat/usage`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsageAnswer)]
pub struct UsageResponse {
    /// Maximum number of tokens per day; 0: no limit.
    pub(super) daily_limit: i64,
    /// The usage by day and client, newest day first.
    pub(super) list: Vec<UsageRow>,
}

/// The tokens that a client used on one day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// The day, in UTC.
    #[schema(example = "2024-01-20")]
    pub(super) date: String,
    /// The client: `app:`, `key:`, or `program:` with an id, or `session`; or a background job: `distill`,
    /// `summary`, or `title`.
    #[schema(example = "key:12345")]
    pub(super) client: String,
    /// Number of answers.
    pub(super) answers: i64,
    /// Tokens of prompts.
    pub(super) tokens_in: i64,
    /// Tokens of answers.
    pub(super) tokens_out: i64,
}
