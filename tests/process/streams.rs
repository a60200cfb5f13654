//! Unfinished responses of the assistant when the server shuts down or is killed.

use std::time::Duration;

use futures::{StreamExt, future::join_all};
use serde_json::{Value, json};
use testkit::{
    model::{Model, STREAM, Step, piece},
    process::{Binary, Serving},
};

const STREAMS: usize = 100;
/// Number of streams that continue before the end.
const LONG: usize = 60;

/// Returns the binary, configured with a model, and a key.
fn doppel(directory: &tempfile::TempDir, model: &Model) -> (Binary, String) {
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_MODEL__BASE_URL", &model.url())
        .with("DOPPEL_MODEL__NAME", "fake")
        .with("DOPPEL_CHAT__MAX_STREAMS", "1000")
        .with("DOPPEL_SERVER__DRAIN_SECONDS", "2");
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "chat"], "");
    (doppel, key.trim().to_owned())
}

/// A response, as far as it has been read.
struct Stream {
    body: futures::stream::BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
    read: String,
}

impl Stream {
    async fn open(http: &reqwest::Client, server: &Serving, key: &str, message: String) -> Self {
        let request = http.post(format!("{}/api/secondme/chat/stream", server.base_url)).bearer_auth(key);
        let response = request.json(&json!({"message": message})).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { body: response.bytes_stream().boxed(), read: String::new() }
    }

