//! Every fault of a model at every endpoint of the assistant.

use std::{iter::repeat_n, time::Duration};

use futures::{StreamExt, future::join_all};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Actor, Response, TestServer, both_engines,
    model::{Model, STREAM, Step, ending, piece, raw, saying, status},
};

use super::chat::{FAILED, said};

/// An endpoint of the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Stream,
    Act,
    Send,
    Completion,
    CompletionStream,
}

const WAYS: [Way; 5] = [Way::Stream, Way::Act, Way::Send, Way::Completion, Way::CompletionStream];

/// A response that is valid at every endpoint.
const TEXT: &str = "{\"title\": \"茶\\\"叶\", \"price\": 3}";
const CONTROL: &str =
    "仅输出合法 JSON 对象。输出结构：{\"title\": string, \"price\": number}，按商品描述填写。";

impl Way {
    fn request(self, actor: &Actor) -> reqwest::RequestBuilder {
        let said = json!([{"role": "user", "content": "x"}]);
        let (path, body) = match self {
            Self::Stream => ("/api/secondme/chat/stream", json!({"message": "x"})),
            Self::Act => ("/api/secondme/act/stream", json!({"message": "x", "actionControl": CONTROL})),
            Self::Send => ("/api/secondme/ws-chat/send", json!({"message": "x"})),
            Self::Completion => ("/v1/chat/completions", json!({"messages": said})),
            Self::CompletionStream => ("/v1/chat/completions", json!({"messages": said, "stream": true})),
        };
        actor.request(Method::POST, path).json(&body)
    }

    async fn ask(self, actor: &Actor) -> Response {
        actor.send(self.request(actor)).await
    }

    /// Returns the text of a successful response, else `None`.
    fn well(self, answer: &Response) -> Option<String> {
        let is_good_stream = answer.body.ends_with("\n\ndata: [DONE]\n\n") && !answer.body.contains("error");
        match self {
            Self::Stream | Self::Act => is_good_stream.then(|| said(answer)),
            Self::Send => Some(answer.json()["data"]["replyText"].as_str()?.to_owned()),
            Self::Completion => Some(answer.json()["choices"][0]["message"]["content"].as_str()?.to_owned()),
            Self::CompletionStream => is_good_stream.then(|| {
                let data = answer.body.lines().filter_map(|line| line.strip_prefix("data: {"));
                let chunks = data.map(|rest| serde_json::from_str::<Value>(&format!("{{{rest}")).unwrap());
                let texts = chunks
                    .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()));
                texts.collect()
            }),
        }
    }

    /// Returns true if the response reports a failure in the format of this endpoint.
    fn has_failed(self, answer: &Response) -> bool {
        match self {
            Self::Stream => answer.status == 200 && answer.body.ends_with(FAILED),
            // No part of a failed decision is sent.
            Self::Act => answer.status == 200 && answer.body.ends_with(FAILED) && said(answer).is_empty(),
            Self::Send => answer.status == 500 && answer.json()["subCode"] == "secondme.stream.error",
            Self::Completion => answer.status == 500 && answer.json()["error"]["type"] == "server_error",
            Self::CompletionStream => {
                let events: Vec<&str> = answer.body.split_terminator("\n\n").collect();
                let [.., error, done] = events.as_slice() else { return false };
                *done == "data: [DONE]"
                    && error.starts_with("data: {\"error\":")
                    && !answer.body.contains("\"finish_reason\":\"stop\"")
            }
        }
    }
}

/// Makes two requests fail, because a decision is requested twice.
fn twice(model: &Model, script: &[Step]) {
    model.forget();
    repeat_n(script, 2).for_each(|script| model.next(script.to_vec()));
}

fn begun() -> Vec<u8> {
    [STREAM.as_bytes(), piece("{\"title\": \"茶").as_bytes()].concat()
}

