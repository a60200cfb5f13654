//! Events of providers in other forms than OpenAI's, summaries, and errors inside of successful responses.

use std::time::Duration;

use serde_json::json;
use testkit::{
    TestServer, both_engines,
    model::{Model, STREAM, Step, events, raw},
};

use super::{
    chat::{messages, said, session, stream},
    model_streams::{answers, checked, chunk, delta, lines, stop},
};

#[both_engines]
async fn a_reason_that_comes_with_text_ends_nothing_at_once(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let part =
        |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]});
    let script = events(&[part("一二三"), part("四五六"), part("七八九")]);
    model.next([script[..2].to_vec(), vec![Step::Wait], script[2..].to_vec()].concat());
    let asked = model.asked().len();
    let slow = async {
        model.has_been_asked(asked + 1).await;
        #[expect(clippy::disallowed_methods, reason = "a pause longer than that after the end of an answer")]
        tokio::time::sleep(Duration::from_millis(1600)).await;
        model.release();
    };
    let (answer, ()) = tokio::join!(stream(&actor, json!({"message": "x"})), slow);
    let kept = messages(&actor, &session(&answer)).await;
    checked("stop in every event", &answer.body, &said(&answer), "一二三四五六七八九", &kept);
}

#[both_engines]
async fn repeated_text_is_no_news(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let last =
        |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]});
    for (name, script, expected) in [
        (
            "the whole after the end",
            vec![chunk("你好"), chunk("再见"), stop(), chunk("你好再见")],
            "你好再见",
        ),
        ("one piece and the whole", vec![chunk("你好再见"), last("你好再见")], "你好再见"),
        (
            "each piece with all before",
            vec![chunk("你好"), chunk("你好，再"), chunk("你好，再见"), stop()],
            "你好，再见",
        ),
        (
            "a member of the older protocol",
            vec![
                chunk("你好"),
                chunk("再见"),
                json!({"choices": [{"delta": {}, "text": "你好再见", "finish_reason": "stop"}]}),
            ],
            "你好再见",
        ),
        ("words said twice", vec![chunk("哈"), chunk("哈"), chunk("哈"), stop()], "哈哈哈"),
    ] {
        answers(&actor, &model, name, events(&script), expected).await;
    }
}

#[both_engines]
async fn events_in_other_forms_are_read(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let (text, end) = (chunk("你好"), stop());
    for (name, script) in [
        (
            "choices as an object",
            vec![json!({"choices": {"index": 0, "delta": {"content": "你好"}}}), end.clone()],
        ),
        ("delta as a text", vec![json!({"choices": [{"delta": "你好"}]}), end.clone()]),
        (
            "delta as parts",
            vec![json!({"choices": [{"delta": [{"type": "text", "text": "你好"}]}]}), end.clone()],
        ),
        ("text of the older protocol", vec![json!({"choices": [{"index": 0, "text": "你好"}]}), end.clone()]),
        (
            "a text with annotations",
            vec![
                delta(json!({"content": [{"type": "text", "text": {"value": "你好", "annotations": []}}]})),
                end.clone(),
            ],
        ),
        ("an envelope", vec![json!({"code": 0, "data": text}), json!({"data": end})]),
        (
            "the message alone",
            vec![
                json!({"message": {"role": "assistant", "content": "你"}, "done": false}),
                json!({"message": {"content": "好"}, "done": true}),
            ],
        ),
        (
            "numbers from one",
            vec![
                json!({"choices": [{"index": 1, "delta": {"content": "你好"}}]}),
                json!({"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]}),
            ],
        ),
        (
            "an error that is none",
            vec![
                json!({
                    "error": {"code": 0, "message": "success"},
                    "choices": [{"delta": {"content": "你好"}}],
                }),
                json!({
                    "error": {"code": null, "message": ""},
                    "choices": [{"delta": {}, "finish_reason": "stop"}],
                }),
            ],
        ),
        ("an empty error alone", vec![text.clone(), json!({"error": {}}), end.clone()]),
    ] {
        answers(&actor, &model, name, events(&script), "你好").await;
    }
    let (one, last) = (format!("data: {text}"), format!("data: {end}"));
    let event = json!({"id": "?", "choices": [{"delta": {"content": "你好"}}]});
    let no_text: Vec<u8> =
        format!("data: {event}\n\n").bytes().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
    let odd = |choice: &str| lines(&[&format!("data: {{\"choices\":[{{{choice}}}]}}"), &last]);
    for (name, script) in [
        ("numbers that JSON does not have", odd(r#""delta":{"content":"你好"},"a":NaN,"b":-Infinity"#)),
        ("a comma too many", odd(r#""delta":{"content":"你好",},"#)),
        ("bytes that are no text", raw(&[STREAM.as_bytes(), &no_text, last.as_bytes(), b"\n\n"])),
        ("twice named", lines(&[&format!("data: {one}"), &format!("data: {last}")])),
        ("another case", lines(&[&one.replace("data", "Data"), &last.replace("data", "DATA")])),
        ("without a name", lines(&[": comment", &text.to_string(), &end.to_string()])),
        ("a mark in quotes", lines(&[&one, "data: \"[DONE]\""])),
    ] {
        answers(&actor, &model, name, script, "你好").await;
    }
}

#[both_engines]
async fn errors_in_other_forms_end_an_answer(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let one = format!("data: {}", chunk("一"));
    for (name, script) in [
        (
            "an event named error",
            lines(&[&one, "event: error\ndata: {\"message\": \"planted\"}", "data: [DONE]"]),
        ),
        (
            "object: error",
            lines(&[&one, "data: {\"object\":\"error\",\"message\":\"planted\",\"code\":400}"]),
        ),
        ("a code and a message", lines(&[&one, "data: {\"code\":\"Throttled\",\"message\":\"planted\"}"])),
        (
            "a status beside the answer",
            lines(&[
                &one,
                "data: {\"choices\":null,\"base_resp\":{\"status_code\":1004,\"status_msg\":\"planted\"}}",
            ]),
        ),
    ] {
        model.next(script);
        let answer = stream(&actor, json!({"message": "x"})).await;
        assert!(
            answer.body.contains("event: error") && !answer.body.contains("planted"),
            "{name}: {}",
            answer.body
        );
        let kept = messages(&actor, &session(&answer)).await;
        assert_eq!(kept.last().unwrap()["state"], "failed", "{name}");
    }
}

#[both_engines]
async fn a_refusal_inside_a_successful_response_is_one(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let refusal = json!({"error": {"message": message, "code": 400}});
    model.next(events(&[refusal]));
    answers(&actor, &model, "asked again", events(&[chunk("你好"), stop()]), "你好").await;
    assert!(model.asked().last().unwrap().get("max_completion_tokens").is_some());
}
