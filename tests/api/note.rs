//! `/api/secondme/note/…`

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const NOTE: &str = "/api/secondme/note";

async fn add(actor: &Actor, note: Value) -> i64 {
    actor.post(&format!("{NOTE}/add"), note).await.data()["noteId"].as_i64().expect("an id")
}

async fn list(actor: &Actor, request: Value) -> Vec<i64> {
    let data = actor.post(&format!("{NOTE}/list"), request).await.data();
    data["list"].as_array().expect("a list").iter().map(|note| note["id"].as_i64().expect("an id")).collect()
}

#[both_engines("notes.read_links = false")]
async fn notes_are_added_listed_and_found(server: TestServer) {
    let actor = server.person("a").await.with_key("note.write").await;
    let text = add(&actor, json!({"content": "今天读完了《三体》", "title": "读书笔记"})).await;
    let link = add(
        &actor,
        json!({"memoryType": "LINK", "urls": ["https://example.com/rust-book"], "title": "To read"}),
    )
    .await;
    let old =
        add(&actor, json!({"memoryType": "URL", "urls": ["http://example.org/"], "content": "Rust 资料"}))
            .await;
    let found = actor.get(&format!("{NOTE}/search?keyword=三体")).await.data();
    assert_eq!((&found["total"], &found["list"][0]["id"]), (&json!(1), &json!(text)));
    assert_eq!(
        (&found["list"][0]["memoryType"], &found["list"][0]["status"]),
        (&json!("TEXT"), &json!("ready"))
    );
    assert_eq!(actor.get(&format!("{NOTE}/search")).await.data()["total"], 3);
    let example = actor.post(&format!("{NOTE}/list"), json!({"from": 1, "size": 1})).await.data();
    assert_eq!(example["total"], 3);
    let time = 1_767_225_600_000_i64;
    assert_eq!(
        example["list"],
        json!([{
            "id": link, "type": "note", "sortTimestamp": time,
            "note": {
                "title": "To read", "content": "", "memoryType": "LINK", "status": "pending",
                "updateTime": time,
                "pages": [{
                    "url": "https://example.com/rust-book",
                    "status": "pending",
                    "title": "",
                    "content": "",
                    "problem": null,
                    "readTime": null,
                }],
                "attachments": [{"url": "https://example.com/rust-book", "dataType": "Link"}],
            },
        }])
    );
    assert_eq!(list(&actor, json!({})).await, [old, link, text]);
    assert_eq!(list(&actor, json!({"query": "rust"})).await, [old, link], "newest first");
    assert_eq!(list(&actor, json!({"dataTypes": ["Memo"]})).await, [text]);
    assert_eq!(list(&actor, json!({"dataTypes": ["Link"]})).await, [old, link]);
    assert_eq!(list(&actor, json!({"dataTypes": ["Link"], "query": "资料"})).await, [old]);
    assert_eq!(list(&actor, json!({"dataTypes": ["Memo"], "query": "资料"})).await, [0_i64; 0]);
    assert_eq!(list(&actor, json!({"dataTypes": ["Audio", "Image"]})).await, [0_i64; 0]);
    assert_eq!(list(&actor, json!({"from": 3})).await, [0_i64; 0]);
}

#[both_engines]
async fn notes_change_and_go(server: TestServer) {
    let actor = server.person("a").await.with_key("note.write").await;
    let id = add(&actor, json!({"content": "first words", "title": "old"})).await;
    server.clock().advance_ms(1000);
    assert_eq!(
        actor.post(&format!("{NOTE}/{id}/update"), json!({"content": "second thoughts"})).await.data(),
        Value::Null
    );
    let found = actor.get(&format!("{NOTE}/search?keyword=thought")).await.data()["list"][0].clone();
    assert_eq!((&found["title"], &found["updateTime"]), (&json!("old"), &json!(1_767_225_601_000_i64)));
    assert_eq!(actor.get(&format!("{NOTE}/search?keyword=first")).await.data()["total"], 0);
    actor
        .post(&format!("{NOTE}/{id}/update"), json!({"content": " "}))
        .await
        .refused(400, "note.update.failed");
    actor
        .post(&format!("{NOTE}/{id}/update"), json!({"title": "t".repeat(201)}))
        .await
        .refused(422, "invalid.param");
    assert_eq!(actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.data(), Value::Null);
    actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.refused(404, "note.delete.failed");
    actor.post(&format!("{NOTE}/{id}/update"), json!({})).await.refused(404, "note.update.failed");
    for sql in [
        "SELECT COUNT(*) FROM note",
        "SELECT COUNT(*) FROM search_entry",
        "SELECT COUNT(*) FROM search_posting",
        "SELECT COUNT(*) FROM search_pending",
    ] {
        assert_eq!(server.running().db.fetch_one::<(i64,)>(sql, &[]).await.unwrap(), (0,), "{sql}");
    }
}

