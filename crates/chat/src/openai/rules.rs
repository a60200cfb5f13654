//! Validation of requests to the OpenAI-compatible API. No I/O.

use std::collections::HashSet;

use serde_json::Value;
use web::{ApiError, Code, Issues};

use super::{
    model::{EarlierCall, Request, RequestMessage},
    params, parts,
};
use crate::{
    provider::{Message, Role, ToolCall},
    session::Place,
    talk::{
        model::{ClientHistory, Talk},
        rules,
    },
};

/// Maximum number of messages of a conversation.
const MAX_MESSAGES: usize = 1000;
/// Maximum length of a message in characters. A prompt contains what it has room for.
const MAX_TEXT: usize = 1_000_000;
/// The stored text of a message that is only a picture.
const PICTURE: &str = "[图片 image]";
/// The app id of these clients' sessions, and the prefix of their session ids.
const APP: &str = "openai";
const PREFIX: &str = "v1-";

/// Checks a request. `has_tools` is true if a model supports tools.
///
/// # Errors
/// [`Code::ChatModelUnknown`]; 422 that lists everything else that is wrong.
pub(super) fn check(mut request: Request, known: &[String], has_tools: bool) -> Result<Talk, ApiError> {
    let model = request.model.take().unwrap_or_else(|| rules::MODELS[0].to_owned());
    if !rules::MODELS.contains(&model.as_str()) && !known.contains(&model) {
        return Err(ApiError::new(Code::ChatModelUnknown).with(model.chars().take(100).collect::<String>()));
    }
    let mut issues = Issues::body();
    let (field, asked) = match &request.max_completion_tokens {
        None => ("max_tokens", request.max_tokens.as_ref()),
        asked => ("max_completion_tokens", asked.as_ref()),
    };
    let max_tokens = params::max_tokens(&mut issues, field, asked);
    if request.messages.len() > MAX_MESSAGES {
        issues.add("too_long", "messages", format!("List should have at most {MAX_MESSAGES} items"));
    }
    let wanted = params::wanted(&mut issues, &mut request, has_tools);
    issues.finish()?;
    let search = request.web_search_options.is_some();
    let Conversation { system, mut turns } = conversation(request.messages)?;
    let Some(last) = turns.pop().filter(is_question) else {
        let mut issues = Issues::body();
        issues.add(
            "value_error",
            "messages",
            "The last message should be the user's or a tool's, and say something",
        );
        return Err(issues.finish().err().unwrap_or_else(|| Code::Unprocessable.into()));
    };
    let message = if last.content.trim().is_empty() { PICTURE.to_owned() } else { last.content.clone() };
    let opening = turns.first().map_or(&message, |turn| &turn.content);
    let name = name(system.as_deref().unwrap_or_default(), opening);
    Ok(Talk {
        place: Place { session: Some(name), app_id: APP.to_owned(), system },
        message,
        images: Vec::new(),
        search,
        model,
        max_tokens,
        control: None,
        kept: Some(ClientHistory { turns, last, wanted }),
        page: None,
    })
}

/// The client's conversation: its system prompt, and its turns in order.
struct Conversation {
    system: Option<String>,
    turns: Vec<Message>,
}

/// Returns true if a message can be answered.
fn is_question(message: &Message) -> bool {
    let says_something = !message.content.trim().is_empty() || !message.images.is_empty();
    message.role == Role::Tool || (message.role == Role::User && says_something)
}

fn conversation(messages: Vec<RequestMessage>) -> Result<Conversation, ApiError> {
    let mut issues = Issues::body();
    let (mut system, mut turns) = (Vec::new(), Vec::new());
    for (i, said) in messages.into_iter().enumerate() {
        let field = format!("messages.{i}");
        let Some(role) = role(&said.role) else {
            issues.add(
                "literal_error",
                &format!("{field}.role"),
                "Input should be 'system', 'developer', 'user', 'assistant' or 'tool'",
            );
            continue;
        };
        let (text, images) = parts::read(&mut issues, &format!("{field}.content"), said.content);
        issues.text(&format!("{field}.content"), &text, MAX_TEXT);
        match role {
            Role::System => system.push(text),
            _ => turns.push(Message {
                images,
                calls: said.tool_calls.unwrap_or_default().into_iter().map(called).collect(),
                answers: (role == Role::Tool).then(|| said.tool_call_id.unwrap_or_default()),
                ..Message::new(role, text)
            }),
        }
    }
    issues.finish()?;
    pair(&mut turns);
    let system = Some(system.join("\n\n")).filter(|text| !text.trim().is_empty());
    Ok(Conversation { system, turns })
}

