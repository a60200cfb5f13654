//! `/api/apikey/…`

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const INFO: &str = "/api/secondme/user/info";

async fn create(actor: &Actor, scopes: Value) -> Value {
    actor.post("/api/apikey/create", json!({"name": "bot", "scopes": scopes})).await.data()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[both_engines]
async fn a_key_is_made_and_shown_once(server: TestServer) {
    let person = server.person("a").await;
    let session = person.signed_in().await;
    let request =
        json!({"name": " My bot ", "scopes": ["user.info", "chat"], "expiresAt": 1_767_225_700_000_i64});
    let made = session.post("/api/apikey/create", request).await.data();
    assert_eq!(made["name"], "My bot");
    assert_eq!(made["scopes"], json!(["user.info", "chat"]));
    assert_eq!(made["expiresAt"], 1_767_225_700_000_i64);
    assert_eq!(made["createdAt"], 1_767_225_600_000_i64);
    let key = text(&made["key"]);
    server.bearer(&key).get(INFO).await.data();
    let list = session.get("/api/apikey/list").await;
    assert!(!list.body.contains(&key), "a key is never shown again");
    let list = list.data();
    assert_eq!(list["total"], 1);
    assert_eq!(list["list"][0]["id"], made["id"]);
    assert!(key.starts_with(list["list"][0]["prefix"].as_str().unwrap()));
    assert!(list["list"][0].get("key").is_none());
}

#[both_engines]
async fn what_is_wrong_with_a_wish_is_named(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    for (request, field) in [
        (json!({}), "name"),
        (json!({"name": "x"}), "scopes"),
        (json!({"name": "", "scopes": ["*"]}), "name"),
        (json!({"name": "x".repeat(101), "scopes": ["*"]}), "name"),
        (json!({"name": "a\nb", "scopes": ["*"]}), "name"),
        (json!({"name": "a\u{0}b", "scopes": ["*"]}), "name"),
        (json!({"name": 5, "scopes": ["*"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": "chat"}), "scopes"),
        (json!({"name": "x", "scopes": vec!["chat"; 65]}), "scopes"),
        (json!({"name": "x", "scopes": ["*"], "expiresAt": 1}), "expiresAt"),
        (json!({"name": "x", "scopes": ["*"], "expiresAt": "soon"}), "expiresAt"),
    ] {
        let body = session.post("/api/apikey/create", request.clone()).await.refused(422, "invalid.param");
        assert!(body["message"].as_str().unwrap().starts_with(&format!("{field}: ")), "{request}: {body}");
        assert_eq!(body["detail"][0]["loc"], json!(["body", field]), "{request}");
    }
    for scope in ["everything", "Chat", "", " chat", "user.info,chat"] {
        let request = json!({"name": "x", "scopes": [scope]});
        session.post("/api/apikey/create", request).await.refused(400, "apikey.scope.invalid");
    }
    assert_eq!(session.get("/api/apikey/list").await.data()["total"], 0);
}

#[both_engines("accounts.max_keys = 2")]
async fn an_account_has_so_many_keys_and_no_more(server: TestServer) {
    let person = server.person("a").await;
    let session = person.signed_in().await;
    let request = || json!({"name": "x", "scopes": ["*"]});
    let requests = futures(8, |_| session.post("/api/apikey/create", request())).await;
    let made: Vec<_> = requests.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(made.len(), 2, "of eight at once two find room");
    let id = made[0].data()["id"].clone();
    session.post(&format!("/api/apikey/{id}/delete"), json!({})).await.data();
    session.post("/api/apikey/create", request()).await.data();
    session.post("/api/apikey/create", request()).await.refused(400, "invalid.param");
}

#[both_engines]
async fn lists_are_paged(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    for _ in 0..5 {
        create(&session, json!(["*"])).await;
    }
    let mut seen = Vec::new();
    for page in 1..=3 {
        let data = session.get(&format!("/api/apikey/list?pageNo={page}&pageSize=2")).await.data();
        assert_eq!(data["total"], 5);
        seen.extend(data["list"].as_array().unwrap().iter().map(|key| key["id"].as_i64().unwrap()));
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first");
    assert_eq!(session.get("/api/apikey/list?pageNo=9").await.data()["list"], json!([]));
    for query in ["pageNo=0", "pageNo=x", "pageSize=0", "pageSize=-1", "pageNo=99999999999999999999"] {
        session.get(&format!("/api/apikey/list?{query}")).await.refused(422, "invalid.param");
    }
}

#[both_engines]
async fn a_deleted_key_is_dead_at_once(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let made = create(&session, json!(["*"])).await;
    let program = server.bearer(&text(&made["key"]));
    program.get(INFO).await.data();
    session.post(&format!("/api/apikey/{}/delete", made["id"]), json!({})).await.data();
    program.get(INFO).await.refused(401, "apikey.auth.invalid");
    let again = session.post(&format!("/api/apikey/{}/delete", made["id"]), json!({})).await;
    again.refused(404, "apikey.fetch.not_found");
}

#[both_engines]
async fn a_rotated_key_overlaps_as_long_as_asked(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let old = create(&session, json!(["user.info"])).await;
    let rotate = format!("/api/apikey/{}/rotate", old["id"]);
    let new = session.post(&rotate, json!({"overlapSeconds": 3600})).await.data();
    assert_ne!(new["key"], old["key"]);
    assert_eq!((&new["name"], &new["scopes"]), (&old["name"], &old["scopes"]));
    let (older, newer) = (server.bearer(&text(&old["key"])), server.bearer(&text(&new["key"])));
    older.get(INFO).await.data();
    newer.get(INFO).await.data();
    session.post(&rotate, json!({})).await.refused(404, "apikey.fetch.not_found");
    server.clock().advance_ms(3_599_000);
    older.get(INFO).await.data();
    server.clock().advance_ms(1_000);
    older.get(INFO).await.refused(401, "apikey.auth.invalid");
    newer.get(INFO).await.data();
    let listed = session.get("/api/apikey/list").await.data();
    assert_eq!(listed["list"][1]["replacedBy"], new["id"]);
}

#[both_engines]
async fn a_rotation_without_overlap_ends_the_old_key_at_once(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let old = create(&session, json!(["*"])).await;
    let older = server.bearer(&text(&old["key"]));
    older.get(INFO).await.data();
    session.post(&format!("/api/apikey/{}/rotate", old["id"]), json!({})).await.data();
    older.get(INFO).await.refused(401, "apikey.auth.invalid");
    for seconds in [json!(-1), json!(2_592_001), json!("1h")] {
        let request = json!({"overlapSeconds": seconds});
        session.post("/api/apikey/1/rotate", request).await.refused(422, "invalid.param");
    }
}

#[both_engines]
async fn of_rotations_at_once_one_wins(server: TestServer) {
    let session = server.person("a").await.signed_in().await;
    let old = create(&session, json!(["*"])).await;
    let path = format!("/api/apikey/{}/rotate", old["id"]);
    let answers = futures(8, |_| session.post(&path, json!({"overlapSeconds": 60}))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(session.get("/api/apikey/list").await.data()["total"], 2);
}

#[both_engines]
async fn other_peoples_keys_look_like_none(server: TestServer) {
    let (alice, mallory) = (server.person("alice").await, server.person("mallory").await);
    let (id, key) = alice.new_key("*", None).await;
    let mallory = mallory.signed_in().await;
    for id in
        [id.to_string(), "1".into(), "-1".into(), "x".into(), "99999999999999999999".into(), "%00".into()]
    {
        for (verb, body) in [("delete", json!({})), ("rotate", json!({"overlapSeconds": 0}))] {
            let answer = mallory.post(&format!("/api/apikey/{id}/{verb}"), body).await;
            assert_eq!(answer.refused(404, "apikey.fetch.not_found")["message"], "API Key 不存在");
        }
        mallory.get(&format!("/api/apikey/{id}/usage")).await.refused(404, "apikey.fetch.not_found");
    }
    server.bearer(&key).get(INFO).await.data();
    assert_eq!(mallory.get("/api/apikey/list").await.data()["total"], 0);
}

#[both_engines]
async fn usage_tells_what_became_of_the_calls(server: TestServer) {
    let person = server.person("a").await;
    let session = person.signed_in().await;
    let made = create(&session, json!(["user.info"])).await;
    let program = server.bearer(&text(&made["key"]));
    for path in [INFO, "/gate/lab/api/secondme/user/info", INFO] {
        program.get(path).await.data();
    }
    program.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");
    server.clock().advance_ms(86_400_000);
    program.get(INFO).await.data();
    let usage = session.get(&format!("/api/apikey/{}/usage", made["id"])).await.data();
    assert_eq!(usage["total"], 5);
    assert_eq!(
        usage["list"],
        json!([
            {"date": "2026-01-02", "endpoint": INFO, "outcome": "ok", "calls": 1},
            {"date": "2026-01-01", "endpoint": INFO, "outcome": "ok", "calls": 3},
            {"date": "2026-01-01", "endpoint": "/api/secondme/user/shades", "outcome": "refused", "calls": 1},
        ])
    );
    assert_eq!(
        usage["refusals"],
        json!([{
            "time": 1_767_225_600_000_i64, "endpoint": "/api/secondme/user/shades",
            "subCode": "apikey.permission.denied", "address": "127.0.0.1"
        }])
    );
    let one_day = session.get(&format!("/api/apikey/{}/usage?days=1", made["id"])).await.data();
    assert_eq!(one_day["total"], 1);
    let key = session.get("/api/apikey/list").await.data()["list"][0].clone();
    assert_eq!(key["lastUsedAt"], 1_767_312_000_000_i64);
    assert_eq!(key["lastUsedAddress"], "127.0.0.1");
    for days in ["0", "367", "x"] {
        let path = format!("/api/apikey/{}/usage?days={days}", made["id"]);
        session.get(&path).await.refused(422, "invalid.param");
    }
}

#[both_engines]
async fn a_call_with_an_expired_key_is_on_its_record(server: TestServer) {
    let person = server.person("a").await;
    let expiry = server.clock().now().plus_secs(10);
    let (id, key) = person.new_key("*", Some(expiry)).await;
    server.clock().advance_ms(10_000);
    server.bearer(&key).get(INFO).await.refused(401, "apikey.auth.invalid");
    let usage = person.signed_in().await.get(&format!("/api/apikey/{id}/usage")).await.data();
    assert_eq!(usage["refusals"][0]["subCode"], "apikey.auth.invalid");
}

#[both_engines]
async fn usage_survives_a_restart(mut server: TestServer) {
    let person = server.person("a").await;
    let (id, key) = person.new_key("*", None).await;
    for _ in 0..3 {
        server.bearer(&key).get(INFO).await.data();
    }
    server.restart().await;
    server.bearer(&key).get(INFO).await.data();
    let session = server.anyone().with("cookie", &cookie(&server, person.account.id).await);
    assert_eq!(session.get(&format!("/api/apikey/{id}/usage")).await.data()["total"], 4);
}

#[both_engines]
async fn at_most_fifty_refusals_are_kept(server: TestServer) {
    let person = server.person("a").await;
    let (id, key) = person.new_key("chat", None).await;
    for _ in 0..60 {
        server.bearer(&key).get(INFO).await.refused(403, "apikey.permission.denied");
    }
    let usage = person.signed_in().await.get(&format!("/api/apikey/{id}/usage")).await.data();
    assert_eq!(usage["refusals"].as_array().unwrap().len(), 50);
    assert_eq!(usage["total"], 60);
}

/// Two processes that count calls of the same keys at once, in different orders, do not deadlock.
#[both_engines]
async fn two_processes_count_the_same_key(server: TestServer) {
    let person = server.person("a").await;
    let sibling = server.sibling().await;
    let mut keys = Vec::new();
    for _ in 0..4 {
        keys.push(person.new_key("user.info", None).await);
    }
    let paths = [
        "/api/secondme/user/info",
        "/api/secondme/chat/usage",
        "/api/secondme/memory/key/search",
        "/api/certificate/",
    ];
    let here = server.anyone();
    let there = server.anyone_at(&sibling.base_url);
    for _ in 0..12 {
        for i in 0..keys.len() {
            for j in 0..paths.len() {
                let (last, back) = (keys.len() - 1 - i, paths.len() - 1 - j);
                here.with("authorization", &format!("Bearer {}", keys[i].1)).get(paths[j]).await;
                there.with("authorization", &format!("Bearer {}", keys[last].1)).get(paths[back]).await;
            }
        }
        let failed = tokio::join!(server.running().identity.flush(), sibling.identity.flush());
        assert_eq!(failed, (0, 0));
    }
    sibling.stop().await.unwrap();
    for (id, _) in &keys {
        let (usage, refusals) = server.running().identity.key_usage(person.account.id, *id, 7).await.unwrap();
        assert_eq!(usage.iter().map(|row| row.calls).sum::<i64>(), 12 * 4 * 2);
        assert_eq!(refusals.len(), 48);
    }
}

async fn cookie(server: &TestServer, account: store::AccountId) -> String {
    let client = identity::session::Client { address: [127, 0, 0, 1].into(), user_agent: "test".into() };
    let secret = server.running().identity.start_session(account, &client).await.unwrap();
    format!("doppel_session={}", secret.expose())
}

/// Runs the same work `count` times at once.
async fn futures<F, T>(count: usize, work: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T>,
{
    futures::future::join_all((0..count).map(work)).await
}
