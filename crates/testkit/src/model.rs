//! A mock of a model provider with OpenAI's protocol, on a real socket. Tests can script its responses and
//! faults.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
};
use web::Tasks;

use crate::{Engine, Fixture, TestServer};

/// A step of the response to one request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends bytes in one write.
    Send(Vec<u8>),
    /// Waits for [`Model::release`].
    Wait,
    /// Sends nothing until the client closes the connection.
    Stall,
    /// Shuts down the sending side of the connection.
    HalfClose,
    /// Resets the connection.
    Reset,
}

/// Chooses a script for the body of a request; `None` for the usual one.
pub type Rule = fn(&Value) -> Option<Vec<Step>>;

/// A mock provider, which runs until it is dropped.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    scripts: Mutex<VecDeque<Vec<Step>>>,
    rule: Mutex<Option<Rule>>,
    asked: Mutex<Vec<(String, Value)>>,
    question: Notify,
    hung_up: Notify,
    release: Semaphore,
    tasks: Tasks,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// The head of a successful response.
pub const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// Returns the event with a piece of the text.
pub fn piece(text: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
    )
}

/// Returns the events after the last piece: finish reason, usage and `[DONE]`.
pub fn ending(reason: &str) -> String {
    let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}});
    format!("data: {finish}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
}

/// Returns the steps of a complete response, each piece in its own write.
pub fn saying(pieces: &[&str]) -> Vec<Step> {
    let mut steps = vec![Step::Send(STREAM.into())];
    steps.extend(pieces.iter().map(|text| Step::Send(piece(text).into_bytes())));
    steps.push(Step::Send(ending("stop").into_bytes()));
    steps
}

/// Returns steps that send these bytes, each slice in its own write.
pub fn raw(bytes: &[&[u8]]) -> Vec<Step> {
    bytes.iter().map(|bytes| Step::Send(bytes.to_vec())).collect()
}

/// Returns an error response with this status line. Each of the additional headers ends in CRLF.
pub fn status(line: &str, headers: &str) -> Vec<Step> {
    let body = "{\"error\":{\"message\":\"no\"}}";
    let head = format!(
        "HTTP/1.1 {line}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    raw(&[head.as_bytes(), body.as_bytes()])
}

/// Returns an error response with this status line and body.
pub fn refusing(line: &str, body: &Value) -> Vec<Step> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {line}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    raw(&[head.as_bytes(), body.as_bytes()])
}

/// Returns a stream of these events, each in its own write, with `[DONE]` at the end.
pub fn events(events: &[Value]) -> Vec<Step> {
    let mut steps = vec![Step::Send(STREAM.into())];
    steps.extend(events.iter().map(|event| Step::Send(format!("data: {event}\n\n").into_bytes())));
    steps.push(Step::Send(b"data: [DONE]\n\n".to_vec()));
    steps
}

impl Model {
    /// Starts a provider. Requests without a script get a greeting.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let inner = Inner {
            address: listener.local_addr().expect("an address"),
            scripts: Mutex::default(),
            rule: Mutex::default(),
            asked: Mutex::default(),
            question: Notify::new(),
            hung_up: Notify::new(),
            release: Semaphore::new(0),
            tasks: Tasks::default(),
        };
        let (model, tasks) = (Self(Arc::new(inner)), Tasks::default());
        let weak = Arc::downgrade(&model.0);
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(inner) = weak.upgrade() else { return };
                let _nodelay = stream.set_nodelay(true);
                inner.tasks.clone().spawn(async move { serve(&inner, stream).await });
            }
        });
        model
    }

    /// Returns the URL for `model.base_url`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.0.address)
    }

    /// Adds a script to the queue. Each request takes one from it.
    pub fn next(&self, script: Vec<Step>) {
        self.0.scripts.lock().expect("no panic").push_back(script);
    }

    /// Sets a rule that chooses the script of requests that find the queue empty, by the body.
    pub fn by_rule(&self, rule: Rule) {
        *self.0.rule.lock().expect("no panic") = Some(rule);
    }

    /// Empties the queue of scripts.
    pub fn forget(&self) {
        self.0.scripts.lock().expect("no panic").clear();
    }

    /// Returns the body of each request so far.
    pub fn asked(&self) -> Vec<Value> {
        self.0.asked.lock().expect("no panic").iter().map(|(_, body)| body.clone()).collect()
    }

    /// Returns the head of each request so far.
    pub fn heads(&self) -> Vec<String> {
        self.0.asked.lock().expect("no panic").iter().map(|(head, _)| head.clone()).collect()
    }

    /// Waits until this many requests have come.
    pub async fn has_been_asked(&self, count: usize) {
        while self.0.asked.lock().expect("no panic").len() < count {
            self.0.question.notified().await;
        }
    }

    /// Waits until the client has closed a connection, during a [`Step::Stall`] or a [`Step::Send`].
    pub async fn hung_up(&self) {
        self.0.hung_up.notified().await;
    }

    /// Lets one [`Step::Wait`] end.
    pub fn release(&self) {
        self.0.release.add_permits(1);
    }
}

async fn serve(inner: &Inner, mut stream: TcpStream) {
    let Some((head, body)) = read(&mut stream).await else { return };
    inner.asked.lock().expect("no panic").push((head, body.clone()));
    inner.question.notify_one();
    let rule = *inner.rule.lock().expect("no panic");
    let script = inner.scripts.lock().expect("no panic").pop_front();
    let script = script.or_else(|| rule.and_then(|rule| rule(&body)));
    for step in script.unwrap_or_else(|| saying(&["你好", "！我是你的 AI 分身"])) {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    inner.hung_up.notify_one();
                    return;
                }
            }
            Step::Wait => inner.release.acquire().await.expect("it is never closed").forget(),
            Step::Stall => {
                let mut rest = [0; 64];
                while matches!(stream.read(&mut rest).await, Ok(1..)) {}
                inner.hung_up.notify_one();
                return;
            }
            Step::HalfClose => {
                let _closed = stream.shutdown().await;
            }
            Step::Reset => {
                let _set = stream.set_zero_linger();
                return;
            }
        }
    }
    let _closed = stream.shutdown().await;
}

/// Reads a request, and returns its head and its body.
pub(crate) async fn read(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 8192];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(buffer.get(..count)?);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let body = bytes.get(end + 4..)?;
        if body.len() >= length.unwrap_or_default() {
            return Some((head, serde_json::from_slice(body).unwrap_or_default()));
        }
    }
}

impl Fixture for (TestServer, Model) {
    async fn set_up(engine: Engine, settings: &str) -> Self {
        let model = Model::start().await;
        let url = model.url();
        let lines = format!(
            "{settings}\nmodel.base_url = {url:?}\nmodel.name = \"fake\"\n\
             model.api_key = \"planted-provider-key\"\n"
        );
        (TestServer::configured(engine, &lines).await, model)
    }
}
