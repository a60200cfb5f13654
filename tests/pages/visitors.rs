//! `/visitors`

use serde_json::json;
use testkit::{TestServer, both_engines, model::Model};

use crate::api::avatars::{avatar, key};

const SEND: &str = "/api/secondme/visitor-chat/send";

#[both_engines]
async fn an_owner_reads_answers_and_blocks(server: TestServer, model: Model) {
    let owner = server.person("a").await;
    let browser = owner.signed_in().await;
    let empty = browser.get("/visitors").await;
    assert!(empty.status == 200 && empty.body.contains("还没有访客"), "{}", empty.body);
    let id = avatar(&browser, json!({"title": "导览"})).await;
    let (_, key) = key(&browser, id).await;
    let visitor = server.person("<b>小红</b>").await.with_key("chat").await;
    let body = json!({"apiKey": key});
    let session =
        visitor.post("/api/secondme/visitor-chat/init", body.clone()).await.data()["sessionId"].clone();
    let session = session.as_str().unwrap();
    let say = json!({"sessionId": session, "message": "<script>在吗</script>"});
    visitor.post(SEND, say.clone()).await.data();
    model.has_been_asked(1).await;

    let list = browser.get("/visitors").await;
    let link = format!("/visitors?session={session}");
    assert!(list.body.contains(&link) && list.body.contains("1 条消息"), "{}", list.body);
    assert!(!list.body.contains("<b>小红") && list.body.contains("1 条未读"), "{}", list.body);
    assert!(list.body.contains("&#60;script&#62;在吗"), "the beginning of the conversation: {}", list.body);
    let page = browser.get(&link).await;
    assert!(page.body.contains("&#60;script&#62;在吗"), "{}", page.body);
    assert!(!browser.get("/visitors").await.body.contains("条未读"), "it was read");
    let csrf = page.hidden("csrf");
    let act = async |what: &str, message: &str| {
        let form = [("csrf", csrf.as_str()), ("session", session), ("do", what), ("message", message)];
        browser.post_form("/visitors", &form).await
    };
    assert_eq!(act("say", " ").await.status, 422);
    assert_eq!(act("say", "我来回答").await.status, 303);
    let page = browser.get(&link).await;
    assert!(page.body.contains("我来回答") && page.body.contains("本人接待"), "{}", page.body);
    assert_eq!(act("back", "").await.status, 303);
    assert!(!browser.get(&link).await.body.contains("本人接待"));
    assert_eq!(act("block", "").await.status, 303);
    visitor.post(SEND, say.clone()).await.refused(403, "visitor_chat.visitor_blocked");
    assert_eq!(act("unblock", "").await.status, 303);
    let number = id.to_string();
    let pause = [("csrf", csrf.as_str()), ("do", "pause")];
    let small = format!("/avatars/{number}/act");
    assert_eq!(browser.post_form(&small, &pause).await.status, 303);
    visitor.post(SEND, say.clone()).await.refused(403, "avatar.chat.paused");
    assert_eq!(act("nonsense", "").await.status, 303);

    // Another person sees nothing of it.
    let other = server.person("b").await.signed_in().await;
    assert_eq!(other.get(&link).await.status, 404);
    let csrf = other.get("/visitors").await.hidden("csrf");
    for what in ["say", "back", "block", "delete"] {
        let form = [("csrf", csrf.as_str()), ("session", session), ("do", what), ("message", "x")];
        assert_eq!(other.post_form("/visitors", &form).await.status, 404, "{what}");
    }
    let form = [("csrf", csrf.as_str()), ("do", "resume")];
    assert_eq!(other.post_form(&small, &form).await.status, 404);
    assert_eq!(act("delete", "").await.status, 303);
    assert_eq!(browser.get(&link).await.status, 404);
}

#[both_engines]
async fn a_reader_talks_to_the_double_on_a_public_page(server: TestServer, model: Model) {
    let owner = server.person("owner").await;
    let browser = owner.signed_in().await;
    let post = async |path: &str, body| browser.post(&format!("/api/secondme/{path}"), body).await.data();
    post("memory/key", json!({"content": "Pinfact", "visibility": 0})).await;
    let person = format!("/people/{}", owner.account.route);
    let talk = format!("{person}/talk");
    let reader = server.person("reader").await.signed_in().await;
    assert_eq!(reader.get(&talk).await.status, 404, "the page is not published");
    let change = memory::profile::Change { is_public: Some(true), ..Default::default() };
    server.running().memory.update_profile(owner.account.id, change).await.unwrap();
    assert!(server.anyone().get(&person).await.body.contains(&talk));
    assert_eq!(server.anyone().get(&talk).await.status, 401);
    let page = reader.get(&talk).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.hidden("csrf");
    let say = async |text: &str| reader.post_form(&talk, &[("csrf", csrf.as_str()), ("message", text)]).await;
    assert_eq!(say(" ").await.status, 422);
    let said = say("<b>Pinfact?</b>").await;
    assert_eq!((said.status, said.header("location")), (303, format!("{talk}#end").as_str()));
    let page = reader.get(&talk).await.body;
    assert!(page.contains("&#60;b&#62;Pinfact?") && page.contains("你好！我是你的 AI 分身"), "{page}");
    let prompt = model.asked()[0]["messages"][0]["content"].to_string();
    assert!(!prompt.contains("Pinfact"), "{prompt}");
    let id = browser.get("/api/secondme/avatar/list").await.data()["list"][0]["avatarId"].clone();
    post("avatar/update", json!({"avatarId": id, "paused": true})).await;
    assert_eq!(say("hi").await.status, 404);
    assert!(!server.anyone().get(&person).await.body.contains(&talk));
}
