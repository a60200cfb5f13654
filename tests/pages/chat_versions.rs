//! Answers on `/chat`: their versions, the model that gives them, titles, and answers of another process.

use testkit::{
    Actor, Engine, Fixture, Response, TestServer, both_engines,
    model::{Model, STREAM, Step, ending, piece, saying, status},
};

use super::chat_sessions::{conversation, ids};

/// Sends a form about a conversation.
async fn send(browser: &Actor, path: &str, session: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = browser.get("/chat").await.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str()), ("session", session)];
    all.extend(fields);
    browser.post_form(path, &all).await
}

/// Answers a message again.
async fn again(browser: &Actor, session: &str, message: &str) -> Response {
    send(browser, "/chat", session, &[("message", ""), ("replaces", message)]).await
}

async fn page(browser: &Actor, session: &str) -> String {
    browser.get(&format!("/chat?session={session}")).await.body
}

/// Returns the ids that the buttons of versions name.
fn offered(page: &str) -> Vec<String> {
    let buttons = page.split("name=\"version\" value=\"").skip(1);
    buttons.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[both_engines]
async fn a_new_answer_keeps_the_old_one(server: TestServer, model: Model) {
    let person = server.person("a").await;
    let browser = person.signed_in().await;
    model.next(saying(&["第一版"]));
    let (_, session) = conversation(&browser, "问").await;
    let before = page(&browser, &session).await;
    assert!(before.contains("第一版") && !before.contains("class=\"versions\""), "{before}");
    let messages = ids(&before);
    model.next(saying(&["第二版"]));
    assert_eq!(again(&browser, &session, &messages[0]).await.status, 303);
    let second = page(&browser, &session).await;
    assert!(
        second.contains("第二版") && second.contains(">2 / 2<") && !second.contains("第一版"),
        "{second}"
    );
    assert_eq!(ids(&second).len(), 2, "{second}");
    assert_eq!(ids(&second)[0], messages[0], "the message stays");
    // The person goes back to the first version, with a plain form.
    assert_eq!(offered(&second), [messages[1].clone()]);
    let shown = send(&browser, "/chat/version", &session, &[("version", &messages[1])]).await;
    assert_eq!(shown.header("location"), format!("/chat?session={session}#{}", messages[1]));
    let first = page(&browser, &session).await;
    assert!(first.contains("第一版") && first.contains(">1 / 2<") && !first.contains("第二版"), "{first}");
    let list = browser.get(&format!("/api/secondme/chat/session/messages?sessionId={session}")).await.data();
    let texts: Vec<_> = list["messages"].as_array().unwrap().iter().map(|said| &said["content"]).collect();
    assert_eq!(texts, ["问", "第一版"]);
    let listed = browser.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(listed["sessions"][0]["messageCount"], 2);
    // The conversation goes on with the version that is shown.
    let asked = model.asked().len();
    send(&browser, "/chat", &session, &[("message", "再问")]).await;
    let prompt = model.asked()[asked].to_string();
    assert!(prompt.contains("第一版") && !prompt.contains("第二版"), "{prompt}");
    // An earlier answer keeps its versions, and is not answered again from a page that is out of date.
    assert!(page(&browser, &session).await.contains(">1 / 2<"));
    assert_eq!(again(&browser, &session, &messages[0]).await.status, 404);
    assert_eq!(ids(&page(&browser, &session).await).len(), 4);
    let faults = server.running().chat.examine(person.account.id, false).await.unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    // Editing the message removes all versions of its answer.
    model.next(saying(&["改后"]));
    send(&browser, "/chat", &session, &[("message", "改"), ("replaces", &messages[0])]).await;
    let edited = page(&browser, &session).await;
    assert!(edited.contains("改后") && !edited.contains("class=\"versions\""), "{edited}");
    let (left,): (i64,) =
        server.running().db.fetch_one("SELECT COUNT(*) FROM chat_message", &[]).await.unwrap();
    assert_eq!(left, 2);
    let faults = server.running().chat.examine(person.account.id, false).await.unwrap();
    assert!(faults.is_empty(), "{faults:?}");
}

#[both_engines]
async fn a_failed_new_answer_leaves_the_old_one_and_says_why(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    model.next(saying(&["第一版"]));
    let (_, session) = conversation(&browser, "问").await;
    let messages = ids(&page(&browser, &session).await);
    model.next(status("401 Unauthorized", ""));
    again(&browser, &session, &messages[0]).await;
    for _ in 0..2 {
        let failed = page(&browser, &session).await;
        assert!(failed.contains("第一版") && !failed.contains("class=\"versions\""), "{failed}");
        assert!(
            failed.contains("模型服务不接受密钥") && failed.contains("再试一次"),
            "after a reload: {failed}"
        );
    }
    // One that breaks off can be read, but does not take the place of a complete one.
    let half = format!("{STREAM}{}", piece("半个回答"));
    model.next(vec![Step::Send(half.into_bytes()), Step::Reset]);
    again(&browser, &session, &messages[0]).await;
    let broken = page(&browser, &session).await;
    assert!(
        broken.contains("第一版") && broken.contains(">1 / 2<") && !broken.contains("半个回答"),
        "{broken}"
    );
    assert!(broken.contains("模型服务说到一半断开了"), "{broken}");
    let other = offered(&broken);
    send(&browser, "/chat/version", &session, &[("version", &other[0])]).await;
    let half = page(&browser, &session).await;
    assert!(half.contains("半个回答") && half.contains("内容不完整") && half.contains(">2 / 2<"), "{half}");
    // A complete one is the end of it.
    model.next(saying(&["第三版"]));
    again(&browser, &session, &messages[0]).await;
    let whole = page(&browser, &session).await;
    assert!(whole.contains("第三版") && whole.contains(">3 / 3<") && !whole.contains("再试一次"), "{whole}");
}

#[both_engines]
async fn an_unanswered_message_says_why_and_is_answered_later(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    model.next(status("404 Not Found", ""));
    let csrf = browser.get("/chat").await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "问")];
    let failed = browser.post_form("/chat", &form).await.header("location").to_owned();
    let session = failed.strip_prefix("/chat?session=").unwrap().split('&').next().unwrap().to_owned();
    let failed = page(&browser, &session).await;
    assert!(failed.contains("不认识这个模型") && ids(&failed).len() == 1, "{failed}");
    model.next(saying(&["答"]));
    again(&browser, &session, &ids(&failed)[0]).await;
    let answered = page(&browser, &session).await;
    assert!(answered.contains(">答<") && ids(&answered).len() == 2, "{answered}");
    assert!(!answered.contains("不认识这个模型") && !answered.contains("class=\"versions\""), "{answered}");
    let listed = browser.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(listed["sessions"][0]["messageCount"], 2);
    assert_eq!(listed["sessions"][0]["lastMessage"], "答");
}

