//! Lenient parser for the events of an answer. Unknown and malformed members count as absent. No I/O.

mod errors;
mod mended;
mod split;

use std::borrow::Cow;

use memchr::memmem;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{Finish, Usage};
pub(super) use split::{Joiner, join_whole};

/// Members with thoughts.
const THOUGHTS: [&str; 7] = [
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_text",
    "thinking_content",
    "reasoning_details",
    "thinking_blocks",
];

/// The content of one event.
#[derive(Debug, Default, PartialEq)]
pub(super) struct News {
    pub(super) said: Parts,
    /// The whole message, in answers that are not streamed and in final events.
    pub(super) message: Option<Parts>,
    pub(super) finish: Option<End>,
    pub(super) usage: Option<Usage>,
    /// The number of an alternative answer, from 1, if this is part of one.
    pub(super) alternative: Option<u64>,
    /// True if the provider reports an error.
    pub(super) is_error: bool,
    /// True if some characters represent parts of characters.
    pub(super) has_parts: bool,
}

/// Text, thoughts, and parts of tool calls.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parts {
    pub(super) text: String,
    pub(super) thought: String,
    pub(super) calls: Vec<CallPart>,
}

/// A part of a tool call.
#[derive(Debug, Default, PartialEq)]
pub(super) struct CallPart {
    pub(super) index: Option<usize>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Arguments,
}

#[derive(Debug, Default, PartialEq)]
pub(super) enum Arguments {
    #[default]
    Absent,
    /// A piece of the JSON text.
    Piece(String),
    /// All arguments, sent as an object; here as JSON text.
    Whole(String),
}

/// A finish reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) finish: Finish,
    /// True for OpenAI's own words, after which no text follows.
    pub(super) is_sure: bool,
}

/// The damage of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    None,
    /// Broken JSON without text of the answer.
    Noise,
    /// Broken JSON that contained text of the answer.
    Lost,
}

/// A typical event: text, and no member of an unusual type.
#[derive(Deserialize)]
struct Plain<'a> {
    #[serde(default, borrow)]
    choices: Vec<PlainChoice<'a>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct PlainChoice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(default, borrow)]
    delta: Option<PlainDelta<'a>>,
    #[serde(default)]
    message: Option<IgnoredAny>,
    #[serde(default)]
    text: Option<IgnoredAny>,
    #[serde(default, borrow, alias = "finishReason")]
    finish_reason: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct PlainDelta<'a> {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    reasoning: Option<IgnoredAny>,
    #[serde(default)]
    thinking: Option<IgnoredAny>,
    #[serde(default)]
    reasoning_details: Option<IgnoredAny>,
    #[serde(default, borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(default)]
    tool_calls: Option<IgnoredAny>,
    #[serde(default)]
    function_call: Option<IgnoredAny>,
}

/// Parses a typical event; `None` for others.
pub(super) fn plain(data: &[u8]) -> Option<News> {
    let plain: Plain<'_> = serde_json::from_slice(data).ok()?;
    if plain.error.is_some() || plain.choices.len() > 1 {
        return None;
    }
    let mut news = News { usage: plain.usage, ..News::default() };
    let choice = plain.choices.into_iter().next()?;
    let is_other = choice.message.is_some() || (choice.delta.is_none() && choice.text.is_some());
    if is_other || choice.index.is_some_and(|index| index != 0) {
        return None;
    }
    news.finish = choice.finish_reason.as_deref().and_then(finish);
    let Some(delta) = choice.delta else { return Some(news) };
    let others =
        [delta.reasoning, delta.thinking, delta.reasoning_details, delta.tool_calls, delta.function_call];
    if others.iter().any(Option::is_some) {
        return None;
    }
    news.said.text = delta.content.unwrap_or_default();
    news.said.text.push_str(delta.refusal.as_deref().unwrap_or_default());
    news.said.thought = delta.reasoning_content.unwrap_or_default();
    Some(news)
}

