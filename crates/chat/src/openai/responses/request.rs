//! Translation of a request to one for a chat completion. No I/O.

use serde_json::{Map, Value, json};
use web::{ApiError, Code, Issues};

use super::{super::model::Request as ChatRequest, model::Echo};

/// Maximum number of input items.
const MAX_ITEMS: usize = 1000;

/// A request that is translated, except for references to earlier messages.
#[derive(Debug)]
pub(super) struct Request {
    chat: Map<String, Value>,
    messages: Vec<Value>,
    places: Places,
    echo: Echo,
    /// References by item id, each with the index of its message.
    pub(super) references: Vec<(usize, String)>,
}

/// The places in the request that messages of the chat completion come from.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<String>);

impl Places {
    /// Renames the fields in an error about the chat completion to those of the request.
    pub(super) fn restore(&self, error: ApiError) -> ApiError {
        if error.list().is_empty() {
            return error;
        }
        let mut issues = Issues::body();
        for issue in error.list() {
            let field: Vec<&str> = issue.loc.iter().skip(1).map(String::as_str).collect();
            issues.add(issue.kind, &self.place(&field), issue.msg.clone());
        }
        issues.finish().err().unwrap_or(error)
    }

    /// Returns the place in the request for one in the chat completion.
    fn place(&self, field: &[&str]) -> String {
        let (first, rest) = match field {
            ["messages", at, rest @ ..] => {
                let place = at.parse::<usize>().ok().and_then(|at| self.0.get(at));
                (place.map_or("input", String::as_str), rest)
            }
            ["messages"] => ("input", &[][..]),
            ["max_completion_tokens" | "max_tokens", rest @ ..] => ("max_output_tokens", rest),
            ["response_format", rest @ ..] => ("text.format", rest),
            ["verbosity", rest @ ..] => ("text.verbosity", rest),
            ["reasoning_effort", rest @ ..] => ("reasoning.effort", rest),
            [first, rest @ ..] => (*first, rest),
            [] => ("input", &[][..]),
        };
        std::iter::once(first).chain(rest.iter().copied()).collect::<Vec<_>>().join(".")
    }
}

/// Translates a request.
///
/// # Errors
/// 422 that lists every problem.
pub(super) fn read(mut body: Map<String, Value>) -> Result<Request, ApiError> {
    body.retain(|_, value| !value.is_null());
    let mut issues = Issues::body();
    refuse(&mut issues, &body);
    let echo = Echo::of(&body);
    let mut request = Request {
        chat: options(&mut issues, &mut body),
        messages: Vec::new(),
        places: Places::default(),
        echo,
        references: Vec::new(),
    };
    match body.remove("instructions") {
        None => {}
        Some(text @ Value::String(_)) => {
            request.add("instructions", json!({"role": "system", "content": text}))
        }
        Some(_) => issues.add("string_type", "instructions", "Input should be a text"),
    }
    match body.remove("input") {
        None => issues.missing("input"),
        Some(text @ Value::String(_)) => request.add("input", json!({"role": "user", "content": text})),
        Some(Value::Array(items)) if items.len() <= MAX_ITEMS => {
            for (at, item) in items.into_iter().enumerate() {
                request.item(&mut issues, &format!("input.{at}"), item);
            }
        }
        Some(Value::Array(_)) => {
            issues.add("too_long", "input", format!("List should have at most {MAX_ITEMS} items"));
        }
        Some(_) => issues.add("string_type", "input", "Input should be a text or a list of items"),
    }
    issues.finish()?;
    Ok(request)
}

/// Adds an issue for each member that cannot be honored.
fn refuse(issues: &mut Issues, body: &Map<String, Value>) {
    let members = [
        ("previous_response_id", "Responses are not stored: send the whole conversation as input"),
        ("conversation", "Conversations are not stored: send the whole conversation as input"),
        ("prompt", "There are no stored prompts: send instructions"),
    ];
    for (name, message) in members {
        if body.contains_key(name) {
            issues.add("value_error", name, message);
        }
    }
    let switches = [
        ("store", "Responses are not stored: store should be false"),
        ("background", "Responses are not made in the background: background should be false"),
    ];
    for (name, message) in switches {
        if body.get(name).is_some_and(|value| *value != Value::Bool(false)) {
            issues.add("value_error", name, message);
        }
    }
}

