//! Messages and requests to a model.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr};

use crate::tools::Tool;

/// The author of a message in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions and memories.
    System,
    /// The person or program that talks to the assistant.
    User,
    /// The assistant.
    Assistant,
    /// A tool of the assistant; only in prompts.
    Tool,
}

impl Role {
    /// Returns the name in the store and on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Parses the role of a stored message, which is never a tool's.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().filter(|role| *role != Self::Tool)
    }
}

/// A picture that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The media type, such as `image/png`.
    pub media_type: String,
    /// The data in base64.
    pub data: String,
    /// Number of bytes of the message's text that precede it; `usize::MAX`: all.
    pub after: usize,
}

/// A tool call that the model asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// The id of the call, which its result refers to.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    /// The arguments, as the JSON text that the model wrote.
    pub arguments: String,
}

/// A message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its author.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The pictures.
    pub images: Vec<Image>,
    /// The tool calls, in a message of the assistant.
    pub calls: Vec<ToolCall>,
    /// The id of the call whose result this is, in a message of a tool.
    pub answers: Option<String>,
}

impl Message {
    /// Creates a message with text only.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), images: Vec::new(), calls: Vec::new(), answers: None }
    }

    /// Creates a user's message with pictures.
    pub fn with_images(content: impl Into<String>, images: Vec<Image>) -> Self {
        Self { images, ..Self::new(Role::User, content) }
    }

    /// Creates the assistant's message that precedes tool results.
    pub(crate) fn calling(content: impl Into<String>, calls: Vec<ToolCall>) -> Self {
        Self { calls, ..Self::new(Role::Assistant, content) }
    }

    /// Creates a tool result.
    pub(crate) fn result(call: &ToolCall, content: impl Into<String>) -> Self {
        Self { answers: Some(call.id.clone()), ..Self::new(Role::Tool, content) }
    }
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Text.
    Text,
    /// One JSON value, which fits the schema if one is given.
    Json(Option<Value>),
    /// One JSON value, as the client's `json_schema` requires.
    Schema(Value),
}

/// A request to a model.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The name of the model that the client asks for.
    pub model: String,
    /// The prompt.
    pub messages: Vec<Message>,
    /// Maximum number of tokens of the answer.
    pub max_tokens: u32,
    /// Additional tokens for a model that is known to think before it answers.
    pub thinking_room: u32,
    /// The form of the answer.
    pub form: Form,
    /// The tools that the model may call. Providers without support for tools are not told of them.
    pub tools: Vec<Tool>,
    /// Further members of the request, such as `temperature`.
    pub members: Vec<(&'static str, Value)>,
    /// True if the model's thoughts are returned, too.
    pub thoughts: bool,
    /// Receives the beginning of the response as it came, if somebody wants to see it.
    pub(crate) heard: Option<Heard>,
}

/// The beginning of a provider's last response, for an administrator who tries the provider.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Maximum number of bytes that are kept.
    const MAX: usize = 4096;

    /// Forgets earlier responses.
    pub(super) fn begin(&self) {
        self.0.lock().clear();
    }

    /// Adds bytes of the response.
    pub(super) fn add(&self, bytes: &[u8]) {
        let mut heard = self.0.lock();
        let room = Self::MAX.saturating_sub(heard.len()).min(bytes.len());
        heard.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// Returns the bytes as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }
}

impl Ask {
    /// Creates a request for text.
    pub fn new(model: impl Into<String>, messages: Vec<Message>, max_tokens: u32) -> Self {
        Self {
            model: model.into(),
            messages,
            max_tokens,
            thinking_room: 0,
            form: Form::Text,
            tools: Vec::new(),
            members: Vec::new(),
            thoughts: false,
            heard: None,
        }
    }
}
