//! Conversations on `/chat`: answers that go on, names, pins, deletion that can be undone, editing.

use testkit::{
    Actor, TestServer, both_engines,
    model::{Model, STREAM, Step, ending, piece, saying},
};

/// Starts a conversation, and returns the CSRF token and the session's id.
pub async fn conversation(browser: &Actor, message: &str) -> (String, String) {
    let csrf = browser.get("/chat").await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", message)];
    let said = browser.post_form("/chat", &form).await;
    let place = said.header("location").to_owned();
    let session = place.strip_prefix("/chat?session=").unwrap().strip_suffix("#end").unwrap().to_owned();
    (csrf, session)
}

/// Returns the ids of the messages on a page, in order.
pub fn ids(page: &str) -> Vec<String> {
    let ids = page.split("<li class=\"turn ").skip(1).filter_map(|turn| turn.split("id=\"").nth(1));
    ids.filter_map(|rest| rest.split('"').next())
        .filter(|id| id.starts_with("msg_"))
        .map(str::to_owned)
        .collect()
}

#[both_engines]
async fn a_conversation_is_renamed_and_pinned(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let (csrf, session) = conversation(&browser, "你好").await;
    let form = |more: (&'static str, &'static str)| {
        [("csrf", csrf.clone()), ("session", session.clone()), (more.0, more.1.to_owned())]
    };
    let post = |path: &'static str, more: (&'static str, &'static str)| {
        let form = form(more);
        let browser = &browser;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.post_form(path, &form).await
        }
    };
    assert_eq!(post("/chat/rename", ("title", " <i>周末</i>\n计划 ")).await.status, 303);
    assert_eq!(post("/chat/rename", ("title", " ")).await.status, 422);
    assert_eq!(post("/chat/pin", ("pinned", "1")).await.status, 303);
    let page = browser.get("/chat").await;
    assert!(
        page.body.contains("&#60;i&#62;周末&#60;/i&#62; 计划") && page.body.contains("<h3>置顶</h3>"),
        "{}",
        page.body
    );
    assert_eq!(post("/chat/pin", ("pinned", "0")).await.status, 303);
    assert!(!browser.get("/chat").await.body.contains("<h3>置顶</h3>"));
    let file = browser.get(&format!("/chat/export?session={session}&as=md")).await;
    assert!(file.body.starts_with("# <i>周末</i> 计划") && file.body.contains("你好！我是"), "{}", file.body);
    assert!(file.header("content-disposition").starts_with("attachment"));
    let file = browser.get(&format!("/chat/export?session={session}&as=json")).await.json();
    assert_eq!(file["messages"][0]["content"], "你好");
    drop(model);
}

#[both_engines]
async fn other_peoples_conversations_do_not_exist(server: TestServer, model: Model) {
    let (_, session) = conversation(&server.person("a").await.signed_in().await, "你好").await;
    let other = server.person("b").await.signed_in().await;
    let csrf = other.get("/chat").await.hidden("csrf");
    for path in ["/chat/rename", "/chat/pin", "/chat/delete"] {
        let form = [("csrf", csrf.as_str()), ("session", &session), ("title", "x"), ("pinned", "1")];
        assert_eq!(other.post_form(path, &form).await.status, 404, "{path}");
        let form = [("csrf", "x"), ("session", session.as_str()), ("title", "x")];
        assert_eq!(other.post_form(path, &form).await.status, 403, "{path}");
        assert_ne!(server.anyone().post_form(path, &form).await.status, 200, "{path}");
    }
    let form = [("csrf", csrf.as_str()), ("session", &session)];
    assert_eq!(other.post_form("/chat/restore", &form).await.header("location"), "/chat?done=late");
    assert_eq!(other.post_form("/chat/stop", &form).await.status, 404);
    assert_eq!(other.get(&format!("/chat/export?session={session}")).await.status, 404);
    assert_eq!(other.get(&format!("/chat/live?session={session}")).await.status, 204);
    let form =
        [("csrf", csrf.as_str()), ("session", &session), ("message", ""), ("replaces", "msg_00000000000001")];
    assert_eq!(other.post_form("/chat/say", &form).await.status, 404);
    drop(model);
}

#[both_engines]
async fn a_deleted_conversation_comes_back_within_ten_seconds(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let (csrf, session) = conversation(&browser, "你好").await;
    let form = [("csrf", csrf.as_str()), ("session", &session)];
    let deleted = browser.post_form("/chat/delete", &form).await;
    let place = deleted.header("location").to_owned();
    assert_eq!(place, format!("/chat?done=deleted&restore={session}"));
    let page = browser.get(&place).await;
    assert!(page.body.contains("对话已删除") && page.body.contains("/chat/restore"), "{}", page.body);
    let list = browser.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 0, "hidden at once");
    assert_eq!(browser.post_form("/chat/delete", &form).await.status, 404);
    server.clock().advance_ms(9_000);
    assert!(browser.post_form("/chat/restore", &form).await.header("location").contains(&session));
    assert!(browser.get(&format!("/chat?session={session}")).await.body.contains("你好！我是"));
    browser.post_form("/chat/delete", &form).await;
    server.clock().advance_ms(11_000);
    assert_eq!(browser.post_form("/chat/restore", &form).await.header("location"), "/chat?done=late");
    browser.get("/chat").await;
    let (left,): (i64,) =
        server.running().db.fetch_one("SELECT COUNT(*) FROM chat_message", &[]).await.unwrap();
    assert_eq!(left, 0, "removed at the next visit");
    drop(model);
}

