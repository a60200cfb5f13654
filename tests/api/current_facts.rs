//! Facts that take the place of others: `/api/secondme/memory/key/{id}/supersede`, `asOf`, `validFrom`,
//! `validUntil`.

use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

const KEY: &str = "/api/secondme/memory/key";
/// 2026-01-01 and 2024-06-01, in milliseconds.
const YEAR_2026: i64 = 1_767_225_600_000;
const JUNE_2024: i64 = 1_717_200_000_000;

async fn add(actor: &Actor, body: Value) -> i64 {
    actor.post(KEY, body).await.data();
    actor.get(&format!("{KEY}/search?pageSize=1")).await.data()["list"][0]["id"].as_i64().expect("an id")
}

async fn find(actor: &Actor, query: &str) -> Vec<Value> {
    let data = actor.get(&format!("{KEY}/search?{query}")).await.data();
    let list = data["list"].as_array().expect("a list").clone();
    assert_eq!(data["total"], list.len(), "{query}");
    list
}

async fn contents(actor: &Actor, query: &str) -> Vec<String> {
    let found = find(actor, query).await;
    found.iter().map(|row| row["factContent"].as_str().expect("a text").to_owned()).collect()
}

#[both_engines]
async fn present_facts_stand_before_past_ones(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    for n in 0..8 {
        add(&actor, json!({"content": format!("Bought {n} apples at the market where the tram stops")}))
            .await;
    }
    let berlin = add(&actor, json!({"content": "I live in Berlin"})).await;
    let plain = find(&actor, "pageSize=100").await;
    assert!(plain.iter().all(|row| row.as_object().expect("an object").len() == 7), "{plain:?}");
    server.clock().advance_ms(86_400_000);
    let moved = json!({"content": "Moved to Lisbon, by the river", "supersedes": berlin});
    let lisbon = add(&actor, moved.clone()).await;

    let now = find(&actor, "pageSize=100&keyword=where%20do%20I%20live%20in%20the%20market%3F").await;
    assert_eq!(now[0]["id"], lisbon, "{now:?}");
    assert_eq!(now.last().expect("hits")["id"], berlin, "it steps back: {now:?}");
    let past = contents(&actor, "pageSize=100&keyword=where%20did%20I%20live%20before%3F").await;
    assert_eq!(past[0], "I live in Berlin", "{past:?}");
    // A keyword finds what has it.
    assert_eq!(contents(&actor, "keyword=Berlin").await, ["I live in Berlin"]);

    let old = find(&actor, "keyword=Berlin").await.remove(0);
    assert_eq!((&old["supersededBy"], &old["factContent"]), (&json!(lisbon), &json!("I live in Berlin")));
    assert_eq!(old["validUntil"], now[0]["createTime"]);
    assert_eq!(old["createTime"], old["updateTime"], "its time stays");
    assert_eq!(now[0]["validFrom"], now[0]["createTime"]);
    // The same again changes nothing.
    actor.post(KEY, moved).await.data();
    assert_eq!(find(&actor, "keyword=Berlin").await[0], old);

    // Public readers see the times, but not the id of what may be private.
    let soft = actor.get("/api/secondme/user/softmemory?keyword=Berlin").await.data();
    assert_eq!(soft["list"][0]["validUntil"], old["validUntil"]);
    assert!(soft["list"][0].get("supersededBy").is_none());

    // It holds again.
    actor.post(&format!("{KEY}/{berlin}/supersede"), json!({})).await.data();
    let again = find(&actor, "keyword=Berlin").await.remove(0);
    assert!(again.get("supersededBy").is_none() && again.get("validUntil").is_none(), "{again}");
}

#[both_engines]
async fn searches_may_ask_for_a_time(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let first = add(&actor, json!({"content": "drinks coffee", "validUntil": JUNE_2024})).await;
    let second =
        add(&actor, json!({"content": "drinks tea", "validFrom": JUNE_2024, "supersedes": first})).await;
    add(&actor, json!({"content": "drinks water"})).await;
    for (as_of, expected) in [
        ("2024-05-31", vec!["drinks water", "drinks coffee"]),
        ("2024-06-02", vec!["drinks water", "drinks tea"]),
        ("1600000000000", vec!["drinks water", "drinks coffee"]),
    ] {
        assert_eq!(contents(&actor, &format!("asOf={as_of}")).await, expected, "{as_of}");
        let mut found = contents(&actor, &format!("keyword=drinks&asOf={as_of}")).await;
        found.sort_by(|a, b| b.cmp(a));
        assert_eq!(found, expected, "{as_of}");
    }
    assert_eq!(contents(&actor, "").await.len(), 3, "the list has all of them");
    // A question that names a time that is over.
    let asked = contents(&actor, "keyword=What%20did%20I%20drink%20in%202023%3F").await;
    assert_eq!(asked[0], "drinks coffee", "{asked:?}");
    for wrong in ["asOf=yesterday", "asOf=2024-02-30", "asOf=99999999999999999", "keyword=a&asOf=x"] {
        assert_eq!(actor.get(&format!("{KEY}/search?{wrong}")).await.status, 422, "{wrong}");
    }
    // Times can be changed and forgotten; a memory cannot end before it begins.
    let update = format!("{KEY}/{second}/update");
    assert_eq!(actor.post(&update, json!({"validUntil": JUNE_2024 - 1})).await.status, 422);
    assert_eq!(actor.post(&update, json!({"validFrom": i64::MAX})).await.status, 422);
    actor.post(&update, json!({"validUntil": YEAR_2026, "validFrom": null})).await.data();
    let row = find(&actor, "keyword=tea").await.remove(0);
    assert!(row["validUntil"] == YEAR_2026 && row.get("validFrom").is_none(), "{row}");
    actor.post(&update, json!({"content": "drinks green tea"})).await.data();
    assert_eq!(find(&actor, "keyword=tea").await[0]["validUntil"], YEAR_2026);
    let wrong = json!({"content": "x", "validFrom": 5, "validUntil": 5});
    assert_eq!(actor.post(KEY, wrong).await.status, 422);
}