#[both_engines]
async fn other_peoples_versions_do_not_exist(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let (_, session) = conversation(&browser, "问").await;
    let messages = ids(&page(&browser, &session).await);
    again(&browser, &session, &messages[0]).await;
    let other = server.person("b").await.signed_in().await;
    let (_, own) = conversation(&other, "问").await;
    for session in [&session, &own] {
        let refused = send(&other, "/chat/version", session, &[("version", &messages[1])]).await;
        assert_eq!(refused.status, 404, "{}", refused.body);
    }
    for version in [&messages[0], "msg_00000000000001", "nonsense"] {
        let refused = send(&browser, "/chat/version", &session, &[("version", version)]).await;
        assert_eq!(refused.status, 404, "{version}: {}", refused.body);
    }
    let form = [("csrf", "x"), ("session", session.as_str()), ("version", &messages[1])];
    assert_eq!(browser.post_form("/chat/version", &form).await.status, 403);
    drop(model);
}

#[both_engines("model.fallback = [{ base_url = \"http://127.0.0.1:9/v1\", name = \"other\" }]")]
async fn the_person_picks_the_model_of_a_conversation(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let start = browser.get("/chat").await.body;
    assert!(start.contains("<option value=\"fake\">") && start.contains("自动（fake）"), "{start}");
    let csrf = browser.get("/chat").await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "问"), ("model", "other")];
    let said = browser.post_form("/chat", &form).await.header("location").to_owned();
    let session = said.strip_prefix("/chat?session=").unwrap().split(['#', '&']).next().unwrap().to_owned();
    // The picked model cannot be reached, so the next one answered.
    assert_eq!(model.asked().len(), 1);
    let shown = page(&browser, &session).await;
    assert!(shown.contains("<option value=\"other\" selected>"), "{shown}");
    // Without the field the choice stays; a name that is not known picks none.
    send(&browser, "/chat", &session, &[("message", "再问")]).await;
    assert!(page(&browser, &session).await.contains("<option value=\"other\" selected>"));
    send(&browser, "/chat", &session, &[("message", "再问"), ("model", "nonsense")]).await;
    assert!(!page(&browser, &session).await.contains(" selected>"));
}

#[both_engines]
async fn a_model_gives_a_conversation_its_title(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    model.next(saying(&["好的"]));
    let (csrf, session) = conversation(&browser, "周末想去湖边跑步，帮我排一下").await;
    assert!(page(&browser, &session).await.contains("<h1 id=\"talk-title\">周末想去湖边跑步"), "until then");
    model.next(saying(&["《<b>湖边</b>跑步计划》。"]));
    server.clock().advance_ms(3_000);
    titled(&server, &browser, &session, "&#60;b&#62;湖边&#60;/b&#62;跑步计划").await;
    let prompt = model.asked().last().unwrap().to_string();
    assert!(prompt.contains("湖边跑步") && prompt.contains("title"), "{prompt}");
    let usage = browser.get("/api/secondme/chat/usage").await.data().to_string();
    assert!(usage.contains("\"title\""), "{usage}");
    // A name that the person gave stays.
    model.next(saying(&["好的"]));
    let (_, named) = conversation(&browser, "另一个").await;
    let form = [("csrf", csrf.as_str()), ("session", &named), ("title", "我起的")];
    assert_eq!(browser.post_form("/chat/rename", &form).await.status, 303);
    server.clock().advance_ms(3_000);
    while server.running().chat.work_due().await.unwrap() > 0 {}
    assert!(page(&browser, &named).await.contains("<h1 id=\"talk-title\">我起的"));
}

