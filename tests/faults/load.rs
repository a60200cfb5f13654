//! Mixed load: workers that write everything a server stores, and note what was acknowledged.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    ledger::{Kind, Ledger},
    world::pause,
};

const LAB: &str = "/gate/lab/api";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
/// A file is larger than a block of any file system.
const FILE_BYTES: usize = 20_000;
/// The pause of a worker after a request of which nothing is known.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// The connection broke, or the server failed: nothing is known.
#[derive(Debug)]
pub struct Gone;

/// The state that all workers share.
pub struct Load {
    /// Base URLs; workers take them in turn.
    servers: Vec<String>,
    keys: Vec<String>,
    /// A session that may make keys.
    cookie: String,
    ledger: Ledger,
    posts: Mutex<Vec<String>>,
    next: AtomicUsize,
    stop: AtomicBool,
    prefix: String,
}

impl Load {
    /// Load on servers by people with keys; `prefix` tells its marks from those of others.
    pub fn new(
        servers: &[String],
        keys: &[String],
        cookie: &str,
        ledger: &Ledger,
        prefix: &str,
    ) -> Arc<Self> {
        Arc::new(Self {
            servers: servers.to_vec(),
            keys: keys.to_vec(),
            cookie: cookie.to_owned(),
            ledger: ledger.clone(),
            posts: Mutex::default(),
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            prefix: prefix.to_owned(),
        })
    }

    /// Runs workers until `end` resolves and each has finished its request.
    pub async fn run(self: &Arc<Self>, workers: usize, end: impl Future<Output = ()>) {
        let mut all = tokio::task::JoinSet::new();
        for number in 0..workers {
            let load = Arc::clone(self);
            all.spawn(async move { Worker::new(load, number).work().await });
        }
        end.await;
        self.stop.store(true, Ordering::Release);
        all.join_all().await;
    }

    fn mark(&self) -> String {
        format!("mark-{}x{}z", self.prefix, self.next.fetch_add(1, Ordering::AcqRel))
    }
}

/// One client with one connection.
struct Worker {
    load: Arc<Load>,
    http: reqwest::Client,
    server: String,
    key: String,
    number: usize,
}

impl Worker {
    fn new(load: Arc<Load>, number: usize) -> Self {
        let server = load.servers[number % load.servers.len()].clone();
        let key = load.keys[number % load.keys.len()].clone();
        Self { load, http: testkit::http(), server, key, number }
    }

    async fn work(&self) {
        for round in self.number.. {
            if self.load.stop.load(Ordering::Acquire) {
                return;
            }
            let done = match round % 9 {
                0 => self.memory().await,
                1 => self.batch().await,
                2 => self.note().await,
                3 => self.agent_event().await,
                4 => self.message().await,
                5 => self.post().await,
                6 => self.comment_and_like().await,
                7 => self.key().await,
                _ => self.file().await,
            };
            if done.is_err() {
                pause(RETRY_AFTER).await;
            }
        }
    }

    fn ledger(&self) -> &Ledger {
        &self.load.ledger
    }

    /// Sends a request. `Err` if nothing is known of its effect; `Ok(None)` if it was refused.
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Option<String>, Gone> {
        let answer = async {
            let answer = request.send().await?;
            if matches!(answer.status().as_u16(), 429 | 503) && !answer.headers().contains_key("retry-after")
            {
                self.ledger().other("without retry-after");
            }
            Ok::<_, reqwest::Error>((answer.status().as_u16(), answer.text().await?))
        };
        match answer.await {
            Ok((200, body)) => Ok(Some(body)),
            Ok((status, _)) => {
                self.ledger().other(status);
                if status >= 500 { Err(Gone) } else { Ok(None) }
            }
            Err(_broken) => {
                self.ledger().other("gone");
                Err(Gone)
            }
        }
    }

    async fn post_json(&self, path: &str, body: &Value) -> Result<Option<Value>, Gone> {
        let request = self.http.post(format!("{}{LAB}{path}", self.server)).bearer_auth(&self.key).json(body);
        let body = self.send(request).await?;
        Ok(body.map(|body| serde_json::from_str::<Value>(&body).unwrap()["data"].take()))
    }

    /// Writes something that is acknowledged with 200; `mark` is a whole text in it.
    async fn write(&self, kind: Kind, mark: &str, path: &str, body: Value) -> Result<Option<Value>, Gone> {
        match self.post_json(path, &body).await {
            Ok(Some(data)) => {
                self.ledger().stored(kind, mark);
                Ok(Some(data))
            }
            Ok(None) => Ok(None),
            Err(gone) => {
                self.ledger().open(kind, mark);
                Err(gone)
            }
        }
    }

    async fn memory(&self) -> Result<(), Gone> {
        let text = format!("{} 喜欢咖啡", self.load.mark());
        let fact = json!({"content": text, "factActor": "我", "factObject": "饮料"});
        self.write(Kind::Memory, &text, "/secondme/memory/key", fact).await.map(|_| ())
    }