/// Parses any event, which may contain several JSON values or be almost JSON, and reports damage.
pub(super) fn lenient(data: &[u8]) -> (Vec<News>, Damage) {
    let (data, has_parts) = split::kept(data);
    let (news, is_whole) = values(&data, has_parts);
    if is_whole {
        return (news, Damage::None);
    }
    let mended = mended::mended(&data);
    let (news, is_whole) = values(&mended, has_parts);
    if is_whole {
        return (news, Damage::None);
    }
    let damage = match data.first() {
        _ if memmem::find(&data, b"\"content\"").is_some() => Damage::Lost,
        Some(b'{' | b'}' | b'[' | b']' | b'"') => Damage::Noise,
        _ => Damage::None,
    };
    (news, damage)
}

/// Parses JSON values one after the other. The flag is false if what follows them is no JSON.
fn values(data: &[u8], has_parts: bool) -> (Vec<News>, bool) {
    let mut news = Vec::new();
    for value in serde_json::Deserializer::from_slice(data).into_iter::<Value>() {
        match value {
            Ok(Value::Array(items)) => news.extend(items.iter().map(|item| one(item, has_parts))),
            Ok(value) => news.push(one(&value, has_parts)),
            Err(_broken) => return (news, false),
        }
    }
    (news, true)
}

/// Reads an event.
fn one(value: &Value, has_parts: bool) -> News {
    let value = inner(value);
    let mut news = News { usage: usage(value), has_parts, ..News::default() };
    news.is_error = errors::is_reported(value);
    let choices = match value.get("choices") {
        Some(Value::Array(choices)) => choices.as_slice(),
        Some(choice @ Value::Object(_)) => std::slice::from_ref(choice),
        // The form of other protocols: the message alone.
        _ if value.get("message").is_some_and(Value::is_object) => std::slice::from_ref(value),
        _ => return news,
    };
    let index = |choice: &&Value| number(choice.get("index")).filter(|index| *index > 0);
    let Some(choice) = choices.iter().find(|choice| index(choice).is_none()).or(choices.first()) else {
        return news;
    };
    news.alternative = index(&choice);
    news.said = choice.get("delta").map(parts).unwrap_or_default();
    news.message = choice.get("message").filter(|message| !message.is_null()).map(parts);
    // The older protocol of completions.
    let is_absent = |name: &str| choice.get(name).is_none_or(Value::is_null);
    if let (true, true, Some(Value::String(text))) =
        (is_absent("delta"), is_absent("message"), choice.get("text"))
    {
        news.said.text.clone_from(text);
    }
    let reason = choice.get("finish_reason").or_else(|| choice.get("finishReason"));
    news.finish = reason.and_then(Value::as_str).and_then(finish);
    news
}

/// Returns the event inside an envelope, as some gateways send it.
fn inner(value: &Value) -> &Value {
    if value.get("choices").is_some() {
        return value;
    }
    let envelopes = ["data", "result", "response", "body"].into_iter();
    let mut inside = envelopes.filter_map(|name| value.get(name));
    inside.find(|inside| inside.get("choices").is_some()).unwrap_or(value)
}

/// Returns the content of a delta or message in any form.
fn parts(value: &Value) -> Parts {
    match value {
        Value::Object(members) => said(members),
        Value::String(_) | Value::Array(_) => said(&Map::from_iter([("content".to_owned(), value.clone())])),
        _ => Parts::default(),
    }
}

fn said(delta: &Map<String, Value>) -> Parts {
    let mut said = Parts::default();
    for name in THOUGHTS {
        // Some providers send the same thought under two names.
        if said.thought.is_empty() {
            said.thought = delta.get(name).map(words).unwrap_or_default();
        }
    }
    match delta.get("content") {
        Some(Value::Array(parts)) => parts.iter().for_each(|part| add_part(&mut said, part)),
        Some(Value::Object(_)) => add_part(&mut said, delta.get("content").unwrap_or(&Value::Null)),
        Some(Value::String(text)) => said.text.push_str(text),
        _ => {}
    }
    if let Some(Value::String(refusal)) = delta.get("refusal") {
        said.text.push_str(refusal);
    }
    match delta.get("tool_calls") {
        Some(Value::Array(calls)) => {
            said.calls = calls.iter().filter_map(Value::as_object).map(call).collect();
        }
        Some(Value::Object(one)) => said.calls.push(call(one)),
        _ => {}
    }
    if let Some(Value::Object(function)) = delta.get("function_call") {
        let (name, arguments) = function_of(function);
        said.calls.push(CallPart { name, arguments, ..CallPart::default() });
    }
    said
}

