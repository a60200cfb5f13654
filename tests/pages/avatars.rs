//! `/avatars` and the pages below it

use serde_json::json;
use testkit::{Actor, Response, TestServer, both_engines};

use crate::api::avatars::{avatar, key};

/// Sends a form with fields beside those of a plain avatar.
async fn send(browser: &Actor, path: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.get("/avatars").await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    browser.post_form(path, &all).await
}

#[both_engines]
async fn an_owner_creates_and_changes_an_avatar(server: TestServer) {
    let owner = server.person("a").await;
    let browser = owner.signed_in().await;
    let note = json!({"title": "<Plan>", "content": "x"});
    let note = browser.post("/api/secondme/note/add", note).await.data()["noteId"].to_string();
    let list = browser.get("/avatars").await;
    assert!(list.status == 200 && list.body.contains("主形象"), "the primary one is there: {}", list.body);
    let new = browser.get("/avatars/new").await;
    assert!(new.status == 200 && new.body.contains("&#60;Plan&#62;"), "{}", new.body);

    let fields = [
        ("title", "<b>导览</b>"),
        ("welcome", "欢迎"),
        ("opening", "你好"),
        ("scenario", "简短"),
        ("memories", "1"),
        ("note", note.as_str()),
        ("by_web", "1"),
        ("origins", "https://Blog.example\nhttp://localhost:3000/"),
        ("messages", "50"),
        ("of_visitor", "5"),
        ("at_once", "3"),
    ];
    let made = send(&browser, "/avatars", &fields).await;
    assert_eq!(made.status, 303, "{}", made.body);
    let path = made.header("location").split('?').next().unwrap().to_owned();
    let page = browser.get(&path).await.body;
    assert!(page.contains("&#60;b&#62;导览") && !page.contains("<b>导览"), "{page}");
    assert!(page.contains("https://blog.example\nhttp://localhost:3000"), "{page}");
    assert!(page.contains("<svg") && page.contains("class=\"qr\"") && page.contains("/widget.js"), "{page}");
    let id: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
    let stored = browser.get(&format!("/api/secondme/avatar/detail?avatarId={id}")).await.data();
    assert_eq!(stored["material"], json!({"publicMemories": true, "publicInterests": false}));
    assert_eq!(
        stored["distribution"],
        json!({"apiEnabled": false, "wxappEnabled": false, "webEnabled": true})
    );
    assert_eq!(stored["relatedNoteIds"][0].to_string(), note);
    assert_eq!(stored["widgetOrigins"], json!(["https://blog.example", "http://localhost:3000"]));
    assert_eq!(
        stored["limits"],
        json!({"messagesPerDay": 50, "tokensPerDay": 0, "visitorMessagesPerDay": 5, "visitorsAtOnce": 3})
    );

    // A form that is refused keeps what was typed, and says which fields are wrong.
    let wrong = [("title", "新名字"), ("origins", "https://a.example/path"), ("messages", "many")];
    let refused = send(&browser, &path, &wrong).await;
    assert_eq!(refused.status, 422);
    for text in ["新名字", "https://a.example/path", "可以放挂件的网站", "限额"] {
        assert!(refused.body.contains(text), "{text}: {}", refused.body);
    }
    assert_eq!(send(&browser, &path, &[("title", "")]).await.status, 422);
    assert_eq!(send(&browser, &path, &[("title", "新名字"), ("skill", "official")]).await.status, 400);
    assert_eq!(send(&browser, &path, &[("title", "新名字")]).await.status, 303);
    let stored = browser.get(&format!("/api/secondme/avatar/detail?avatarId={id}")).await.data();
    assert_eq!((&stored["title"], &stored["relatedNoteIds"]), (&json!("新名字"), &json!([])));
    assert_eq!(stored["distribution"]["webEnabled"], false, "an unticked box closes it");
}

