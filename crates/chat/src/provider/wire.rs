//! The OpenAI protocol, as far as Doppel speaks it to a provider.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::tools::Tool;

/// Who says something in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What the double is and knows.
    System,
    /// Who talks to it.
    User,
    /// The double.
    Assistant,
    /// A tool that the double has used; only in prompts.
    Tool,
}

impl Role {
    /// Its name in the store and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// The role of a name, of those that messages of a conversation have.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant].into_iter().find(|role| role.name() == name)
    }
}

/// A picture that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `image/png` or the like.
    pub media_type: String,
    /// The picture in base64.
    pub data: String,
}

/// A tool that the model wants used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// What its result goes by.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, JSON as the model wrote it.
    pub arguments: String,
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: String,
    /// With which pictures.
    pub images: Vec<Image>,
    /// Of the double: the tools that it wants used.
    pub calls: Vec<ToolCall>,
    /// Of a tool: the call whose result this is.
    pub answers: Option<String>,
}

impl Message {
    /// A message of text alone.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), images: Vec::new(), calls: Vec::new(), answers: None }
    }

    /// What the user says, with pictures.
    pub fn with_images(content: impl Into<String>, images: Vec<Image>) -> Self {
        Self { images, ..Self::new(Role::User, content) }
    }

    /// What the double says before tools are used.
    pub(crate) fn calling(content: impl Into<String>, calls: Vec<ToolCall>) -> Self {
        Self { calls, ..Self::new(Role::Assistant, content) }
    }

    /// The result of a call.
    pub(crate) fn result(call: &ToolCall, content: impl Into<String>) -> Self {
        Self { answers: Some(call.id.clone()), ..Self::new(Role::Tool, content) }
    }

    fn to_wire(&self, support: Support) -> MessageBody<'_> {
        let content = if self.images.is_empty() || !support.images {
            Content::Text(&self.content)
        } else {
            let text = Part::Text { text: &self.content };
            let images = self.images.iter().map(|image| {
                let url = format!("data:{};base64,{}", image.media_type, image.data);
                Part::ImageUrl { image_url: ImageUrl { url } }
            });
            Content::Parts(std::iter::once(text).chain(images).collect())
        };
        // A provider without tools gets a tool's result, which is escaped inside its element, as a user's message: data
        // from outside never has the authority of a system message.
        let is_plain_result = self.role == Role::Tool && !support.tools;
        MessageBody {
            role: if is_plain_result { Role::User } else { self.role },
            content,
            tool_call_id: self.answers.as_deref().filter(|_| support.tools),
            tool_calls: self.calls.iter().filter(|_| support.tools).map(ToolCall::to_wire).collect(),
        }
    }
}

impl ToolCall {
    fn to_wire(&self) -> CallBody<'_> {
        let arguments = if self.arguments.trim().is_empty() { "{}" } else { &self.arguments };
        CallBody { id: &self.id, kind: "function", function: FunctionBody { name: &self.name, arguments } }
    }
}

/// In which form the answer is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Text.
    Text,
    /// One JSON value, of this schema where one is known.
    Json(Option<Value>),
}

/// How much of `response_format` a provider understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonSupport {
    /// None: the prompt alone asks for JSON.
    None,
    /// `json_object`.
    JsonObject,
    /// `json_schema` as well.
    JsonSchema,
}

/// A question to a model.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The model by the contract's name.
    pub model: String,
    /// The prompt.
    pub messages: Vec<Message>,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// In which form.
    pub form: Form,
    /// What the model may have used; only providers that know tools are told.
    pub tools: Vec<Tool>,
}

/// What of the protocol a provider understands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Support {
    pub(crate) images: bool,
    pub(crate) tools: bool,
    pub(crate) json: JsonSupport,
}

/// The body of `POST …/chat/completions`.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    messages: Vec<MessageBody<'a>>,
    max_tokens: u32,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct MessageBody<'a> {
    role: Role,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallBody<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct CallBody<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: FunctionBody<'a>,
}

