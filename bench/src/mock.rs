//! A mock of a model provider for the lines about chat: a minimal server with OpenAI's protocol and canned
//! responses.

use std::{
    convert::Infallible,
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::Response,
    routing::{get, post},
    serve::ListenerExt,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::lines::READY;

/// The model that sends one chunk and then nothing more until the client disconnects.
pub(crate) const STALL: &str = "stall";
/// The prefix of models that wait before they respond.
const THINKS: &str = "thinks-";
/// The time they wait: less than any real model, and longer than a commit.
const THOUGHT: Duration = Duration::from_millis(20);

/// Times at which clients of [`STALL`] disconnected, in microseconds since 1970.
type Left = Arc<Mutex<Vec<i64>>>;

/// Returns the current time in microseconds since 1970, which two processes can compare.
pub(crate) fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "two processes compare their times")]
    let now = jiff::Timestamp::now();
    now.as_microsecond()
}

/// Returns the name of the model that responds with this number of chunks.
pub(crate) fn pieces(count: usize) -> String {
    format!("pieces-{count}")
}

/// Returns the name of the model that does the same after a wait.
pub(crate) fn thoughtful(count: usize) -> String {
    format!("{THINKS}{}", pieces(count))
}

struct Guard(Left);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Ok(mut left) = self.0.lock() {
            left.push(now());
        }
    }
}

/// Serves until the process is killed.
pub(crate) fn serve() -> Result<()> {
    let left = Left::default();
    let app = Router::new()
        .route("/v1/chat/completions", post(answer))
        .route(
            "/left",
            get(async |State(left): State<Left>| {
                Json(left.lock().map(|left| left.clone()).unwrap_or_default())
            }),
        )
        .route(READY, get(async || "ready"))
        .with_state(left);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stderr(), "mock listens on http://{}", listener.local_addr()?)?;
        let listener = listener.tap_io(|stream| {
            let _refused = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await?;
        Ok(())
    })
}

async fn answer(State(left): State<Left>, Json(request): Json<Value>) -> Response {
    let model = request.get("model").and_then(Value::as_str).unwrap_or_default();
    let answering = model.strip_prefix(THINKS);
    if answering.is_some() {
        // Not a timer of the runtime, which is only accurate to a millisecond.
        let _done = tokio::task::spawn_blocking(|| std::thread::sleep(THOUGHT)).await;
    }
    let model = answering.unwrap_or(model);
    let piece = json!({"choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": null}]});
    let piece = Bytes::from(format!("data: {piece}\n\n"));
    let body = if model == STALL {
        let guard = Guard(left);
        let silence = stream::pending().map(move |bytes: Bytes| {
            let _held = &guard;
            bytes
        });
        Body::from_stream(stream::iter([piece]).chain(silence).map(Ok::<_, Infallible>))
    } else {
        let count = model.strip_prefix("pieces-").and_then(|count| count.parse().ok()).unwrap_or(1);
        let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let end = Bytes::from(format!("data: {finish}\n\ndata: [DONE]\n\n"));
        let pieces = std::iter::repeat_n(piece, count).chain([end]);
        Body::from_stream(stream::iter(pieces).map(Ok::<_, Infallible>))
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}
