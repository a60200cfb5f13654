//! `/api/apikey/hub/calls`, `/api/apikey/hub/keys/{id}/usage`

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

use super::support::{admin, another, key, refused, result, signed};

async fn calls(actor: &Actor, query: &str) -> Vec<Value> {
    actor.get(&format!("/api/apikey/hub/calls{query}")).await.data()["list"].as_array().unwrap().clone()
}

#[both_engines]
async fn each_call_leaves_one_row(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let page = key.person(&server, "user-7").with("origin", "https://app.example.com");
    let answer = page.post("/api/echo/do-it", json!({"secret": "not in the log"})).await;
    let list = calls(&key.owner, "").await;
    assert_eq!(list.len(), 1);
    let mut call = list[0].clone();
    assert!(call["tookUs"].as_i64().unwrap() >= 0 && call["id"].as_i64().unwrap() > 0);
    call.as_object_mut().unwrap().retain(|name, _| name != "tookUs" && name != "id");
    assert_eq!(
        call,
        json!({
            "trace": answer.json()["trace"], "time": 1_767_225_600_000_i64, "key": key.id,
            "typ": "person_token", "sub": "user-7",
            "api": "echo", "action": "do-it", "status": 200, "code": "", "bytes": answer.body.len(),
            "address": "127.0.0.1",
            "origin": "https://app.example.com",
        })
    );
}

