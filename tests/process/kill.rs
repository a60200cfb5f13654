//! What was acknowledged survives SIGKILL.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::process::Binary;

const ROUNDS: usize = 10;
const CLIENTS: usize = 16;

/// Sixteen clients make keys; the process is killed at a random moment; every acknowledged key works afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_key_works_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_ACCOUNTS__MAX_KEYS", "1000000");
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let http = testkit::http();
    let acknowledged = Arc::new(Mutex::new(Vec::<String>::new()));
    let mut cookie = None;
    for _round in 0..ROUNDS {
        let mut server = doppel.serve(&[]);
        let base_url = server.base_url.clone();
        let cookie = match &cookie {
            Some(cookie) => String::clone(cookie),
            None => cookie.insert(sign_in(&http, &base_url).await).clone(),
        };
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(make_keys(
                http.clone(),
                base_url.clone(),
                cookie.clone(),
                Arc::clone(&acknowledged),
            ));
        }
        let [random] = store::Random::system().bytes::<1>();
        let moment = Duration::from_millis(40 + u64::from(random));
        #[expect(clippy::disallowed_methods, reason = "the random moment of the kill is what is tested")]
        tokio::time::sleep(moment).await;
        server.kill();
        clients.join_all().await;
    }
    let keys = acknowledged.lock().unwrap().clone();
    assert!(keys.len() > 100, "only {} keys were made", keys.len());
    let server = doppel.serve(&[]);
    let check = |key: String| {
        let request = http.get(format!("{}/api/secondme/user/info", server.base_url)).bearer_auth(&key);
        async move { (key, request.send().await.unwrap().status().as_u16()) }
    };
    for some in keys.chunks(64) {
        for (key, status) in futures::future::join_all(some.iter().cloned().map(check)).await {
            assert_eq!(status, 200, "an acknowledged key is lost: {}", &key[..13]);
        }
    }
}

/// Calls of the Hub are written down without being waited for: a kill loses those of its last second, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_call_older_than_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_HUB__ADDRESS_BURST", "100000")
        .with("DOPPEL_HUB__ANONYMOUS_PER_SECOND", "100000");
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let http = testkit::http();
    let mut server = doppel.serve(&[]);
    let cookie = sign_in(&http, &server.base_url).await;
    // Calls without a pause until the kill, at a moment that has nothing to do with the rounds of the writer.
    let [random] = store::Random::system().bytes::<1>();
    let (start, end) = (Instant::now(), Duration::from_millis(1500 + 4 * u64::from(random)));
    let mut answered = Vec::new();
    while start.elapsed() < end {
        let answer = http.get(format!("{}/api/echo/x", server.base_url)).send().await.unwrap();
        let trace = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        answered.push((Instant::now(), trace));
    }
    let killed = Instant::now();
    server.kill();
    let server = doppel.serve(&[]);
    let old = |at: &Instant| killed.duration_since(*at) > Duration::from_secs(1);
    let old: Vec<String> = answered.into_iter().filter(|(at, _)| old(at)).map(|(_, trace)| trace).collect();
    assert!(old.len() > 10, "only {} calls", old.len());
    for trace in old {
        let url = format!("{}/api/apikey/hub/calls?all=true&trace={trace}", server.base_url);
        let found: Value =
            http.get(url).header("cookie", &cookie).send().await.unwrap().json().await.unwrap();
        assert_eq!(found["data"]["list"].as_array().map(Vec::len), Some(1), "{trace}: {found}");
    }
}

async fn make_keys(
    http: reqwest::Client,
    base_url: String,
    cookie: String,
    acknowledged: Arc<Mutex<Vec<String>>>,
) {
    loop {
        let request = http.post(format!("{base_url}/api/apikey/create")).header("cookie", &cookie);
        let Ok(answer) = request.json(&json!({"name": "k", "scopes": ["*"]})).send().await else { return };
        assert_eq!(answer.status(), 200);
        // An answer that was cut off has acknowledged nothing.
        let Ok(body) = answer.json::<Value>().await else { return };
        acknowledged.lock().unwrap().push(body["data"]["key"].as_str().unwrap().to_owned());
    }
}

async fn sign_in(http: &reqwest::Client, base_url: &str) -> String {
    let page = http.get(format!("{base_url}/sign-in")).send().await.unwrap();
    let visitor = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body = page.text().await.unwrap();
    let csrf = body.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let fields = [("csrf", csrf.as_str()), ("email", "a@b"), ("password", "a good password"), ("next", "")];
    let answer = http
        .post(format!("{base_url}/sign-in"))
        .header("cookie", visitor)
        .form(&fields)
        .send()
        .await
        .unwrap();
    let mut cookies = answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let session = cookies.rfind(|line| line.starts_with("doppel_session=")).expect("a session");
    session.split(';').next().unwrap().to_owned()
}

const WRITERS: usize = 200;

/// Two hundred writers and readers of memories and notes; the process is killed at random moments; nothing that was
/// acknowledged is lost, and the index says what the rows say.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_memory_is_found_after_kills() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path());
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let key = key.trim().to_owned();
    let http = testkit::http();
    let acknowledged = Arc::new(Mutex::new(Vec::<String>::new()));
    for round in 0..3 {
        let mut server = doppel.serve(&[]);
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..WRITERS {
            clients.spawn(remember(
                http.clone(),
                server.base_url.clone(),
                key.clone(),
                format!("r{round}c{client}"),
                Arc::clone(&acknowledged),
            ));
        }
        let [random] = store::Random::system().bytes::<1>();
        let moment = Duration::from_millis(300 + 2 * u64::from(random));
        #[expect(clippy::disallowed_methods, reason = "the random moment of the kill is what is tested")]
        tokio::time::sleep(moment).await;
        server.kill();
        clients.join_all().await;
    }
    let marks = acknowledged.lock().unwrap().clone();
    assert!(marks.len() > 100, "only {} were written", marks.len());
    let found = doppel.ok(&["doctor"], "");
    assert!(found.contains(" 0 faults"), "{found}");
    doppel.ok(&["export", "--account", "a@b", directory.path().join("a.tar").to_str().unwrap()], "");
    let archive = std::fs::read_to_string(directory.path().join("a.tar")).unwrap();
    for mark in marks {
        assert!(archive.contains(&format!("{mark} ")), "an acknowledged memory is lost: {mark}");
    }
}

/// Writes a memory, a note and an edit in turns, and reads between them, until the server is gone.
async fn remember(
    http: reqwest::Client,
    base_url: String,
    key: String,
    name: String,
    acknowledged: Arc<Mutex<Vec<String>>>,
) {
    for number in 0.. {
        let mark = format!("{name}n{number}");
        let content = json!({"content": format!("{mark} 喜欢的第{number}本书")});
        let path = if number % 2 == 0 { "memory/key" } else { "note/add" };
        let request = http.post(format!("{base_url}/api/secondme/{path}")).bearer_auth(&key).json(&content);
        let Ok(answer) = request.send().await else { return };
        // So many at once may be asked to come again.
        if answer.status() != 200 {
            continue;
        }
        if answer.bytes().await.is_err() {
            return;
        }
        acknowledged.lock().unwrap().push(mark.clone());
        let read =
            http.get(format!("{base_url}/api/secondme/memory/key/search?keyword={mark}")).bearer_auth(&key);
        if read.send().await.is_err() {
            return;
        }
    }
}
