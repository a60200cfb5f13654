//! Deviations of providers from the protocol, and parameters they refuse. People get the complete response,
//! once.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    Actor, TestServer, both_engines,
    model::{Model, STREAM, Step, ending, events, piece, raw, refusing, saying},
};

use super::chat::{CHAT, FAILED, messages, said, session, stream};

pub fn chunk(text: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
}

pub fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

pub fn stop() -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
}

/// Returns a response of raw events.
pub fn lines(lines: &[&str]) -> Vec<Step> {
    let lines: Vec<String> = lines.iter().map(|line| format!("{line}\n\n")).collect();
    raw(&[STREAM.as_bytes(), lines.concat().as_bytes()])
}

/// Checks the text of a stream and the message that is stored.
#[track_caller]
pub fn checked(name: &str, body: &str, text: &str, expected: &str, kept: &[Value]) {
    assert_eq!(text, expected, "{name}: {body}");
    assert!(body.ends_with("\n\ndata: [DONE]\n\n") && !body.contains("event: error"), "{name}: {body}");
    let last = kept.last().unwrap();
    assert_eq!((&last["content"], &last["state"]), (&json!(expected), &json!("complete")), "{name}");
}

pub async fn answers(actor: &Actor, model: &Model, name: &str, script: Vec<Step>, expected: &str) {
    model.next(script);
    let answer = stream(actor, json!({"message": "x"})).await;
    let kept = messages(actor, &session(&answer)).await;
    checked(name, &answer.body, &said(&answer), expected, &kept);
}

#[both_engines]
async fn words_that_are_no_reason_end_nothing(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for word in [json!(""), json!("null"), json!("None"), json!("in_progress"), json!(null), json!(0)] {
        let part = |text: &str| {
            json!({
                "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": word}],
            })
        };
        let head = events(&[part("一二三"), part("四五六")]);
        let tail = events(&[part("七八九"), stop()])[1..].to_vec();
        // Only the first case pauses, for longer than the server waits after the end of a response.
        let pause = if word == json!("") { vec![Step::Wait] } else { Vec::new() };
        model.next([head[..3].to_vec(), pause.clone(), tail].concat());
        let asked = model.asked().len();
        let slow = async {
            model.has_been_asked(asked + 1).await;
            if !pause.is_empty() {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a pause longer than that after the end of an answer"
                )]
                tokio::time::sleep(Duration::from_millis(1600)).await;
                model.release();
            }
        };
        let (answer, ()) = tokio::join!(stream(&actor, json!({"message": "x"})), slow);
        let kept = messages(&actor, &session(&answer)).await;
        checked(&word.to_string(), &answer.body, &said(&answer), "一二三四五六七八九", &kept);
    }
}

#[both_engines]
async fn a_closing_summary_is_no_news(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let message = |text: &str| {
        json!({
            "choices": [{
                "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text},
            }],
        })
    };
    let both = |text: &str, whole: &str| {
        json!({
            "choices": [{"index": 0, "delta": {"content": text}, "message": {"content": whole}}],
        })
    };
    for (name, script) in [
        ("message", vec![chunk("你好"), chunk("再见"), message("你好再见")]),
        ("trimmed message", vec![chunk("你好"), chunk("再见"), message(" 你好再见\n")]),
        (
            "delta",
            vec![
                chunk("你好"),
                chunk("再见"),
                json!({"choices": [{"delta": {"content": "你好再见"}, "finish_reason": "stop"}]}),
            ],
        ),
        ("message beside each delta", vec![both("你好", "你好"), both("再见", "你好再见"), stop()]),
        ("messages alone", vec![message("你好再见")]),
        ("growing messages", vec![both("", "你好"), both("", "你好再见"), stop()]),
    ] {
        answers(&actor, &model, name, events(&script), "你好再见").await;
    }
}

