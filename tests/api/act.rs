//! `/api/secondme/act/stream`

use serde_json::{Value, json};
use testkit::{
    Actor, Response, TestServer, both_engines,
    model::{Model, STREAM, Step, ending, piece, raw, saying, status},
};

const ACT: &str = "/api/secondme/act/stream";
const LIKED: &str = "仅输出合法 JSON 对象，不要解释。\n输出结构：{\"is_liked\": boolean}。\n\
    当用户明确表达喜欢或支持时 is_liked=true，否则 is_liked=false。";
const INTENT: &str = "仅输出合法 JSON。结构：{\"intent\": \"like\"|\"dislike\"|\"neutral\"}。根据用户表达判断意图。信息不足时返回 \
    {\"intent\": \"neutral\"}。";
const NO_FALLBACK: &str =
    "仅输出合法 JSON 对象。输出结构：{\"title\": string, \"price\": number}，按商品描述填写。";

async fn act(actor: &Actor, control: &str) -> Response {
    actor.post(ACT, json!({"message": "我很喜欢这个", "actionControl": control})).await
}

/// Returns the joined pieces of a stream.
fn joined(stream: &Response) -> String {
    let data = stream.body.lines().filter_map(|line| line.strip_prefix("data: {\"choices\""));
    let pieces =
        data.map(|rest| serde_json::from_str::<Value>(&format!("{{\"choices\"{rest}")).expect("JSON"));
    pieces.map(|piece| piece["choices"][0]["delta"]["content"].as_str().expect("a text").to_owned()).collect()
}

#[track_caller]
fn decided(answer: &Response, expected: &Value) {
    let value: Value = serde_json::from_str(&joined(answer)).unwrap_or_else(|_| panic!("{}", answer.body));
    assert_eq!(&value, expected);
    assert!(
        answer.body.ends_with("\n\ndata: [DONE]\n\n") && !answer.body.contains("event: error"),
        "{}",
        answer.body
    );
}

/// Checks for each output of the model the decision that follows from it.
async fn each(server: &TestServer, model: &Model, control: &str, cases: &[(&str, Value)]) {
    let actor = server.person("a").await.with_key("chat").await;
    for (output, expected) in cases {
        let middle = output.char_indices().nth(output.chars().count() / 2).map_or(0, |(at, _)| at);
        model.next(saying(&[&output[..middle], &output[middle..]]));
        let asked = model.asked().len();
        let answer = act(&actor, control).await;
        let value: Value =
            serde_json::from_str(&joined(&answer)).unwrap_or_else(|_| panic!("{output}: {}", answer.body));
        assert_eq!((&value, model.asked().len()), (expected, asked + 1), "{output}");
    }
}

#[track_caller]
fn undecided(answer: &Response) {
    assert_eq!((answer.status, joined(answer)), (200, String::new()), "{}", answer.body);
    assert!(
        answer.body.ends_with(
            "event: error\ndata: {\"code\": 500, \"message\": \"服务内部错误\", \"subCode\": \
             \"secondme.stream.error\"}\n\ndata: [DONE]\n\n"
        ),
        "{}",
        answer.body
    );
}

#[both_engines("model.json = \"json_schema\"")]
async fn a_decision_is_one_json_value(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(saying(&[
        "好的，结果如下：\n```json\n{\"is_",
        "liked\":",
        " true}\n```\n希望对你有帮助 {\"is_liked\": false}",
    ]));
    let answer = act(&actor, LIKED).await;
    decided(&answer, &json!({"is_liked": true}));
    assert!(answer.body.starts_with("event: session\ndata: {\"sessionId\": \"labs_sess_"));
    let asked = model.asked();
    assert_eq!(asked[0]["response_format"]["type"], "json_schema");
    assert_eq!(
        asked[0]["response_format"]["json_schema"]["schema"]["properties"]["is_liked"]["type"],
        "boolean"
    );
    let sessions = actor.get("/api/secondme/chat/session/list").await.data();
    assert_eq!(
        (&sessions["sessions"][0]["messageCount"], &sessions["sessions"][0]["lastMessage"]),
        (&json!(2), &json!("{\"is_liked\": true}"))
    );
    // The server closes the connection to a model that stalls after the value.
    model.next(vec![
        Step::Send([STREAM.as_bytes(), piece("{\"is_liked\": false}").as_bytes()].concat()),
        Step::Stall,
    ]);
    decided(&act(&actor, LIKED).await, &json!({"is_liked": false}));
    model.hung_up().await;
}