#[both_engines]
async fn an_edit_keeps_the_earlier_version(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("note.write").await;
    let id = add(&actor, json!({"content": "first words", "title": "old"})).await;
    for (content, title) in [("second words", "old"), ("second words", "old"), ("second words", "new")] {
        server.clock().advance_ms(1000);
        actor.post(&format!("{NOTE}/{id}/update"), json!({"content": content, "title": title})).await.data();
    }
    let start = 1_767_225_600_000_i64;
    let history = actor.get(&format!("{NOTE}/{id}/history")).await.data();
    assert_eq!(
        history,
        json!({"total": 2, "list": [
            {
                "title": "old",
                "content": "second words",
                "writtenTime": start + 1000,
                "replacedTime": start + 3000,
            },
            {"title": "old", "content": "first words", "writtenTime": start, "replacedTime": start + 1000},
        ]})
    );
    assert_eq!(
        actor.get(&format!("{NOTE}/{id}/history?pageSize=1&pageNo=2")).await.data()["list"][0]["content"],
        "first words"
    );
    server
        .person("b")
        .await
        .with_key("*")
        .await
        .get(&format!("{NOTE}/{id}/history"))
        .await
        .refused(404, "note.update.failed");
    person
        .with_key("memory.read")
        .await
        .get(&format!("{NOTE}/{id}/history"))
        .await
        .refused(403, "apikey.permission.denied");
    actor.post(&format!("{NOTE}/{id}/delete"), json!({})).await.data();
    actor.get(&format!("{NOTE}/{id}/history")).await.refused(404, "note.update.failed");
    assert_eq!(
        server.running().db.fetch_one::<(i64,)>("SELECT COUNT(*) FROM note_version", &[]).await.unwrap(),
        (0,)
    );
}

#[both_engines]
async fn the_same_note_again_is_the_same_note(server: TestServer) {
    let actor = server.person("a").await.with_key("note.write").await;
    let note = json!({"content": "once", "title": "t"});
    let id = add(&actor, note.clone()).await;
    assert_eq!(add(&actor, note.clone()).await, id);
    for other in [json!({"content": "once"}), json!({"content": "Once", "title": "t"})] {
        assert_ne!(add(&actor, other).await, id);
    }
    let others = server.person("b").await.with_key("note.add").await;
    assert_ne!(add(&others, note.clone()).await, id);
    let at_once = futures::future::join_all((0..8).map(|_| add(&actor, json!({"content": "at once"})))).await;
    assert!(at_once.iter().all(|id| *id == at_once[0]));
    // After a change it is a different note.
    actor.post(&format!("{NOTE}/{id}/update"), json!({"content": "changed"})).await.data();
    assert_ne!(add(&actor, note).await, id);
}

#[both_engines]
async fn limits_of_a_note(server: TestServer) {
    let actor = server.person("a").await.with_key("note.add").await;
    let path = format!("{NOTE}/add");
    for body in
        [json!({}), json!({"content": " "}), json!({"memoryType": "TEXT", "urls": ["https://a.example"]})]
    {
        actor.post(&path, body).await.refused(400, "note.content.required");
    }
    for body in [json!({"memoryType": "LINK"}), json!({"memoryType": "LINK", "content": "x", "urls": []})] {
        actor.post(&path, body).await.refused(400, "note.urls.required");
    }
    let whole: String = ('\u{4e00}'..).take(50_000).map(|c| if c <= '\u{9fff}' { c } else { '长' }).collect();
    add(&actor, json!({"content": whole, "title": "题".repeat(200)})).await;
    for (body, field) in [
        (json!({"content": "x".repeat(50_001)}), json!(["body", "content"])),
        (json!({"content": "x", "title": "t".repeat(201)}), json!(["body", "title"])),
        (json!({"content": "x", "memoryType": "AUDIO"}), json!(["body", "memoryType"])),
        (json!({"memoryType": "LINK", "urls": vec!["https://a.example"; 11]}), json!(["body", "urls"])),
        (
            json!({"memoryType": "LINK", "urls": ["https://a.example", "javascript:alert(1)"]}),
            json!(["body", "urls", "1"]),
        ),
        (json!({"memoryType": "LINK", "urls": ["https://a.example", ""]}), json!(["body", "urls", "1"])),
        (json!({"memoryType": "LINK", "urls": "https://a.example"}), json!(["body", "urls"])),
    ] {
        let answer = actor.post(&path, body).await.refused(422, "invalid.param");
        assert_eq!(answer["detail"][0]["loc"], field);
    }
    let reader = server.person("b").await.with_key("memory.read").await;
    for body in [
        json!({"from": -1}),
        json!({"size": 0}),
        json!({"query": "x".repeat(201)}),
        json!({"dataTypes": ["Nothing"]}),
    ] {
        reader.post(&format!("{NOTE}/list"), body).await.refused(422, "invalid.param");
    }
}

#[both_engines]
async fn a_search_shows_the_beginning_of_a_long_note(server: TestServer) {
    let actor = server.person("a").await.with_key("note.write").await;
    add(&actor, json!({"content": format!("{} needle", "长".repeat(600))})).await;
    let found = actor.get(&format!("{NOTE}/search?keyword=needle")).await.data();
    assert_eq!(found["list"][0]["content"], format!("{}…", "长".repeat(500)));
}

#[both_engines]
async fn other_peoples_notes_are_out_of_reach(server: TestServer) {
    let owner = server.person("a").await.with_key("note.write").await;
    let thief = server.person("b").await.with_key("*").await;
    let id = add(&owner, json!({"content": "秘密"})).await;
    for id in [id.to_string(), "x".into(), "0".into()] {
        thief
            .post(&format!("{NOTE}/{id}/update"), json!({"content": "x"}))
            .await
            .refused(404, "note.update.failed");
        thief.post(&format!("{NOTE}/{id}/delete"), json!({})).await.refused(404, "note.delete.failed");
    }
    assert_eq!(list(&thief, json!({"query": "秘密"})).await, [0_i64; 0]);
    assert_eq!(list(&owner, json!({"query": "秘密"})).await, [id]);
    assert_eq!(thief.get("/api/secondme/memory/key/search?keyword=秘密").await.data()["total"], 0);
}