#[derive(Serialize)]
struct FunctionBody<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// What a provider that understands so much is sent.
pub(crate) fn body<'a>(ask: &'a Ask, model: &'a str, support: Support) -> Body<'a> {
    let response_format = match (&ask.form, support.json) {
        (Form::Text, _) | (Form::Json(_), JsonSupport::None) => None,
        (Form::Json(Some(schema)), JsonSupport::JsonSchema) => {
            Some(json!({"type": "json_schema", "json_schema": {"name": "decision", "schema": schema}}))
        }
        // `json_object` can be nothing but an object.
        (Form::Json(Some(schema)), JsonSupport::JsonObject) if schema["type"] == "array" => None,
        (Form::Json(_), JsonSupport::JsonObject | JsonSupport::JsonSchema) => {
            Some(json!({"type": "json_object"}))
        }
    };
    let tools = ask.tools.iter().filter(|_| support.tools).map(|tool| {
        let Tool { name, about, parameters } = tool;
        json!({"type": "function", "function": {"name": name, "description": about, "parameters": parameters}})
    });
    Body {
        model,
        messages: ask.messages.iter().map(|message| message.to_wire(support)).collect(),
        max_tokens: ask.max_tokens,
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        response_format,
        tools: tools.collect(),
    }
}

/// One event of the answer, or the whole of it where the provider does not stream.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk<'a> {
    #[serde(default, borrow)]
    pub(crate) choices: Vec<Choice<'a>>,
    #[serde(default)]
    pub(crate) usage: Option<Usage>,
    #[serde(default)]
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choice<'a> {
    #[serde(default, borrow, alias = "message")]
    pub(crate) delta: Option<Delta<'a>>,
    #[serde(default, borrow)]
    pub(crate) finish_reason: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Delta<'a> {
    #[serde(default, borrow)]
    pub(crate) content: Option<Cow<'a, str>>,
    /// Why the model will not answer; shown in the answer's place.
    #[serde(default, borrow)]
    pub(crate) refusal: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(crate) tool_calls: Option<Vec<CallPart<'a>>>,
}

/// A part of a call: name and id come once, the arguments in pieces.
#[derive(Debug, Deserialize)]
pub(crate) struct CallPart<'a> {
    /// Absent where the whole call comes at once.
    #[serde(default)]
    pub(crate) index: Option<usize>,
    #[serde(default, borrow)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(crate) function: Option<FunctionPart<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FunctionPart<'a> {
    #[serde(default, borrow)]
    pub(crate) name: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(crate) arguments: Option<Cow<'a, str>>,
}

/// Tokens as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Usage {
    /// Of the prompt.
    #[serde(default)]
    pub prompt_tokens: u32,
    /// Of the answer.
    #[serde(default)]
    pub completion_tokens: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_result_is_never_a_system_message() {
        let call = ToolCall { id: "c1".into(), name: "find".into(), arguments: "{}".into() };
        let messages = vec![
            Message::new(Role::System, "be"),
            Message::new(Role::User, "where?"),
            Message::calling("", vec![call.clone()]),
            Message::result(&call, "<result>obey</result>"),
        ];
        let ask = Ask { model: "m".into(), messages, max_tokens: 1, form: Form::Text, tools: Vec::new() };
        for (tools, role, id) in [(false, "user", None), (true, "tool", Some("c1"))] {
            let support = Support { images: false, tools, json: JsonSupport::None };
            let sent = serde_json::to_value(body(&ask, "m", support)).unwrap();
            let result = &sent["messages"][3];
            assert_eq!((result["role"].as_str(), result["tool_call_id"].as_str()), (Some(role), id));
            assert_eq!(result["content"], "<result>obey</result>");
            assert_eq!(sent["messages"][2].get("tool_calls").is_some(), tools);
            let system = sent["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "system");
            assert_eq!(system.count(), 1);
        }
    }
}
