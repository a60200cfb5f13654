//! An embedding endpoint on a real socket that speaks OpenAI's protocol, and misbehaves on request.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use web::Tasks;

/// Words that mean the same.
const MEANINGS: &[&[&str]] = &[
    &["cat", "kitten", "feline", "猫", "喵"],
    &["car", "automobile", "vehicle", "汽车"],
    &["doctor", "physician", "医生"],
    &["sea", "ocean", "海"],
];
/// Numbers of a vector: one of each meaning, the others of words without one.
const DIMENSIONS: usize = 32;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A status as `500 Internal Server Error`.
    Status(&'static str),
    /// No answer until the other side hangs up.
    Stall,
    /// Vectors of different sizes.
    Dimensions,
    /// One vector too few.
    Count,
    /// More than a hundred megabytes.
    Huge,
    /// No JSON.
    Garbage,
}

/// An endpoint that lives as long as the test.
#[derive(Clone)]
pub struct Embeddings(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    faults: Mutex<VecDeque<Fault>>,
    always: Mutex<Option<Fault>>,
    /// A text with this word is answered with 400.
    refused: Mutex<Option<String>>,
    asked: Mutex<Vec<(String, Value)>>,
    tasks: Tasks,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Embeddings {
    /// Starts an endpoint that does as it should.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let inner = Inner {
            address: listener.local_addr().expect("an address"),
            faults: Mutex::default(),
            always: Mutex::default(),
            refused: Mutex::default(),
            asked: Mutex::default(),
            tasks: Tasks::default(),
        };
        let (endpoint, tasks) = (Self(Arc::new(inner)), Tasks::default());
        let weak = Arc::downgrade(&endpoint.0);
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Some(inner) = weak.upgrade() else { return };
                inner.tasks.clone().spawn(async move { serve(&inner, stream).await });
            }
        });
        endpoint
    }

    /// Lines of TOML that make a server use it, under the name of a model.
    pub fn lines(&self, model: &str) -> String {
        format!(
            "embedding.base_url = \"http://{}/v1\"\nembedding.name = {model:?}\nembedding.api_key = \"planted-embedding-key\"\n",
            self.0.address
        )
    }

    /// What to do wrong in the next answer that has no fault yet.
    pub fn next(&self, fault: Fault) {
        self.0.faults.lock().expect("no panic").push_back(fault);
    }

    /// What to do wrong from now on; `None` for nothing.
    pub fn always(&self, fault: Option<Fault>) {
        *self.0.always.lock().expect("no panic") = fault;
    }

    /// Refuses every call that has a text with a word.
    pub fn refuse(&self, word: &str) {
        *self.0.refused.lock().expect("no panic") = Some(word.to_owned());
    }

    /// Model and texts of the calls so far.
    pub fn asked(&self) -> Vec<(String, Vec<String>)> {
        let asked = self.0.asked.lock().expect("no panic");
        let texts = |body: &Value| {
            let texts = body.get("input").and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        asked
            .iter()
            .map(|(_, body)| {
                (body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(), texts(body))
            })
            .collect()
    }

    /// The heads of the calls so far.
    pub fn heads(&self) -> Vec<String> {
        self.0.asked.lock().expect("no panic").iter().map(|(head, _)| head.clone()).collect()
    }
}

/// What a model makes of a text: a bag of meanings. Every model has them in another place.
fn vector(model: &str, text: &str) -> Vec<f32> {
    let hash = |text: &str| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        usize::try_from(hasher.finish() % 1_000_003).unwrap_or(0)
    };
    let mut vector = vec![0.0; DIMENSIONS];
    let mut add = |place: usize, weight: f32| {
        if let Some(number) = vector.get_mut((place + hash(model)) % DIMENSIONS) {
            *number += weight;
        }
    };
    for (place, words) in MEANINGS.iter().enumerate() {
        if words.iter().any(|word| text.contains(word)) {
            add(place, 10.0);
        }
    }
    for word in text.split_whitespace() {
        add(MEANINGS.len() + hash(word) % (DIMENSIONS - MEANINGS.len()), 1.0);
    }
    vector
}

async fn serve(inner: &Inner, mut stream: TcpStream) {
    let Some((head, body)) = crate::model::read(&mut stream).await else { return };
    inner.asked.lock().expect("no panic").push((head, body.clone()));
    let queued = inner.faults.lock().expect("no panic").pop_front();
    let fault = queued.or(*inner.always.lock().expect("no panic"));
    let texts: Vec<&str> =
        body.get("input").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let refused = inner.refused.lock().expect("no panic").clone();
    let refuses = refused.is_some_and(|word| texts.iter().any(|text| text.contains(&word)));
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let mut data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(model, text)}))
        .collect();
    // The order is told by the index alone.
    data.reverse();
    let mut status = "200 OK";
    match fault {
        Some(Fault::Status(line)) => status = line,
        Some(Fault::Stall) => {
            let mut rest = [0; 64];
            while matches!(stream.read(&mut rest).await, Ok(1..)) {}
            return;
        }
        Some(Fault::Dimensions) => {
            if let Some(last) = data.last_mut() {
                last["embedding"] = json!([1.0]);
            }
        }
        Some(Fault::Count) => {
            data.pop();
        }
        Some(Fault::Huge | Fault::Garbage) | None if refuses => status = "400 Bad Request",
        Some(Fault::Huge | Fault::Garbage) | None => {}
    }
    let answer = match fault {
        Some(Fault::Garbage) => "<html>".to_owned(),
        _ => json!({"object": "list", "model": model, "data": data}).to_string(),
    };
    let huge = fault == Some(Fault::Huge);
    let length = if huge { 100 << 20 } else { answer.len() };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _gone = stream.write_all(head.as_bytes()).await;
    let _gone = stream.write_all(answer.as_bytes()).await;
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..if huge { 100 } else { 0 } {
        if stream.write_all(&spaces).await.is_err() {
            return;
        }
    }
    let _closed = stream.shutdown().await;
}