fn faults() -> Vec<(&'static str, Vec<Step>)> {
    let with = |last: Vec<Step>| [vec![Step::Send(begun())], last].concat();
    let html = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<p>";
    let error = b"data: {\"error\":{\"message\":\"planted-detail\",\"code\":500}}\n\n";
    vec![
        ("400", status("400 Bad Request", "")),
        ("401", status("401 Unauthorized", "")),
        ("429", status("429 Too Many Requests", "retry-after: 60\r\n")),
        ("500", status("500 Internal Server Error", "")),
        ("wrong content type", raw(&[html])),
        ("reset before anything", vec![Step::Reset]),
        ("closed before anything", vec![Step::HalfClose]),
        ("half a head", raw(&[b"HTTP/1.1 200 OK\r\nconte"])),
        ("no answer at all", raw(&[STREAM.as_bytes(), ending("stop").as_bytes()])),
        ("nonsense at first", raw(&[STREAM.as_bytes(), b"data: {nonsense\n\n"])),
        ("an error at first", raw(&[STREAM.as_bytes(), error])),
        (
            "an error as JSON",
            raw(&[&STREAM.replace("text/event-stream", "application/json").into_bytes(), b"{\"error\":{}}"]),
        ),
        ("reset", with(vec![Step::Reset])),
        ("end inside an event", with(raw(&[b"data: {\"choices\":"]))),
        ("an event cut off", with(raw(&[b"data: {\"choices\":[{\"del"]))),
        ("a character cut off", with(raw(&[&piece("茶").as_bytes()[..50]]))),
        ("nonsense later", with(raw(&[b"data: }\n\n"]))),
        ("an error later", with(raw(&[error]))),
        ("a line of 10 MB", with(vec![Step::Send(vec![b'x'; 10 << 20])])),
    ]
}

#[both_engines]
async fn an_answer_that_cannot_be_stored_does_not_end_well(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let db = server.running().db.clone();
    let begun = [STREAM.as_bytes(), piece("{\"title\": \"茶\\\"叶\", ").as_bytes()].concat();
    let ended = [piece("\"price\": 3}").as_bytes(), ending("stop").as_bytes()].concat();
    let script = || vec![Step::Send(begun.clone()), Step::Wait, Step::Send(ended.clone()), Step::HalfClose];
    for way in WAYS {
        model.forget();
        model.next(script());
        let asked = model.asked().len();
        let away = async {
            model.has_been_asked(asked + 1).await;
            db.execute("ALTER TABLE chat_sent RENAME TO chat_sent_away", &[]).await.unwrap();
            model.release();
        };
        let (answer, ()) = tokio::join!(way.ask(&actor), away);
        assert_eq!(
            way.well(&answer).filter(|_| answer.status == 200 && !answer.body.contains("error")),
            None,
            "{way:?}: {}",
            answer.body
        );
        match way {
            Way::Send | Way::Completion => assert_eq!(answer.status, 503, "{way:?}: {}", answer.body),
            Way::Stream | Way::Act => assert!(
                answer.body.contains("\"subCode\": \"connection.error\"}\n\ndata: [DONE]\n\n"),
                "{way:?}: {}",
                answer.body
            ),
            Way::CompletionStream => assert!(
                answer.body.contains("data: {\"error\":")
                    && !answer.body.contains("\"finish_reason\":\"stop\""),
                "{way:?}: {}",
                answer.body
            ),
        }
        let kept = db
            .fetch_one::<(i64,)>(
                "SELECT COUNT(*) FROM chat_message WHERE state = 'complete' AND role = 'assistant'",
                &[],
            )
            .await;
        assert_eq!(kept.unwrap(), (0,), "{way:?}");
        db.execute("ALTER TABLE chat_sent_away RENAME TO chat_sent", &[]).await.unwrap();
    }
    // A short outage of the database delays the response.
    model.forget();
    model.next(script());
    let asked = model.asked().len();
    let moment = async {
        model.has_been_asked(asked + 1).await;
        db.execute("ALTER TABLE chat_sent RENAME TO chat_sent_away", &[]).await.unwrap();
        model.release();
        let _elapsed = tokio::time::timeout(Duration::from_millis(700), std::future::pending::<()>()).await;
        db.execute("ALTER TABLE chat_sent_away RENAME TO chat_sent", &[]).await.unwrap();
    };
    let (answer, ()) = tokio::join!(Way::Stream.ask(&actor), moment);
    assert_eq!(Way::Stream.well(&answer).as_deref(), Some(TEXT), "{}", answer.body);
    let kept = db.fetch_one::<(i64,)>("SELECT COUNT(*) FROM chat_sent", &[]).await;
    assert_eq!(kept.unwrap(), (1,));
    // A session that is deleted in the meantime is not a failure.
    model.forget();
    model.next(script());
    let asked = model.asked().len();
    let deleted = async {
        model.has_been_asked(asked + 1).await;
        let sessions = actor.get("/api/secondme/chat/session/list").await.data();
        let id = sessions["sessions"][0]["sessionId"].as_str().unwrap().to_owned();
        actor.post(&format!("/api/secondme/chat/session/{id}/delete"), json!({})).await.data();
        model.release();
    };
    let (answer, ()) = tokio::join!(Way::Stream.ask(&actor), deleted);
    assert_eq!(Way::Stream.well(&answer).as_deref(), Some(TEXT), "{}", answer.body);
}

