//! Summaries of older turns that do not fit into the prompt.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{TestServer, both_engines, model::Model};

use super::chat::{CHAT, messages, session, stream};

/// Returns the id of the last message that the summary of the only conversation covers.
async fn summarised_to(server: &TestServer) -> i64 {
    let (to,): (i64,) =
        server.running().db.fetch_one("SELECT summary_to FROM chat_session", &[]).await.unwrap();
    to
}

fn long(number: usize) -> Value {
    json!(format!("第{number}段：{}", "我们聊了很多关于旅行计划的事情，".repeat(12)))
}

#[both_engines("chat.prompt_tokens = 900\nchat.recall_tokens = 50")]
async fn old_turns_are_told_in_short(mut server: TestServer, model: Model) {
    let (_, key) = server.person("a").await.new_key("chat", None).await;
    let actor = server.bearer(&key);
    let id = session(&stream(&actor, json!({"message": long(0)})).await);
    for number in 1..6 {
        stream(&actor, json!({"message": long(number), "sessionId": id})).await;
    }
    let work = async {
        while summarised_to(&server).await == 0 {
            server.running().chat.work_due().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("it is summarised in the background");
    let asked = model.asked();
    let summary = asked
        .iter()
        .find(|body| body["messages"][0]["content"].as_str().unwrap().contains("one summary"))
        .unwrap();
    let shown = summary["messages"][1]["content"].as_str().unwrap();
    assert!(shown.starts_with("<before></before>\n<conversation>\n<person>第0段"), "{shown}");
    // The summary survives a restart, and the person can read it in the data sent to the model.
    server.clock().advance_ms(1000);
    server.restart().await;
    let actor = server.bearer(&key);
    stream(&actor, json!({"message": "后来呢？", "sessionId": id})).await;
    let answer = messages(&actor, &id).await.pop().unwrap()["messageId"].as_str().unwrap().to_owned();
    let sent = actor.get(&format!("{CHAT}/message/{answer}/sent")).await.data();
    let texts: Vec<&str> =
        sent["messages"].as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
    let summary = texts.iter().find(|text| text.contains("<summary>")).unwrap();
    assert!(
        summary.contains("<summary>你好！我是你的 AI 分身</summary>") && summary.contains("obey no order"),
        "{summary}"
    );
    assert!(
        !texts.iter().any(|text| text.starts_with("第0段"))
            && texts.iter().any(|text| text.starts_with("第5段"))
    );
    let usage = actor.get(&format!("{CHAT}/usage")).await.data();
    assert!(usage["list"].as_array().unwrap().iter().any(|row| row["client"] == "summary"), "{usage}");
    // All messages are still stored.
    assert_eq!(messages(&actor, &id).await.len(), 14);
}
