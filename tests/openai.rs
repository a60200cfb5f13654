//! `/v1/…`: the double behind OpenAI's protocol.

use serde_json::{Value, json};
use testkit::{Answer, both_engines, with_model};

#[track_caller]
fn refused(answer: &Answer, status: u16, kind: &str) -> Value {
    let body = answer.json();
    assert_eq!((answer.status, &body["error"]["type"]), (status, &json!(kind)), "{}", answer.body);
    assert!(
        body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()) && body.get("code").is_none()
    );
    body
}

with_model! {
    async fn a_completion_is_openais(server, model) {
        let actor = server.person("a").await.with_key("chat").await;
        let said = json!([
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "eins"},
            {"role": "assistant", "content": "one"}, {"role": "user", "content": "zwei"},
        ]);
        let answer = actor.post("/v1/chat/completions", json!({"model": "secondme/nano", "messages": said, "temperature": 0.5})).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["object"]), (200, &json!("chat.completion")));
        assert_eq!(body["choices"], json!([{
            "index": 0, "message": {"role": "assistant", "content": "你好！我是你的 AI 分身"}, "finish_reason": "stop",
        }]));
        assert_eq!(body["usage"], json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}));
        let asked = &model.asked()[0]["messages"];
        let turns: Vec<&str> = asked.as_array().unwrap().iter().skip(1).map(|m| m["content"].as_str().unwrap()).collect();
        assert!(turns[0].ends_with("Be brief."));
        assert_eq!(turns[1..], ["eins", "one", "zwei"]);
        let answer = actor.post("/v1/chat/completions", json!({
            "model": "secondme/nano", "messages": said, "stream": true, "stream_options": {"include_usage": true},
        })).await;
        let events: Vec<&str> = answer.body.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(*done, "[DONE]");
        let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"]));
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, "你好！我是你的 AI 分身");
        assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
        assert_eq!(chunks[chunks.len() - 1]["usage"]["total_tokens"], 18);
        let sessions = actor.get("/api/secondme/chat/session/list?appId=openai").await.data();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "one conversation, one session");
        model.next(testkit::model::status("500 Internal Server Error", ""));
        refused(&actor.post("/v1/chat/completions", json!({"messages": said})).await, 500, "server_error");
    }
}

both_engines! {
    async fn errors_are_openais(server) {
        let actor = server.person("a").await.with_key("chat").await;
        refused(&server.anyone().post("/v1/chat/completions", json!({})).await, 401, "authentication_error");
        refused(&server.bearer("sk-nothing").get("/v1/models").await, 401, "authentication_error");
        let other = server.person("b").await.with_key("user.info").await;
        refused(&other.post("/v1/chat/completions", json!({})).await, 403, "permission_error");
        let body = refused(&actor.post("/v1/chat/completions", json!({"model": "secondme/nano"})).await, 400, "invalid_request_error");
        assert_eq!(body["error"]["param"], "messages");
        let unknown = json!({"model": "gpt-4", "messages": [{"role": "user", "content": "x"}]});
        refused(&actor.post("/v1/chat/completions", unknown).await, 404, "invalid_request_error");
        refused(&actor.get("/v1/nothing").await, 404, "invalid_request_error");
        let models = actor.get("/v1/models").await.json();
        assert_eq!((&models["object"], &models["data"][0]["id"]), (&json!("list"), &json!("secondme/nano")));
        assert_eq!(actor.get("/v1/models/secondme/pro").await.json()["id"], "secondme/pro");
        refused(&actor.get("/v1/models/gpt-4").await, 404, "invalid_request_error");
    }
}
