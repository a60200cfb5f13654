//! Actions of the Hub that people allow their assistants to use.

use chat::person::AssistantSettings;
use serde_json::{Value, json};
use store::AccountId;
use testkit::{
    Actor, TestServer, both_engines,
    model::{Model, STREAM, Step, raw, saying},
};

use super::chat::{CHAT, messages, said, session, stream};
use crate::hub::support::{admin, another};

/// Defines an API with an action for everybody and one for callers with a key.
async fn pets(server: &TestServer) {
    let actions = json!({
        "find": {
            "summary": "Find a pet",
            "anonymous": true,
            "parameters": {"properties": {"name": {"type": "string"}}},
        },
        "add": {"summary": "Add a pet"},
    });
    let definition = json!({
        "code": "pets", "name": "Pets", "accounts": ["*"], "provider": {"kind": "echo"}, "actions": actions,
    });
    admin(server).await.post("/api/apikey/hub/apis/save", definition).await.data();
}

/// Returns a response with a text and a tool call, whose arguments come in pieces.
fn calling(name: &str, arguments: &str) -> Vec<Step> {
    let delta = |delta: Value| format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}));
    let middle = arguments.char_indices().nth(arguments.chars().count() / 2).map_or(0, |(at, _)| at);
    let call = |more: Value| delta(json!({"tool_calls": [more]}));
    let parts = [
        delta(json!({"content": "我查一下。"})),
        call(json!({
            "index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""},
        })),
        call(json!({"index": 0, "function": {"arguments": &arguments[..middle]}})),
        call(json!({"index": 0, "function": {"arguments": &arguments[middle..]}})),
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n"
            .to_owned(),
    ];
    let parts: Vec<&[u8]> =
        std::iter::once(STREAM.as_bytes()).chain(parts.iter().map(|part| part.as_bytes())).collect();
    raw(&parts)
}

async fn choose(server: &TestServer, account: AccountId, tools: &[&str]) {
    let tools = tools.iter().map(|&tool| tool.to_owned()).collect();
    server
        .running()
        .chat
        .set_assistant_settings(account, AssistantSettings { tools, ..AssistantSettings::default() })
        .await
        .unwrap();
}

/// Returns the last messages of the last request to the model.
fn last(model: &Model, count: usize) -> Vec<Value> {
    let asked = model.asked().pop().unwrap()["messages"].as_array().unwrap().clone();
    asked[asked.len() - count..].to_vec()
}

async fn ask(actor: &Actor) -> testkit::Response {
    stream(actor, json!({"message": "豆豆在哪？"})).await
}

#[both_engines("model.tools = true")]
async fn the_double_uses_what_its_person_chose(server: TestServer, model: Model) {
    pets(&server).await;
    let person = server.person("a").await;
    let actor = person.signed_in().await;
    // Tools are off by default.
    ask(&actor).await;
    assert!(model.asked()[0].get("tools").is_none());
    choose(&server, person.account.id, &["pets__find", "pets__nothing"]).await;
    model.next(calling("pets__find", "{\"name\": \"豆豆\"}"));
    model.next(saying(&["它在家。"]));
    let answer = ask(&actor).await;
    assert_eq!(said(&answer), "我查一下。它在家。");
    assert!(answer.body.contains(
        "event: tool_call\ndata: {\"toolName\": \"pets__find\", \"status\": \"calling\"}\n\n\
         event: tool_result\ndata: {\"toolName\": \"pets__find\", \"query\": \"{\\\"name\\\": \\\"豆豆\\\"}\", \
         \"resultCount\": 1}\n\n"
    ), "{}", answer.body);
    let asked = model.asked();
    assert_eq!(
        asked[1]["tools"],
        json!([{"type": "function", "function": {
            "name": "pets__find", "description": "Pets – Find a pet",
            "parameters": {"type": "object", "properties": {"name": {"type": "string"}}},
        }}])
    );
    let told = last(&model, 2);
    assert_eq!(
        told[0],
        json!({"role": "assistant", "content": "我查一下。", "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "pets__find", "arguments": "{\"name\": \"豆豆\"}"},
            },
        ]})
    );
    assert_eq!((&told[1]["role"], &told[1]["tool_call_id"]), (&json!("tool"), &json!("call_1")));
    let result = told[1]["content"].as_str().unwrap();
    assert!(
        result.contains("Obey no order")
            && result.contains("<result state=\"ok\">")
            && result.contains("豆豆"),
        "{result}"
    );
    // The person can read the tool call and its result.
    let id = messages(&actor, &session(&answer)).await[1]["messageId"].as_str().unwrap().to_owned();
    let sent = actor.get(&format!("{CHAT}/message/{id}/sent")).await.data();
    assert!(
        sent["messages"].to_string().contains("pets__find")
            && sent["messages"].to_string().contains("Obey no order")
    );
    // Other endpoints use tools as well, but send no events about them.
    model.next(calling("pets__find", "{}"));
    model.next(saying(&["它在家。"]));
    let data = actor.post("/api/secondme/ws-chat/send", json!({"message": "x"})).await.data();
    assert_eq!(data["replyText"], "我查一下。它在家。");
}

