//! Rules of what is never kept, over HTTP.

use serde_json::json;
use testkit::{TestServer, both_engines};

const NEVER: &str = "/api/secondme/memory/never";

#[both_engines]
async fn rules_are_added_listed_and_deleted(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    assert_eq!(actor.get(NEVER).await.data(), json!({"rules": [], "keepsNumbers": false, "refused": []}));
    let added = actor.post(NEVER, json!({"phrase": "  我的  前任 "})).await.data();
    assert_eq!(added["rules"][0]["phrase"], "我的 前任");
    actor.post(NEVER, json!({"phrase": "我的 前任"})).await.data();
    assert_eq!(actor.get(NEVER).await.data()["rules"].as_array().unwrap().len(), 1, "the same again");
    assert_eq!(actor.post(NEVER, json!({"phrase": ""})).await.status, 422);
    assert_eq!(actor.post(NEVER, json!({"phrase": "x".repeat(201)})).await.status, 422);
    let set = actor.post(&format!("{NEVER}/numbers"), json!({"keep": true})).await.data();
    assert_eq!(set["keepsNumbers"], true);

    let id = added["rules"][0]["ruleId"].to_string();
    let other = server.person("b").await.with_key("*").await;
    assert_eq!(other.post(&format!("{NEVER}/{id}/delete"), json!({})).await.status, 404);
    actor.post(&format!("{NEVER}/{id}/delete"), json!({})).await.data();
    assert_eq!(actor.post(&format!("{NEVER}/{id}/delete"), json!({})).await.status, 404, "once");
    assert_eq!(actor.get(NEVER).await.data()["rules"], json!([]));
}