#[both_engines]
async fn keys_are_shown_once_and_states_change(server: TestServer) {
    let browser = server.person("a").await.signed_in().await.in_english();
    let id = avatar(&browser, json!({"title": "guide"})).await;
    let (path, act) = (format!("/avatars/{id}"), format!("/avatars/{id}/act"));
    assert_eq!(send(&browser, &format!("{path}/keys"), &[("name", " ")]).await.status, 422);
    let made = send(&browser, &format!("{path}/keys"), &[("name", "<i>site</i>")]).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let secret = made.body.split("value=\"sk-").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(secret.len(), 32);
    let page = browser.get(&path).await.body;
    assert!(!page.contains(&secret) && page.contains(&secret[..6]), "only its beginning: {page}");
    assert!(page.contains("&#60;i&#62;site"), "{page}");
    let init = json!({"apiKey": format!("sk-{secret}")});
    let visitor = server.person("v").await.with_key("chat").await;
    visitor.post("/api/secondme/visitor-chat/init", init.clone()).await.data();

    let key_id = page.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (what, status) in [("key_off", 401), ("key_on", 200), ("key_delete", 401)] {
        let done = send(&browser, &act, &[("do", what), ("key", &key_id)]).await;
        assert_eq!(done.status, 303, "{what}");
        let opened = visitor.post("/api/secondme/visitor-chat/init", init.clone()).await;
        assert_eq!(opened.status, status, "{what}");
    }
    assert_eq!(send(&browser, &act, &[("do", "pause")]).await.status, 303);
    assert!(browser.get(&path).await.body.contains("Paused"));
    assert_eq!(send(&browser, &act, &[("do", "resume")]).await.status, 303);
    assert_eq!(send(&browser, &act, &[("do", "prefer")]).await.status, 303);
    assert!(browser.get(&path).await.body.contains("On your page"));
    assert_eq!(send(&browser, &act, &[("do", "nonsense")]).await.status, 303);
    let asked = send(&browser, &act, &[("do", "delete"), ("ask", "Delete it?"), ("yes", "Delete")]).await;
    assert!(asked.status == 200 && asked.body.contains("Delete it?"), "it is asked first");
    assert_eq!(send(&browser, &act, &[("do", "delete")]).await.status, 303);
    assert_eq!(browser.get(&path).await.status, 404);
    let primary = browser.get("/api/secondme/avatar/list").await.data()["list"][0]["avatarId"].to_string();
    let refused = send(&browser, &format!("/avatars/{primary}/act"), &[("do", "delete")]).await;
    assert_eq!(refused.status, 400, "the primary one stays");
}

#[both_engines]
async fn other_peoples_avatars_have_no_page(server: TestServer) {
    let owner = server.person("a").await.signed_in().await;
    let id = avatar(&owner, json!({"title": "mine"})).await;
    let (key_id, _) = key(&owner, id).await;
    let other = server.person("b").await.signed_in().await;
    let own = avatar(&other, json!({"title": "own"})).await;
    for path in [format!("/avatars/{id}"), "/avatars/7".to_owned(), "/avatars/x".to_owned()] {
        assert_eq!(other.get(&path).await.status, 404, "{path}");
        assert_eq!(send(&other, &path, &[("title", "taken")]).await.status, 404, "{path}");
        assert_eq!(send(&other, &format!("{path}/act"), &[("do", "pause")]).await.status, 404, "{path}");
        assert_eq!(send(&other, &format!("{path}/keys"), &[("name", "k")]).await.status, 404, "{path}");
    }
    let key_id = key_id.to_string();
    for what in ["key_off", "key_delete"] {
        let form = [("do", what), ("key", key_id.as_str())];
        assert_eq!(send(&other, &format!("/avatars/{own}/act"), &form).await.status, 404, "{what}");
    }
    assert_eq!(server.anyone().get("/avatars").await.status, 401);
}

#[both_engines]
async fn skills_are_written_on_a_page(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let empty = browser.get("/avatars/skills").await;
    assert!(empty.status == 200 && empty.body.contains("还没有技能"), "{}", empty.body);
    let skill = [("title", "<导览>"), ("description", "带人参观"), ("when", ""), ("content", "简短回答。")];
    assert_eq!(send(&browser, "/avatars/skills", &skill[..2]).await.status, 422);
    assert_eq!(send(&browser, "/avatars/skills", &skill).await.status, 303);
    assert!(browser.get("/avatars/skills").await.body.contains("&#60;导览&#62;"));
    let key = browser.get("/api/secondme/avatar/custom-skills/list").await.data()[0]["skillKey"].clone();
    let made = send(&browser, "/avatars", &[("title", "a"), ("skill", key.as_str().unwrap())]).await;
    assert_eq!(made.status, 303, "{}", made.body);
}
