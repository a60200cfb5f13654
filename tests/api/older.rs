//! The older addresses below `/gate/in/rest/third-party-agent/v1`

use reqwest::Method;
use serde_json::json;
use testkit::{Actor, Response, TestServer, both_engines};

const BASE: &str = "/gate/in/rest/third-party-agent/v1";

async fn call(actor: &Actor, method: Method, path: &str, body: serde_json::Value) -> Response {
    actor.send(actor.request(method, &format!("{BASE}{path}")).json(&body)).await
}

#[both_engines]
async fn older_addresses_are_other_names(server: TestServer) {
    // The first account has a certificate.
    let _first = server.person("admin").await;
    let person = server.person("小明").await;
    let program = server.bearer(&person.program_token().await);
    let get = async |path: &str| program.get(&format!("{BASE}{path}")).await.data();
    assert_eq!(get("/profile").await["name"], "小明");
    call(&program, Method::PUT, "/profile", json!({"aboutMe": "读书"})).await.data();
    assert_eq!(
        program.get("/api/secondme/user/info").await.data(),
        get("/profile").await,
        "the same as today's endpoint"
    );

    let made =
        call(&program, Method::POST, "/memories/key", json!({"mode": "direct", "content": "喝茶"})).await;
    let made = made.data();
    let found = get("/memories/key/search?keyword=喝茶").await;
    let id = found["list"][0]["id"].to_string().trim_matches('"').to_owned();
    assert!(!id.is_empty() && id != "null", "{made} {found}");
    let path = format!("/memories/key/{id}");
    call(&program, Method::PUT, &path, json!({"content": "喝咖啡"})).await.data();
    assert_eq!(get("/memories/key/search?keyword=咖啡").await["list"][0]["factContent"], "喝咖啡");
    call(&program, Method::DELETE, &path, json!({})).await.data();
    assert_eq!(get("/memories/key/search?keyword=咖啡").await["list"], json!([]));
    call(&program, Method::POST, "/notes", json!({"content": "笔记"})).await.data();
    assert_eq!(call(&program, Method::POST, "/notes/list", json!({})).await.data()["total"], 1);
    get("/agent/events/day-overview").await;

    assert_eq!(get("/plaza/access").await, json!({"activated": false}));
    program
        .get(&format!("{BASE}/plaza/feed"))
        .await
        .refused(403, "third.party.agent.plaza.invitation.required");

    // The rights are those of today's endpoints.
    server.anyone().get(&format!("{BASE}/profile")).await.refused(401, "apikey.auth.missing");
    let narrow = person.with_key("chat").await;
    narrow.get(&format!("{BASE}/memories/key/search")).await.refused(403, "apikey.permission.denied");
    assert_eq!(call(&program, Method::DELETE, "/profile", json!({})).await.status, 404);
    assert_eq!(program.get(&format!("{BASE}/nothing")).await.status, 404);
}