#[both_engines]
async fn every_fault_on_every_way(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for (name, script) in faults() {
        for way in WAYS {
            twice(&model, &script);
            let answer = way.ask(&actor).await;
            assert!(way.has_failed(&answer), "{name} on {way:?}: {} {}", answer.status, answer.body);
            assert!(
                !answer.body.contains("planted") && !answer.body.contains("127.0.0.1"),
                "{name}: {}",
                answer.body
            );
            // A provider that failed gets no request for a while.
            server.clock().advance_ms(61_000);
        }
    }
    model.forget();
    for way in WAYS {
        assert!(way == Way::Act || way.well(&way.ask(&actor).await).is_some(), "it goes on after all that");
    }
}

#[both_engines]
async fn what_only_looks_like_a_fault(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let (first, last) = TEXT.split_at(TEXT.find('茶').unwrap());
    let good = [piece(first), piece(last)].concat();
    let whole = format!("{good}{}", ending("stop"));
    let message = |member: &str| {
        json!({
            "choices": [{"message": {"role": "assistant", member: TEXT}, "finish_reason": "stop"}],
        })
    };
    let head = STREAM.replace("text/event-stream", "application/json; charset=utf-8");
    let bytes = |size: usize| -> Vec<Step> {
        let all = format!("{STREAM}{whole}").into_bytes();
        all.chunks(size).map(|bytes| Step::Send(bytes.to_vec())).collect()
    };
    let finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let tool = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\
        \"arguments\":\"{}\"}}]}}]}\n\n";
    let escaped = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":{}}}}}]}}\n\n",
        json!(TEXT).to_string().replace('茶', "\\u8336")
    );
    let inside = escaped.find("\\u8336").unwrap() + 3;
    let scripts: Vec<(&str, Vec<Step>)> = vec![
        ("as it should be", saying(&[first, last])),
        ("byte by byte", bytes(1)),
        ("three bytes at a time", bytes(3)),
        ("all at once", bytes(1 << 20)),
        ("lines that end with CRLF", raw(&[STREAM.as_bytes(), whole.replace('\n', "\r\n").as_bytes()])),
        (
            "cut inside an escape",
            raw(&[
                STREAM.as_bytes(),
                &escaped.as_bytes()[..inside],
                &escaped.as_bytes()[inside..],
                ending("stop").as_bytes(),
            ]),
        ),
        ("no [DONE]", raw(&[STREAM.as_bytes(), good.as_bytes(), finish.as_bytes()])),
        ("no finish but [DONE]", raw(&[STREAM.as_bytes(), good.as_bytes(), b"data: [DONE]\n\n"])),
        (
            "silent after the finish",
            vec![Step::Send(format!("{STREAM}{good}{finish}").into_bytes()), Step::Stall],
        ),
        (
            "reset after [DONE]",
            vec![Step::Send(format!("{STREAM}{whole}").into_bytes()), Step::HalfClose, Step::Stall],
        ),
        ("not a stream", raw(&[head.as_bytes(), message("content").to_string().as_bytes()])),
        ("a refusal", raw(&[head.as_bytes(), message("refusal").to_string().as_bytes()])),
        ("calls of tools nobody offered", raw(&[STREAM.as_bytes(), tool.as_bytes(), whole.as_bytes()])),
        (
            "comments and other events",
            raw(&[
                STREAM.as_bytes(),
                b": hi\n\nevent: x\nid: 1\nretry: 9\ndata: {\"choices\":[]}\n\n",
                whole.as_bytes(),
            ]),
        ),
    ];
    for (name, script) in scripts {
        for way in WAYS {
            twice(&model, &script);
            let answer = way.ask(&actor).await;
            assert_eq!(way.well(&answer).as_deref(), Some(TEXT), "{name} on {way:?}: {}", answer.body);
        }
    }
    // A slow response is no fault.
    for way in WAYS {
        model.forget();
        model.next([vec![Step::Wait], raw(&[STREAM.as_bytes(), whole.as_bytes()])].concat());
        let asked = model.asked().len();
        let slow = async {
            model.has_been_asked(asked + 1).await;
            model.release();
        };
        let (answer, ()) = tokio::join!(way.ask(&actor), slow);
        assert_eq!(way.well(&answer).as_deref(), Some(TEXT), "{way:?}: {}", answer.body);
    }
}

