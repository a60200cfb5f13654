//! Responses and their streams.

use axum::{body::Bytes, response::Response};
use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::Receiver;
use web::{ApiError, Code, envelope};

use super::model::Echo;
use crate::{
    events::{self, Ended, Event},
    provider::{Finish, ToolCall},
};

/// Writes a response, as a whole or event by event.
pub(super) struct Writer {
    id: String,
    message: String,
    model: String,
    created: i64,
    echo: Echo,
    /// The output items that are complete.
    output: Vec<Value>,
    /// The text of the message that is being written; `None` if it has not begun.
    text: Option<String>,
    sequence: u64,
}

fn function_call(id: &str, call: &ToolCall, status: &str, arguments: &str) -> Value {
    json!({
        "id": id, "type": "function_call", "status": status,
        "call_id": call.id, "name": call.name, "arguments": arguments,
    })
}

fn arguments(call: &ToolCall) -> &str {
    if call.arguments.trim().is_empty() { "{}" } else { &call.arguments }
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn usage(ended: &Ended) -> Value {
    let Ended { tokens_in, tokens_out, .. } = *ended;
    json!({
        "input_tokens": tokens_in, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": tokens_out, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens_in + tokens_out,
    })
}

impl Writer {
    pub(super) fn new(id: String, message: String, model: String, created: i64, echo: Echo) -> Self {
        Self { id, message, model, created, echo, output: Vec::new(), text: None, sequence: 0 }
    }

    /// Returns the response object.
    fn response(&self, status: &str, more: Value) -> Value {
        let mut response = self.echo.members();
        let own = json!({
            "id": self.id, "object": "response", "created_at": self.created, "status": status,
            "model": self.model,
            "output": self.output, "error": null, "incomplete_details": null, "usage": null,
        });
        for members in [own, more] {
            if let Value::Object(members) = members {
                response.extend(members);
            }
        }
        Value::Object(response)
    }

    /// Returns the response at its end.
    fn ended(&self, ended: &Ended) -> Value {
        let reason = match ended.finish {
            Finish::Stop => None,
            Finish::Length => Some("max_output_tokens"),
            Finish::Filtered => Some("content_filter"),
        };
        let details = reason.map(|reason| json!({"reason": reason}));
        let status = if reason.is_some() { "incomplete" } else { "completed" };
        self.response(status, json!({"incomplete_details": details, "usage": usage(ended)}))
    }

    fn event(&mut self, kind: &str, members: Value) -> String {
        let mut event = Map::new();
        event.insert("type".to_owned(), kind.into());
        event.insert("sequence_number".to_owned(), self.sequence.into());
        if let Value::Object(members) = members {
            event.extend(members);
        }
        self.sequence += 1;
        format!("event: {kind}\ndata: {}\n\n", Value::Object(event))
    }

    fn message(&self, status: &str, content: &[Value]) -> Value {
        json!({
            "id": self.message, "type": "message", "status": status, "role": "assistant", "content": content,
        })
    }

    fn piece(&mut self, piece: &str) -> String {
        let (item, at) = (self.message.clone(), self.output.len());
        let mut events = String::new();
        if self.text.is_none() {
            self.text = Some(String::new());
            let message = self.message("in_progress", &[]);
            events += &self.event("response.output_item.added", json!({"output_index": at, "item": message}));
            let added = json!({"item_id": item, "output_index": at, "content_index": 0, "part": part("")});
            events += &self.event("response.content_part.added", added);
        }
        if let Some(text) = &mut self.text {
            text.push_str(piece);
        }
        let delta =
            json!({"item_id": item, "output_index": at, "content_index": 0, "delta": piece, "logprobs": []});
        events + &self.event("response.output_text.delta", delta)
    }

    /// Ends the message, if one has begun.
    fn end_message(&mut self) -> String {
        let Some(text) = self.text.take() else { return String::new() };
        let (item, at) = (self.message.clone(), self.output.len());
        let done =
            json!({"item_id": item, "output_index": at, "content_index": 0, "text": text, "logprobs": []});
        let mut events = self.event("response.output_text.done", done);
        let done = json!({"item_id": item, "output_index": at, "content_index": 0, "part": part(&text)});
        events += &self.event("response.content_part.done", done);
        let message = self.message("completed", &[part(&text)]);
        self.output.push(message.clone());
        events + &self.event("response.output_item.done", json!({"output_index": at, "item": message}))
    }

    fn calls(&mut self, calls: &[ToolCall]) -> String {
        let mut events = self.end_message();
        for call in calls {
            let (id, at) = (format!("fc_{}", call.id), self.output.len());
            let arguments = arguments(call);
            let begun = function_call(&id, call, "in_progress", "");
            events += &self.event("response.output_item.added", json!({"output_index": at, "item": begun}));
            let delta = json!({"item_id": id, "output_index": at, "delta": arguments});
            events += &self.event("response.function_call_arguments.delta", delta);
            let done = json!({"item_id": id, "output_index": at, "name": call.name, "arguments": arguments});
            events += &self.event("response.function_call_arguments.done", done);
            let item = function_call(&id, call, "completed", arguments);
            self.output.push(item.clone());
            events += &self.event("response.output_item.done", json!({"output_index": at, "item": item}));
        }
        events
    }

    fn failed(&mut self, error: &ApiError) -> String {
        let error = error.openai(web::Language::En).get_mut("error").map(Value::take).unwrap_or_default();
        let part = |name: &str| error.get(name).cloned().unwrap_or_default();
        let short = json!({"code": "server_error", "message": part("message")});
        let response = self.response("failed", json!({"error": short}));
        let events = self.event("response.failed", json!({"response": response}));
        // Clients differ in where they look for the error.
        let (code, message, param) = (part("code"), part("message"), part("param"));
        events
            + &self.event("error", json!({"code": code, "message": message, "param": param, "error": error}))
    }

    fn done(&mut self, ended: &Ended) -> String {
        let mut events = String::new();
        if self.output.is_empty() && self.text.is_none() {
            events += &self.piece("");
        }
        events += &self.end_message();
        let response = self.ended(ended);
        let kind = if ended.finish == Finish::Stop { "response.completed" } else { "response.incomplete" };
        events + &self.event(kind, json!({"response": response}))
    }

    pub(super) fn stream(mut self, events: Receiver<Event>) -> Response {
        let response = self.response("in_progress", json!({}));
        let mut first = self.event("response.created", json!({"response": response}));
        first += &self.event("response.in_progress", json!({"response": response}));
        events::sse(Some(first.into()), events, move |event| {
            let bytes: Bytes = match event {
                Event::Searching
                | Event::Searched { .. }
                | Event::Calling(_)
                | Event::Called { .. }
                | Event::Thought(_) => Bytes::from_static(b": working\n\n"),
                Event::Piece(text) => self.piece(text).into(),
                Event::Asked(calls) => self.calls(calls).into(),
                Event::Failed(error, _) => self.failed(error).into(),
                Event::Done(ended) => self.done(ended).into(),
            };
            (bytes, None)
        })
    }

    pub(super) async fn whole(mut self, mut events: Receiver<Event>) -> Result<Response, ApiError> {
        while let Some(event) = events.recv().await {
            match event {
                Event::Searching
                | Event::Searched { .. }
                | Event::Calling(_)
                | Event::Called { .. }
                | Event::Thought(_) => {}
                Event::Piece(piece) => {
                    self.text.get_or_insert_default().push_str(&piece);
                }
                Event::Asked(calls) => {
                    self.calls(&calls);
                }
                Event::Failed(error, _) => return Err(error),
                Event::Done(ended) => {
                    if self.output.is_empty() {
                        self.text.get_or_insert_default();
                    }
                    self.end_message();
                    return Ok(envelope::json(StatusCode::OK, &self.ended(&ended)));
                }
            }
        }
        Err(ApiError::new(Code::ChatStreamFailed).because("an answer without an end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        Writer::new("resp_1".into(), "msg_1".into(), "m".into(), 5, Echo::of(&Map::new()))
    }

    fn kinds(events: &str) -> Vec<&str> {
        events.lines().filter_map(|line| line.strip_prefix("event: ")).collect()
    }

    const ENDED: Ended =
        Ended { message: memory::MessageId(1), finish: Finish::Stop, tokens_in: 3, tokens_out: 4 };

    #[test]
    fn a_text_is_a_message_event_by_event() {
        let mut writer = writer();
        let events = [writer.piece("a"), writer.piece("b"), writer.done(&ENDED)].concat();
        assert_eq!(
            kinds(&events),
            [
                "response.output_item.added",
                "response.content_part.added",
                "response.output_text.delta",
                "response.output_text.delta",
                "response.output_text.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.completed",
            ]
        );
        let data: Vec<Value> = events
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
            .collect();
        assert!(data.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
        let response = &data.last().unwrap()["response"];
        assert_eq!(response["output"][0]["content"][0]["text"], "ab");
        assert_eq!(
            (&response["status"], &response["usage"]["total_tokens"]),
            (&json!("completed"), &json!(7))
        );
    }

    #[test]
    fn calls_follow_the_text_and_an_empty_answer_is_a_message() {
        let call = ToolCall { id: "c1".into(), name: "now".into(), arguments: String::new() };
        let mut one = writer();
        let events = [one.piece("a"), one.calls(&[call]), one.done(&ENDED)].concat();
        assert_eq!(kinds(&events).len(), 3 + 3 + 4 + 1);
        assert_eq!(one.output[1]["arguments"], "{}");
        assert_eq!((&one.output[1]["id"], &one.output[1]["call_id"]), (&json!("fc_c1"), &json!("c1")));
        let mut empty = writer();
        empty.done(&Ended { finish: Finish::Length, ..ENDED });
        assert_eq!(empty.output[0]["content"][0]["text"], "");
        assert_eq!(empty.ended(&Ended { finish: Finish::Length, ..ENDED })["status"], "incomplete");
    }
}
