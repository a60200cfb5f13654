//! Through the assistant a credential gets only data that it could read directly.

use chat::{person::AssistantSettings, session::model::message_id};
use memory::MessageId;
use serde_json::json;
use testkit::{
    Actor, Person, TestServer, both_engines,
    model::{Model, saying},
};

use super::chat::{CHAT, stream};
use crate::hub::support::admin;

/// Unique words in a person's data.
const PLANTED: [&str; 8] =
    ["Namely", "Biola", "Innershade", "Opensh", "Secretsh", "Pinfact", "Openfact", "Diarynote"];
const CONTROL: &str = "仅输出合法 JSON 对象，不要解释。\n输出结构：{\"is_liked\": boolean}。";

/// Scopes of keys, each with the words of [`PLANTED`] in its prompts.
const KEYS: [(&str, &[&str]); 9] = [
    ("chat", &[]),
    ("chat plaza.read agent_memory note.add memory.write voice", &[]),
    ("chat user.info", &["Namely", "Biola"]),
    ("chat.write chat.read user.info.shades", &["Opensh"]),
    ("chat userinfo", &["Namely", "Biola", "Opensh"]),
    ("chat user.info.softmemory", &["Pinfact", "Openfact"]),
    ("chat note.write", &["Diarynote"]),
    ("chat memory.read", &["Pinfact", "Openfact", "Diarynote"]),
    (
        "chat userinfo memory.read note.write",
        &["Namely", "Biola", "Opensh", "Pinfact", "Openfact", "Diarynote"],
    ),
];
const APPS: [(&str, &[&str]); 2] = [
    ("user.info chat", &["Namely", "Biola"]),
    ("userinfo memory.read note.write chat.write", &["Namely", "Biola", "Opensh", "Openfact"]),
];
const OWNER: &[&str] = &["Namely", "Biola", "Innershade", "Secretsh", "Pinfact", "Openfact", "Diarynote"];

async fn plant(server: &TestServer) -> Person {
    let person = server.person("a").await;
    let owner = person.signed_in().await;
    let post = async |path: &str, body| owner.post(&format!("/api/secondme/{path}"), body).await.data();
    post("user/profile", json!({"name": "Namely", "about_me": "Biola"})).await;
    let shade = json!({
        "shadeName": "tea",
        "shadeContent": "Innershade",
        "shadeNamePublic": "tea",
        "shadeContentPublic": "Opensh",
    });
    post("user/shades/create", shade).await;
    post("user/shades/create", json!({"shadeName": "tea", "shadeContent": "Secretsh"})).await;
    post("memory/key", json!({"content": "tea Pinfact", "visibility": 0})).await;
    post("memory/key", json!({"content": "tea Openfact", "visibility": 1})).await;
    post("note/add", json!({"content": "tea Diarynote"})).await;
    person
}

/// Sends a request to every endpoint, and checks the words in each prompt.
async fn is_told(model: &Model, actor: &Actor, who: &str, expected: &[&str]) {
    let said = json!([{"role": "user", "content": "tea?"}]);
    for (path, body, answer) in [
        ("/api/secondme/chat/stream", json!({"message": "tea?"}), "ok"),
        (
            "/api/secondme/act/stream",
            json!({"message": "tea?", "actionControl": CONTROL}),
            "{\"is_liked\": true}",
        ),
        ("/api/secondme/ws-chat/send", json!({"message": "tea?"}), "ok"),
        ("/v1/chat/completions", json!({"messages": said}), "ok"),
    ] {
        model.forget();
        model.next(saying(&[answer]));
        let got = actor.post(path, body).await;
        assert!(got.status == 200 && !got.body.contains("error"), "{who} {path}: {}", got.body);
        let asked = model.asked();
        let told = asked.last().expect("a question").to_string();
        let found: Vec<&str> = PLANTED.into_iter().filter(|word| told.contains(word)).collect();
        assert_eq!(found, expected, "{who} {path}");
        assert!(asked.last().unwrap().get("tools").is_none(), "{who} {path}");
    }
}

/// Returns the id of the last response.
async fn last_answer(server: &TestServer) -> String {
    let row =
        server.running().db.fetch_one::<(MessageId,)>("SELECT MAX(message_id) FROM chat_sent", &[]).await;
    message_id(row.unwrap().0)
}