#[both_engines]
async fn a_bad_answer_gets_one_more_try_then_the_fallback(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(saying(&["{\"intent\": \"love\"}"]));
    model.next(saying(&["{\"intent\": \"like\"}"]));
    decided(&act(&actor, INTENT).await, &json!({"intent": "like"}));
    let repair = model.asked()[1]["messages"].as_array().unwrap().clone();
    assert_eq!(repair[repair.len() - 2], json!({"role": "assistant", "content": "{\"intent\": \"love\"}"}));
    assert!(repair[repair.len() - 1]["content"].as_str().unwrap().contains("exactly one JSON value"));
    let half = [STREAM.as_bytes(), piece("{\"intent\": \"li").as_bytes()].concat();
    for script in [
        saying(&["抱歉，我无法判断。"]),
        saying(&["{\"intent\": \"li"]),
        raw(&[&half]),
        raw(&[&half, ending("length").as_bytes()]),
    ] {
        model.next(script.clone());
        model.next(script);
        decided(&act(&actor, INTENT).await, &json!({"intent": "neutral"}));
    }
    for _ in 0..2 {
        model.next(saying(&["{\"title\": 1}"]));
    }
    undecided(&act(&actor, NO_FALLBACK).await);
}

#[both_engines]
async fn thoughts_and_drafts_do_not_decide(server: TestServer, model: Model) {
    let no = json!({"is_liked": false});
    each(
        &server,
        &model,
        LIKED,
        &[
            ("<thinking>maybe {\"is_liked\": true}</thinking>{\"is_liked\": false}", no.clone()),
            ("<THINK>{\"is_liked\": true}</THINK>\n{\"is_liked\": false}", no.clone()),
            ("<reasoning>{\"is_liked\": true}</reasoning>{\"is_liked\": false}", no.clone()),
            ("{\"is_liked\": true} 似乎可以</think>{\"is_liked\": false}", no.clone()),
            (
                "<|channel|>analysis<|message|>{\"is_liked\": \
            true}<|end|><|start|>assistant<|channel|>final<|message|>{\"is_liked\": false}",
                no.clone(),
            ),
            ("[THINK]{\"is_liked\": true}[/THINK]{\"is_liked\": false}", no.clone()),
            ("例如 {\"is_liked\": true}。答案：{\"is_liked\": false}", no.clone()),
            ("Draft: {\"is_liked\": true}\nFinal: {\"is_liked\": false}", no.clone()),
            ("{\"is_liked\": true}\nWait, they meant it ironically.\n{\"is_liked\": false}", no.clone()),
            ("{\"is_liked\": false}。如果他说喜欢，则为 {\"is_liked\": true}。", no.clone()),
        ],
    )
    .await;
}

#[both_engines]
async fn slips_that_leave_no_doubt_decide(server: TestServer, model: Model) {
    let yes = json!({"is_liked": true});
    let slips = [
        "{\"is_liked\": true,}",
        "{'is_liked': True}",
        "{\"is_liked\": true",
        "{\"is_liked\"：true}",
        "{“is_liked”: true}",
        "{\"result\":{\"is_liked\":true}}",
        "{\"isLiked\": true}",
        "{\"is_liked\": \"true\"}",
        "{is_liked: true}",
        "{\"is-liked\": TRUE, // sure\n}",
        "```json\n{\"is_liked\": true\n```",
        "\"{\\\"is_liked\\\": true}\"",
        "{\"is_liked\": true, \"reason\": \"一\n二\"}",
        "{\"is\\_liked\": true}",
        "[{\"is_liked\": true,}]",
        "{\"is_liked\": true, \"why\": \"he said \"yes\"\"}",
        "{\\\"is_liked\\\": true}",
        "{&quot;is_liked&quot;: true}",
        "{\"is_liked\": true; \"why\" = \"x\"}",
        "{\"is_liked\": true, ...}",
        "{\"is_liked\": true # sure\n}",
        "{«is_liked»: true}",
    ];
    each(&server, &model, LIKED, &slips.map(|slip| (slip, yes.clone()))).await;
    // A doubtful value is requested again. After that the stated fallback is returned.
    let actor = server.person("b").await.with_key("chat").await;
    for doubtful in [
        "{\"is_liked\": tru",
        "{\"is_liked\": true, \"is_liked\": false,}",
        "{\"is_liked\": \"yes\"}",
        "{\"is_liked\": 1}",
        "{\"a\": {\"is_liked\": true}, \"b\": {\"is_liked\": false}}",
    ] {
        let long = format!("{doubtful}{}", "。".repeat(2000));
        model.next(saying(&[&long]));
        model.next(saying(&[doubtful]));
        decided(&act(&actor, LIKED).await, &json!({"is_liked": false}));
        let asked = model.asked().pop().unwrap()["messages"].as_array().unwrap().clone();
        assert_eq!(asked[asked.len() - 2]["content"].as_str().unwrap().chars().count(), 500, "{doubtful}");
    }
}

