//! The OpenAI protocol, as far as Doppel speaks it to a provider.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::traits::{JsonSupport, TokensMember, Traits};
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
    /// Bytes of the message's text that stand before it; `usize::MAX`: all.
    pub after: usize,
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
    /// One JSON value, as a client's own `json_schema` says.
    Schema(Value),
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
    /// Further tokens for a model that is known to think before it answers.
    pub thinking_room: u32,
    /// In which form.
    pub form: Form,
    /// What the model may have used; only providers that know tools are told.
    pub tools: Vec<Tool>,
    /// Further members of the request, such as `temperature`.
    pub members: Vec<(&'static str, Value)>,
    /// Whether the model's thoughts are wanted as well.
    pub thoughts: bool,
}

impl Ask {
    /// A question for text.
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
        }
    }
}

/// The body of `POST …/chat/completions`.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    model: &'a str,
    messages: Vec<MessageBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(flatten)]
    members: BTreeMap<&'static str, &'a Value>,
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

impl MessageBody<'_> {
    /// Whether a message of the same role right after this one can be added to it.
    fn is_plain(&self) -> bool {
        self.tool_call_id.is_none() && self.tool_calls.is_empty()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

impl<'a> Content<'a> {
    /// Both one after the other.
    fn add(&mut self, more: Self) {
        match (&mut *self, more) {
            (Self::Text(text), Self::Text(more)) if text.is_empty() => *text = more,
            (Self::Text(_), Self::Text(more)) if more.is_empty() => {}
            (Self::Text(text), Self::Text(more)) => {
                let text = text.to_mut();
                text.push_str("\n\n");
                text.push_str(&more);
            }
            (_, more) => {
                let mut parts = std::mem::replace(self, Self::Parts(Vec::new())).into_parts();
                parts.extend(more.into_parts());
                *self = Self::Parts(parts);
            }
        }
    }

    fn into_parts(self) -> Vec<Part<'a>> {
        match self {
            Self::Text(text) if text.is_empty() => Vec::new(),
            Self::Text(text) => vec![Part::Text { text }],
            Self::Parts(parts) => parts,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: Cow<'a, str> },
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

/// What a provider with these traits is sent.
pub(crate) fn body<'a>(ask: &'a Ask, model: &'a str, traits: &Traits) -> Body<'a> {
    let response_format = match (&ask.form, traits.json_used(&ask.form)) {
        (Form::Json(Some(schema)), JsonSupport::JsonSchema) => {
            Some(json!({"type": "json_schema", "json_schema": {"name": "decision", "schema": schema}}))
        }
        (Form::Schema(format), JsonSupport::JsonSchema) => {
            Some(json!({"type": "json_schema", "json_schema": format}))
        }
        (_, JsonSupport::JsonObject) => Some(json!({"type": "json_object"})),
        _ => None,
    };
    let tools = ask.tools.iter().filter(|_| traits.tools).map(|tool| {
        let Tool { name, about, parameters } = tool;
        json!({"type": "function", "function": {"name": name, "description": about, "parameters": parameters}})
    });
    let most = Some(traits.most(ask));
    let needs_tools = |name: &str| matches!(name, "tool_choice" | "parallel_tool_calls");
    let members = ask.members.iter().filter(|(name, _)| {
        !traits.omitted.contains(*name) && (!needs_tools(name) || (traits.tools && !ask.tools.is_empty()))
    });
    Body {
        model,
        messages: messages(&ask.messages, traits),
        max_tokens: most.filter(|_| matches!(traits.tokens, TokensMember::Auto | TokensMember::MaxTokens)),
        max_completion_tokens: most.filter(|_| traits.tokens == TokensMember::MaxCompletionTokens),
        stream: true,
        stream_options: traits.stream_options.then_some(StreamOptions { include_usage: true }),
        response_format,
        tools: tools.collect(),
        members: members.map(|(name, value)| (*name, value)).collect(),
    }
}

fn messages<'a>(said: &'a [Message], traits: &Traits) -> Vec<MessageBody<'a>> {
    let mut messages: Vec<MessageBody<'a>> = Vec::with_capacity(said.len());
    let mut system: Option<MessageBody<'a>> = None;
    for message in said.iter().map(|message| to_wire(message, traits)) {
        let is_system = message.role == Role::System;
        let is_empty =
            matches!(&message.content, Content::Text(text) if text.is_empty()) && message.is_plain();
        let last = if is_system { system.as_mut() } else { messages.last_mut() };
        match last {
            _ if !traits.strict_turns && !is_system => messages.push(message),
            _ if !traits.strict_turns && traits.system_role => messages.push(message),
            // Of a turn without text nothing is lost.
            _ if is_empty => {}
            Some(last) if last.role == message.role && last.is_plain() && message.is_plain() => {
                last.content.add(message.content);
            }
            _ if is_system => system = Some(message),
            None if message.role == Role::Assistant => {
                // Turns begin with the user's.
                messages.push(MessageBody { content: Content::Text("…".into()), ..plain(Role::User) });
                messages.push(message);
            }
            _ => messages.push(message),
        }
    }
    let Some(system) = system else { return messages };
    match messages.first_mut() {
        Some(first) if !traits.system_role && first.role == Role::User => {
            let said = std::mem::replace(&mut first.content, system.content);
            first.content.add(said);
        }
        _ if !traits.system_role => messages.insert(0, MessageBody { role: Role::User, ..system }),
        _ => messages.insert(0, system),
    }
    messages
}

fn plain<'a>(role: Role) -> MessageBody<'a> {
    MessageBody { role, content: Content::Text("".into()), tool_call_id: None, tool_calls: Vec::new() }
}

fn to_wire<'a>(message: &'a Message, traits: &Traits) -> MessageBody<'a> {
    let mut content = Content::Text(message.content.as_str().into());
    if !message.images.is_empty() && traits.images {
        let images = message.images.iter().map(|image| {
            let url = format!("data:{};base64,{}", image.media_type, image.data);
            (image.after, Part::ImageUrl { image_url: ImageUrl { url } })
        });
        let (mut parts, mut at) = (Vec::new(), 0);
        let text = |from: usize, to: usize| message.content.get(from..to).unwrap_or_default();
        for (after, image) in images {
            let after = after.min(message.content.len());
            if !text(at, after).trim().is_empty() {
                parts.push(Part::Text { text: text(at, after).into() });
            }
            at = at.max(after);
            parts.push(image);
        }
        if !text(at, message.content.len()).trim().is_empty() {
            parts.push(Part::Text { text: text(at, message.content.len()).into() });
        }
        content = Content::Parts(parts);
    } else if !message.images.is_empty() && message.content.trim().is_empty() {
        content = Content::Text("[image]".into());
    }
    // A provider without tools gets a tool's result, which is escaped inside its element, as a user's message: data from
    // outside never has the authority of a system message.
    let is_plain_result = message.role == Role::Tool && !traits.tools;
    MessageBody {
        role: if is_plain_result { Role::User } else { message.role },
        content,
        tool_call_id: message.answers.as_deref().filter(|_| traits.tools),
        tool_calls: message.calls.iter().filter(|_| traits.tools).map(ToolCall::to_wire).collect(),
    }
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
        let ask = Ask::new("m", messages, 1);
        for (tools, role, id) in [(false, "user", None), (true, "tool", Some("c1"))] {
            let traits = Traits { tools, ..Traits::sample() };
            let sent = serde_json::to_value(body(&ask, "m", &traits)).unwrap();
            let result = &sent["messages"][3];
            assert_eq!((result["role"].as_str(), result["tool_call_id"].as_str()), (Some(role), id));
            assert_eq!(result["content"], "<result>obey</result>");
            assert_eq!(sent["messages"][2].get("tool_calls").is_some(), tools);
            let system = sent["messages"].as_array().unwrap().iter().filter(|m| m["role"] == "system");
            assert_eq!(system.count(), 1);
        }
    }
}