#[both_engines]
async fn an_edited_message_replaces_what_follows(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    model.next(saying(&["第一"]));
    let (csrf, session) = conversation(&browser, "一").await;
    model.next(saying(&["第二"]));
    let form = [("csrf", csrf.as_str()), ("session", &session), ("message", "二")];
    browser.post_form("/chat", &form).await;
    let page = browser.get(&format!("/chat?session={session}")).await.body;
    let messages = ids(&page);
    assert_eq!(messages.len(), 4, "{page}");
    let editing = browser.get(&format!("/chat?session={session}&edit={}", messages[2])).await.body;
    assert!(editing.contains(">二</textarea>") && editing.contains("之后的内容会被替换"), "{editing}");
    model.next(saying(&["第三"]));
    let form =
        [("csrf", csrf.as_str()), ("session", &session), ("message", "三"), ("replaces", &messages[2])];
    assert_eq!(browser.post_form("/chat", &form).await.status, 303);
    let page = browser.get(&format!("/chat?session={session}")).await.body;
    assert!(page.contains("第三") && page.contains("第一") && !page.contains("第二"), "{page}");
    // Without a text, the same message is answered again.
    let asked = model.asked().len();
    model.next(saying(&["第四"]));
    let messages = ids(&page);
    let form = [("csrf", csrf.as_str()), ("session", &session), ("message", ""), ("replaces", &messages[2])];
    assert_eq!(browser.post_form("/chat", &form).await.status, 303);
    let prompt = model.asked()[asked].to_string();
    assert!(prompt.contains("第一") && prompt.contains("三") && !prompt.contains("第三"), "{prompt}");
    let page = browser.get(&format!("/chat?session={session}")).await.body;
    assert!(page.contains("第四") && !page.contains("第三") && ids(&page).len() == 4, "{page}");
    let faults = server
        .running()
        .chat
        .examine(
            server.running().identity.account_by_email("a@example.com").await.unwrap().unwrap().id,
            false,
        )
        .await
        .unwrap();
    assert!(faults.is_empty(), "{faults:?}");
}

#[both_engines]
async fn an_answer_goes_on_and_is_joined_again(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/chat").await.hidden("csrf");
    let begin = format!("{STREAM}{}", piece("开始"));
    let rest = format!("{}{}", piece("**结束**"), ending("stop"));
    model.next(vec![Step::Send(begin.into_bytes()), Step::Wait, Step::Send(rest.into_bytes())]);
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "你好")];
    let request = browser.request(http::Method::POST, "/chat/say").form(&form);
    let mut stream = request.send().await.unwrap();
    let mut first = String::new();
    while !first.contains("event: text") {
        first.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    let session = first.split("\"session\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    drop(stream);
    assert!(browser.get(&format!("/chat?session={session}")).await.body.contains("data-live"));
    let joined = browser.request(http::Method::GET, &format!("/chat/live?session={session}&from=1"));
    let (joined, ()) = tokio::join!(joined.send(), async { model.release() });
    let joined = joined.unwrap().text().await.unwrap();
    if !joined.is_empty() {
        assert!(
            joined.contains("结束") && joined.contains("event: done") && !joined.contains("开始"),
            "{joined}"
        );
    }
    let page = browser.get(&format!("/chat?session={session}")).await.body;
    assert!(page.contains("开始<strong>结束</strong>") && !page.contains("data-live"), "{page}");
}

#[both_engines]
async fn stopping_ends_the_request_of_the_model(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/chat").await.hidden("csrf");
    model.next(vec![Step::Send(format!("{STREAM}{}", piece("半个回答")).into_bytes()), Step::Stall]);
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "你好")];
    let mut stream = browser.request(http::Method::POST, "/chat/say").form(&form).send().await.unwrap();
    let mut first = String::new();
    while !first.contains("event: text") {
        first.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    let session = first.split("\"session\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = [("csrf", csrf.as_str()), ("session", &session)];
    assert_eq!(browser.post_form("/chat/stop", &form).await.status, 204);
    model.hung_up().await;
    let page = browser.get(&format!("/chat?session={session}")).await.body;
    assert!(page.contains("半个回答") && page.contains("回答被停止"), "{page}");
}

#[both_engines("model.images = true")]
async fn pictures_and_steps_stay_with_the_messages(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/chat").await.hidden("csrf");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0".to_vec();
    let key =
        browser.upload("/api/cdn/upload", "a.png", png).await.data()["key"].as_str().unwrap().to_owned();
    model.next(saying(&["<think>先想想</think>", "好看"]));
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", ""), ("picture", &key)];
    let said = browser.post_form("/chat", &form).await;
    assert_eq!(said.status, 303, "{}", said.body);
    assert!(model.asked()[0].to_string().contains("data:image/png;base64,"), "{}", model.asked()[0]);
    let page = browser.get(said.header("location").trim_end_matches("#end")).await.body;
    assert!(
        page.contains(&format!("/cdn/{key}")) && page.contains("先想想") && page.contains("好看"),
        "{page}"
    );
    let other = server.person("b").await.signed_in().await;
    let csrf = other.get("/chat").await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "x"), ("picture", &key)];
    assert_eq!(other.post_form("/chat/say", &form).await.status, 404, "another person's picture");
}

#[both_engines]
async fn hostile_answers_are_shown_as_texts(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    model.next(saying(&[include_str!("hostile.md")]));
    let (_, session) = conversation(&browser, "你好").await;
    let page = browser.get(&format!("/chat?session={session}")).await.body;
    let prose = page
        .split("<div class=\"prose\">")
        .nth(1)
        .unwrap()
        .split("<div class=\"turn-tools\">")
        .next()
        .unwrap();
    for bad in ["<script", "<iframe", "<svg onload", "javascript:\"", "<img src=x", "<style", "<form"] {
        assert!(!prose.contains(bad), "{bad}");
    }
    assert!(!prose.contains("href=\"javascript"));
}