#[both_engines]
async fn calls_are_found_by_trace_key_api_status_code_and_time(server: TestServer) {
    let first = key(&server, "a", json!({"allow": ["echo"]})).await;
    let second = another(&first.owner, json!({})).await;
    let trace = first.app(&server).get("/api/echo/1").await.json()["trace"].as_str().unwrap().to_owned();
    server.clock().advance_ms(1_000);
    refused(&first.app(&server).get("/api/nowhere/2").await, 404, "API_NOT_FOUND");
    server.clock().advance_ms(1_000);
    result(&second.app(&server).get("/api/echo/3").await);
    // The owner of a key sees calls with a bad signature under this key.
    let forged = signed(r#"{"alg":"HS256"}"#, &second.app_claims().to_string(), b"guess");
    refused(&server.anyone().with("apihub-token", &forged).get("/api/echo/4").await, 401, "TOKEN_INVALID");
    let owner = &first.owner;
    let actions = |list: Vec<Value>| {
        list.iter().map(|call| call["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(actions(calls(owner, "").await), ["4", "3", "2", "1"], "newest first");
    assert_eq!(actions(calls(owner, &format!("?trace={trace}")).await), ["1"]);
    assert_eq!(actions(calls(owner, &format!("?key={}", second.id)).await), ["4", "3"]);
    assert_eq!(actions(calls(owner, "?api=nowhere").await), ["2"]);
    assert_eq!(actions(calls(owner, "?status=200").await), ["3", "1"]);
    assert_eq!(actions(calls(owner, "?code=TOKEN_INVALID").await), ["4"]);
    assert_eq!(actions(calls(owner, "?from=1767225601000&to=1767225602000").await), ["2"]);
    let page = owner.get("/api/apikey/hub/calls?limit=3").await.data();
    let rest = calls(owner, &format!("?limit=3&before={}", page["next"])).await;
    assert_eq!(actions(rest), ["1"]);
    for query in ["?limit=0", "?limit=101", "?key=x", "?status=x", "?api=a%0Ab"] {
        owner.get(&format!("/api/apikey/hub/calls{query}")).await.refused(422, "invalid.param");
    }
}

#[both_engines]
async fn other_peoples_calls_are_not_seen(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let trace = key.app(&server).get("/api/echo/x").await.json()["trace"].as_str().unwrap().to_owned();
    result(&server.anyone().get("/api/echo/anonymous").await);
    let other = server.person("b").await.signed_in().await;
    assert!(calls(&other, "").await.is_empty());
    assert!(calls(&other, &format!("?trace={trace}")).await.is_empty());
    other.get("/api/apikey/hub/calls?all=true").await.refused(403, "auth.admin.required");
    let admin = admin(&server).await;
    assert!(calls(&admin, "").await.is_empty(), "an administrator's own");
    assert_eq!(calls(&admin, "?all=true").await.len(), 2);
    assert_eq!(calls(&admin, &format!("?all=true&trace={trace}")).await.len(), 1);
    assert_eq!(calls(&admin, &format!("?all=true&key={}", key.id)).await.len(), 1);
}

#[both_engines]
async fn the_use_of_a_key_is_counted_by_the_hour(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    for _ in 0..3 {
        result(&key.app(&server).get("/api/echo/x").await);
    }
    refused(&key.app(&server).get("/api/nowhere/x").await, 404, "API_NOT_FOUND");
    server.clock().advance_ms(3_600_000);
    result(&key.app(&server).get("/api/echo/x").await);
    let usage = key.owner.get(&format!("/api/apikey/hub/keys/{}/usage", key.id)).await.data();
    let counts: Vec<Value> = usage
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["time"], row["api"], row["outcome"], row["calls"]]))
        .collect();
    let (first, second) = (1_767_225_600_000_i64, 1_767_229_200_000_i64);
    assert_eq!(
        json!(counts),
        json!([[second, "echo", "ok", 1], [first, "", "client_error", 1], [first, "echo", "ok", 3]])
    );
    let used = key.owner.get(&format!("/api/apikey/hub/keys/{}", key.id)).await.data()["lastUsedAt"].clone();
    assert_eq!(used, second);
    key.owner
        .get(&format!("/api/apikey/hub/keys/{}/usage?hours=0", key.id))
        .await
        .refused(422, "invalid.param");
}

#[both_engines("hub.call_log = \"errors\"\nhub.call_log_days = 2")]
async fn errors_alone_can_be_kept_and_old_rows_go(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    result(&key.app(&server).get("/api/echo/x").await);
    refused(&key.app(&server).get("/api/nowhere/x").await, 404, "API_NOT_FOUND");
    assert_eq!(calls(&key.owner, "").await.len(), 1);
    let hub = &server.running().hub;
    hub.forget_old_calls().await.unwrap();
    assert_eq!(calls(&key.owner, "").await.len(), 1);
    server.clock().advance_ms(2 * 86_400_000 + 1);
    hub.forget_old_calls().await.unwrap();
    assert!(calls(&key.owner, "").await.is_empty());
    let usage = key.owner.get(&format!("/api/apikey/hub/keys/{}/usage?hours=100", key.id)).await.data();
    assert_eq!(usage.as_array().unwrap().len(), 2, "counts are kept longer");
}

/// A search reads a bounded number of rows per page, and returns where to continue.
#[both_engines]
async fn a_search_costs_no_more_for_others_calls(server: TestServer) {
    let key = key(&server, "a", json!({})).await;
    let admin = admin(&server).await;
    refused(&key.app(&server).get("/api/nowhere/x").await, 404, "API_NOT_FOUND");
    assert_eq!(calls(&admin, "?all=true&status=404").await.len(), 1);
    const OTHERS: &str = "INSERT INTO hub_call (id, trace, at, took_us, key_id, account_id, typ, sub, api, \
        action, status, \
         code, bytes, address, origin) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE \
         i < CAST($2 AS BIGINT)) \
         SELECT CAST($1 AS BIGINT) + i, '', CAST($3 AS BIGINT), 0, 0, 0, 'anonymous', 'anonymous', 'echo', \
         'x', 200, '', 0, '', '' FROM n";
    let first = calls(&admin, "?all=true").await[0]["id"].as_i64().unwrap();
    let at = server.clock().now().plus_ms(10_000);
    server.clock().advance_ms(20_000);
    let most = hub::log::LOOKED_AT;
    server.running().db.execute(OTHERS, store::params![store::Ids::first(at), most + 5, at]).await.unwrap();
    for filter in ["status=404", "api=nowhere", "code=API_NOT_FOUND"] {
        let page = admin.get(&format!("/api/apikey/hub/calls?all=true&{filter}")).await.data();
        assert_eq!(page["list"], json!([]), "{filter}");
        let next = page["next"].as_i64().unwrap();
        let found = admin.get(&format!("/api/apikey/hub/calls?all=true&{filter}&before={next}")).await.data();
        assert_eq!((&found["list"][0]["id"], &found["next"]), (&json!(first), &json!(null)), "{filter}");
    }
    // A search by time skips newer rows, and a search in one's own calls skips those of others.
    let until = at.plus_ms(-5_000).as_millis();
    assert_eq!(calls(&admin, &format!("?all=true&status=404&to={until}")).await.len(), 1);
    assert!(calls(&admin, &format!("?all=true&status=404&from={until}")).await.is_empty());
    assert_eq!(calls(&key.owner, "?status=404").await.len(), 1);
    // The page says that the search was bounded, and links to the next page.
    let page = admin.get("/hub/calls?all=yes&status=404").await;
    assert!(page.body.contains("20000") && page.body.contains("rel=\"next\""), "{}", page.body);
}

/// Calls without a known key and API have a bounded number of rows in the log, but all are counted.
#[both_engines("hub.call_log_unknown_per_minute = 20")]
async fn calls_of_nobody_have_so_many_rows_a_minute(server: TestServer) {
    let owner = key(&server, "a", json!({"perSecond": 5})).await;
    let forged = signed(r#"{"alg":"HS256"}"#, &owner.app_claims().to_string(), b"guess");
    let (nobody, forger, app) =
        (server.anyone(), server.anyone().with("apihub-token", &forged), owner.app(&server));
    let flood = async || {
        for part in 0..10 {
            let paths: Vec<String> = (0..20).map(|at| format!("/api/z{part}/b{at}")).collect();
            futures::future::join_all(paths.iter().map(|path| nobody.get(path))).await;
            futures::future::join_all((0..20).map(|_| forger.get("/api/echo/x"))).await;
            futures::future::join_all((0..10).map(|_| app.get("/api/nowhere/x"))).await;
        }
    };
    flood().await;
    let db = &server.running().db;
    server.running().hub.flush_calls().await;
    let count = async |sql: &'static str| db.fetch_one::<(i64,)>(sql, store::params![]).await.unwrap().0;
    const ROWS: &str = "SELECT COUNT(*) FROM hub_call";
    const COUNTED: &str = "SELECT CAST(SUM(calls) AS BIGINT) FROM hub_usage";
    assert_eq!((count(ROWS).await, count(COUNTED).await), (20, 500));
    // Most are refused by rate limits before the API is looked up.
    assert_eq!(
        count("SELECT CAST(SUM(calls) AS BIGINT) FROM hub_usage WHERE key_id = 0 AND outcome = 'refused'")
            .await,
        195
    );
    assert_eq!(
        count(
            "SELECT CAST(SUM(calls) AS BIGINT) FROM hub_usage WHERE key_id = 0 AND outcome = 'client_error'"
        )
        .await,
        5
    );
    assert_eq!(
        count("SELECT CAST(SUM(calls) AS BIGINT) FROM hub_usage WHERE outcome = 'client_error'").await,
        10
    );
    // Calls of a key still have their rows, and the next minute has new room for the others.
    server.clock().advance_ms(60_000);
    result(&app.get("/api/echo/x").await);
    flood().await;
    server.running().hub.flush_calls().await;
    assert_eq!((count(ROWS).await, count(COUNTED).await), (41, 1001));
    assert_eq!(calls(&owner.owner, "?api=echo&status=200").await.len(), 1);
}

/// The log keeps a bounded number of rows. The oldest are deleted.
#[both_engines("hub.call_log_rows = 1000")]
async fn the_log_has_so_many_rows_and_no_more(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 1000})).await;
    let app = key.app(&server);
    let hub = &server.running().hub;
    let call = async |from: i64, count: i64| {
        let paths: Vec<String> = (from..from + count).map(|at| format!("/api/echo/n{at}")).collect();
        for part in paths.chunks(100) {
            futures::future::join_all(part.iter().map(|path| app.get(path))).await;
            server.clock().advance_ms(1_000);
        }
        hub.flush_calls().await;
        while hub.forget_old_calls().await.unwrap() {}
    };
    let rows = async || {
        server
            .running()
            .db
            .fetch_one::<(i64,)>("SELECT COUNT(*) FROM hub_call", store::params![])
            .await
            .unwrap()
            .0
    };
    call(0, 900).await;
    assert_eq!(rows().await, 900);
    call(900, 300).await;
    assert_eq!(rows().await, 1000);
    assert_eq!(calls(&key.owner, "?limit=1").await.len(), 1);
    let oldest: (i64,) = server
        .running()
        .db
        .fetch_one("SELECT COUNT(*) FROM hub_call WHERE action IN ('n0', 'n99')", store::params![])
        .await
        .unwrap();
    assert_eq!(oldest.0, 0, "the oldest are gone");
}

/// The number of calls is more than one statement inserts, and not a multiple of it.
#[both_engines]
async fn many_calls_are_all_written(server: TestServer) {
    let key = key(&server, "a", json!({"perSecond": 1000})).await;
    let app = key.app(&server);
    futures::future::join_all((0..123).map(|_| app.get("/api/echo/x"))).await;
    let mut seen = 0;
    let mut before = String::new();
    loop {
        let page = key.owner.get(&format!("/api/apikey/hub/calls?limit=50{before}")).await.data();
        seen += page["list"].as_array().unwrap().len();
        if page["next"].is_null() {
            break;
        }
        before = format!("&before={}", page["next"]);
    }
    assert_eq!(seen, 123);
}