#[both_engines]
async fn odd_members_cost_no_answer(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let usage =
        |value: Value| json!({"choices": [], "usage": {"prompt_tokens": value, "completion_tokens": 7}});
    let text = chunk("你好");
    for (name, script) in [
        (
            "choices null",
            vec![json!({"choices": null}), text.clone(), json!({"choices": null, "usage": {}}), stop()],
        ),
        ("usage null", vec![text.clone(), stop(), usage(json!(null))]),
        ("usage 11.0", vec![text.clone(), stop(), usage(json!(11.0))]),
        ("usage -1", vec![text.clone(), stop(), usage(json!(-1))]),
        ("usage text", vec![text.clone(), stop(), usage(json!("11"))]),
        ("usage is no object", vec![text.clone(), stop(), json!({"usage": 5})]),
        ("message null", vec![json!({"choices": [{"delta": {"content": "你好"}, "message": null}]}), stop()]),
        (
            "content parts",
            vec![
                delta(json!({"content": [{"type": "text", "text": "你"}, {"type": "text", "text": "好"}]})),
                stop(),
            ],
        ),
        ("index as text", vec![json!({"choices": [{"index": "0", "delta": {"content": "你好"}}]}), stop()]),
        (
            "another choice",
            vec![text.clone(), json!({"choices": [{"index": 1, "delta": {"content": "二"}}]}), stop()],
        ),
        (
            "several choices",
            vec![
                json!({
                    "choices": [
                        {"index": 1, "delta": {"content": "二"}}, {"index": 0, "delta": {"content": "你好"}},
                    ],
                }),
                stop(),
            ],
        ),
        (
            "role null, error null",
            vec![json!({"error": null, "choices": [{"delta": {"role": null, "content": "你好"}}]}), stop()],
        ),
        ("delta null", vec![json!({"choices": [{"delta": null}]}), text.clone(), stop()]),
    ] {
        answers(&actor, &model, name, events(&script), "你好").await;
    }
    let one = format!("data: {text}");
    let halves = [
        r#"data: {"choices":[{"delta":{"content":"\ud83d"}}]}"#,
        r#"data: {"choices":[{"delta":{"content":"\ude00"}}]}"#,
    ];
    let end = format!("data: {}", stop());
    answers(&actor, &model, "halves of a pair", lines(&[halves[0], halves[1], &end]), "😀").await;
    let half = r#"data: {"choices":[{"delta":{"content":"a\ud83d"}}]}"#;
    answers(&actor, &model, "half a pair", lines(&[half, &end]), "a\u{fffd}").await;
    for (name, script) in [
        ("two values in an event", lines(&[&format!("{one}{}", stop())])),
        ("a comment as data", lines(&["data: : OPENROUTER PROCESSING", &one, &end])),
        ("a word as data", lines(&["data: ping", &one, &end])),
        ("a blank after [DONE]", lines(&[&one, "data: [DONE] "])),
        ("no blank line at the end", raw(&[STREAM.as_bytes(), one.as_bytes()])),
        ("no finish and no [DONE]", lines(&[&one])),
    ] {
        answers(&actor, &model, name, script, "你好").await;
    }
    for kind in [
        "content-type: text/plain\r\n",
        "",
        "content-type: application/octet-stream\r\n",
        "content-type: application/json\r\n",
    ] {
        let head = STREAM.replace("content-type: text/event-stream\r\n", kind);
        let body = format!("{one}\n\n{end}\n\n");
        answers(&actor, &model, kind, raw(&[head.as_bytes(), body.as_bytes()]), "你好").await;
    }
    let created = STREAM.replace("200 OK", "201 Created");
    answers(&actor, &model, "status 201", raw(&[created.as_bytes(), one.as_bytes()]), "你好").await;
    let whole = json!({
        "choices": [{"message": {"content": [{"type": "text", "text": "你好"}]}, "finish_reason": "stop"}],
    });
    answers(
        &actor,
        &model,
        "parts in a whole",
        raw(&[STREAM.as_bytes(), whole.to_string().as_bytes()]),
        "你好",
    )
    .await;
    assert_eq!(
        said(&stream(&actor, json!({"message": "x"})).await),
        "你好！我是你的 AI 分身",
        "nobody was left alone for it"
    );
}

#[both_engines("model.first_token_seconds = 1\nmodel.idle_seconds = 5")]
async fn life_on_the_line_is_life(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for sign in [
        format!("data: {}\n\n", delta(json!({"reasoning_content": "想"}))),
        format!("data: {}\n\n", delta(json!({"content": "<think>想"}))),
        ": keep-alive\n\n".to_owned(),
        "data: : PROCESSING\n\n".to_owned(),
    ] {
        let closing = if sign.contains("<think>") { piece("</think>") } else { String::new() };
        let rest = format!("{closing}{}{}", piece("你好"), ending("stop"));
        model.next(vec![
            Step::Send(format!("{STREAM}{sign}").into_bytes()),
            Step::Wait,
            Step::Send(rest.into_bytes()),
        ]);
        let asked = model.asked().len();
        let slow = async {
            model.has_been_asked(asked + 1).await;
            #[expect(
                clippy::disallowed_methods,
                reason = "a pause longer than the limit of the first piece"
            )]
            tokio::time::sleep(Duration::from_millis(1300)).await;
            model.release();
        };
        let (answer, ()) = tokio::join!(stream(&actor, json!({"message": "x"})), slow);
        assert_eq!(said(&answer), "你好", "{sign}: {}", answer.body);
    }
}