    async fn batch(&self) -> Result<(), Gone> {
        let texts: Vec<String> = (0..5).map(|_| format!("{} 喜欢书", self.load.mark())).collect();
        let fact = |text: &String| json!({"content": text, "factActor": "我", "factObject": "书"});
        let items: Vec<Value> = texts.iter().map(fact).collect();
        match self.post_json("/secondme/memory/key/batch", &json!({"items": items})).await {
            Ok(Some(_)) => texts.iter().for_each(|text| self.ledger().stored(Kind::Memory, text)),
            Ok(None) => {}
            Err(gone) => {
                texts.iter().for_each(|text| self.ledger().open(Kind::Memory, text));
                return Err(gone);
            }
        }
        Ok(())
    }

    async fn note(&self) -> Result<(), Gone> {
        let mark = self.load.mark();
        let note = json!({"content": format!("{mark} 今天读了一本书"), "title": mark});
        let Some(data) = self.write(Kind::Note, &mark, "/secondme/note/add", note).await? else {
            return Ok(());
        };
        // Every other one is deleted again.
        if mark.bytes().rev().nth(1).is_some_and(|digit| digit.is_multiple_of(2)) {
            return Ok(());
        }
        self.ledger().open(Kind::Note, &mark);
        let path = format!("/secondme/note/{}/delete", data["noteId"]);
        if self.post_json(&path, &json!({})).await?.is_some() {
            self.ledger().removed(Kind::Note, &mark);
        }
        Ok(())
    }

    async fn agent_event(&self) -> Result<(), Gone> {
        let mark = self.load.mark();
        let event = json!({"channel": {"kind": "posts"}, "action": "post_created", "idempotencyKey": mark,
            "refs": [{"objectType": "thread", "objectId": mark}]});
        self.write(Kind::AgentEvent, &mark, "/secondme/agent_memory/ingest", event).await.map(|_| ())
    }

    /// A message is acknowledged with the first byte of the response, and the answer with `[DONE]`.
    async fn message(&self) -> Result<(), Gone> {
        let mark = format!("{} 你好", self.load.mark());
        let body = json!({"message": mark});
        let request = self.http.post(format!("{}{LAB}/secondme/chat/stream", self.server));
        match self.send(request.bearer_auth(&self.key).json(&body)).await {
            Ok(Some(stream)) if stream.ends_with("data: [DONE]\n\n") => {
                self.ledger().stored(Kind::Message, &mark);
                Ok(())
            }
            Ok(Some(_cut)) => {
                self.ledger().other("cut");
                self.ledger().open(Kind::Message, &mark);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(gone) => {
                self.ledger().open(Kind::Message, &mark);
                Err(gone)
            }
        }
    }

    async fn post(&self) -> Result<(), Gone> {
        let mark = format!("{} 大家好", self.load.mark());
        let post = json!({"content": mark, "type": "public", "contentType": "discussion"});
        if let Some(data) = self.write(Kind::Post, &mark, "/secondme/plaza/posts/create", post).await? {
            let mut posts = self.load.posts.lock().unwrap();
            posts.push(data["postId"].as_str().unwrap().to_owned());
            let old = posts.len().saturating_sub(20);
            posts.drain(..old);
        }
        Ok(())
    }

    async fn comment_and_like(&self) -> Result<(), Gone> {
        let mark = self.load.mark();
        let recent = {
            let posts = self.load.posts.lock().unwrap();
            posts.get(self.load.next.load(Ordering::Acquire) % posts.len().max(1)).cloned()
        };
        let Some(post) = recent else { return Ok(()) };
        let comment = json!({"postId": post, "content": mark, "source": "user"});
        self.write(Kind::Comment, &mark, "/secondme/plaza/posts/comment", comment).await?;
        // Counters are compared by `doctor`.
        self.post_json(&format!("/secondme/plaza/posts/{post}/like"), &json!({})).await.map(|_| ())
    }

    /// A key is its own mark: it works, or it is refused once it is revoked.
    async fn key(&self) -> Result<(), Gone> {
        let request =
            self.http.post(format!("{}{LAB}/apikey/create", self.server)).header("cookie", &self.load.cookie);
        let Some(body) = self.send(request.json(&json!({"name": "k", "scopes": ["*"]}))).await? else {
            return Ok(());
        };
        let data = serde_json::from_str::<Value>(&body).unwrap()["data"].take();
        let key = data["key"].as_str().unwrap();
        self.ledger().stored(Kind::Key, key);
        if self.load.next.fetch_add(1, Ordering::AcqRel).is_multiple_of(3) {
            self.ledger().open(Kind::Key, key);
            let url = format!("{}{LAB}/apikey/{}/delete", self.server, data["id"]);
            let request = self.http.post(url).header("cookie", &self.load.cookie).json(&json!({}));
            if self.send(request).await?.is_some() {
                self.ledger().removed(Kind::Key, key);
            }
        }
        Ok(())
    }

    /// The mark of a file is its address.
    async fn file(&self) -> Result<(), Gone> {
        let mut bytes = PNG.to_vec();
        bytes.extend_from_slice(self.load.mark().as_bytes());
        bytes.resize(FILE_BYTES, 7);
        let part = reqwest::multipart::Part::bytes(bytes).file_name("a.png");
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = self.http.post(format!("{}{LAB}/cdn/upload", self.server)).bearer_auth(&self.key);
        if let Some(body) = self.send(request.multipart(form)).await? {
            let url =
                serde_json::from_str::<Value>(&body).unwrap()["data"]["url"].as_str().unwrap().to_owned();
            self.ledger().stored(Kind::File, url.rsplit('/').next().unwrap());
        }
        Ok(())
    }
}
