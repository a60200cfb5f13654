//! Request members that affect the model's answer. They are forwarded, or refused by name. No I/O.

use serde_json::{Number, Value, json};
use web::Issues;

use super::model::Request;
use crate::{
    provider::Form,
    talk::limits::{DEFAULT_TOKENS, MAX_TOKENS},
    tools::Tool,
};

/// Maximum number of tools of a request, and maximum length of a name and of a schema in bytes.
const MAX_TOOLS: usize = 128;
const MAX_NAME: usize = 64;
const MAX_SCHEMA: usize = 64 << 10;
/// Maximum number of stop texts, and maximum length of each in characters.
const MAX_STOPS: usize = 16;
const MAX_STOP: usize = 200;
/// Maximum length of `reasoning_effort` and similar words, in bytes.
const MAX_WORD: usize = 40;

/// The client's requirements for the answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplyParams {
    pub(crate) form: Form,
    /// The form in words, for providers without support for it.
    pub(crate) order: Option<String>,
    /// Further request members for the provider.
    pub(crate) members: Vec<(&'static str, Value)>,
    /// The client's own tools.
    pub(crate) tools: Vec<Tool>,
}

impl Default for ReplyParams {
    fn default() -> Self {
        Self { form: Form::Text, order: None, members: Vec::new(), tools: Vec::new() }
    }
}

/// Reads the requirements. `has_tools` is true if a model supports tools.
pub(super) fn wanted(issues: &mut Issues, request: &mut Request, has_tools: bool) -> ReplyParams {
    let mut wanted = ReplyParams::default();
    numbers(issues, request, &mut wanted.members);
    words(issues, request, &mut wanted.members);
    refused(issues, request);
    (wanted.form, wanted.order) = format(issues, request.response_format.take());
    wanted.tools = tools(issues, request.tools.take().unwrap_or_default());
    choose(issues, request, &mut wanted, has_tools);
    wanted
}

