//! Types of chat and act requests: wire and domain.

use memory::MessageId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    openai::ReplyParams,
    provider::{Image, Message, Role},
    session::Place,
};

/// Body of `POST /api/secondme/chat/stream`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatRequest {
    /// The message.
    #[schema(max_length = 50_000)]
    pub(crate) message: String,
    /// The session to continue. If it is absent or unknown, a new session begins.
    pub(crate) session_id: Option<String>,
    /// The app id of a new session. Takes precedence over `X-App-Id`; default `general`.
    pub(crate) app_id: Option<String>,
    /// The system prompt of a new session; ignored in later messages.
    #[schema(max_length = 20_000)]
    pub(crate) system_prompt: Option<String>,
    /// True if the web is searched before the response.
    #[schema(default = false)]
    pub(crate) enable_web_search: Option<bool>,
    /// The model: `secondme/nano` (default) or `secondme/pro`. Older names are accepted, too.
    #[schema(example = "secondme/nano")]
    pub(crate) model: Option<String>,
    /// Maximum number of tokens of the response, 1 to 16000. Default 2000.
    #[schema(minimum = 1, maximum = 16_000)]
    pub(crate) max_tokens: Option<i64>,
    /// At most 4 pictures.
    #[schema(max_items = 4)]
    pub(crate) images: Option<Vec<ImageRequest>>,
}

/// A picture of a message.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageRequest {
    /// The picture in base64, without a `data:` prefix.
    pub(crate) data: String,
    /// The media type: `image/png`, `image/jpeg`, `image/gif`, or `image/webp`.
    #[schema(example = "image/png")]
    pub(crate) media_type: String,
}

/// Body of `POST /api/secondme/act/stream`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActRequest {
    /// The matter to decide.
    #[schema(max_length = 50_000)]
    pub(crate) message: String,
    /// The rules of the decision and the structure of its JSON. Required.
    #[schema(
        min_length = 20,
        max_length = 8000,
        example = "仅输出合法 JSON 对象，不要解释。\n输出结构：{\"is_liked\": boolean}。"
    )]
    pub(crate) action_control: Option<String>,
    /// The session to continue. If it is absent or unknown, a new session begins.
    pub(crate) session_id: Option<String>,
    /// The app id of a new session. Takes precedence over `X-App-Id`; default `general`.
    pub(crate) app_id: Option<String>,
    /// The system prompt of a new session; ignored in later messages.
    #[schema(max_length = 20_000)]
    pub(crate) system_prompt: Option<String>,
    /// The model, as in `chat/stream`.
    #[schema(example = "secondme/nano")]
    pub(crate) model: Option<String>,
    /// Maximum number of tokens of the response, 1 to 16000. Default 2000.
    #[schema(minimum = 1, maximum = 16_000)]
    pub(crate) max_tokens: Option<i64>,
}

/// Body of `POST /api/secondme/ws-chat/send`. Other members are refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendRequest {
    /// The message.
    #[schema(max_length = 50_000)]
    pub(crate) message: String,
    /// The share code of another person's avatar, which then answers.
    pub(crate) share_code: Option<String>,
    /// The session to continue.
    pub(crate) session_id: Option<String>,
}

/// Response of `POST /api/secondme/ws-chat/send`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SendAnswer)]
pub struct SendResponse {
    /// The answer.
    pub(crate) reply_text: String,
    /// The response in parts, in order.
    pub(crate) reply_texts: Vec<String>,
    /// The answer's id.
    pub(crate) message_id: String,
    /// The session's id.
    #[schema(example = "labs_sess_a1b2c3d4e5f6")]
    pub(crate) session_id: String,
}

/// A validated message to the assistant.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) message: String,
    pub(crate) images: Vec<Image>,
    pub(crate) place: Place,
    pub(crate) search: bool,
    pub(crate) model: String,
    pub(crate) max_tokens: u32,
    /// The rules of a decision's JSON, if one is requested.
    pub(crate) control: Option<String>,
    /// The conversation, if the client keeps it instead of the session.
    pub(crate) kept: Option<ClientHistory>,
    /// Properties of a message from the person's own pages.
    pub(crate) page: Option<FromPage>,
}

/// Properties of a message from the person's own pages.
#[derive(Debug, Clone, Default)]
pub(crate) struct FromPage {
    /// The earlier message that it replaces, with everything after it.
    pub(crate) replaces: Option<MessageId>,
    /// The earlier message that it is, if that one is answered again.
    pub(crate) again: Option<MessageId>,
    /// The model that the person picked for the session.
    pub(crate) model: Option<String>,
    /// The keys of its pictures, separated by spaces.
    pub(crate) pictures: String,
}

impl Talk {
    /// Returns the person's latest words, which memories are recalled for. Tool results do not count.
    pub(crate) fn question(&self) -> &str {
        let asked = self.kept.as_ref().filter(|kept| kept.last.role != Role::User);
        let asked = asked.and_then(|kept| kept.turns.iter().rev().find(|turn| turn.role == Role::User));
        asked.map_or(&self.message, |turn| &turn.content)
    }
}

/// A conversation that the client keeps.
#[derive(Debug)]
pub(crate) struct ClientHistory {
    /// The earlier turns.
    pub(crate) turns: Vec<Message>,
    /// The message to answer: the user's or a tool result.
    pub(crate) last: Message,
    /// The requirements for the answer.
    pub(crate) wanted: ReplyParams,
}
