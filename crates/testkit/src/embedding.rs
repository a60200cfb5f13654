//! A mock of an embedding endpoint with OpenAI's protocol, on a real socket. Tests can inject faults.

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

use crate::{Engine, Fixture, TestServer};

/// Groups of synonyms.
const MEANINGS: &[&[&str]] = &[
    &["cat", "kitten", "feline", "猫", "喵"],
    &["car", "automobile", "vehicle", "汽车"],
    &["doctor", "physician", "医生"],
    &["sea", "ocean", "海"],
];
/// Dimensions of a vector: one for each group of [`MEANINGS`], the rest for other words.
const DIMENSIONS: usize = 32;

/// A fault of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Another status line, such as `500 Internal Server Error`.
    Status(&'static str),
    /// No response until the client closes the connection.
    Stall,
    /// Vectors of different sizes.
    Dimensions,
    /// One vector too few.
    Count,
    /// More than a hundred megabytes.
    Huge,
    /// A body that is not JSON.
    Garbage,
}

/// A mock endpoint, which runs until it is dropped.
#[derive(Clone)]
pub struct Embeddings(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    faults: Mutex<VecDeque<Fault>>,
    always: Mutex<Option<Fault>>,
    /// A request with this word in a text gets a 400.
    refused: Mutex<Option<String>>,
    /// The word of relevant texts.
    relevant: Mutex<String>,
    asked: Mutex<Vec<(String, Value)>>,
    tasks: Tasks,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Embeddings {
    /// Starts an endpoint without faults.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let inner = Inner {
            address: listener.local_addr().expect("an address"),
            faults: Mutex::default(),
            always: Mutex::default(),
            refused: Mutex::default(),
            relevant: Mutex::default(),
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

    /// Returns the lines of TOML that configure a server to use the endpoint with a model name.
    pub fn lines(&self, model: &str) -> String {
        format!(
            "embedding.base_url = \"http://{}/v1\"\nembedding.name = {model:?}\n\
             embedding.api_key = \"planted-embedding-key\"\n",
            self.0.address
        )
    }

    /// Returns the lines of TOML that configure a server to use the endpoint for reranking.
    pub fn rerank_lines(&self) -> String {
        format!("rerank.base_url = \"http://{}/v1\"\nrerank.name = \"r\"\n", self.0.address)
    }

    /// Makes texts with this word relevant to every question when they are reranked.
    pub fn prefer(&self, word: &str) {
        word.clone_into(&mut self.0.relevant.lock().expect("no panic"));
    }

    /// Adds a fault to the queue. Each response takes one from it.
    pub fn next(&self, fault: Fault) {
        self.0.faults.lock().expect("no panic").push_back(fault);
    }

    /// Sets the fault of all responses that find the queue empty; `None` for no fault.
    pub fn always(&self, fault: Option<Fault>) {
        *self.0.always.lock().expect("no panic") = fault;
    }

    /// Responds with 400 to every request that has a text with this word.
    pub fn refuse(&self, word: &str) {
        *self.0.refused.lock().expect("no panic") = Some(word.to_owned());
    }

    /// Returns the model and the texts of each request so far.
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

    /// Returns the head of each request so far.
    pub fn heads(&self) -> Vec<String> {
        self.0.asked.lock().expect("no panic").iter().map(|(head, _)| head.clone()).collect()
    }
}

/// Returns the vector of a text, a bag of words with synonyms in one dimension. The model's name rotates the
/// dimensions, so vectors of different models do not match.
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
    // Clients must order the vectors by `index`.
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
    let relevant = inner.relevant.lock().expect("no panic").clone();
    let answer = match (fault, body.get("documents").and_then(Value::as_array)) {
        (Some(Fault::Garbage), _) => "<html>".to_owned(),
        (_, Some(documents)) => {
            let has_word = |text: &Value| text.as_str().is_some_and(|text| text.contains(&relevant));
            let score = |text| if has_word(text) { 1.0 } else { -1.0 };
            let scored = documents.iter().enumerate();
            let scored = scored.map(|(index, text)| json!({"index": index, "relevance_score": score(text)}));
            json!({"results": scored.collect::<Vec<_>>()}).to_string()
        }
        (_, None) => json!({"object": "list", "model": model, "data": data}).to_string(),
    };
    let huge = fault == Some(Fault::Huge);
    let length = if huge { 100 << 20 } else { answer.len() };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
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

impl Fixture for (TestServer, Embeddings) {
    async fn set_up(engine: Engine, settings: &str) -> Self {
        let endpoint = Embeddings::start().await;
        let lines = format!("{}\n{settings}", endpoint.lines("one"));
        (TestServer::configured(engine, &lines).await, endpoint)
    }
}