#[both_engines]
async fn the_double_tells_what_the_credential_may_read(server: TestServer, model: Model) {
    let person = plant(&server).await;
    for (scopes, expected) in KEYS {
        is_told(&model, &person.with_key(scopes).await, scopes, expected).await;
    }
    for (scopes, expected) in APPS {
        let app = person.app(scopes).await;
        is_told(&model, &person.with_token(&app, scopes).await, scopes, expected).await;
    }
    is_told(&model, &person.signed_in().await, "session", OWNER).await;
    is_told(&model, &person.with_key("*").await, "*", OWNER).await;
    is_told(&model, &server.bearer(&person.program_token().await), "program", OWNER).await;
}

#[both_engines]
async fn what_was_sent_is_shown_to_who_may_read_all_of_it(server: TestServer, model: Model) {
    let person = plant(&server).await;
    model.forget();
    let owner = person.signed_in().await;
    stream(&owner, json!({"message": "tea?"})).await;
    let whole = last_answer(&server).await;
    for (scopes, _) in KEYS {
        let key = person.with_key(scopes).await;
        let answer =
            key.get(&format!("{CHAT}/message/{whole}/sent")).await.refused(403, "apikey.permission.denied");
        let missing =
            if scopes.contains("userinfo") || scopes.contains("user.info") { ": " } else { ": user.info" };
        assert!(answer["message"].as_str().unwrap().contains(missing), "{scopes}: {answer}");
        assert!(!PLANTED.iter().any(|word| answer.to_string().contains(word)), "{scopes}: {answer}");
        // It may always look at its own responses, unless it lost a scope.
        stream(&key, json!({"message": "tea?"})).await;
        let own = last_answer(&server).await;
        key.get(&format!("{CHAT}/message/{own}/sent")).await.data();
        owner.get(&format!("{CHAT}/message/{own}/sent")).await.data();
    }
    let key = person.with_key("chat user.info user.info.softmemory").await;
    stream(&key, json!({"message": "tea?"})).await;
    let facts = last_answer(&server).await;
    let other = person.with_key("chat user.info").await;
    let refused =
        other.get(&format!("{CHAT}/message/{facts}/sent")).await.refused(403, "apikey.permission.denied");
    assert_eq!(refused["message"], "缺少必需的权限: user.info.softmemory");
    person.with_key("*").await.get(&format!("{CHAT}/message/{whole}/sent")).await.data();
    server.bearer(&person.program_token().await).get(&format!("{CHAT}/message/{whole}/sent")).await.data();
    // Old rows do not say what their prompts contain, so they may contain anything.
    server.running().db.execute("UPDATE chat_sent SET needs = 117", &[]).await.unwrap();
    key.get(&format!("{CHAT}/message/{facts}/sent")).await.refused(403, "apikey.permission.denied");
    owner.get(&format!("{CHAT}/message/{facts}/sent")).await.data();
}

#[both_engines("model.tools = true")]
async fn tools_are_for_callers_that_no_scope_limits(server: TestServer, model: Model) {
    let actions = json!({"find": {"summary": "Find", "anonymous": true}});
    let api = json!({"code": "pets", "name": "Pets", "provider": {"kind": "echo"}, "actions": actions});
    admin(&server).await.post("/api/apikey/hub/apis/save", api).await.data();
    let person = server.person("a").await;
    let preferences = AssistantSettings { tools: vec!["pets__find".into()], ..AssistantSettings::default() };
    server.running().chat.set_assistant_settings(person.account.id, preferences).await.unwrap();
    let every = identity::scope::Scope::ALL.iter().map(|scope| scope.name()).filter(|name| *name != "*");
    let every = every.collect::<Vec<_>>().join(" ");
    let app = person.app("userinfo chat").await;
    for (who, actor, has_tools) in [
        ("session", person.signed_in().await, true),
        ("program", server.bearer(&person.program_token().await), true),
        ("*", person.with_key("*").await, true),
        ("chat", person.with_key("chat").await, false),
        ("every scope", person.with_key(&every).await, false),
        ("app", person.with_token(&app, "userinfo chat").await, false),
    ] {
        stream(&actor, json!({"message": "x"})).await;
        assert_eq!(model.asked().last().unwrap().get("tools").is_some(), has_tools, "{who}");
    }
}