/// Waits until a conversation has a title.
async fn titled(server: &TestServer, browser: &Actor, session: &str, title: &str) {
    let began = std::time::Instant::now();
    loop {
        server.running().chat.work_due().await.unwrap();
        let page = page(browser, session).await;
        if page.contains(&format!("<h1 id=\"talk-title\">{title}</h1>")) {
            return;
        }
        assert!(began.elapsed().as_secs() < 20, "{page}");
    }
}

/// Begins an answer that waits after its first piece. Returns the stream and the session's id.
async fn begun(browser: &Actor) -> (reqwest::Response, String) {
    let csrf = browser.get("/chat").await.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("session", ""), ("message", "问")];
    let mut stream = browser.request(http::Method::POST, "/chat/say").form(&form).send().await.unwrap();
    let mut first = String::new();
    while !first.contains("event: text") {
        first.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }
    let session = first.split("\"session\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (stream, session)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_process_is_joined() {
    let (server, model) = <(TestServer, Model)>::set_up(Engine::Postgres, "").await;
    let sibling = server.sibling().await;
    let browser = server.person("a").await.signed_in().await;
    let there = browser.at(&sibling.base_url);
    let begin = format!("{STREAM}{}", piece("开始"));
    let rest = format!("{}{}", piece("结束"), ending("stop"));
    model.next(vec![Step::Send(begin.into_bytes()), Step::Wait, Step::Send(rest.into_bytes())]);
    let (stream, session) = begun(&browser).await;
    assert!(page(&there, &session).await.contains("data-live"), "the other process knows of it");
    // What the process that answers stores every two seconds.
    let db = &server.running().db;
    let (id, key): (i64, i64) =
        db.fetch_one("SELECT answering, key FROM chat_session WHERE answering <> 0", &[]).await.unwrap();
    let store = "INSERT INTO chat_message (id, session_key, role, content, state, is_own, created_at) \
                 VALUES ($1, $2, 'assistant', '开始了**', 'stopped', 0, 1)";
    db.execute(store, &[id.into(), key.into()]).await.unwrap();
    let path = format!("/chat/live?session={session}&from=7");
    let mut joined = there.request(http::Method::GET, &path).send().await.unwrap();
    let mut seen = String::new();
    while !seen.contains("开始了**") {
        seen.push_str(&String::from_utf8_lossy(&joined.chunk().await.unwrap().expect("more")));
    }
    assert!(seen.contains("event: start") && seen.contains("event: reset"), "{seen}");
    model.release();
    while let Some(chunk) = joined.chunk().await.unwrap() {
        seen.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(seen.ends_with("event: done\ndata: {}\n\n"), "{seen}");
    drop(stream);
    let whole = page(&there, &session).await;
    assert!(whole.contains("开始结束") && !whole.contains("data-live"), "{whole}");
    let stranger = server.person("b").await.signed_in().await.at(&sibling.base_url);
    assert_eq!(stranger.get(&format!("/chat/live?session={session}")).await.status, 204);
    sibling.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_process_is_stopped() {
    let (server, model) = <(TestServer, Model)>::set_up(Engine::Postgres, "").await;
    let sibling = server.sibling().await;
    let browser = server.person("a").await.signed_in().await;
    let there = browser.at(&sibling.base_url);
    model.next(vec![Step::Send(format!("{STREAM}{}", piece("半个")).into_bytes()), Step::Stall]);
    let (_stream, session) = begun(&browser).await;
    let stranger = server.person("b").await.signed_in().await.at(&sibling.base_url);
    assert_eq!(send(&stranger, "/chat/stop", &session, &[]).await.status, 404);
    assert_eq!(send(&there, "/chat/stop", &session, &[]).await.status, 204);
    model.hung_up().await;
    let stopped = page(&there, &session).await;
    assert!(stopped.contains("半个") && stopped.contains("回答被停止"), "{stopped}");
    assert_eq!(send(&there, "/chat/stop", &session, &[]).await.status, 404);
    sibling.stop().await.unwrap();
}

#[both_engines]
async fn an_answer_that_nobody_produces_any_more_ends(server: TestServer, model: Model) {
    let browser = server.person("a").await.signed_in().await;
    let (_, session) = conversation(&browser, "问").await;
    let until = server.clock().now().plus_secs(20).as_millis();
    let hold = "UPDATE chat_session SET answering = 5, answering_until = $1";
    server.running().db.execute(hold, &[until.into()]).await.unwrap();
    assert!(page(&browser, &session).await.contains("data-live"));
    server.clock().advance_ms(21_000);
    assert!(!page(&browser, &session).await.contains("data-live"));
    assert_eq!(browser.get(&format!("/chat/live?session={session}")).await.status, 204);
    drop(model);
}
