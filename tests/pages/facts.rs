//! The pages about facts that change, and about what is never kept.

use serde_json::json;
use testkit::{Actor, TestServer, both_engines};

use crate::mcp::support::{call, done, failed};

const SCOPES: &str = "userinfo memory.read memory.write note.write";

async fn send(browser: &Actor, page: &str, path: &str, fields: &[(&str, &str)]) -> testkit::Response {
    let csrf = browser.get(page).await.hidden("csrf");
    let form: Vec<(&str, &str)> =
        [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
    browser.post_form(path, &form).await
}

#[both_engines]
async fn people_note_that_something_changed(server: TestServer) {
    let person = server.person("ann").await;
    let browser = person.signed_in().await.in_english();
    browser.post("/api/secondme/memory/key", json!({"content": "Lives in Berlin"})).await.data();
    let list = browser.get("/api/secondme/memory/key/search").await.data();
    let page = format!("/memories/key/{}", list["list"][0]["id"]);
    assert!(browser.get(&page).await.body.contains("Has it changed?"));
    let replace = format!("{page}/replace");
    let fields = [("content", "Lives in Lisbon"), ("since", "2025-05-01")];
    let replaced = send(&browser, &page, &replace, &fields).await;
    let newer = replaced.header("location").to_owned();
    assert!(newer.ends_with("?done=replaced"), "{newer}");
    let shown = browser.get(&newer).await.body;
    for text in ["Lives in Lisbon", "value=\"2025-05-01\"", "Takes the place of an older memory"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let old = browser.get(&page).await.body;
    for text in
        ["No longer true", "A newer memory took its place", "value=\"2025-05-01\"", "It is still true"]
    {
        assert!(old.contains(text), "{text}: {old}");
    }
    assert!(browser.get("/memories").await.body.contains("No longer true"));
    // A change of the text leaves the times as they are.
    let saved =
        send(&browser, &page, &page, &[("content", "Lived in Berlin"), ("until", "2025-05-01")]).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let back = send(&browser, &page, &replace, &[("do", "back")]).await;
    assert_eq!(back.status, 303, "{}", back.body);
    assert!(!browser.get(&page).await.body.contains("No longer true"));
    // Wrong input, and other people.
    for fields in [[("content", " "), ("since", "")], [("content", "x"), ("since", "May")]] {
        let refused = send(&browser, &page, &replace, &fields).await;
        assert!((400..423).contains(&refused.status), "{fields:?} {}", refused.status);
    }
    let wrong =
        send(&browser, &page, &page, &[("content", "x"), ("from", "2025-05-02"), ("until", "2025-05-01")]);
    assert_eq!(wrong.await.status, 422);
    let other = server.person("bob").await.signed_in().await;
    let stolen = send(&other, "/memories", &replace, &[("content", "x"), ("since", "")]).await;
    assert_eq!(stolen.status, 404);
}

#[both_engines]
async fn rules_of_what_is_never_kept_bind_agents(server: TestServer) {
    const PAGE: &str = "/memories/never";
    let person = server.person("ann").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, SCOPES).await;
    let browser = person.signed_in().await.in_english();
    assert!(browser.get(PAGE).await.body.contains("There are no rules yet"));
    let added = send(&browser, PAGE, PAGE, &[("phrase", "my <b>salary</b> and health")]).await;
    assert_eq!(added.header("location"), "/memories/never?done=added");
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("my &#60;b&#62;salary") && !page.body.contains("<b>salary"), "{}", page.body);
    for content in ["Takes pills from the hospital", "Card 4111-1111-1111-1111", "Password is hunter2"] {
        failed(&call(&agent, "add_memory", json!({"content": content})).await, "never_kept");
        failed(&call(&agent, "add_note", json!({"content": content})).await, "never_kept");
    }
    let kept = call(&agent, "add_memory", json!({"content": "Keeps bees"})).await;
    let id = done(&kept)["id"].clone();
    let change = json!({"id": id, "content": "SSN 219-09-9999"});
    failed(&call(&agent, "update_memory", change).await, "never_kept");
    assert_eq!(browser.get("/api/secondme/memory/key/search").await.data()["total"], 1);
    let page = browser.get(PAGE).await.body;
    for text in ["A card number", "A rule of yours", "A password or key", "An identity number"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("hunter2") && !page.contains("4111"), "{page}");
    // The person may allow the numbers, and delete the rule.
    send(&browser, PAGE, PAGE, &[("numbers", "keep")]).await;
    done(&call(&agent, "add_memory", json!({"content": "Card 4111-1111-1111-1111"})).await);
    let rule = page.split("name=\"delete\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let other = server.person("bob").await.signed_in().await;
    send(&other, PAGE, PAGE, &[("delete", rule)]).await;
    failed(&call(&agent, "add_memory", json!({"content": "Sees a doctor"})).await, "never_kept");
    send(&browser, PAGE, PAGE, &[("delete", rule)]).await;
    done(&call(&agent, "add_memory", json!({"content": "Sees a doctor"})).await);
    for wrong in ["", "…", &"x ".repeat(150)] {
        assert_eq!(send(&browser, PAGE, PAGE, &[("phrase", wrong)]).await.status, 422, "{wrong}");
    }
}

#[both_engines]
async fn agents_say_what_a_fact_takes_the_place_of(server: TestServer) {
    let person = server.person("ann").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, SCOPES).await;
    let browser = person.signed_in().await.in_english();
    let old = call(&agent, "add_memory", json!({"content": "Lives in Berlin"})).await;
    let old = done(&old)["id"].clone();
    let new = call(&agent, "add_memory", json!({"content": "Lives in Lisbon", "supersedes": old})).await;
    let new = done(&new)["id"].clone();
    let listed = call(&agent, "list_memories", json!({})).await;
    let items = done(&listed)["items"].as_array().unwrap().clone();
    let berlin = items.iter().find(|item| item["id"] == old).unwrap();
    assert!(berlin["superseded_by"] == new && berlin["until"].is_string(), "{berlin}");
    let read = call(&agent, "fetch", json!({"id": old})).await;
    assert_eq!(done(&read)["metadata"]["superseded_by"], new);
    let recalled = call(&agent, "recall", json!({"text": "Where do I live, in Berlin?"})).await;
    let items = done(&recalled)["items"].as_array().unwrap().clone();
    let place = |id: &serde_json::Value| items.iter().position(|item| item["id"] == *id).unwrap();
    assert!(place(&new) < place(&old), "{items:?}");
    assert!(items[place(&old)]["until"].is_string(), "{items:?}");
    // In the inbox, it takes the place once the person accepts it.
    send(&browser, "/memories/review", "/memories/review", &[("do", "on")]).await;
    call(&agent, "add_memory", json!({"content": "Lives in Oslo", "supersedes": new})).await;
    let page = browser.get("/memories/review").await.body;
    let id = page.split("id=\"waiting-").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    send(&browser, "/memories/review", "/memories/review", &[("do", "accept"), ("id", id)]).await;
    let read = call(&agent, "fetch", json!({"id": new})).await;
    assert!(done(&read)["metadata"]["superseded_by"].is_string(), "{read}");
    failed(&call(&agent, "add_memory", json!({"content": "x", "supersedes": "memory:1"})).await, "not_found");
    // Everything that the app wrote is forgotten from the page of one of its memories.
    let number = old.as_str().unwrap().strip_prefix("memory:").unwrap().to_owned();
    let page = format!("/memories/key/{number}");
    assert!(browser.get(&page).await.body.contains("Forget everything that Example App wrote"));
    let forget = format!("{page}/forget-app");
    assert_eq!(send(&browser, &page, &forget, &[("app", "Other")]).await.status, 404);
    let gone = send(&browser, &page, &forget, &[("app", "Example App")]).await;
    assert!(gone.header("location").starts_with("/memories?done=trashed&n=3"), "{}", gone.header("location"));
    assert_eq!(browser.get("/api/secondme/memory/key/search").await.data()["total"], 0);
}
