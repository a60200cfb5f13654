//! `Memory::recall`, which finds the entries for the assistant's prompt.

use memory::recall::{Kind, Reader, Recall, tokens};
use serde_json::{Value, json};
use testkit::{Actor, Person, TestServer, both_engines};

const BUDGET: usize = 1000;

async fn recall(server: &TestServer, person: &Person, reader: Reader, text: &str, budget: usize) -> Recall {
    let recall =
        server.running().memory.recall(person.account.id, reader, text, budget).await.expect("recall");
    assert!(recall.tokens <= budget);
    assert_eq!(recall.tokens, recall.items.iter().map(|item| item.tokens).sum::<usize>());
    assert!(recall.items.iter().all(|item| item.tokens == tokens(&item.text) && !item.text.is_empty()));
    recall
}

fn texts(recall: &Recall, kind: Kind) -> Vec<&str> {
    recall.items.iter().filter(|item| item.source.kind() == kind).map(|item| item.text.as_str()).collect()
}

async fn remember(actor: &Actor, content: &str, visibility: i64) {
    actor
        .post("/api/secondme/memory/key", json!({"content": content, "visibility": visibility}))
        .await
        .data();
}

async fn id_of(actor: &Actor, path: &str) -> Value {
    actor.get(path).await.data()["list"][0]["id"].clone()
}

#[both_engines]
async fn what_has_to_do_with_the_question_comes_first(server: TestServer) {
    let person = server.person("陈一").await;
    let actor = person.with_key("*").await;
    actor.post("/api/secondme/user/profile", json!({"bio": "工程师", "about_me": "住在上海"})).await.data();
    for n in 0..40 {
        remember(&actor, &format!("第{n}天去了公园散步"), 1).await;
    }
    remember(&actor, "对花生过敏", 0).await;
    let note =
        format!("{}\n\n我的猫叫布丁,三岁了。\n\n{}", "今天天气很好。".repeat(40), "晚上下雨。".repeat(60));
    let note = actor.post("/api/secondme/note/add", json!({"title": "猫", "content": note})).await.data();

    let about = recall(&server, &person, Reader::OWNER, "我能吃花生吗?", BUDGET).await;
    assert_eq!(texts(&about, Kind::Profile), ["陈一\n工程师\n住在上海"]);
    assert_eq!(texts(&about, Kind::KeyMemory)[0], "对花生过敏");
    let first = about.items.iter().find(|item| item.source.kind() == Kind::KeyMemory).unwrap();
    assert_eq!(
        json!(first.source.number()),
        id_of(&actor, "/api/secondme/memory/key/search?keyword=花生").await
    );
    assert!(first.score > 0.0);

    let cat = recall(&server, &person, Reader::OWNER, "你的猫叫什么名字", BUDGET).await;
    let passages: Vec<_> = cat.items.iter().filter(|item| item.source.kind() == Kind::Note).collect();
    assert_eq!(json!(passages[0].source.number()), note["noteId"]);
    assert!(
        passages[0].text.starts_with("猫\n") && passages[0].text.contains("布丁"),
        "{}",
        passages[0].text
    );
    assert!(passages[0].text.chars().count() < 500, "a passage, not the note");

    let nothing = recall(&server, &person, Reader::OWNER, "zzz", BUDGET).await;
    assert_eq!(
        texts(&nothing, Kind::KeyMemory)[..2],
        ["对花生过敏", "第39天去了公园散步"],
        "the newest anyway"
    );
    assert!(nothing.items.iter().all(|item| item.score == 0.0));
}

#[both_engines]
async fn others_are_told_what_is_public_alone(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    remember(&actor, "secret: the key lies under the mat", 0).await;
    remember(&actor, "the key of C major is easy", 1).await;
    actor.post("/api/secondme/note/add", json!({"content": "the key note, private"})).await.data();
    let shade = |name: &str, public: &str| {
        json!({
            "shadeName": name, "shadeNamePublic": public, "shadeContent": "hidden depth",
        })
    };
    for body in [shade("keys", ""), shade("music", "Music of keys")] {
        actor.post("/api/secondme/user/shades/create", body).await.data();
    }
    for text in ["where is the key", "", "secret hidden private"] {
        let others = recall(&server, &person, Reader::PUBLIC, text, BUDGET).await;
        assert_eq!(texts(&others, Kind::KeyMemory), ["the key of C major is easy"], "{text}");
        assert_eq!(texts(&others, Kind::Shade), ["Music of keys"], "{text}");
        assert_eq!(texts(&others, Kind::Note), Vec::<&str>::new(), "{text}");
    }
    let own = recall(&server, &person, Reader::OWNER, "where is the key", BUDGET).await;
    assert_eq!(
        (texts(&own, Kind::KeyMemory).len(), texts(&own, Kind::Note).len(), texts(&own, Kind::Shade).len()),
        (2, 1, 2)
    );
}

#[both_engines]
async fn a_budget_is_kept(server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..30 {
        remember(&actor, &format!("tea {n}: {}", "长".repeat(if n == 29 { 4900 } else { 50 })), 1).await;
    }
    let mut before = 0;
    for budget in [0, 1, 10, 60, 200, 1000, 100_000] {
        let count = recall(&server, &person, Reader::OWNER, "tea", budget).await.items.len();
        assert!(count >= before, "{budget}");
        before = count;
    }
    assert!(before > 25);
    let hostile = "tea ".repeat(3_000_000);
    assert!(!recall(&server, &person, Reader::OWNER, &hostile, 500).await.items.is_empty());
}

#[both_engines]
async fn other_peoples_things_are_not_recalled(server: TestServer) {
    let (one, other) = (server.person("a").await, server.person("b").await);
    remember(&one.with_key("*").await, "the cat is called Pudding", 1).await;
    let recall = recall(&server, &other, Reader::OWNER, "cat", BUDGET).await;
    assert_eq!(recall.items.iter().map(|item| item.source.kind()).collect::<Vec<_>>(), [Kind::Profile]);
}