fn numbers(issues: &mut Issues, request: &mut Request, members: &mut Vec<(&'static str, Value)>) {
    let ranges = [
        ("temperature", request.temperature.take(), 0.0, 2.0),
        ("top_p", request.top_p.take(), 0.0, 1.0),
        ("frequency_penalty", request.frequency_penalty.take(), -2.0, 2.0),
        ("presence_penalty", request.presence_penalty.take(), -2.0, 2.0),
        ("repetition_penalty", request.repetition_penalty.take(), 0.0, 10.0),
        ("min_p", request.min_p.take(), 0.0, 1.0),
        ("top_k", request.top_k.take(), -1.0, 1_000_000.0),
    ];
    for (name, value, least, most) in ranges {
        let Some(value) = value.map(number) else { continue };
        match value.as_f64() {
            Some(number) if (least..=most).contains(&number) => members.push((name, value)),
            _ => issues.add("value_error", name, format!("Input should be a number from {least} to {most}")),
        }
    }
    match request.seed.take() {
        None => {}
        Some(seed) if seed.is_i64() || seed.is_u64() => members.push(("seed", seed)),
        Some(_) => issues.add("int_type", "seed", "Input should be a valid integer"),
    }
}

/// Returns a number that was sent as a text as a number.
fn number(value: Value) -> Value {
    let number = value.as_str().and_then(|text| text.trim().parse::<Number>().ok());
    number.map_or(value, Value::Number)
}

fn words(issues: &mut Issues, request: &mut Request, members: &mut Vec<(&'static str, Value)>) {
    if let Some(stop) = request.stop.take() {
        let texts = match &stop {
            // An empty text has no effect.
            Value::String(text) if text.is_empty() => Vec::new(),
            Value::String(text) => vec![text.as_str()],
            Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap_or_default()).collect(),
            _ => vec![""],
        };
        let is_good = |text: &&str| !text.is_empty() && text.chars().count() <= MAX_STOP;
        if texts.len() <= MAX_STOPS && texts.iter().all(is_good) {
            // Neither has an empty list.
            if !texts.is_empty() {
                members.push(("stop", stop));
            }
        } else {
            let message = format!("Input should be a text or a list of at most {MAX_STOPS} texts");
            issues.add("value_error", "stop", message);
        }
    }
    let efforts =
        [("reasoning_effort", request.reasoning_effort.take()), ("verbosity", request.verbosity.take())];
    for (name, value) in efforts {
        match value {
            None => {}
            Some(Value::String(word)) if word.len() <= MAX_WORD => members.push((name, word.into())),
            Some(_) => issues.add("string_type", name, "Input should be a short word"),
        }
    }
    match request.enable_thinking.take() {
        None => {}
        Some(flag @ Value::Bool(_)) => members.push(("enable_thinking", flag)),
        Some(_) => issues.add("bool_type", "enable_thinking", "Input should be true or false"),
    }
    let objects = [
        ("logit_bias", request.logit_bias.take()),
        ("chat_template_kwargs", request.chat_template_kwargs.take()),
    ];
    for (name, value) in objects {
        match value {
            None => {}
            Some(Value::Object(members)) if members.is_empty() => {}
            Some(value @ Value::Object(_)) if value.to_string().len() <= MAX_SCHEMA => {
                members.push((name, value));
            }
            Some(_) => issues.add("dict_type", name, "Input should be an object"),
        }
    }
}

/// Refuses members that this server does not support, instead of ignoring them.
fn refused(issues: &mut Issues, request: &Request) {
    let is_one = |n: &Value| n.as_f64() == Some(1.0);
    let is_off = |value: &Value| matches!(value, Value::Bool(false)) || value.as_f64() == Some(0.0);
    let is_text = |value: &Value| *value == json!(["text"]);
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let always = |_: &Value| false;
    type Allowed<'a> = &'a dyn Fn(&Value) -> bool;
    let members: [(&str, &Option<Value>, Allowed<'_>, &str); 7] = [
        ("n", &request.n, &is_one, "One answer is given at a time: n should be 1"),
        ("logprobs", &request.logprobs, &is_off, "Log probabilities are not available"),
        ("top_logprobs", &request.top_logprobs, &is_off, "Log probabilities are not available"),
        ("modalities", &request.modalities, &is_text, "Answers are text"),
        ("audio", &request.audio, &always, "Answers are text"),
        ("functions", &request.functions, &is_empty, "Use tools in place of functions"),
        ("function_call", &request.function_call, &always, "Use tool_choice in place of function_call"),
    ];
    for (name, value, is_allowed, message) in members {
        if value.as_ref().is_some_and(|value| !is_allowed(value)) {
            issues.add("value_error", name, message);
        }
    }
}

fn format(issues: &mut Issues, asked: Option<Value>) -> (Form, Option<String>) {
    const ORDER: &str =
        "Answer with exactly one JSON value and nothing else: no explanation, no Markdown, no code fence.";
    let Some(asked) = asked else { return (Form::Text, None) };
    let kind = match &asked {
        Value::String(kind) => Some(kind.as_str()),
        other => other.get("type").and_then(Value::as_str),
    };
    match (kind, schema(&asked)) {
        (Some("text"), _) => (Form::Text, None),
        // Some servers take a schema with the type of an object, too.
        (Some("json_schema" | "json_object"), Some(format)) if format.to_string().len() <= MAX_SCHEMA => {
            let wanted = format.get("schema").unwrap_or(&format);
            let order = format!("{ORDER} It must fit this JSON schema:\n{wanted}");
            (Form::Schema(format), Some(order))
        }
        (Some("json_object"), _) => (Form::Json(None), Some(ORDER.to_owned())),
        (Some("json_schema"), _) => {
            let message =
                format!("Input should have json_schema.schema, an object of at most {MAX_SCHEMA} bytes");
            issues.add("value_error", "response_format", message);
            (Form::Text, None)
        }
        _ => {
            let message = "Input should have the type 'text', 'json_object' or 'json_schema'";
            issues.add("value_error", "response_format", message);
            (Form::Text, None)
        }
    }
}

/// Returns the member `json_schema` of a format. The schema may stand in its place, or beside it.
fn schema(asked: &Value) -> Option<Value> {
    let format = asked.get("json_schema").filter(|format| format.is_object());
    if let Some(format) = format.filter(|format| format.get("schema").is_some_and(Value::is_object)) {
        return Some(format.clone());
    }
    let is_schema = |schema: &&Value| schema.get("type").is_some() || schema.get("properties").is_some();
    let schema = format.filter(is_schema).or_else(|| asked.get("schema").filter(|schema| schema.is_object()));
    schema.map(|schema| json!({"name": "answer", "schema": schema}))
}

fn tools(issues: &mut Issues, asked: Vec<Value>) -> Vec<Tool> {
    if asked.len() > MAX_TOOLS {
        issues.add("too_long", "tools", format!("List should have at most {MAX_TOOLS} items"));
        return Vec::new();
    }
    let mut tools = Vec::new();
    for (i, tool) in asked.iter().enumerate() {
        // The form of the Responses API, whose members stand beside the type.
        let function = if tool["function"].is_object() { &tool["function"] } else { tool };
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let name = function["name"]
            .as_str()
            .filter(|name| !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_name_char));
        let parameters = match &function["parameters"] {
            Value::Null => Some(json!({"type": "object", "properties": {}})),
            Value::Object(_) if function.to_string().len() <= MAX_SCHEMA => {
                Some(function["parameters"].clone())
            }
            _ => None,
        };
        match (tool["type"].as_str().unwrap_or("function"), name, parameters) {
            ("function", Some(name), Some(parameters)) => {
                let about = function["description"].as_str().unwrap_or_default().to_owned();
                tools.push(Tool { name: name.to_owned(), about, parameters });
            }
            _ => issues.add(
                "value_error",
                &format!("tools.{i}"),
                "Input should be a function with a name of at most 64 letters, digits, '_' and '-', and a \
                 schema",
            ),
        }
    }
    tools
}

/// Applies `tool_choice`, by which the model may, must, or must not call the tools, and
/// `parallel_tool_calls`.
fn choose(issues: &mut Issues, request: &mut Request, wanted: &mut ReplyParams, has_tools: bool) {
    let mut choice = request.tool_choice.take().unwrap_or_else(|| json!("auto"));
    if choice == "any" {
        choice = json!("required");
    } else if let Some(name) = choice.get("name").and_then(Value::as_str) {
        choice = json!({"type": "function", "function": {"name": name}});
    }
    let named = choice.pointer("/function/name").and_then(Value::as_str);
    let must_call = match (choice.as_str(), named) {
        (Some("auto"), _) => false,
        (Some("none"), _) => {
            wanted.tools.clear();
            return;
        }
        (Some("required"), _) => true,
        (None, Some(name)) if wanted.tools.iter().any(|tool| tool.name == name) => true,
        _ => {
            let message = "Input should be 'none', 'auto', 'required' or the name of one of the tools";
            issues.add("value_error", "tool_choice", message);
            return;
        }
    };
    if must_call && wanted.tools.is_empty() {
        issues.add("value_error", "tool_choice", "There are no tools to choose from");
    } else if must_call && !has_tools {
        issues.add("value_error", "tool_choice", "The model of this server knows no tools (model.tools)");
    } else if must_call {
        wanted.members.push(("tool_choice", choice));
    }
    if let Some(parallel) = request.parallel_tool_calls.take().filter(Value::is_boolean)
        && !wanted.tools.is_empty()
    {
        wanted.members.push(("parallel_tool_calls", parallel));
    }
}

/// Returns the maximum number of tokens of the answer, in any notation of a number. A negative or too large
/// number means the server's maximum.
pub(super) fn max_tokens(issues: &mut Issues, field: &str, asked: Option<&Value>) -> u32 {
    let number = match asked {
        None | Some(Value::Null) => return DEFAULT_TOKENS,
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        Some(_) => None,
    };
    match number.filter(|number| number.is_finite()) {
        Some(number) if number < 0.0 || number >= f64::from(MAX_TOKENS) => MAX_TOKENS,
        Some(number) if number >= 1.0 => format!("{:.0}", number.floor()).parse().unwrap_or(MAX_TOKENS),
        Some(_) => {
            issues.add("greater_than_equal", field, "Input should be greater than or equal to 1");
            DEFAULT_TOKENS
        }
        None => {
            issues.add("int_parsing", field, "Input should be a valid integer");
            DEFAULT_TOKENS
        }
    }
}