#[both_engines("model.first_token_seconds = 1\nmodel.idle_seconds = 1")]
async fn silence_on_every_way(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for (name, script) in [
        ("before anything", vec![Step::Stall]),
        ("after the head", vec![Step::Send(STREAM.into()), Step::Stall]),
        ("after a comment", vec![Step::Send(format!("{STREAM}: hi\n\n").into_bytes()), Step::Stall]),
        ("in the middle", vec![Step::Send(begun()), Step::Stall]),
    ] {
        model.forget();
        repeat_n(&script, 6).for_each(|script| model.next(script.clone()));
        let answers = join_all(WAYS.map(async |way| (way, way.ask(&actor).await))).await;
        for (way, answer) in answers {
            assert!(way.has_failed(&answer), "{name} on {way:?}: {}", answer.body);
        }
        server.clock().advance_ms(61_000);
    }
}

#[both_engines]
async fn what_cannot_be_stored_is_not_answered(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    let db = &server.running().db;
    for way in WAYS {
        model.forget();
        model.next([vec![Step::Send(begun())], vec![Step::Stall]].concat());
        let asked = model.asked().len();
        db.execute("ALTER TABLE chat_message RENAME TO away", &[]).await.unwrap();
        let answer = way.ask(&actor).await;
        db.execute("ALTER TABLE away RENAME TO chat_message", &[]).await.unwrap();
        assert_eq!(answer.status, 500, "{way:?}: {}", answer.body);
        assert!(!answer.body.contains("茶") && !answer.body.contains("away"), "{way:?}: {}", answer.body);
        // The model may have been called in the meantime. Its connection is then closed.
        if model.asked().len() > asked {
            let noticed = tokio::time::timeout(Duration::from_secs(5), model.hung_up()).await;
            assert!(noticed.is_ok(), "{way:?}");
        }
    }
    for table in [
        "SELECT COUNT(*) FROM chat_session",
        "SELECT COUNT(*) FROM chat_message",
        "SELECT COUNT(*) FROM chat_sent",
    ] {
        assert_eq!(db.fetch_one::<(i64,)>(table, &[]).await, Ok((0,)), "{table}");
    }
    model.forget();
    assert!(Way::Stream.well(&Way::Stream.ask(&actor).await).is_some(), "it goes on after that");
}

#[both_engines]
async fn who_hangs_up_on_any_way_is_noticed(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    for script in [
        vec![Step::Stall],
        vec![Step::Send(STREAM.into()), Step::Stall],
        vec![Step::Send(begun()), Step::Stall],
    ] {
        for way in WAYS {
            model.forget();
            model.next(script.clone());
            let asked = model.asked().len();
            let talk = async {
                let mut body = way.request(&actor).send().await.unwrap().bytes_stream();
                while body.next().await.is_some() {}
            };
            tokio::select! {
                () = talk => panic!("an answer of a model that is silent"),
                () = model.has_been_asked(asked + 1) => {}
            }
            // Dropping the request has closed its connection.
            let noticed = tokio::time::timeout(Duration::from_secs(5), model.hung_up()).await;
            assert!(noticed.is_ok(), "{way:?} after {script:?}");
        }
    }
}