#[both_engines]
async fn thoughts_are_no_answer(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for (name, script) in [
        ("think", vec![chunk("<th"), chunk("ink>\n用户在打招呼。\n</thi"), chunk("nk>\n\n你好"), stop()]),
        ("thinking", vec![chunk("<thinking>想</thinking>你好"), stop()]),
        ("reasoning", vec![chunk("<reasoning>"), chunk("想"), chunk("</reasoning>\n你好"), stop()]),
        (
            "channels",
            vec![
                chunk("<|channel|>analysis<|message|>想<|end|><|start|>assistant"),
                chunk("<|channel|>final<|message|>你好"),
                stop(),
            ],
        ),
        (
            "reasoning_content",
            vec![
                delta(json!({"reasoning_content": "想"})),
                delta(json!({"reasoning_content": null, "content": "你好"})),
                stop(),
            ],
        ),
        ("reasoning member", vec![delta(json!({"reasoning": "想", "content": ""})), chunk("你好"), stop()]),
        (
            "thinking parts",
            vec![
                delta(json!({
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "想"}]},
                        {"type": "text", "text": "你好"},
                    ],
                })),
                stop(),
            ],
        ),
        ("a closing tag alone", vec![chunk("用户在打招呼。\n</think>\n\n你好"), stop()]),
    ] {
        answers(&actor, &model, name, events(&script), "你好").await;
    }
    // The server has learned that responses of this model begin with thoughts.
    let parts = [chunk("用户在"), chunk("打招呼。\n</th"), chunk("ink>\n\n你好"), stop()];
    answers(&actor, &model, "a closing tag alone, in pieces", events(&parts), "你好").await;
    // OpenAI's protocol has a field for them.
    let script =
        vec![delta(json!({"reasoning_content": "想"})), chunk("<think>了想</think>"), chunk("你好"), stop()];
    model.next(events(&script));
    let answer = actor
        .post("/v1/chat/completions", json!({"messages": [{"role": "user", "content": "x"}]}))
        .await
        .json();
    assert_eq!(
        answer["choices"][0]["message"],
        json!({"role": "assistant", "content": "你好", "reasoning_content": "想了想"})
    );
    model.next(events(&script));
    let body = json!({"messages": [{"role": "user", "content": "x"}], "stream": true});
    let streamed = actor.post("/v1/chat/completions", body).await.body;
    assert!(
        streamed.contains("{\"reasoning_content\":\"想\"}") && streamed.contains("{\"content\":\"你好\"}"),
        "{streamed}"
    );
    // All tokens were spent on thoughts.
    let spent = json!({"choices": [{"delta": {}, "finish_reason": "length"}]});
    model.next(events(&[delta(json!({"reasoning_content": "想"})), spent]));
    let answer = stream(&actor, json!({"message": "x"})).await;
    assert!(
        answer.body.contains("secondme.chat.tokens_spent") && answer.body.contains("maxTokens"),
        "{}",
        answer.body
    );
}

