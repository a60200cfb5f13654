//! `/chat`: conversations with the assistant without scripts.

use testkit::{TestServer, both_engines, model::Model};

#[both_engines]
async fn a_person_talks_to_their_double_without_scripts(server: TestServer, model: Model) {
    let person = server.person("a").await;
    let browser = person.signed_in().await;
    let page = browser.get("/chat").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.hidden("csrf");
    let said =
        browser.post_form("/chat", &[("csrf", &csrf), ("session", ""), ("message", "<b>你好</b>")]).await;
    assert_eq!(said.status, 303, "{}", said.body);
    let place = said.header("location").to_owned();
    let session = place.strip_prefix("/chat?session=").unwrap().strip_suffix("#end").unwrap();
    let page = browser.get(&format!("/chat?session={session}")).await;
    assert!(
        page.body.contains("你好！我是你的 AI 分身") && page.body.contains("&#60;b&#62;你好"),
        "{}",
        page.body
    );
    let sent =
        page.body.split("href=\"/chat/messages/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let shown = browser.get(&format!("/chat/messages/{sent}")).await;
    assert!(
        shown.status == 200 && shown.body.contains("digital double") && shown.body.contains("fake"),
        "{}",
        shown.body
    );
    assert!(shown.body.contains(&format!("/chat?session={session}#{sent}")), "the way back: {}", shown.body);
    let other = server.person("b").await.signed_in().await;
    assert_eq!(other.get(&format!("/chat/messages/{sent}")).await.status, 404);
    assert!(!other.get(&format!("/chat?session={session}")).await.body.contains("你好！"));
    model.next(testkit::model::status("500 Internal Server Error", ""));
    let failed =
        browser.post_form("/chat", &[("csrf", &csrf), ("session", session), ("message", "再来")]).await;
    let to = failed.header("location").to_owned();
    assert!(failed.status == 303 && to.contains("&failed=broken"), "{to}");
    let page = browser.get(to.trim_end_matches("#end")).await;
    assert!(page.body.contains("再来") && page.body.contains("模型服务自己出错了"), "{}", page.body);
}

#[both_engines]
async fn a_failure_says_what_failed(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let csrf = browser.get("/chat").await.hidden("csrf");
    for (line, name, text) in [
        ("401 Unauthorized", "key", "模型服务不接受密钥"),
        ("429 Too Many Requests", "limited", "额度或频率用尽"),
        ("404 Not Found", "model", "不认识这个模型"),
        ("400 Bad Request", "refused", "拒绝了这个请求"),
    ] {
        model.forget();
        for _ in 0..4 {
            model.next(testkit::model::status(line, ""));
        }
        let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "你好")];
        let failed = browser.post_form("/chat", &form).await;
        let to = failed.header("location").to_owned();
        assert!(to.contains(&format!("&failed={name}")), "{line}: {to}");
        let page = browser.get(to.trim_end_matches("#end")).await;
        assert!(page.body.contains(text) && page.body.contains("再试一次"), "{line}: {}", page.body);
    }
}

#[both_engines]
async fn every_conversation_is_on_some_page(server: TestServer) {
    let person = server.person("a").await;
    let many = "INSERT INTO chat_session \
         (key, account_id, client, id, app_id, title, last_message, message_count, created_at, updated_at) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 503) \
         SELECT 1000 + i, CAST($1 AS BIGINT), '', 's' || i, 'general', 'title ' || i || '.', 'm', 1, 1, i \
         FROM n";
    server.running().db.execute(many, &[person.account.id.into()]).await.unwrap();
    let browser = person.signed_in().await;
    let page = browser.get("/chat").await;
    assert!(
        page.body.contains("title 503.") && page.body.contains("title 4.") && !page.body.contains("title 3.")
    );
    let older = page.body.split("href=\"/chat?cursor=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let page = browser.get(&format!("/chat?cursor={older}")).await;
    assert!(
        page.body.contains("title 3.") && page.body.contains("title 1.") && !page.body.contains("title 4."),
        "{}",
        page.body
    );
    assert!(!page.body.contains("?cursor="));
    assert_eq!(browser.get("/chat?cursor=nonsense").await.status, 200);
    let found = browser.get("/chat?q=TITLE%20417.").await;
    assert!(found.body.contains("title 417.") && !found.body.contains("title 416."), "{}", found.body);
    assert!(browser.get("/chat?q=100%25").await.body.contains("没有找到「100%」"));
}

#[both_engines]
async fn a_form_from_elsewhere_says_nothing(server: TestServer) {
    let browser = server.person("a").await.signed_in().await;
    let answer = browser.post_form("/chat", &[("csrf", "x"), ("session", ""), ("message", "hi")]).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let list = browser.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 0);
}
