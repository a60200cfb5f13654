//! Acknowledged writes survive SIGKILL.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::process::Binary;

const ROUNDS: usize = 10;
const CLIENTS: usize = 16;

/// Sixteen clients create keys. The process is killed at a random time. Every acknowledged key works
/// afterwards.
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

/// Calls of the Hub do not wait for their row in the log. A kill loses at most those of the last second.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_call_older_than_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path())
        .with("DOPPEL_HUB__ADDRESS_BURST", "100000")
        .with("DOPPEL_HUB__ANONYMOUS_PER_SECOND", "100000")
        .with("DOPPEL_HUB__CALL_LOG_UNKNOWN_PER_MINUTE", "1000000");
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let http = testkit::http();
    let mut server = doppel.serve(&[]);
    let cookie = sign_in(&http, &server.base_url).await;
    // Calls without a pause until the kill, whose time is independent of the writer's rounds.
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
        // A response that was cut off is no acknowledgment.
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

/// The final state of texts, by their mark: true if stored, false if deleted. Texts whose change was in
/// progress when the server was killed are not included.
type Fates = Arc<Mutex<HashMap<String, bool>>>;

/// Two hundred clients write and read memories and notes, and the process is killed at random times. No
/// acknowledged text is lost, no deleted text comes back, and the index matches the rows.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_memory_is_found_after_kills() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = Binary::new(env!("CARGO_BIN_EXE_doppel"), directory.path());
    doppel.ok(&["account", "add", "--email", "a@b", "--name", "A", "--password-stdin"], "a good password");
    let key = doppel.ok(&["key", "create", "--account", "a@b", "--name", "k", "--scopes", "*"], "");
    let key = key.trim().to_owned();
    let http = testkit::http();
    let fates = Fates::default();
    for round in 0..3 {
        let mut server = doppel.serve(&[]);
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..WRITERS {
            let api = Api { http: http.clone(), base_url: server.base_url.clone(), key: key.clone() };
            let (name, fates) = (format!("r{round}c{client}"), Arc::clone(&fates));
            clients.spawn(async move { remember(&api, &name, &fates).await });
        }
        // Waits until some were deleted in this round, even on a slow machine.
        let gone = || fates.lock().unwrap().values().filter(|there| !**there).count();
        let (before, start) = (gone(), Instant::now());
        while gone() < before + 20 && start.elapsed().as_secs() < 60 {
            tokio::task::yield_now().await;
        }
        let [random] = store::Random::system().bytes::<1>();
        let moment = Duration::from_millis(u64::from(random));
        #[expect(clippy::disallowed_methods, reason = "the random moment of the kill is what is tested")]
        tokio::time::sleep(moment).await;
        server.kill();
        clients.join_all().await;
    }
    let fates = fates.lock().unwrap().clone();
    let there = fates.values().filter(|there| **there).count();
    assert!(there > 100 && there < fates.len(), "only {there} of {} were left", fates.len());
    let found = doppel.ok(&["doctor"], "");
    assert!(found.contains(" 0 faults"), "{found}");
    doppel.ok(&["export", "--account", "a@b", directory.path().join("a.tar").to_str().unwrap()], "");
    let archive = std::fs::read_to_string(directory.path().join("a.tar")).unwrap();
    for (mark, there) in fates {
        assert_eq!(archive.contains(&format!("{mark} ")), there, "{mark}");
    }
}

struct Api {
    http: reqwest::Client,
    base_url: String,
    key: String,
}

impl Api {
    /// Returns the `data` of a success, or `Ok(None)` if the server refused the request, as it may under
    /// load.
    ///
    /// # Errors
    /// If the server is gone.
    async fn post(&self, path: &str, body: Value) -> Result<Option<Value>, ()> {
        let request = self.http.post(format!("{}/api/secondme/{path}", self.base_url)).bearer_auth(&self.key);
        let answer = request.json(&body).send().await.map_err(|_gone| ())?;
        if answer.status() != 200 {
            return Ok(None);
        }
        let mut answer: Value = answer.json().await.map_err(|_gone| ())?;
        Ok(Some(answer["data"].take()))
    }
}

/// Adds memories and notes, edits notes, deletes some, and reads in between, until the server is gone.
async fn remember(api: &Api, name: &str, fates: &Fates) {
    let settle = |mark: &str, there: Option<bool>| {
        let mut fates = fates.lock().unwrap();
        match there {
            Some(there) => fates.insert(mark.to_owned(), there),
            None => fates.remove(mark),
        };
    };
    for number in 0.. {
        let content = |mark: &str| json!({"content": format!("{mark} 喜欢的第{number}本书")});
        let (fact, note, edited) =
            (format!("{name}k{number}"), format!("{name}n{number}"), format!("{name}e{number}"));
        let Ok(done) = api.post("memory/key", content(&fact)).await else { return };
        done.into_iter().for_each(|_| settle(&fact, Some(true)));
        let Ok(added) = api.post("note/add", content(&note)).await else { return };
        if let Some(id) = added.map(|added| added["noteId"].clone()) {
            settle(&note, Some(true));
            // The earlier text is kept as a version.
            let Ok(done) = api.post(&format!("note/{id}/update"), content(&edited)).await else { return };
            let is_edited = done.is_some();
            done.into_iter().for_each(|_| settle(&edited, Some(true)));
            if number % 2 == 0 {
                settle(&note, None);
                settle(&edited, None);
                let Ok(done) = api.post(&format!("note/{id}/delete"), json!({})).await else { return };
                settle(&note, Some(done.is_none()));
                if is_edited {
                    settle(&edited, Some(done.is_none()));
                }
            }
        }
        let url = format!("{}/api/secondme/memory/key/search?keyword={fact}", api.base_url);
        if api.http.get(url).bearer_auth(&api.key).send().await.is_err() {
            return;
        }
    }
}
