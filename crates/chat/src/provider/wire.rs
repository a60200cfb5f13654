//! The form of requests and messages in OpenAI's API.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    message::{Ask, Form, Message, Role, ToolCall},
    schema::InOrder,
    traits::{JsonSupport, TokensMember, Traits},
};
use crate::tools::Tool;

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
    response_format: Option<InOrder>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<InOrder>,
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
    /// Returns true if a following message of the same role may be merged into this one.
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
    /// Appends content.
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

/// Builds the body of a request for a provider with these traits.
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
        json!({
            "type": "function", "function": {"name": name, "description": about, "parameters": parameters},
        })
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
        response_format: response_format.map(InOrder),
        tools: tools.map(InOrder).collect(),
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
            // A turn without text can be dropped.
            _ if is_empty => {}
            Some(last) if last.role == message.role && last.is_plain() && message.is_plain() => {
                last.content.add(message.content);
            }
            _ if is_system => system = Some(message),
            None if message.role == Role::Assistant => {
                // The first turn must be the user's.
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
    // A provider without tools gets a tool result as a user's message; its text is escaped. Data from
    // outside never has the authority of a system message.
    let is_plain_result = message.role == Role::Tool && !traits.tools;
    MessageBody {
        role: if is_plain_result { Role::User } else { message.role },
        content,
        tool_call_id: message.answers.as_deref().filter(|_| traits.tools),
        tool_calls: message.calls.iter().filter(|_| traits.tools).map(call_to_wire).collect(),
    }
}

fn call_to_wire(call: &ToolCall) -> CallBody<'_> {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    CallBody { id: &call.id, kind: "function", function: FunctionBody { name: &call.name, arguments } }
}

/// Token counts of the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    #[serde(default)]
    pub prompt_tokens: u32,
    /// Tokens of the answer.
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