    /// Reads until a text has come.
    async fn until(&mut self, text: &str) {
        while !self.read.contains(text) {
            let bytes = self.body.next().await.expect("more of the answer").unwrap();
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// Reads the rest, even if it is cut off.
    async fn rest(&mut self) {
        while let Some(Ok(bytes)) = self.body.next().await {
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    fn session(&self) -> String {
        self.read.split('"').nth(3).expect("a session").to_owned()
    }
}

async fn messages(http: &reqwest::Client, server: &Serving, key: &str, session: &str) -> Vec<Value> {
    let url = format!("{}/api/secondme/chat/session/messages?sessionId={session}", server.base_url);
    let body: Value = http.get(url).bearer_auth(key).send().await.unwrap().json().await.unwrap();
    body["data"]["messages"].as_array().expect("messages").clone()
}

/// Sends another message in a session, which must get a complete response.
async fn go_on(http: &reqwest::Client, server: &Serving, key: &str, session: &str) {
    let request = http.post(format!("{}/api/secondme/chat/stream", server.base_url)).bearer_auth(key);
    let request = request.json(&json!({"message": "继续", "sessionId": session}));
    let body = request.send().await.unwrap().text().await.unwrap();
    assert!(body.starts_with("data: {\"choices\"") && body.ends_with("\n\ndata: [DONE]\n\n"), "{body}");
    assert!(!body.contains("error"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_streams_when_the_server_is_told_to_stop() {
    let (directory, model, http) = (tempfile::tempdir().unwrap(), Model::start().await, testkit::http());
    let (doppel, key) = doppel(&directory, &model);
    let mut server = doppel.serve(&[]);
    let script = vec![Step::Send([STREAM.as_bytes(), piece("一半").as_bytes()].concat()), Step::Stall];
    (0..STREAMS).for_each(|_| model.next(script.clone()));
    let mut streams =
        join_all((0..STREAMS).map(|i| Stream::open(&http, &server, &key, format!("问题{i}")))).await;
    join_all(streams.iter_mut().map(|stream| stream.until("一半"))).await;
    server.signal("TERM");
    join_all(streams.iter_mut().map(Stream::rest)).await;
    for stream in &streams {
        assert!(
            stream.read.contains("event: error") && stream.read.ends_with("\n\ndata: [DONE]\n\n"),
            "whoever listens is told: {}",
            stream.read
        );
    }
    assert!(server.wait().success(), "{}", server.log());
    let server = doppel.serve(&[]);
    for (i, stream) in streams.iter().enumerate() {
        let kept = messages(&http, &server, &key, &stream.session()).await;
        assert_eq!((kept.len(), &kept[0]["content"]), (2, &json!(format!("问题{i}"))));
        assert_eq!((&kept[1]["content"], &kept[1]["state"]), (&json!("一半"), &json!("stopped")));
        go_on(&http, &server, &key, &stream.session()).await;
    }
    drop(server);
    doppel.ok(&["doctor"], "");
}

/// Answers are stopped at the moment at which their first parts are being stored: what is counted of them is
/// what is stored of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_stopped_while_they_are_stored_are_counted_once() {
    let (directory, model, http) = (tempfile::tempdir().unwrap(), Model::start().await, testkit::http());
    let (doppel, key) = doppel(&directory, &model);
    let mut server = doppel.serve(&[]);
    let first = Step::Send([STREAM.as_bytes(), piece("一").as_bytes()].concat());
    let next = [Step::Wait, Step::Send(piece("二").into_bytes())];
    let script: Vec<Step> = std::iter::once(first).chain(next.into_iter().cycle().take(400)).collect();
    (0..STREAMS).for_each(|_| model.next(script.clone()));
    let mut streams =
        join_all((0..STREAMS).map(|i| Stream::open(&http, &server, &key, format!("问题{i}")))).await;
    join_all(streams.iter_mut().map(|stream| stream.until("一\""))).await;
    // A part of an answer is stored after two seconds, and answers are stopped a second after the signal.
    #[expect(clippy::disallowed_methods, reason = "the moment is what is tested")]
    let more = async {
        tokio::time::sleep(Duration::from_millis(1000)).await;
        server.signal("TERM");
        loop {
            (0..STREAMS).for_each(|_| model.release());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = more => {}
        _ = join_all(streams.iter_mut().map(Stream::rest)) => {}
    }
    assert!(server.wait().success(), "{}", server.log());
    doppel.ok(&["doctor"], "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_streams_when_the_server_is_killed() {
    let (directory, model, http) = (tempfile::tempdir().unwrap(), Model::start().await, testkit::http());
    let (doppel, key) = doppel(&directory, &model);
    let mut server = doppel.serve(&[]);
    let script = vec![
        Step::Send([STREAM.as_bytes(), piece("一").as_bytes()].concat()),
        Step::Wait,
        Step::Send(piece("二").into_bytes()),
        Step::Stall,
    ];
    (0..STREAMS).for_each(|_| model.next(script.clone()));
    let mut streams =
        join_all((0..STREAMS).map(|i| Stream::open(&http, &server, &key, format!("问题{i}")))).await;
    join_all(streams.iter_mut().map(|stream| stream.until("一\""))).await;
    // Partial responses are stored every two seconds. Most of these continue after that time, the others do
    // not.
    #[expect(clippy::disallowed_methods, reason = "what is older than this survives")]
    tokio::time::sleep(Duration::from_millis(2100)).await;
    (0..LONG).for_each(|_| model.release());
    let mut went_on = 0;
    let wait = async {
        while went_on < LONG {
            went_on = 0;
            for stream in &mut streams {
                let more = tokio::time::timeout(Duration::from_millis(1), stream.until("二")).await;
                went_on += usize::from(more.is_ok());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("answers go on");
    server.kill();
    let server = doppel.serve(&[]);
    for (i, stream) in streams.iter().enumerate() {
        let kept = messages(&http, &server, &key, &stream.session()).await;
        assert_eq!(&kept[0]["content"], &json!(format!("问题{i}")), "what was acknowledged is there");
        let answer = kept
            .get(1)
            .map(|answer| (answer["content"].as_str().unwrap(), answer["state"].as_str().unwrap()));
        match stream.read.contains('二') {
            true => assert_eq!(answer, Some(("一二", "stopped")), "what was stored is marked"),
            false => assert!(answer.is_none_or(|(_, state)| state == "stopped"), "{answer:?}"),
        }
        go_on(&http, &server, &key, &stream.session()).await;
    }
    let found = doppel.ok(&["doctor"], "");
    assert!(found.contains(" 0 faults"), "{found}");
}
