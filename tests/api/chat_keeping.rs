//! The facts that the distiller may keep: rules of the person, the inbox, near-duplicates, contradictions.

use memory::{
    ReviewId,
    keep::Reason,
    key::{LinkKind, Verdict},
    profile::Change,
    review::{CONVERSATION, ReviewEdit, Waiting},
};
use serde_json::{Value, json};
use store::AccountId;
use testkit::{
    Actor, TestServer, both_engines,
    model::{Model, saying},
};

use super::chat_distill::{fact, facts, memories, nothing_is_left, say_and_wait};

/// Says something to the double, which proposes facts about it.
async fn learn(server: &TestServer, model: &Model, actor: &Actor, text: &str, proposed: Value) {
    model.next(saying(&["好"]));
    model.next(facts(&proposed));
    say_and_wait(server, actor, text).await;
    nothing_is_left(server).await;
}

async fn contents(server: &TestServer, account: AccountId) -> Vec<String> {
    memories(server, account).await.into_iter().map(|memory| memory.fact_content).collect()
}

async fn waiting(server: &TestServer, account: AccountId) -> Vec<Waiting> {
    server.running().memory.waiting(account, ReviewId(i64::MAX), 100).await.unwrap()
}

#[both_engines]
async fn what_is_never_to_be_kept_is_counted_and_not_kept(server: TestServer, model: Model) {
    let person = server.person("a").await;
    let (actor, account) = (person.signed_in().await, person.account.id);
    let memory = &server.running().memory;
    memory.add_never_rule(account, "关于小林的事").await.unwrap();
    memory.add_never_rule(account, "关于小林的事").await.unwrap();
    memory.add_never_rule(account, "health").await.unwrap();
    assert_eq!(memory.never_rules(account).await.unwrap().len(), 2, "the same once");
    let said =
        "我和小林分手了。我喜欢登山。我的卡号是4111 1111 1111 1111。I was diagnosed with asthma. 今天好累。";
    let proposed = json!([
        fact("和小林分手", "我和小林分手了"),
        fact("喜欢登山", "我喜欢登山"),
        fact("卡号是4111 1111 1111 1111", "我的卡号是4111 1111 1111 1111"),
        fact("Has asthma", "I was diagnosed with asthma"),
        fact("今天很累", "今天好累"),
    ]);
    learn(&server, &model, &actor, said, proposed).await;
    assert_eq!(contents(&server, account).await, ["喜欢登山"]);
    let refused = memory.refused(account).await.unwrap();
    let count = |reason: Reason| refused.iter().find(|one| one.reason == reason).map_or(0, |one| one.count);
    assert_eq!(
        (count(Reason::Phrase), count(Reason::Card), count(Reason::Momentary)),
        (2, 1, 1),
        "{refused:?}"
    );
    // The person writes what they want, and may allow the numbers.
    actor.post("/api/secondme/memory/key", json!({"content": "卡号是4111 1111 1111 1111"})).await.data();
    assert_eq!(contents(&server, account).await.len(), 2);
    memory.set_keeps_numbers(account, true).await.unwrap();
    for rule in memory.never_rules(account).await.unwrap() {
        memory.delete_never_rule(account, rule.id).await.unwrap();
    }
    let again = json!([
        fact("和小林分手", "我和小林分手了"),
        fact("卡号5500 0000 0000 0004", "卡号5500 0000 0000 0004")
    ]);
    learn(&server, &model, &actor, "我和小林分手了。我的卡号5500 0000 0000 0004", again).await;
    assert_eq!(contents(&server, account).await.len(), 4);
    // Rules are the person's own.
    let other = server.person("b").await.account.id;
    assert!(memory.never_rules(other).await.unwrap().is_empty());
    assert!(memory.refused(other).await.unwrap().is_empty());
    for wrong in ["", "…", &"长".repeat(201)] {
        assert_eq!(memory.add_never_rule(account, wrong).await.unwrap_err().code().status(), 422, "{wrong}");
    }
    for n in 0..100 {
        memory.add_never_rule(account, &format!("thing {n}")).await.unwrap();
    }
    let full = memory.add_never_rule(account, "one more").await.unwrap_err();
    assert_eq!(full.code(), web::Code::QuotaExceeded);
}