#[both_engines("model.strict_turns = false\nmodel.images = true")]
async fn what_a_provider_refuses_by_name_is_left_out(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let door = async |body: Value| actor.post("/v1/chat/completions", body).await;
    let error = |text: &str| json!({"error": {"message": text, "type": "invalid_request_error"}});
    let turns = json!([
        {"role": "system", "content": "S"},
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
    ]);
    let mut body = json!({"messages": turns, "temperature": 0.5});
    body["messages"][2]["content"] = json!([
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "text", "text": "b"},
    ]);
    type Accepts = fn(&Value) -> bool;
    let refusals: Vec<(&str, Value, Accepts)> = vec![
        (
            "400 Bad Request",
            error("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
            |asked| asked["max_completion_tokens"] == 2000 && asked.get("max_tokens").is_none(),
        ),
        (
            "422 Unprocessable Entity",
            json!({
                "detail": [{
                    "type": "extra_forbidden",
                    "loc": ["body", "stream_options"],
                    "msg": "Extra inputs are not permitted",
                }],
            }),
            |asked| asked.get("stream_options").is_none(),
        ),
        (
            "400 Bad Request",
            error("Unsupported value: 'temperature' does not support 0.5 with this model."),
            |asked| asked.get("temperature").is_none(),
        ),
        ("400 Bad Request", error("System message must be at the beginning."), |asked| {
            asked["messages"].as_array().unwrap().iter().skip(1).all(|message| message["role"] != "system")
        }),
        ("400 Bad Request", error("This model does not support image input"), |asked| {
            asked["messages"].as_array().unwrap().iter().all(|message| message["content"].is_string())
        }),
        ("500 Internal Server Error", error("System role not supported"), |asked| {
            asked["messages"].as_array().unwrap().iter().all(|message| message["role"] == "user")
        }),
    ];
    for (line, refusal, is_changed) in refusals {
        let before = model.asked().len();
        model.next(refusing(line, &refusal));
        let answer = door(body.clone()).await;
        assert_eq!(answer.status, 200, "{refusal}: {}", answer.body);
        let asked = model.asked();
        assert_eq!(asked.len(), before + 2, "{refusal}");
        assert!(
            !is_changed(&asked[before]) && is_changed(&asked[before + 1]),
            "{refusal}: {}",
            asked[before + 1]
        );
        // The refusal is remembered.
        assert_eq!(door(body.clone()).await.status, 200);
        let asked = model.asked();
        assert!(asked.len() == before + 3 && is_changed(&asked[before + 2]), "{refusal}");
    }
    let before = model.asked().len();
    model.next(refusing("400 Bad Request", &error("You have no credit")));
    assert_eq!(door(body.clone()).await.status, 500);
    assert_eq!(model.asked().len(), before + 1, "what names nothing is not asked again");
}

#[both_engines]
async fn a_prompt_is_one_system_message_and_turns_that_alternate(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let turns = json!([
        {"role": "assistant", "content": "0"}, {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "system", "content": "S"}, {"role": "assistant", "content": "c"},
        {"role": "user", "content": "d"},
    ]);
    actor.post("/v1/chat/completions", json!({"messages": turns})).await;
    let asked = model.asked();
    let messages: Vec<(&str, &str)> = asked[0]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (message["role"].as_str().unwrap(), message["content"].as_str().unwrap()))
        .collect();
    assert!(messages[0].0 == "system" && messages[0].1.ends_with("\nS"), "{messages:?}");
    assert_eq!(
        messages[1..],
        [("user", "…"), ("assistant", "0"), ("user", "a\n\nb"), ("assistant", "c"), ("user", "d")]
    );
}

#[both_engines]
async fn json_is_asked_for_as_far_as_a_provider_takes_it(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let act = async || {
        let control = "仅输出合法 JSON 对象。输出结构：{\"a\": boolean}。";
        actor.post("/api/secondme/act/stream", json!({"message": "x", "actionControl": control})).await
    };
    let refusal = json!({"error": {"message": "This response_format type is unavailable now"}});
    model.next(refusing("400 Bad Request", &refusal));
    model.next(refusing("400 Bad Request", &refusal));
    model.next(saying(&["{\"a\": true}"]));
    assert_eq!(said(&act().await), "{\"a\": true}");
    let formats: Vec<Value> =
        model.asked().iter().map(|asked| asked["response_format"]["type"].clone()).collect();
    assert_eq!(formats, [json!("json_schema"), json!("json_object"), json!(null)]);
    model.next(saying(&["{\"a\": false}"]));
    assert_eq!(said(&act().await), "{\"a\": false}");
    assert_eq!(model.asked().len(), 4, "it is remembered");
}

#[both_engines]
async fn an_answer_that_is_cut_is_no_answer(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for script in [
        raw(&[STREAM.as_bytes(), piece("半").as_bytes(), b"data: {\"choices\":[{\"del"]),
        raw(&[
            STREAM.as_bytes(),
            piece("半").as_bytes(),
            b"data: {\"choices\":[{\"delta\":{\"content\":\"x\"\n\n",
        ]),
        raw(&[STREAM.as_bytes(), piece("半").as_bytes(), b"data: }\n\n"]),
    ] {
        model.next(script);
        let answer = stream(&actor, json!({"message": "x"})).await;
        assert!(said(&answer) == "半" && answer.body.ends_with(FAILED), "{}", answer.body);
    }
    let sessions = actor.get(&format!("{CHAT}/session/list")).await.data();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 3);
}