fn add_part(said: &mut Parts, part: &Value) {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
    match kind {
        "text" | "output_text" | "refusal" => {
            let text = part.get("text").or_else(|| part.get("refusal")).or_else(|| part.get("content"));
            said.text.push_str(part.as_str().unwrap_or_default());
            said.text.push_str(&text.map(words).unwrap_or_default());
        }
        "tool_use" | "tool_call" => said.calls.extend(part.as_object().map(call)),
        "thinking" | "reasoning" | "thought" | "reasoning_text" | "summary_text" => {
            let names = ["thinking", "reasoning", "text", "summary", "content"];
            let text = names.into_iter().find_map(|name| part.get(name));
            said.thought.push_str(&text.map(words).unwrap_or_default());
        }
        _ => {}
    }
}

/// Returns the text of a string, of a content part, or of a list of these.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(words).collect(),
        Value::Object(part) => {
            let names = ["text", "content", "summary", "thinking", "value"].into_iter();
            let text = names.filter_map(|name| part.get(name)).find(|text| !text.is_null());
            text.map(words).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn call(part: &Map<String, Value>) -> CallPart {
    let id = match part.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    let function = part.get("function").and_then(Value::as_object).unwrap_or(part);
    let (name, arguments) = function_of(function);
    let index = number(part.get("index")).and_then(|index| usize::try_from(index).ok());
    CallPart { index, id, name, arguments }
}

fn function_of(function: &Map<String, Value>) -> (String, Arguments) {
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let names = ["arguments", "parameters", "input", "args"].into_iter();
    let given = names.filter_map(|name| function.get(name)).find(|value| !value.is_null());
    let arguments = match given {
        Some(Value::String(piece)) if !piece.is_empty() => Arguments::Piece(piece.clone()),
        Some(whole @ Value::Object(_)) => Arguments::Whole(whole.to_string()),
        _ => Arguments::Absent,
    };
    (name, arguments)
}

/// Parses an integer, which may be written as text or with a zero fraction.
fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64().filter(|number| (0.0..=9.0e15).contains(number))?;
            format!("{number:.0}").parse().ok()
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn usage(value: &Value) -> Option<Usage> {
    let usage = value.get("usage")?.as_object()?;
    let count = |names: [&str; 2]| {
        let found = names.into_iter().find_map(|name| number(usage.get(name)));
        found.and_then(|count| u32::try_from(count).ok())
    };
    let prompt_tokens = count(["prompt_tokens", "input_tokens"]);
    let completion_tokens = count(["completion_tokens", "output_tokens"]);
    if prompt_tokens.is_none() && completion_tokens.is_none() {
        return None;
    }
    Some(Usage {
        prompt_tokens: prompt_tokens.unwrap_or_default(),
        completion_tokens: completion_tokens.unwrap_or_default(),
    })
}

/// Parses a finish reason; `None` for words that are none, such as `""` and `"null"`.
fn finish(word: &str) -> Option<End> {
    let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    let (finish, is_sure) = match word.to_ascii_lowercase().as_str() {
        "stop" | "toolcalls" | "functioncall" => (Finish::Stop, true),
        "length" => (Finish::Length, true),
        "contentfilter" => (Finish::Filtered, true),
        // Words of other protocols, after which text may follow.
        "maxtokens" => (Finish::Length, false),
        "safety" => (Finish::Filtered, false),
        _ => return None,
    };
    Some(End { finish, is_sure })
}