#[both_engines]
async fn circles_and_chains_are_kept_in_order(server: TestServer) {
    let actor = server.person("a").await.with_key("*").await;
    let mut ids = Vec::new();
    for city in ["Berlin", "Lisbon", "Oslo"] {
        ids.push(add(&actor, json!({"content": format!("lives in {city}")})).await);
        server.clock().advance_ms(1000);
    }
    let supersede = async |older: i64, newer: i64| {
        actor.post(&format!("{KEY}/{older}/supersede"), json!({"by": newer})).await.data();
    };
    let by = async |n: usize| {
        let rows = find(&actor, "").await;
        let row = rows.into_iter().find(|row| row["id"] == ids[n]).expect("there");
        row["supersededBy"].as_i64()
    };
    supersede(ids[0], ids[1]).await;
    supersede(ids[1], ids[2]).await;
    assert_eq!((by(0).await, by(1).await, by(2).await), (Some(ids[1]), Some(ids[2]), None));
    // Back in Berlin: the first one holds again, and is the last of the chain.
    supersede(ids[2], ids[0]).await;
    assert_eq!((by(0).await, by(1).await, by(2).await), (None, Some(ids[2]), Some(ids[0])));
    // What is deleted hands over what it took the place of.
    actor.post(&format!("{KEY}/{}/delete", ids[2]), json!({})).await.data();
    let rows = find(&actor, "").await;
    let lisbon = rows.iter().find(|row| row["id"] == ids[1]).expect("there");
    assert_eq!(lisbon["supersededBy"], ids[0]);
    actor.post(&format!("{KEY}/{}/delete", ids[0]), json!({})).await.data();
    let rows = find(&actor, "").await;
    assert!(rows.len() == 1 && rows[0].get("supersededBy").is_none(), "{rows:?}");
}

#[both_engines]
async fn other_peoples_facts_take_no_place(server: TestServer) {
    let (one, other) = (server.person("a").await.with_key("*").await, server.person("b").await);
    let other = other.with_key("*").await;
    let (mine, theirs) = (
        add(&one, json!({"content": "lives in Berlin"})).await,
        add(&other, json!({"content": "lives in Rome"})).await,
    );
    let supersede = |older: i64, newer: i64| (format!("{KEY}/{older}/supersede"), json!({"by": newer}));
    for (older, newer) in [(mine, theirs), (theirs, mine), (mine, mine), (mine, 1)] {
        let (path, body) = supersede(older, newer);
        assert_eq!(one.post(&path, body).await.status, 404, "{older} {newer}");
    }
    let added = json!({"content": "lives in Oslo", "supersedes": theirs});
    assert_eq!(one.post(KEY, added.clone()).await.status, 404);
    let batch = json!({"items": [{"content": "lives in Bonn"}, added]});
    assert_eq!(one.post(&format!("{KEY}/batch"), batch).await.status, 404);
    assert_eq!(contents(&one, "").await, ["lives in Berlin"], "nothing was written");
    let row = find(&other, "").await.remove(0);
    assert!(row.get("supersededBy").is_none() && row.get("validUntil").is_none(), "{row}");
    for by in [json!({"by": "x"}), json!({"by": -1}), json!({"since": 1e300})] {
        let status = one.post(&format!("{KEY}/{mine}/supersede"), by.clone()).await.status;
        assert!((400..500).contains(&status), "{by}");
    }
}

#[both_engines]
async fn trash_and_archives_keep_what_took_whose_place(server: TestServer) {
    let person = server.person("a").await;
    let (actor, account) = (person.with_key("*").await, person.account.id);
    let old = add(&actor, json!({"content": "lives in Berlin"})).await;
    let new = add(&actor, json!({"content": "lives in Lisbon", "supersedes": old})).await;
    let before = find(&actor, "keyword=Berlin").await.remove(0);
    let memory = &server.running().memory;
    let entry = memory::trash::Entry::Memory(memory::MemoryId(new));
    let (batch, _) = memory.delete_to_trash(account, vec![entry]).await.unwrap();
    let alone = find(&actor, "keyword=Berlin").await.remove(0);
    assert!(alone.get("supersededBy").is_none(), "it holds again: {alone}");
    for id in memory.trash_batch(account, batch).await.unwrap() {
        memory.restore(account, id).await.unwrap();
    }
    assert_eq!(find(&actor, "keyword=Berlin").await.remove(0), before);
}
