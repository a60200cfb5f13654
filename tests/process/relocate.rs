//! `doppel move`: a whole server changes its engine and back, and nobody notices.

use std::{path::Path, time::SystemTime};

use serde_json::{Value, json};
use testkit::{
    Actor,
    postgres::Cluster,
    process::{Binary, Serving},
};

use crate::hub::support::signed;

const LAB: &str = "/gate/lab/api";
/// Requests whose responses must be the same on both engines.
const READS: &[&str] = &[
    "/secondme/user/info",
    "/secondme/user/shades",
    "/secondme/memory/key/search?keyword=&pageNo=1&pageSize=100",
    "/secondme/memory/key/search?keyword=%E5%92%96%E5%95%A1",
    "/secondme/note/search?keyword=garden",
    "/secondme/chat/session/list",
    "/secondme/chat/usage",
    "/secondme/plaza/feed",
    "/certificate/",
];

fn on(directory: &Path, url: &str) -> Binary {
    Binary::new(env!("CARGO_BIN_EXE_doppel"), directory).with("DOPPEL_DATABASE__URL", url)
}

fn actor(server: &Serving, demo: &Value) -> Actor {
    let key = demo["api_key"].as_str().unwrap();
    Actor::new(testkit::http(), &server.base_url).with("authorization", &format!("Bearer {key}"))
}

fn demo(directory: &Path, server: &Serving) -> Value {
    loop {
        let text = std::fs::read_to_string(directory.join("demo.json")).unwrap_or_default();
        match serde_json::from_str::<Value>(&text) {
            Ok(demo) if demo["base_url"] == server.base_url.as_str() => return demo,
            _ => std::thread::yield_now(),
        }
    }
}

/// Adds one of each kind of thing; returns the id of the note.
async fn write(actor: &Actor, word: &str) -> i64 {
    let fact = json!({"content": format!("{word} 喜欢咖啡"), "factActor": "我", "factObject": "饮料"});
    actor.post(&format!("{LAB}/secondme/memory/key"), fact).await.data();
    let note = json!({"content": format!("{word} in the garden\u{0}").replace('\0', ""), "title": "t"});
    let note = actor.post(&format!("{LAB}/secondme/note/add"), note).await.data();
    let said = actor.post(&format!("{LAB}/secondme/chat/stream"), json!({"message": word})).await;
    assert!(said.body.ends_with("data: [DONE]\n\n"), "{}", said.body);
    let post = json!({"content": format!("{word} 大家好"), "type": "public", "contentType": "discussion"});
    actor.post(&format!("{LAB}/secondme/plaza/posts/create"), post).await.data();
    note["noteId"].as_i64().unwrap()
}

async fn read(actor: &Actor) -> Vec<(String, u16, Value)> {
    let mut all = Vec::new();
    for path in READS {
        let answer = actor.get(&format!("{LAB}{path}")).await;
        all.push(((*path).to_owned(), answer.status, answer.json()));
    }
    all
}

/// Calls the Hub with a token that only the sealed secret of the key can check.
async fn call_hub(server: &Serving, demo: &Value) {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let claims = json!({
        "sub": demo["hub_ak"], "iss": demo["hub_ak"], "typ": "app_token", "iat": now, "exp": now + 600,
    });
    let secret = demo["hub_sk"].as_str().unwrap();
    let token = signed(r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string(), secret.as_bytes());
    let caller = Actor::new(testkit::http(), &server.base_url).with("apihub-token", &token);
    let answer = caller.get("/api/echo/x").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn stop(server: &mut Serving) {
    server.signal("TERM");
    assert!(server.wait().success(), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_moves_to_postgres_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let urls = ["sqlite:doppel.db", &Cluster::shared().fresh_url(), "sqlite:again.db"];
    let mut server = on(directory.path(), urls[0]).serve(&["--demo"]);
    let demo = demo(directory.path(), &server);
    let mut newest = write(&actor(&server, &demo), "first").await;
    for pair in urls.windows(2) {
        let (from, to) = (on(directory.path(), pair[0]), on(directory.path(), pair[1]));
        let before = read(&actor(&server, &demo)).await;
        assert!(before.iter().all(|(_, status, _)| *status == 200), "{before:?}");
        // With the server running nothing is copied.
        let refused = from.run(&["move", "--to", pair[1]]);
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && why.contains("stop every server"), "{why}");
        stop(&mut server);
        let told = from.ok(&["move", "--to", pair[1]], "");
        assert!(told.contains("all rows were compared") && told.contains("seal.key"), "{told}");
        assert!(told.contains(directory.path().join("files").to_str().unwrap()), "{told}");
        // Again it is refused: the target has a server's data now.
        let refused = from.run(&["move", "--to", pair[1]]);
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && why.contains("not empty"), "{why}");
        server = to.serve(&[]);
        let after = read(&actor(&server, &demo)).await;
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before, after);
        }
        call_hub(&server, &demo).await;
        let next = write(&actor(&server, &demo), &format!("later than {newest}")).await;
        assert!(next > newest, "ids go on after the highest");
        newest = next;
        assert!(to.ok(&["doctor"], "").contains(" 0 faults"));
    }
}

#[test]
fn move_within_an_engine_or_to_nowhere_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let doppel = on(directory.path(), "sqlite:doppel.db");
    let output = doppel.run(&["move", "--to", "postgres://h/d"]);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && why.contains("there is no database at"), "{why}");
    doppel.ok(&["migrate"], "");
    for (to, code, told) in [
        ("sqlite:other.db", 2, "doppel backup"),
        ("mysql://u:hunter2@h/d", 2, "sqlite: or postgres://"),
        ("postgres://u:hunter2@127.0.0.1:1/d", 1, "cannot be reached"),
    ] {
        for (argument, input) in [(to, ""), ("-", to)] {
            let output = doppel.run_with_input(&["move", "--to", argument], input);
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{why}");
            assert!(why.contains(told) && !why.contains("hunter2"), "{why}");
        }
    }
}
