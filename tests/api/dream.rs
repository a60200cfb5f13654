//! Dreaming: a nightly look over the facts, whose proposals wait for the person.

use std::time::Duration;

use memory::{
    ReviewId,
    review::{ReviewEdit, ReviewKind, Waiting},
};
use serde_json::{Value, json};
use store::AccountId;
use testkit::{
    Actor, Person, TestServer, both_engines,
    model::{Model, saying},
};

use super::chat_distill::{fact, facts, memories, nothing_is_left, say_and_wait};

const KEY: &str = "/api/secondme/memory/key";
const DAY_MS: i64 = 86_400_000;

async fn waiting(server: &TestServer, account: AccountId) -> Vec<Waiting> {
    server.running().memory.waiting(account, ReviewId(i64::MAX), 100).await.unwrap()
}

/// Lets the night come, and waits until the facts were looked over.
async fn night(server: &TestServer, account: AccountId) {
    server.clock().advance_ms(DAY_MS);
    let before = server.clock().now();
    let looked = async {
        loop {
            server.running().chat.dream_due().await.unwrap();
            let last = server.running().chat.last_dream(account).await.unwrap();
            if last.is_some_and(|last| last.at >= before) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looked).await.expect("the facts are looked over");
}

/// Learns a fact from a conversation, which plans a night. Others are added before.
async fn learn(server: &TestServer, model: &Model, actor: &Actor, others: &[&str]) {
    for text in others {
        actor.post(KEY, json!({"mode": "direct", "content": text})).await.data();
        server.clock().advance_ms(1000);
    }
    model.next(saying(&["好"]));
    say_and_wait(server, actor, "我每天早上都喝乌龙茶。").await;
    model.next(facts(&json!([fact("每天早上喝乌龙茶", "我每天早上都喝乌龙茶")])));
    nothing_is_left(server).await;
}

/// Answers by the numbers that the facts have in the prompt.
fn number(model: &Model, text: &str) -> usize {
    let asked = model.asked();
    let prompt = asked.last().unwrap()["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let prompt = prompt.as_str().unwrap().to_owned();
    let at = prompt.find(text).unwrap_or_else(|| panic!("{text} in {prompt}"));
    prompt[..at].rsplit("n=\"").next().unwrap().split('"').next().unwrap().parse().unwrap()
}

async fn person(server: &TestServer) -> (Person, Actor) {
    let person = server.person("a").await;
    let actor = person.signed_in().await;
    (person, actor)
}

#[both_engines]
async fn proposals_of_a_night_wait_for_the_person(server: TestServer, model: Model) {
    let (person, actor) = person(&server).await;
    let account = person.account.id;
    learn(&server, &model, &actor, &["住在上海", "喜欢喝乌龙茶", "现在住在杭州"]).await;
    // The newest is the first: 1 tea every morning, 2 Hangzhou, 3 likes tea, 4 Shanghai.
    let answer = json!({
        "merge": [
            {"facts": [1, 3], "text": "喜欢喝乌龙茶，每天早上都喝"},
            {"facts": [1, 3], "text": "每天早上喝 3 杯乌龙茶"},
            {"facts": [1], "text": "喝茶"},
        ],
        "outdated": [{"newer": 2, "older": 4}, {"newer": 4, "older": 2}, {"newer": 9, "older": 1}],
        "about": "我住在杭州，喜欢喝乌龙茶，每天早上都喝。",
    });
    model.next(saying(&[&answer.to_string()]));
    night(&server, account).await;
    assert_eq!((number(&model, "每天早上喝乌龙茶"), number(&model, "住在上海")), (1, 4));
    let found = waiting(&server, account).await;
    let shown: Vec<(ReviewKind, &str)> = found.iter().map(|one| (one.kind, one.content.as_str())).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.contains(&(ReviewKind::Memory, "喜欢喝乌龙茶，每天早上都喝")), "{shown:?}");
    assert!(shown.contains(&(ReviewKind::About, "我住在杭州，喜欢喝乌龙茶，每天早上都喝。")), "{shown:?}");
    let memory = &server.running().memory;
    let conflicts = memory.conflicts(account).await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (conflicts[0].newer_text.as_str(), conflicts[0].older_text.as_str()),
        ("现在住在杭州", "住在上海")
    );
    assert_eq!(memories(&server, account).await.len(), 4, "nothing is changed by itself");
    let page = actor.get("/memories/review").await.body;
    for text in ["夜里整理时提出", "自我介绍", "上次夜间整理：提出 3 条"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let agents = &server.running().agents;
    for one in &found {
        assert!(agents.accept(&person.account, one.id, ReviewEdit::default()).await.unwrap().is_some());
    }
    let (_, profile) = &memory.profile(account).await.unwrap();
    assert_eq!(profile.self_introduction, "我住在杭州，喜欢喝乌龙茶，每天早上都喝。");
    let standing = memory.standing_facts(account, 10).await.unwrap();
    let mut texts: Vec<&str> = standing.iter().map(|fact| fact.fact_content.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["住在上海", "喜欢喝乌龙茶，每天早上都喝", "现在住在杭州"]);
}

#[both_engines]
async fn what_was_refused_is_not_proposed_again(server: TestServer, model: Model) {
    let (person, actor) = person(&server).await;
    let account = person.account.id;
    learn(&server, &model, &actor, &["喜欢喝乌龙茶"]).await;
    let merge = json!([{"facts": [1, 2], "text": "喜欢喝乌龙茶，每天早上都喝"}]);
    let answer = json!({"merge": merge, "outdated": [], "about": null});
    model.next(saying(&[&answer.to_string()]));
    night(&server, account).await;
    let found = waiting(&server, account).await;
    assert_eq!(found.len(), 1);
    server.running().memory.refuse(account, vec![found[0].id]).await.unwrap();
    // Nothing was learned since, so there is no other night.
    let asked = model.asked().len();
    server.clock().advance_ms(2 * DAY_MS);
    server.running().chat.dream_due().await.unwrap();
    assert_eq!(model.asked().len(), asked);
    model.next(saying(&["好"]));
    say_and_wait(&server, &actor, "我周末去爬山。").await;
    model.next(facts(&json!([fact("周末爬山", "我周末去爬山")])));
    nothing_is_left(&server).await;
    let merge: Value = json!([{"facts": [2, 3], "text": "每天早上喝乌龙茶，很喜欢"}]);
    let again = json!({"merge": merge, "outdated": [], "about": null});
    model.next(saying(&[&again.to_string()]));
    night(&server, account).await;
    assert_eq!(waiting(&server, account).await.len(), 0, "the same facts");
}

#[both_engines("chat.dream = false")]
async fn a_server_may_not_dream(server: TestServer, model: Model) {
    let (_person, actor) = person(&server).await;
    learn(&server, &model, &actor, &["喜欢喝乌龙茶"]).await;
    let asked = model.asked().len();
    server.clock().advance_ms(2 * DAY_MS);
    assert_eq!(server.running().chat.dream_due().await.unwrap(), 0);
    assert_eq!(model.asked().len(), asked);
}