/// Translates the members other than the input.
fn options(issues: &mut Issues, body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut chat = Map::new();
    for name in ["model", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "tool_choice"] {
        chat.extend(body.remove(name).map(|value| (name.to_owned(), value)));
    }
    chat.extend(body.remove("max_output_tokens").map(|value| ("max_completion_tokens".to_owned(), value)));
    if let Some(Value::Object(mut text)) = body.remove("text") {
        chat.extend(text.remove("verbosity").map(|value| ("verbosity".to_owned(), value)));
        chat.extend(
            text.remove("format").map(|format| ("response_format".to_owned(), response_format(format))),
        );
    }
    if let Some(effort) = body.get("reasoning").and_then(|reasoning| reasoning.get("effort")) {
        chat.insert("reasoning_effort".to_owned(), effort.clone());
    }
    if let Some(name) = chat.get("tool_choice").and_then(|choice| choice.get("name")) {
        let choice = json!({"type": "function", "function": {"name": name}});
        chat.insert("tool_choice".to_owned(), choice);
    }
    match body.remove("tools") {
        None => {}
        Some(Value::Array(tools)) => {
            let is_search =
                |tool: &Value| tool["type"].as_str().is_some_and(|kind| kind.starts_with("web_search"));
            if tools.iter().any(is_search) {
                chat.insert("web_search_options".to_owned(), json!({}));
            }
            let functions = tools.into_iter().filter(|tool| !is_search(tool)).map(tool);
            chat.insert("tools".to_owned(), functions.collect());
        }
        Some(_) => issues.add("list_type", "tools", "Input should be a list"),
    }
    chat
}

/// Translates `text.format`.
fn response_format(mut format: Value) -> Value {
    if format.get("type").is_none_or(|kind| kind != "json_schema") {
        return format;
    }
    let mut schema = Map::new();
    if let Some(members) = format.as_object_mut() {
        for name in ["name", "description", "schema", "strict"] {
            schema.extend(members.remove(name).map(|value| (name.to_owned(), value)));
        }
    }
    json!({"type": "json_schema", "json_schema": schema})
}

/// Translates a tool. One that is not a function is refused later, by its place.
fn tool(tool: Value) -> Value {
    let Value::Object(mut members) = tool else { return tool };
    let kind = members.remove("type").unwrap_or_default();
    json!({"type": kind, "function": members})
}

impl Request {
    fn add(&mut self, place: &str, message: Value) {
        self.messages.push(message);
        self.places.0.push(place.to_owned());
    }

    /// Translates an input item.
    fn item(&mut self, issues: &mut Issues, place: &str, item: Value) {
        let Value::Object(mut item) = item else {
            issues.add("type_error", place, "Input should be an item");
            return;
        };
        let is_message = item.contains_key("role");
        let kind = item.get("type").and_then(Value::as_str).unwrap_or("message").to_owned();
        let mut take = |name: &str| item.remove(name).unwrap_or_default();
        match kind.as_str() {
            "message" if is_message => {
                let message = json!({"role": take("role"), "content": take("content")});
                self.add(place, message);
            }
            "function_call" => {
                let function = json!({"name": take("name"), "arguments": take("arguments")});
                let call = json!({"id": take("call_id"), "type": "function", "function": function});
                self.call(place, call);
            }
            "function_call_output" => {
                let (id, output) = (take("call_id"), take("output"));
                self.add(place, json!({"role": "tool", "tool_call_id": id, "content": output}));
            }
            "item_reference" => {
                let id = take("id").as_str().unwrap_or_default().to_owned();
                self.references.push((self.messages.len(), id));
                self.add(place, json!({"role": "assistant", "content": ""}));
            }
            // Thoughts are not part of the conversation.
            "reasoning" => {}
            _ => {
                let message =
                    "Input should be a message, a function_call, a function_call_output or an item_reference";
                issues.add("literal_error", &format!("{place}.type"), message);
            }
        }
    }

    /// Adds a tool call to the message of the assistant before it, or as a new message.
    fn call(&mut self, place: &str, call: Value) {
        if let Some(Value::Object(last)) = self.messages.last_mut()
            && last.get("role").is_some_and(|role| role == "assistant")
        {
            let calls = last.entry("tool_calls").or_insert_with(|| json!([]));
            if let Some(calls) = calls.as_array_mut() {
                calls.push(call);
            }
            return;
        }
        self.add(place, json!({"role": "assistant", "content": null, "tool_calls": [call]}));
    }

    /// Fills in the text of a message that was referred to.
    ///
    /// # Errors
    /// 422 for an unknown message.
    pub(super) fn fill(&mut self, message: usize, id: &str, text: Option<String>) -> Result<(), ApiError> {
        // Reasoning items have no text.
        if text.is_none() && !id.starts_with("rs_") {
            let mut issues = Issues::body();
            let place = self.places.0.get(message).cloned().unwrap_or_default();
            issues.add("value_error", &place, "There is no such message: send the message itself");
            issues.finish()?;
        }
        if let Some(Value::Object(message)) = self.messages.get_mut(message) {
            message.insert("content".to_owned(), text.unwrap_or_default().into());
        }
        Ok(())
    }

