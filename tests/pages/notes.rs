//! `/notes`: a list beside the note that is read, and an editor that saves while the person is typing.

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const ADD: &str = "/api/secondme/note/add";

async fn note(key: &Actor, title: &str, content: &str) -> String {
    key.post(ADD, json!({"title": title, "content": content})).await.data()["noteId"].to_string()
}

/// Returns the token and the version in the editor of a note.
async fn editor(browser: &Actor, id: &str) -> (String, String) {
    let page = browser.get(&format!("/notes/{id}/edit")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    (page.hidden("csrf"), page.hidden("version"))
}

async fn draft(browser: &Actor, id: &str, token: &(String, String), text: &str) -> (u16, Value) {
    let fields = [("csrf", token.0.as_str()), ("version", &token.1), ("title", "题"), ("content", text)];
    let response = browser.post_form(&format!("/notes/{id}/draft"), &fields).await;
    let body = if response.status == 200 || response.status == 409 { response.json() } else { Value::Null };
    (response.status, body)
}

#[both_engines]
async fn notes_are_read_beside_their_list(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let empty = browser.get("/notes").await;
    assert!(empty.status == 200 && empty.body.contains("还没有笔记"), "{}", empty.body);
    let id = note(&key, "手冲笔记", "# 做法\n\n**92 度** 比 94 度干净 #咖啡\n\n- 一\n- 二").await;
    note(&key, "", "没有标题的一篇").await;
    let list = browser.get("/notes").await;
    assert!(list.body.contains("做法 92 度 比 94 度干净") && !list.body.contains("**"), "{}", list.body);
    assert!(list.body.contains("/notes?tag=%E5%92%96%E5%95%A1"), "{}", list.body);
    let page = browser.get(&format!("/notes/{id}")).await;
    assert!(page.body.contains("<h1 id=\"note-title\">手冲笔记</h1>"), "{}", page.body);
    assert!(page.body.contains("<strong>92 度</strong>") && page.body.contains("<li>一"), "{}", page.body);
    let tagged = browser.get("/notes?tag=%E5%92%96%E5%95%A1").await;
    assert!(tagged.body.contains("手冲笔记") && !tagged.body.contains("没有标题的一篇"), "{}", tagged.body);
    let found = browser.get("/notes?q=94").await;
    assert!(found.body.contains("<mark>94</mark>"), "{}", found.body);
    assert!(browser.get("/notes?q=xyzzy").await.body.contains("没有找到「xyzzy」"));
    // Addresses of before still lead there.
    let before = browser.get(&format!("/memories/note/{id}")).await;
    assert_eq!((before.status, before.header("location")), (303, format!("/notes/{id}").as_str()));
    let csrf = page.hidden("csrf");
    let gone = browser.post_form(&format!("/notes/{id}/delete"), &[("csrf", &csrf)]).await;
    assert!(gone.header("location").starts_with("/memories?done=trashed"), "{}", gone.body);
    assert_eq!(browser.get(&format!("/notes/{id}")).await.status, 404);
}

#[both_engines]
async fn a_note_is_written_as_a_form(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/notes/new").await.hidden("csrf");
    let preview =
        [("csrf", csrf.as_str()), ("title", "题"), ("content", "**粗**\r\n<b>x</b>"), ("do", "preview")];
    let page = browser.post_form("/notes", &preview).await;
    assert!(page.status == 200 && page.body.contains("<strong>粗</strong>"), "{}", page.body);
    assert!(!page.body.contains("<b>x</b>"), "HTML stays text");
    let fragment = browser.post_form("/notes/preview", &preview).await;
    assert!(
        fragment.body.contains("<strong>粗</strong>") && !fragment.body.contains("<html"),
        "{}",
        fragment.body
    );
    assert!(browser.get("/notes").await.body.contains("还没有笔记"), "a preview saves nothing");
    let saved = browser
        .post_form("/notes", &[("csrf", &csrf), ("title", "题"), ("content", "正文"), ("do", "save")])
        .await;
    assert!(saved.status == 303 && saved.header("location").starts_with("/notes/"), "{}", saved.body);
    let id = saved.header("location").trim_start_matches("/notes/").split('?').next().unwrap().to_owned();
    let token = editor(&browser, &id).await;
    let form =
        [("csrf", token.0.as_str()), ("version", &token.1), ("title", "题二"), ("content", "新的正文")];
    assert_eq!(browser.post_form(&format!("/notes/{id}"), &form).await.status, 303);
    // The same form from another tab knows an older version.
    let late =
        [("csrf", token.0.as_str()), ("version", &token.1), ("title", "题三"), ("content", "另一个标签页")];
    let conflict = browser.post_form(&format!("/notes/{id}"), &late).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.body.contains("新的正文") && conflict.body.contains("另一个标签页"), "nothing is lost");
    let version = conflict.hidden("version");
    let sure =
        [("csrf", token.0.as_str()), ("version", &version), ("title", "题三"), ("content", "另一个标签页")];
    assert_eq!(browser.post_form(&format!("/notes/{id}"), &sure).await.status, 303);
    let page = browser.get(&format!("/notes/{id}")).await;
    assert!(
        page.body.contains("另一个标签页") && page.body.contains("新的正文"),
        "the other one is in the history"
    );

    for (text, status) in [(" ".to_owned(), 400), ("长".repeat(50_001), 422), ("x".repeat(1 << 20), 413)] {
        let form = [("csrf", csrf.as_str()), ("title", "题"), ("content", &text)];
        let refused = browser.post_form("/notes", &form).await;
        assert_eq!(refused.status, status, "{} bytes", text.len());
    }
    assert_eq!(browser.post_form("/notes", &[("csrf", "x"), ("content", "a")]).await.status, 403);
}