#[both_engines]
async fn what_is_learned_waits_where_the_person_wants_that(server: TestServer, model: Model) {
    let person = server.person("a").await;
    let (actor, account) = (person.signed_in().await, person.account.id);
    let (memory, agents) = (&server.running().memory, &server.running().agents);
    let change = Change { reviews_learned: Some(true), ..Change::default() };
    memory.update_profile(account, change).await.unwrap();
    let proposed = json!([fact("住在杭州", "我上个月搬到了杭州"), fact("喜欢登山", "我喜欢登山")]);
    learn(&server, &model, &actor, "我上个月搬到了杭州。我喜欢登山。", proposed.clone()).await;
    assert!(contents(&server, account).await.is_empty(), "nothing holds yet");
    let found = waiting(&server, account).await;
    let [climbs, lives] = &found[..] else { panic!("two wait: {found:?}") };
    assert_eq!((lives.content.as_str(), lives.client.as_str()), ("住在杭州", CONVERSATION));
    assert_eq!(lives.evidence.quote, "我上个月搬到了杭州");
    assert!(lives.evidence.message.is_some());
    // The same again waits once.
    learn(&server, &model, &actor, "我上个月搬到了杭州。我喜欢登山。", proposed).await;
    assert_eq!(waiting(&server, account).await.len(), 2);
    let page = actor.get("/memories/review").await.body;
    for text in ["我上个月搬到了杭州", "从对话里学到", "/chat?session="] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // Accepted with a change, it is linked with the conversation.
    let edit = ReviewEdit { content: Some("住在杭州西湖边".to_owned()), ..ReviewEdit::default() };
    assert!(agents.accept(&person.account, lives.id, edit).await.unwrap().is_some());
    let kept = memories(&server, account).await;
    assert_eq!((kept.len(), kept[0].fact_content.as_str()), (1, "住在杭州西湖边"));
    let links = memory.key_memory_links(account, kept[0].id).await.unwrap();
    assert_eq!(links.iter().map(|link| link.kind).collect::<Vec<_>>(), [LinkKind::Said]);
    assert_eq!(links[0].message, lives.evidence.message);
    memory.refuse(account, vec![climbs.id]).await.unwrap();
    assert!(waiting(&server, account).await.is_empty());
    // A move waits with what it contradicts, and takes its place once it is accepted.
    let mut moved = fact("住在北京", "搬到北京了");
    moved["contradicts"] = json!([1]);
    learn(&server, &model, &actor, "我又搬到北京了。", json!([moved])).await;
    let found = waiting(&server, account).await;
    assert_eq!(found[0].evidence.against, [(kept[0].id, false)]);
    agents.accept(&person.account, found[0].id, ReviewEdit::default()).await.unwrap();
    let now = memories(&server, account).await;
    assert_eq!((now[0].fact_content.as_str(), now[1].superseded_by), ("住在北京", Some(now[0].id)));
}

#[both_engines]
async fn the_same_in_other_words_is_one_fact_with_its_sources(server: TestServer, model: Model) {
    let person = server.person("a").await;
    let (actor, account) = (person.signed_in().await, person.account.id);
    learn(&server, &model, &actor, "我喜欢喝茶。", json!([fact("喜欢喝茶", "我喜欢喝茶")])).await;
    learn(&server, &model, &actor, "我爱喝茶。", json!([fact("爱喝茶", "我爱喝茶")])).await;
    learn(&server, &model, &actor, "我不喜欢喝茶了。", json!([fact("不喜欢喝茶", "我不喜欢喝茶了")])).await;
    let kept = memories(&server, account).await;
    let texts: Vec<&str> = kept.iter().map(|memory| memory.fact_content.as_str()).collect();
    assert_eq!(texts, ["不喜欢喝茶", "喜欢喝茶"]);
    let links = server.running().memory.key_memory_links(account, kept[1].id).await.unwrap();
    let kinds: Vec<LinkKind> = links.iter().map(|link| link.kind).collect();
    assert_eq!(kinds, [LinkKind::Again, LinkKind::Said]);
}

#[both_engines]
async fn the_person_decides_what_rules_cannot(server: TestServer, model: Model) {
    let person = server.person("a").await;
    let (actor, account) = (person.signed_in().await, person.account.id);
    let memory = &server.running().memory;
    actor.post("/api/secondme/memory/key", json!({"content": "住在杭州", "visibility": 0})).await.data();
    // The person wrote the older one, and does not say that it changed.
    let mut other = fact("住在北京", "我家住北京");
    other["contradicts"] = json!([1]);
    learn(&server, &model, &actor, "我家住北京。", json!([other])).await;
    let conflicts = memory.conflicts(account).await.unwrap();
    let [conflict] = &conflicts[..] else { panic!("one contradiction: {conflicts:?}") };
    assert_eq!((conflict.newer_text.as_str(), conflict.older_text.as_str()), ("住在北京", "住在杭州"));
    assert!(memories(&server, account).await.iter().all(|row| row.superseded_by.is_none()));
    let page = actor.get("/memories/review").await;
    assert!(page.body.contains("哪一条现在是对的") && page.body.contains("现在是这条"), "{}", page.body);
    assert!(actor.get("/memories").await.body.contains("<span class=\"badge apricot\">1</span>"));
    // Another person sees and decides nothing.
    let stranger = server.person("b").await.account.id;
    assert!(memory.conflicts(stranger).await.unwrap().is_empty());
    let refused = memory.decide_conflict(stranger, conflict.id, Verdict::Newer).await.unwrap_err();
    assert_eq!(refused.code(), web::Code::NotFound);
    let csrf = page.hidden("csrf");
    let id = conflict.id.to_string();
    let form = [("csrf", csrf.as_str()), ("conflict", id.as_str()), ("do", "older")];
    let decided = actor.post_form("/memories/review", &form).await;
    assert_eq!(decided.header("location"), "/memories/review?done=decided&n=1");
    let rows = memories(&server, account).await;
    let [beijing, hangzhou] = &rows[..] else { panic!("both stay") };
    assert_eq!((beijing.superseded_by, hangzhou.superseded_by), (Some(hangzhou.id), None));
    assert_eq!(memory.conflict_count(account).await.unwrap(), 0);
    let again = actor.post_form("/memories/review", &form).await;
    assert_eq!(again.header("location"), "/memories/review?done=gone&n=0");
    // Said again with a change, it holds again.
    learn(
        &server,
        &model,
        &actor,
        "我现在又搬回北京住了。",
        json!([fact("住在北京", "我现在又搬回北京住了")]),
    )
    .await;
    let rows = memories(&server, account).await;
    assert_eq!((rows[0].superseded_by, rows[1].superseded_by), (None, Some(rows[0].id)));
}