fn called(call: EarlierCall) -> ToolCall {
    let arguments = match call.function.arguments {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    ToolCall { id: call.id, name: call.function.name, arguments }
}

/// Drops tool calls without results. A result without a call becomes a user's message, because providers
/// require pairs.
fn pair(turns: &mut [Message]) {
    let results: HashSet<String> = turns.iter().filter_map(|turn| turn.answers.clone()).collect();
    let mut open = HashSet::new();
    for turn in turns {
        turn.calls.retain(|call| !call.id.is_empty() && results.contains(&call.id));
        open.extend(turn.calls.iter().map(|call| call.id.clone()));
        if turn.answers.as_ref().is_some_and(|id| !open.remove(id)) {
            turn.answers = None;
            turn.role = Role::User;
        }
    }
}

fn role(name: &str) -> Option<Role> {
    match name {
        "developer" => Some(Role::System),
        "tool" | "function" => Some(Role::Tool),
        other => Role::parse(other),
    }
}

/// Returns the session id of a conversation. These clients send the whole conversation without an id, so it
/// is identified by its beginning.
fn name(system: &str, opening: &str) -> String {
    // FNV-1a is enough: it only tells apart the sessions of one person.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in system.bytes().chain([0]).chain(opening.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{PREFIX}{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(body: Value) -> Result<Talk, ApiError> {
        check(serde_json::from_value(body).unwrap(), &[], true)
    }

    fn kept(talk: Talk) -> ClientHistory {
        talk.kept.unwrap()
    }

    #[test]
    fn a_conversation_is_taken_apart() {
        let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
        let talk = checked(json!({"messages": [
            {"role": "developer", "content": "Be brief."}, {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [image, {"type": "text", "text": "eins"}]},
            {"role": "assistant", "content": "one"},
            {"role": "user", "content": [{"type": "text", "text": "zwei"}, image]},
        ]}))
        .unwrap();
        assert_eq!((talk.message.as_str(), talk.question()), ("zwei", "zwei"));
        assert_eq!(talk.place.system.as_deref(), Some("Be brief.\n\nBe kind."));
        let ClientHistory { turns, last, .. } = kept(talk);
        assert_eq!((turns.len(), turns[0].images.len(), last.images.len()), (2, 1, 1));
        assert_eq!((turns[0].images[0].after, last.images[0].after), (0, 4));
        let picture = checked(json!({"messages": [{"role": "user", "content": [image]}]})).unwrap();
        assert_eq!(picture.message, PICTURE);
        assert_eq!(kept(picture).last.content, "");
    }

    #[test]
    fn results_of_tools_are_taken_with_their_calls() {
        let call =
            |id: &str| json!({"id": id, "type": "function", "function": {"name": "now", "arguments": "{}"}});
        let talk = checked(json!({"messages": [
            {"role": "user", "content": "wie spät?"},
            {"role": "assistant", "content": null, "tool_calls": [call("a"), call("without a result")]},
            {"role": "tool", "tool_call_id": "a", "content": "12:00"},
            {"role": "tool", "tool_call_id": "without a call", "content": "13:00"},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            {"role": "user", "content": "und jetzt?"},
        ]}))
        .unwrap();
        let turns = kept(talk).turns;
        assert_eq!(turns[1].calls.len(), 1);
        assert_eq!((turns[2].role, turns[2].answers.as_deref()), (Role::Tool, Some("a")));
        assert_eq!((turns[3].role, turns[3].content.as_str()), (Role::User, "13:00"));
        assert_eq!(turns[4].content, "no");
        let ends_with_tool = checked(json!({"messages": [
            {"role": "user", "content": "wie spät?"}, {"role": "assistant", "tool_calls": [call("a")]},
            {"role": "tool", "tool_call_id": "a", "content": "12:00"},
        ]}))
        .unwrap();
        assert_eq!((ends_with_tool.message.as_str(), ends_with_tool.question()), ("12:00", "wie spät?"));
    }

    #[test]
    fn limits_of_tokens_are_taken_in_every_notation() {
        let tokens = |value: Value| {
            let talk = checked(json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": value}));
            talk.map(|talk| talk.max_tokens).ok()
        };
        for (value, expected) in [
            (json!(null), Some(2000)),
            (json!(1), Some(1)),
            (json!(4096.0), Some(4096)),
            (json!("512"), Some(512)),
            (json!(32_000), Some(16_000)),
            (json!(-1), Some(16_000)),
            (json!(1e300), Some(16_000)),
            (json!(0), None),
            (json!("many"), None),
            (json!([]), None),
            (json!(0.4), None),
        ] {
            assert_eq!(tokens(value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn members_are_passed_on_or_refused_by_name() {
        let with = |name: &str, value: Value| {
            let mut body = json!({"messages": [{"role": "user", "content": "a"}],
                "tools": [{"type": "function", "function": {"name": "now"}}]});
            body[name] = value;
            checked(body)
        };
        for (name, value) in [
            ("temperature", json!(0.5)),
            ("top_p", json!(1)),
            ("seed", json!(7)),
            ("stop", json!("身")),
            ("stop", json!(["a", "b"])),
            ("presence_penalty", json!(-1.5)),
            ("reasoning_effort", json!("low")),
            ("tool_choice", json!("required")),
            ("parallel_tool_calls", json!(false)),
            ("top_k", json!(40)),
            ("min_p", json!(0.1)),
            ("repetition_penalty", json!(1.1)),
            ("enable_thinking", json!(false)),
            ("chat_template_kwargs", json!({"enable_thinking": false})),
        ] {
            let wanted = kept(with(name, value.clone()).unwrap()).wanted;
            assert_eq!(wanted.members, [(name, value)], "{name}");
        }
        for (name, value) in [
            ("n", json!(1)),
            ("stop", json!(null)),
            ("stop", json!([])),
            ("stop", json!("")),
            ("logprobs", json!(false)),
            ("user", json!("x")),
            ("tool_choice", json!("auto")),
            ("temperature", json!(null)),
            ("response_format", json!({"type": "text"})),
        ] {
            let wanted = kept(with(name, value).unwrap()).wanted;
            assert_eq!((wanted.members.len(), wanted.form), (0, crate::provider::Form::Text), "{name}");
        }
        assert!(kept(with("tool_choice", json!("none")).unwrap()).wanted.tools.is_empty());
        // Other notations of the same.
        for (name, sent, value) in [
            ("temperature", json!("0.7"), json!(0.7)),
            ("tool_choice", json!("any"), json!("required")),
            (
                "tool_choice",
                json!({"type": "function", "name": "now"}),
                json!({"type": "function", "function": {"name": "now"}}),
            ),
        ] {
            let wanted = kept(with(name, sent).unwrap()).wanted;
            assert_eq!(wanted.members, [(name, value)], "{name}");
        }
        for format in [
            json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}),
            json!({"type": "json_schema", "schema": {"type": "object"}}),
            json!({"type": "json_schema", "json_schema": {"type": "object"}}),
            json!({"type": "json_object", "schema": {"type": "object"}}),
        ] {
            let form = kept(with("response_format", format.clone()).unwrap()).wanted.form;
            let crate::provider::Form::Schema(format) = form else { panic!("{format}") };
            assert_eq!(format["schema"], json!({"type": "object"}));
        }
        for flag in [json!("true"), json!(1), json!(true)] {
            assert!(with("stream", flag.clone()).is_ok(), "{flag}");
        }
        for (name, value) in [
            ("n", json!(2)),
            ("temperature", json!(3)),
            ("temperature", json!("hot")),
            ("top_p", json!(-1)),
            ("seed", json!(1.5)),
            ("stop", json!(5)),
            ("logprobs", json!(true)),
            ("modalities", json!(["audio"])),
            ("response_format", json!({"type": "xml"})),
            ("response_format", json!({"type": "json_schema"})),
            ("tool_choice", json!("often")),
            ("tool_choice", json!({"type": "function", "function": {"name": "other"}})),
            ("functions", json!([{"name": "f"}])),
            ("function_call", json!("auto")),
        ] {
            let refused = with(name, value.clone()).unwrap_err();
            assert_eq!(refused.openai(web::Language::En)["error"]["param"], name, "{value}");
        }
    }

    #[test]
    fn a_conversation_is_known_by_how_it_began() {
        let session = |messages: Value| checked(json!({"messages": messages})).unwrap().place.session;
        let one = json!([{"role": "user", "content": "a"}]);
        let two = json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]);
        assert_eq!(session(one.clone()), session(two));
        assert_ne!(session(one), session(json!([{"role": "user", "content": "b"}])));
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        for body in [
            json!({"messages": []}),
            json!({"messages": [{"role": "assistant", "content": "a"}]}),
            json!({"messages": [{"role": "user", "content": null}]}),
            json!({"messages": [{"role": "robot", "content": "a"}, {"role": "user", "content": "a"}]}),
            json!({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}),
            json!({"messages": [{"role": "user", "content": 5}]}),
            json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": 0}),
            json!({
                "messages": [{
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}],
                }],
            }),
        ] {
            assert_eq!(checked(body.clone()).unwrap_err().code(), Code::Unprocessable, "{body}");
        }
        let unknown = json!({"model": "gpt-4", "messages": [{"role": "user", "content": "a"}]});
        assert_eq!(checked(unknown).unwrap_err().code(), Code::ChatModelUnknown);
    }
}