#[both_engines]
async fn drafts_are_saved_and_conflicts_noticed(server: TestServer) {
    let person = server.person("a").await;
    let (browser, key) = (person.signed_in().await, person.with_key("*").await);
    let csrf = browser.get("/notes/new").await.hidden("csrf");
    let new =
        browser.post_form("/notes/draft", &[("csrf", &csrf), ("title", "题"), ("content", "开头")]).await;
    assert_eq!(new.status, 200, "{}", new.body);
    let id = new.json()["id"].as_str().unwrap().to_owned();
    let mut token = (csrf, new.json()["version"].as_str().unwrap().to_owned());
    let account = person.account.id;
    let versions = async || {
        let page = web::paging::Page { limit: 50, offset: 0 };
        let id = id.parse().unwrap();
        server.running().memory.note_versions(account, id, page).await.unwrap().total
    };
    for text in ["开头，", "开头，接着", "开头，接着写"] {
        server.clock().advance_ms(3 * 1000);
        let (status, body) = draft(&browser, &id, &token, text).await;
        assert_eq!(status, 200);
        token.1 = body["version"].as_str().unwrap().to_owned();
    }
    assert_eq!(versions().await, 1, "texts between drafts are no versions");
    server.clock().advance_ms(3600 * 1000);
    let (_, body) = draft(&browser, &id, &token, "第二天的").await;
    assert_eq!(versions().await, 2, "a text that stood for a while is one");
    let known = (token.0.clone(), body["version"].as_str().unwrap().to_owned());
    let update = json!({"content": "应用改的"});
    key.post(&format!("/api/secondme/note/{id}/update"), update).await.data();
    let (status, body) = draft(&browser, &id, &known, "我的").await;
    assert_eq!((status, &body["content"]), (409, &json!("应用改的")));
    assert_eq!(draft(&browser, &id, &known, " ").await.0, 400, "an empty text is not saved");
    let page = browser.get(&format!("/notes/{id}")).await;
    assert!(page.body.contains("应用改的") && page.body.contains("第二天的"), "{}", page.body);
}

#[both_engines]
async fn other_peoples_notes_stay_theirs(server: TestServer) {
    let (alice, bob) = (server.person("a").await, server.person("b").await);
    let (own, other) = (alice.with_key("*").await, bob.signed_in().await);
    let id = note(
        &own,
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script> [x](javascript:alert(1)) #a\"b",
    )
    .await;
    let owner = alice.signed_in().await;
    for path in ["/notes".to_owned(), format!("/notes/{id}"), format!("/notes/{id}/edit")] {
        let page = owner.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        for hostile in ["<script>", "<img src=x", "href=\"javascript"] {
            assert!(!page.body.contains(hostile), "{path}: {}", page.body);
        }
    }
    let csrf = other.get("/notes/new").await.hidden("csrf");
    for path in [format!("/notes/{id}"), format!("/notes/{id}/edit")] {
        assert_eq!(other.get(&path).await.status, 404, "{path}");
    }
    for path in ["", "/draft", "/delete"] {
        let form = [("csrf", csrf.as_str()), ("title", "x"), ("content", "x"), ("version", "1")];
        assert_eq!(other.post_form(&format!("/notes/{id}{path}"), &form).await.status, 404, "{path}");
        let form = [("csrf", "x"), ("content", "x")];
        assert_eq!(owner.post_form(&format!("/notes/{id}{path}"), &form).await.status, 403, "{path}");
    }
    for path in ["/notes", "/notes/new", "/notes/draft", "/notes/preview"] {
        assert_eq!(
            owner.post_form(path, &[("csrf", "x")]).await.status,
            if path == "/notes/new" { 405 } else { 403 }
        );
    }
    let nobody = server.anyone();
    for path in ["/notes".to_owned(), format!("/notes/{id}"), "/notes/new".to_owned()] {
        assert_eq!(nobody.get(&path).await.status, 401, "{path}");
    }
    for wrong in ["/notes/x", "/notes/0", "/notes/99999999999999999999/edit"] {
        assert_eq!(owner.get(wrong).await.status, 404, "{wrong}");
    }
}
