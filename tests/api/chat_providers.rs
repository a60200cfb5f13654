//! Several models: fallbacks, time limits, and pauses after failures.

use std::time::Duration;

use serde_json::json;
use testkit::{
    Actor, Engine, Response, TestServer, both_engines,
    model::{Model, STREAM, Step, piece, raw, saying, status},
};
use tokio::net::{TcpSocket, TcpStream};

use super::chat::{CHAT, FAILED, messages, said, session, stream};

/// Runs a test on each engine with two models.
async fn with_two(first: &str, more: &str, test: impl AsyncFn(&TestServer, &Actor, &Model)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let second = Model::start().await;
        let url = second.url();
        let lines = format!(
            "model.base_url = {first:?}\nmodel.name = \"first\"\n\
             model.names = {{ \"secondme/pro\" = \"first-pro\" }}\n\
             model.fallback = [{{ base_url = {url:?}, name = \"second\", api_key = \"second-key\" }}]\n{more}"
        );
        let server = TestServer::configured(engine, &lines).await;
        let (_, key) = server.person("a").await.new_key("chat", None).await;
        test(&server, &server.bearer(&key), &second).await;
    }
}

async fn ask(actor: &Actor) -> Response {
    stream(actor, json!({"message": "x"})).await
}

fn second_says(second: &Model) {
    second.next(saying(&["第二"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_model_answers_where_one_does_not_begin() {
    let first = Model::start().await;
    with_two(&first.url(), "", async |server, actor, second| {
        let (begun, asked) = (first.asked().len(), |model: &Model| model.asked().len());
        first.next(status("500 Internal Server Error", ""));
        second_says(second);
        let answer = ask(actor).await;
        assert_eq!(said(&answer), "第二");
        let id = messages(actor, &session(&answer)).await[1]["messageId"].as_str().unwrap().to_owned();
        let sent = actor.get(&format!("{CHAT}/message/{id}/sent")).await.data();
        assert_eq!((&sent["provider"], &sent["model"]), (&json!(second.url()), &json!("second")));
        assert!(second.heads()[0].to_lowercase().contains("authorization: bearer second-key"));
        // Each provider has its own mapping of model names.
        stream(actor, json!({"message": "x", "model": "secondme/pro"})).await;
        assert_eq!(first.asked().last().unwrap()["model"], "first-pro");
        // After a response has begun, no other model is called.
        let count = asked(second);
        first.next(raw(&[STREAM.as_bytes(), piece("半").as_bytes(), b"data: {\"choices\":"]));
        let answer = ask(actor).await;
        assert!(said(&answer) == "半" && answer.body.ends_with(FAILED), "{}", answer.body);
        assert_eq!((asked(second), asked(&first)), (count, begun + 3));
        // If all fail, the failure of the last one is reported.
        first.next(status("500 Internal Server Error", ""));
        second.next(status("503 Service Unavailable", ""));
        assert!(ask(actor).await.body.ends_with(FAILED));
        server.clock().advance_ms(61_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_keeps_failing_is_left_alone_for_a_while() {
    let first = Model::start().await;
    with_two(&first.url(), "", async |server, actor, _second| {
        first.forget();
        let begun = first.asked().len();
        for _ in 0..5 {
            first.next(status("502 Bad Gateway", ""));
            assert_eq!(ask(actor).await.status, 200);
        }
        for _ in 0..3 {
            assert!(!ask(actor).await.body.contains("error"));
        }
        assert_eq!(first.asked().len(), begun + 5, "it is left alone");
        server.clock().advance_ms(10_000);
        first.next(status("502 Bad Gateway", ""));
        ask(actor).await;
        ask(actor).await;
        assert_eq!(first.asked().len(), begun + 6, "one question tries it, and it is left alone again");
        server.clock().advance_ms(10_000);
        for _ in 0..3 {
            ask(actor).await;
        }
        assert_eq!(first.asked().len(), begun + 9, "it is well again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_says_when_to_come_again() {
    let first = Model::start().await;
    with_two(&first.url(), "", async |server, actor, second| {
        first.forget();
        let begun = first.asked().len();
        first.next(status("429 Too Many Requests", "retry-after: 30\r\n"));
        for _ in 0..3 {
            second_says(second);
            assert_eq!(said(&ask(actor).await), "第二");
        }
        assert_eq!(first.asked().len(), begun + 1);
        server.clock().advance_ms(29_999);
        ask(actor).await;
        assert_eq!(first.asked().len(), begun + 1);
        server.clock().advance_ms(1);
        ask(actor).await;
        assert_eq!(first.asked().len(), begun + 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_cannot_be_reached_is_given_up_in_time() {
    // A port without a listener, and one that does not respond because its backlog is full.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(connected) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        queue.push(connected.unwrap());
    }
    for address in [closed.local_addr().unwrap(), address] {
        let url = format!("http://{address}/v1");
        with_two(&url, "model.connect_seconds = 1", async |_server, actor, second| {
            second_says(second);
            // The other time limits are a minute or more, so this one ended the request.
            let answer = tokio::time::timeout(Duration::from_secs(30), ask(actor)).await;
            assert_eq!(said(&answer.expect("in time")), "第二");
        })
        .await;
    }
}

#[both_engines("model.first_token_seconds = 1")]
async fn the_first_piece_has_a_limit_of_its_own(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(vec![Step::Send(STREAM.into()), Step::Stall]);
    let answer = tokio::time::timeout(Duration::from_secs(20), ask(&actor)).await.expect("in time");
    assert!(said(&answer).is_empty() && answer.body.ends_with(FAILED), "{}", answer.body);
    // The limit does not apply to later pieces.
    model.next(
        [
            vec![Step::Send([STREAM.as_bytes(), piece("一").as_bytes()].concat()), Step::Wait],
            saying(&["二"])[1..].to_vec(),
        ]
        .concat(),
    );
    let slow = async {
        model.has_been_asked(2).await;
        #[expect(clippy::disallowed_methods, reason = "a pause longer than the limit of the first piece")]
        tokio::time::sleep(Duration::from_millis(1200)).await;
        model.release();
    };
    let (answer, ()) = tokio::join!(ask(&actor), slow);
    assert_eq!(said(&answer), "一二");
}

#[both_engines("model.idle_seconds = 1")]
async fn pauses_have_a_limit_of_their_own(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(vec![Step::Send([STREAM.as_bytes(), piece("一").as_bytes()].concat()), Step::Stall]);
    let answer = tokio::time::timeout(Duration::from_secs(20), ask(&actor)).await.expect("in time");
    assert!(said(&answer) == "一" && answer.body.ends_with(FAILED), "{}", answer.body);
    let kept = messages(&actor, &session(&answer)).await;
    assert_eq!((&kept[1]["content"], &kept[1]["state"]), (&json!("一"), &json!("failed")));
}

#[both_engines("model.total_seconds = 1")]
async fn the_whole_has_a_limit_of_its_own(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(vec![Step::Send([STREAM.as_bytes(), piece("一").as_bytes()].concat()), Step::Stall]);
    let answer = tokio::time::timeout(Duration::from_secs(20), ask(&actor)).await.expect("in time");
    assert!(said(&answer) == "一" && answer.body.ends_with(FAILED), "{}", answer.body);
}

#[both_engines]
async fn the_only_model_is_waited_for_where_it_says_so(server: TestServer, model: Model) {
    let actor = server.person("a").await.with_key("chat").await;
    model.next(status("429 Too Many Requests", "retry-after: 1\r\n"));
    let answer = ask(&actor).await;
    assert_eq!((said(&answer).as_str(), model.asked().len()), ("你好！我是你的 AI 分身", 2));
    // The server does not wait if `retry-after` is longer than a client would wait.
    model.next(status("503 Service Unavailable", "retry-after: 60\r\n"));
    assert!(ask(&actor).await.body.ends_with(FAILED));
    assert_eq!(model.asked().len(), 3);
}