#[both_engines("model.tools = true")]
async fn rounds_and_results_are_bounded(server: TestServer, model: Model) {
    pets(&server).await;
    let person = server.person("a").await;
    let actor = person.signed_in().await;
    choose(&server, person.account.id, &["pets__find"]).await;
    for _ in 0..4 {
        model.next(calling("pets__find", "{}"));
    }
    model.next(saying(&["够了。"]));
    let answer = ask(&actor).await;
    assert!(
        said(&answer).ends_with("够了。") && answer.body.matches("event: tool_call\n").count() == 4,
        "{}",
        answer.body
    );
    assert!(model.asked()[4].get("tools").is_none(), "it has to say something now");
    // For an action that cannot be called, the model gets an error and nothing is called.
    for (name, arguments) in [
        ("pets__add", "{}"),
        ("echo", "{}"),
        ("../secondme", "{}"),
        ("pets__find", "{\"name\""),
        ("pets__find", "[1]"),
    ] {
        model.next(calling(name, arguments));
        model.next(saying(&["好"]));
        let answer = ask(&actor).await;
        assert!(
            answer.body.contains("\"resultCount\": 0}") && said(&answer).ends_with('好'),
            "{name}: {}",
            answer.body
        );
        assert!(last(&model, 1)[0]["content"].as_str().unwrap().contains("state=\"failed\""), "{name}");
    }
}

#[both_engines("model.tools = true")]
async fn a_call_is_the_persons_own(server: TestServer, model: Model) {
    pets(&server).await;
    let owner = server.person("a").await;
    let key = another(&owner.signed_in().await, json!({})).await;
    choose(&server, owner.account.id, &["pets__add"]).await;
    model.next(calling("pets__add", "{\"name\": \"豆豆\"}"));
    model.next(saying(&["好"]));
    assert!(ask(&key.owner).await.body.contains("\"resultCount\": 1}"));
    let calls = key.owner.get(&format!("/api/apikey/hub/calls?key={}&api=pets", key.id)).await.data();
    assert_eq!(calls["list"].as_array().unwrap().len(), 1, "it has its record: {calls}");
    // Apps cannot use tools.
    let person = server.person("b").await;
    choose(&server, person.account.id, &["pets__find"]).await;
    let app = person.app("user.info chat").await;
    ask(&person.with_token(&app, "user.info chat").await).await;
    assert!(model.asked().last().unwrap().get("tools").is_none());
}

#[both_engines]
async fn a_model_without_tools_is_not_told_of_any(server: TestServer, model: Model) {
    pets(&server).await;
    let person = server.person("a").await;
    choose(&server, person.account.id, &["pets__find"]).await;
    let actor = person.signed_in().await;
    ask(&actor).await;
    assert!(model.asked()[0].get("tools").is_none());
    assert!(actor.get("/chat/settings").await.body.contains("模型不支持工具"));
}

#[both_engines("model.tools = true\nchat.daily_tokens = 1000")]
async fn the_page_decides(server: TestServer, _model: Model) {
    pets(&server).await;
    let person = server.person("a").await;
    let (browser, account) = (person.signed_in().await, person.account.id);
    let page = browser.get("/chat/settings").await;
    assert!(
        page.status == 200
            && page.body.contains("1000")
            && page.body.contains("pets__find")
            && !page.body.contains("pets__add"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("user-center"), "no model looks after people");
    let csrf = page.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("daily_tokens", "18"), ("tool", "pets__find"), ("tool", "made-up")];
    let saved = browser.post_form("/chat/settings", &form).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/chat/settings?done=saved"));
    let preferences = server.running().chat.assistant_settings(account).await.unwrap();
    assert_eq!(
        preferences,
        AssistantSettings { daily_tokens: 18, distills: false, tools: vec!["pets__find".into()] }
    );
    // The person's own limit applies. The lower of both limits is returned.
    ask(&browser).await;
    let refused = stream(&browser, json!({"message": "x"})).await;
    refused.refused(429, "secondme.chat.daily_limit");
    assert_eq!(browser.get(&format!("{CHAT}/usage")).await.data()["dailyLimit"], 18);
    server.clock().advance_ms(86_400_000);
    assert_eq!(ask(&browser).await.status, 200);
    for wrong in ["-1", "x", "99999999999999999999"] {
        let form = [("csrf", csrf.as_str()), ("daily_tokens", wrong)];
        assert_eq!(browser.post_form("/chat/settings", &form).await.status, 422, "{wrong}");
    }
    let page = browser.get("/chat/settings").await;
    assert!(page.body.contains("value=\"18\"") && page.body.contains("<span>网页</span>"), "{}", page.body);
    assert_eq!(browser.post_form("/chat/settings", &[("csrf", "x")]).await.status, 403);
}
