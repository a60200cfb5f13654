//! Round trips to a PostgreSQL that is far away: each costs its distance, so a request must not need many.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, link::LongLink, model, postgres::Cluster};

/// The distance of the database: long enough that the work of a request does not look like a round trip.
const DELAY: Duration = Duration::from_millis(80);
/// Requests that are measured; the fastest counts, because background work and a busy machine add time.
const TRIES: usize = 5;

/// Lines of TOML: every request checks its credential and the profile anew.
const LINES: &str = "accounts.recheck_milliseconds = 0\n";

/// A server whose database is at the other end of a link, and somebody with memories and notes on it.
async fn far_away(lines: &str) -> (LongLink, TestServer, Actor) {
    let (link, url) = LongLink::to_database(&Cluster::shared().fresh_url()).await;
    let server = TestServer::on_database(url, &format!("{LINES}{lines}")).await;
    let person = server.person("far").await;
    let (_, key) = person.new_key("*", None).await;
    let actor = server.bearer(&key);
    // So many that a part of them is in a run of the index.
    for batch in 0..8 {
        let facts: Vec<_> = (0..100)
            .map(|n| {
                json!({
                    "content": format!("fact {batch} {n} about tea, coffee and the books of {n} people"),
                })
            })
            .collect();
        let answer = actor.post("/gate/lab/api/secondme/memory/key/batch", json!({"items": facts})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    for n in 0..10 {
        add_note(&actor, n).await;
    }
    (link, server, actor)
}

async fn add_note(actor: &Actor, n: usize) -> Response {
    let note = json!({"content": format!("note {n}: she drinks green tea in the garden"), "title": "tea"});
    actor.post("/gate/lab/api/secondme/note/add", note).await
}

/// Returns the round trips that the fastest of some requests took.
async fn round_trips<F: Future<Output = Response>>(link: &LongLink, request: impl Fn(usize) -> F) -> u128 {
    // Connections are opened and statements prepared.
    for n in 0..15 {
        assert_eq!(request(n).await.status, 200);
    }
    link.delay(DELAY);
    let mut fastest = Duration::MAX;
    for n in 100..100 + TRIES {
        let start = Instant::now();
        let answer = request(n).await;
        fastest = fastest.min(start.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    link.delay(Duration::ZERO);
    fastest.as_millis() / DELAY.as_millis()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn additions_and_answers_need_few_round_trips() {
    let (link, _server, actor) = far_away("").await;
    let actor = &actor;
    let notes = round_trips(&link, |n| add_note(actor, 1000 + n)).await;
    let add_fact = |n| async move {
        let fact =
            json!({"content": format!("likes the {n}th book"), "factActor": "I", "factObject": "book"});
        actor.post("/gate/lab/api/secondme/memory/key", fact).await
    };
    let memories = round_trips(&link, add_fact).await;
    let find = |_| actor.get("/gate/lab/api/secondme/memory/key/search?keyword=coffee");
    let search = round_trips(&link, find).await;
    let chat =
        round_trips(&link, |n| say(actor, json!({"message": format!("which books {n} about tea?")}))).await;
    let seen = format!("note {notes}, memory {memories}, search {search}, chat {chat}");
    println!("round trips: {seen}");
    assert!(notes >= 2 && memories >= 2 && search >= 2 && chat >= 4, "the link does not delay: {seen}");
    assert!(notes <= 6 && memories <= 6 && search <= 8 && chat <= 10, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_of_model_in_old_session_needs_few_round_trips() {
    let model = model::Model::start().await;
    let lines = format!("chat.distill = false\n[model]\nbase_url = \"{}\"\nname = \"m\"", model.url());
    let (link, _server, actor) = far_away(&lines).await;
    let (model, actor) = (&model, &actor);
    let ask = |n: usize| async move {
        model.next(model::saying(&["tea"]));
        say(actor, json!({"message": format!("and what about tea {n}?"), "sessionId": "far-away"})).await
    };
    let chat = round_trips(&link, ask).await;
    println!("round trips: chat with a model in an old session {chat}");
    assert!((4..=10).contains(&chat), "{chat}");
}

async fn say(actor: &Actor, body: Value) -> Response {
    let answer = actor.post("/gate/lab/api/secondme/chat/stream", body).await;
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
    assert!(!answer.body.contains("event: error"), "{}", answer.body);
    answer
}