#[both_engines]
async fn a_fallback_is_found_in_english_too(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for control in [
        "Answer with JSON: {\"ok\": boolean}. Return {\"ok\": false} when unsure.",
        "Answer with JSON: {\"ok\": boolean}. ok is true if they agree; otherwise ok is false.",
        "Answer with JSON: {\"ok\": boolean}. ok is true if they agree. Default to false.",
        "只输出 JSON：{\"ok\": boolean}。同意为 true，否则返回 false。",
    ] {
        model.next(saying(&["I cannot say."]));
        model.next(saying(&["I cannot say."]));
        decided(&act(&actor, control).await, &json!({"ok": false}));
    }
}

#[both_engines]
async fn a_model_that_fails_is_an_error_event(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(status("500 Internal Server Error", ""));
    undecided(&act(&actor, NO_FALLBACK).await);
}

#[both_engines]
async fn without_a_model_the_stated_fallback_is_answered(server: TestServer) {
    let actor = server.person("a").await.with_key("chat").await;
    decided(&act(&actor, INTENT).await, &json!({"intent": "neutral"}));
    // Without a stated fallback, a value of the structure says that no model is configured.
    let value: Value = serde_json::from_str(&joined(&act(&actor, NO_FALLBACK).await)).unwrap();
    assert!(value["title"].as_str().unwrap().contains("尚未配置模型") && value["price"] == 0, "{value}");
    let control =
        "只输出 JSON：{\"ok\": boolean, \"why\": string, \"kind\": \"a\"|\"b\", \"tags\": string[]}";
    let value: Value = serde_json::from_str(&joined(&act(&actor, control).await)).unwrap();
    assert_eq!((&value["ok"], &value["kind"], &value["tags"]), (&json!(false), &json!("a"), &json!([])));
}

#[both_engines]
async fn action_control_is_checked_before_the_stream(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("chat").await;
    let long = format!("{{}}{}", "长".repeat(8000));
    for (control, code, length, issues) in [
        (json!(null), "empty", 0, vec!["empty", "too_short", "missing_json_structure"]),
        (json!("   "), "empty", 3, vec!["empty", "too_short", "missing_json_structure"]),
        (json!("仅输出 JSON 对象"), "too_short", 11, vec!["too_short", "missing_json_structure"]),
        (json!(long), "too_long", 8002, vec!["too_long"]),
        (
            json!("仅输出合法的 JSON 对象，不要有任何解释文字"),
            "invalid_format",
            24,
            vec!["missing_json_structure"],
        ),
    ] {
        let answer = actor.post(ACT, json!({"message": "x", "actionControl": control})).await;
        let body = answer.refused(400, &format!("secondme.act.action_control.{code}"));
        assert_eq!(body["message"], "actionControl 存在常见格式问题，请按 issues 和 suggestions 修正后重试");
        assert_eq!(body["constraints"]["currentLength"], length, "{body}");
        assert_eq!(
            (&body["constraints"]["minLength"], &body["constraints"]["maxLength"]),
            (&json!(20), &json!(8000))
        );
        assert_eq!(body["constraints"]["requiredElements"].as_array().unwrap().len(), 4);
        assert_eq!(body["suggestions"].as_array().unwrap().len(), 3);
        let found: Vec<&str> =
            body["issues"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap()).collect();
        assert_eq!(found, issues);
    }
    actor.post(ACT, json!({"actionControl": LIKED})).await.refused(422, "invalid.param");
    let app = person.app("user.info chat").await;
    person
        .with_token(&app, "user.info")
        .await
        .post(ACT, json!({"message": "x", "actionControl": LIKED}))
        .await
        .refused(403, "auth.scope.missing");
    person
        .with_key("user.info")
        .await
        .post(ACT, json!({"message": "x", "actionControl": LIKED}))
        .await
        .refused(403, "apikey.permission.denied");
}