    /// Returns the request for a chat completion, the members to repeat, and the places of the messages.
    pub(super) fn into_parts(self) -> (Result<ChatRequest, ApiError>, Echo, Places) {
        let mut chat = self.chat;
        chat.insert("messages".to_owned(), self.messages.into());
        let request = serde_json::from_value(Value::Object(chat)).map_err(|error| {
            let mut issues = Issues::body();
            issues.add("type_error", "input", error.to_string());
            issues.finish().err().unwrap_or_else(|| Code::Unprocessable.into())
        });
        (request, self.echo, self.places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(body: Value) -> Result<Value, ApiError> {
        let Value::Object(body) = body else { panic!("{body}") };
        let request = read(body)?;
        let mut chat = request.chat;
        chat.insert("messages".into(), request.messages.into());
        Ok(chat.into())
    }

    #[test]
    fn requests_become_chat_completions() {
        let call =
            json!({"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "now", "arguments": "{}"});
        let body = json!({
            "model": "m", "instructions": "Be brief.", "max_output_tokens": 50, "temperature": 0.5,
            "user": "u",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
                {
                    "type": "message",
                    "role": "assistant",
                    "id": "msg_1",
                    "content": [{"type": "output_text", "text": "b"}],
                },
                call, {"type": "reasoning", "summary": []},
                {"type": "function_call_output", "call_id": "c1", "output": "12:00"},
            ],
            "text": {
                "format": {"type": "json_schema", "name": "n", "strict": true, "schema": {"type": "object"}},
                "verbosity": "low",
            },
            "reasoning": {"effort": "low"}, "tool_choice": {"type": "function", "name": "now"},
            "store": false, "previous_response_id": null,
            "tools": [
                {"type": "function", "name": "now", "parameters": {"type": "object"}, "strict": true},
                {"type": "web_search_preview"},
            ],
        });
        assert_eq!(
            translated(body).unwrap(),
            json!({
                "model": "m", "max_completion_tokens": 50, "temperature": 0.5, "verbosity": "low",
                "reasoning_effort": "low",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
                    {"role": "assistant", "content": [{"type": "output_text", "text": "b"}],
                        "tool_calls": [{
                            "id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"},
                        }]},
                    {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
                ],
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "strict": true, "schema": {"type": "object"}},
                },
                "tool_choice": {"type": "function", "function": {"name": "now"}}, "web_search_options": {},
                "tools": [{
                    "type": "function",
                    "function": {"name": "now", "parameters": {"type": "object"}, "strict": true},
                }],
            })
        );
        assert_eq!(
            translated(json!({"input": "hi"})).unwrap(),
            json!({"messages": [{"role": "user", "content": "hi"}]})
        );
    }

    #[test]
    fn members_that_cannot_be_honored_are_refused_by_name() {
        for (name, value) in [
            ("previous_response_id", json!("resp_1")),
            ("conversation", json!("conv_1")),
            ("prompt", json!({"id": "p"})),
            ("store", json!(true)),
            ("background", json!(true)),
            ("tools", json!({})),
            ("instructions", json!(5)),
            ("input", json!(5)),
            ("input", json!(vec![json!({"role": "user"}); MAX_ITEMS + 1])),
        ] {
            let mut body = json!({"input": "hi"});
            body[name] = value;
            let error = translated(body).unwrap_err().openai(web::Language::En);
            assert_eq!(error["error"]["param"], name, "{error}");
        }
        for (item, param) in [
            (json!("text"), "input.0"),
            (json!({"type": "computer_call"}), "input.0.type"),
            (json!({"type": "message"}), "input.0.type"),
        ] {
            let error = translated(json!({"input": [item]})).unwrap_err().openai(web::Language::En);
            assert_eq!(error["error"]["param"], param, "{error}");
        }
    }

    #[test]
    fn errors_name_the_fields_of_the_request() {
        let places = Places(vec!["instructions".into(), "input.0".into(), "input.3".into()]);
        for (field, expected) in [
            ("messages.0.content", "instructions.content"),
            ("messages.2.content.1", "input.3.content.1"),
            ("messages", "input"),
            ("max_completion_tokens", "max_output_tokens"),
            ("response_format", "text.format"),
            ("reasoning_effort", "reasoning.effort"),
            ("tools.1", "tools.1"),
        ] {
            let mut issues = Issues::body();
            issues.add("value_error", field, "no");
            let error = places.restore(issues.finish().unwrap_err()).openai(web::Language::En);
            assert_eq!(error["error"]["param"], expected);
        }
    }
}
