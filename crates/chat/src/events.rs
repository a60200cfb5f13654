//! The events of an answer, and their format in the Lab's event streams.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::stream;
use http::{HeaderName, HeaderValue, header};
use memory::MessageId;
use tokio::sync::mpsc;
use web::{ApiError, Language};

use crate::{
    provider::{Finish, ToolCall},
    reason::Reason,
};

/// The time after which a silent stream gets a keep-alive comment.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An event of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A web search begins.
    Searching,
    /// The web search ended. `note` says so if it failed.
    Searched { query: String, count: usize, note: Option<&'static str> },
    /// A tool call begins; the tool's name.
    Calling(String),
    /// The tool call ended. `query` has its arguments; `is_good` is true if it succeeded.
    Called { tool: String, query: String, is_good: bool },
    /// A piece of the text.
    Piece(String),
    /// A piece of the model's thoughts, for clients that keep them apart from the text.
    Thought(String),
    /// The model asks for calls of the client's own tools.
    Asked(Vec<ToolCall>),
    /// The answer failed; the error for clients, and the reason for the person.
    Failed(ApiError, Reason),
    /// The answer is complete.
    Done(Ended),
}

/// Data of a complete answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) message: MessageId,
    pub(crate) finish: Finish,
    pub(crate) tokens_in: i64,
    pub(crate) tokens_out: i64,
}

/// Formats a text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The first event of a stream that began a session.
fn session(id: &str) -> Bytes {
    format!("event: session\ndata: {{\"sessionId\": {}}}\n\n", quoted(id)).into()
}

/// Formats an event of the Lab's streams.
fn write(event: &Event, language: Language) -> Bytes {
    match event {
        Event::Searching => Bytes::from_static(
            b"event: tool_call\ndata: {\"toolName\": \"web_search\", \"status\": \"searching\"}\n\n",
        ),
        Event::Searched { query, count, note } => {
            let note = note.map(|note| format!(", \"message\": {}", quoted(note))).unwrap_or_default();
            let query = quoted(query);
            format!(
                "event: tool_result\ndata: {{\"toolName\": \"web_search\", \"query\": {query}, \
                 \"resultCount\": {count}{note}}}\n\n"
            )
            .into()
        }
        Event::Calling(tool) => {
            format!("event: tool_call\ndata: {{\"toolName\": {}, \"status\": \"calling\"}}\n\n", quoted(tool))
                .into()
        }
        Event::Called { tool, query, is_good } => {
            let (tool, query, count) = (quoted(tool), quoted(query), i32::from(*is_good));
            format!(
                "event: tool_result\ndata: {{\"toolName\": {tool}, \"query\": {query}, \"resultCount\": \
                 {count}}}\n\n"
            )
            .into()
        }
        Event::Piece(text) => {
            format!("data: {{\"choices\": [{{\"delta\": {{\"content\": {}}}}}]}}\n\n", quoted(text)).into()
        }
        Event::Failed(error, _) => {
            let (code, message) = (error.code().status().as_u16(), quoted(&error.message(language)));
            let sub_code = quoted(error.code().sub_code());
            format!(
                "event: error\ndata: {{\"code\": {code}, \"message\": {message}, \"subCode\": \
                {sub_code}}}\n\n"
            )
            .into()
        }
        // The Lab's streams have no event for thoughts, and its clients have no tools.
        Event::Thought(_) | Event::Asked(_) | Event::Done(_) => Bytes::new(),
    }
}

/// Returns the Lab's event stream of an answer. `new_session` is the id of a session that the answer began.
pub(crate) fn lab_stream(
    new_session: Option<&str>,
    events: mpsc::Receiver<Event>,
    language: Language,
) -> Response {
    sse(new_session.map(session), events, move |event| match event {
        Event::Done(_) => (Bytes::from_static(b"data: [DONE]\n\n"), None),
        Event::Failed(..) => (write(event, language), Some(Bytes::from_static(b"data: [DONE]\n\n"))),
        _ => (write(event, language), None),
    })
}

/// Streams events as server-sent events. `write` formats each, and may add a chunk that is sent after it.
/// Comments keep a silent stream alive.
pub(crate) fn sse(
    first: Option<Bytes>,
    events: mpsc::Receiver<Event>,
    write: impl FnMut(&Event) -> (Bytes, Option<Bytes>) + Send + 'static,
) -> Response {
    let state = (first, events, write);
    let body = stream::unfold(state, |(waiting, mut events, mut write)| async move {
        if let Some(bytes) = waiting {
            return Some((Ok::<_, Infallible>(bytes), (None, events, write)));
        }
        let (bytes, next) = match tokio::time::timeout(KEEP_ALIVE, events.recv()).await {
            Err(_silent) => (Bytes::from_static(b": ping\n\n"), None),
            Ok(None) => return None,
            Ok(Some(event)) => write(&event),
        };
        Some((Ok(bytes), (next, events, write)))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::Code;

    fn text(event: &Event) -> String {
        String::from_utf8(write(event, Language::Zh).to_vec()).unwrap()
    }

    #[test]
    fn events_are_the_contracts_to_the_byte() {
        assert_eq!(
            session("labs_sess_a1b2c3d4e5f6"),
            "event: session\ndata: {\"sessionId\": \"labs_sess_a1b2c3d4e5f6\"}\n\n"
        );
        assert_eq!(
            text(&Event::Searching),
            "event: tool_call\ndata: {\"toolName\": \"web_search\", \"status\": \"searching\"}\n\n"
        );
        assert_eq!(
            text(&Event::Searched { query: "科技新闻".into(), count: 5, note: None }),
            "event: tool_result\ndata: {\"toolName\": \"web_search\", \"query\": \"科技新闻\", \"resultCount\": \
             5}\n\n"
        );
        assert_eq!(
            text(&Event::Piece("你好".into())),
            "data: {\"choices\": [{\"delta\": {\"content\": \"你好\"}}]}\n\n"
        );
        assert_eq!(
            text(&Event::Piece("{\"is_liked\":\n".into())),
            "data: {\"choices\": [{\"delta\": {\"content\": \"{\\\"is_liked\\\":\\n\"}}]}\n\n"
        );
        assert_eq!(
            text(&Event::Failed(Code::ChatStreamFailed.into(), Reason::Other)),
            "event: error\ndata: {\"code\": 500, \"message\": \"服务内部错误\", \"subCode\": \
             \"secondme.stream.error\"}\n\n"
        );
    }
}
