//! Semantic search with a mock embedding endpoint, on both engines.

use memory::recall::{Kind, Reader};
use serde_json::{Value, json};
use testkit::{
    Actor, Person, TestServer, both_engines,
    embedding::{Embeddings, Fault},
};

const KEY: &str = "/api/secondme/memory/key";

async fn remember(actor: &Actor, content: &str, visibility: i64) {
    actor.post(KEY, json!({"content": content, "visibility": visibility})).await.data();
}

async fn found(actor: &Actor, question: &str) -> Vec<String> {
    let list = actor.get(&format!("{KEY}/search?keyword={question}&pageSize=50")).await.data()["list"].take();
    let content = |row: &Value| row["factContent"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(content).collect()
}

/// Makes vectors until there are `count`.
async fn until_made(server: &TestServer, count: i64) {
    let made = async {
        while vectors(server, "").await != count {
            server.running().memory.make_vectors().await.ok();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), made).await.expect("vectors are made");
}

/// Returns the number of vectors of a model, or of all models if it is empty.
async fn vectors(server: &TestServer, model: &str) -> i64 {
    let sql = "SELECT COUNT(*) FROM search_vector WHERE model = $1 OR $1 = ''";
    server.running().db.fetch_one::<(i64,)>(sql, store::params![model]).await.unwrap().0
}

/// Returns true if a process has leased an index to make vectors.
async fn are_claimed(server: &TestServer) -> bool {
    let sql = "SELECT COUNT(*) FROM search_meaning WHERE claimed_until > 0";
    server.running().db.fetch_one::<(i64,)>(sql, &[]).await.unwrap().0 > 0
}

async fn is_well(server: &TestServer, person: &Person) {
    let findings = server.running().memory.examine(person.account.id, false).await.unwrap();
    assert_eq!(findings.faults, Vec::<String>::new());
}

#[both_engines("embedding.batch = 7")]
async fn what_means_the_same_is_found(server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..20 {
        remember(&actor, &format!("walked in the park on day {n}"), 1).await;
    }
    remember(&actor, "Pudding is a lazy feline", 0).await;
    actor.post("/api/secondme/note/add", json!({"content": "the physician said to rest"})).await.data();
    until_made(&server, 22).await;
    assert!(endpoint.asked().iter().all(|(model, texts)| model == "one" && (1..=7).contains(&texts.len())));
    assert!(endpoint.heads().iter().all(|head| head.contains("Bearer planted-embedding-key")));

    assert_eq!(found(&actor, "what is my kitten called?").await[0], "Pudding is a lazy feline");
    assert_eq!(found(&actor, "我养的猫叫什么名字?").await[0], "Pudding is a lazy feline");
    assert_eq!(found(&actor, "kitten").await, Vec::<String>::new(), "a keyword finds what holds it");
    let memory = server.running().memory.clone();
    let recall =
        memory.recall(person.account.id, Reader::OWNER, "Should I see a doctor?", 1000).await.unwrap();
    assert!(
        recall.items.iter().any(|item| item.source.kind() == Kind::Note && item.text.contains("physician"))
    );
    let others =
        memory.recall(person.account.id, Reader::PUBLIC, "is there a kitten here?", 1000).await.unwrap();
    assert!(others.items.iter().all(|item| !item.text.contains("Pudding")), "private");

    let asked = endpoint.asked().len();
    assert_eq!(found(&actor, "What  IS my kitten called?").await[0], "Pudding is a lazy feline");
    found(&actor, "what is my kitten called?").await;
    assert!(endpoint.asked().len() <= asked + 1, "a question's vector is remembered");

    // The copy in memory includes additions, edits and changes of visibility.
    remember(&actor, "sold the automobile", 1).await;
    until_made(&server, 23).await;
    assert_eq!(found(&actor, "what about my car then?").await[0], "sold the automobile");
    let id = actor.get(&format!("{KEY}/search?keyword=automobile")).await.data()["list"][0]["id"].clone();
    let vector = async || {
        let (sql, id) =
            ("SELECT vector FROM search_vector WHERE entry_id = $1", store::params![id.as_i64().unwrap()]);
        server.running().db.fetch_one::<(Vec<u8>,)>(sql, id).await.unwrap().0
    };
    let before = vector().await;
    actor
        .post(&format!("{KEY}/{id}/update"), json!({"content": "sold the boat", "visibility": 0}))
        .await
        .data();
    until_made(&server, 23).await;
    let bytes = vector().await;
    assert_ne!(bytes, before);
    let others =
        memory.recall(person.account.id, Reader::PUBLIC, "what about my car then?", 1000).await.unwrap();
    assert!(others.items.iter().all(|item| !item.text.contains("boat")));
    actor.post(&format!("{KEY}/{id}/delete"), json!({})).await.data();
    assert_eq!(vectors(&server, "").await, 22);
    let start = std::time::Instant::now();
    while crate::api::doctor::holds(server.data_dir(), &bytes) {
        assert!(start.elapsed().as_secs() < 60, "the vector is still on the disk");
        tokio::task::yield_now().await;
    }
    assert!(!found(&actor, "what about my boat now?").await.contains(&"sold the boat".to_owned()));
    is_well(&server, &person).await;
}

#[both_engines("embedding.batch = 3")]
async fn what_a_long_note_says_at_its_end_is_found(server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let filler = "we walked in the park and talked. ".repeat(250);
    let note = |end: &str| json!({"content": format!("{filler}{end}")});
    let long =
        actor.post("/api/secondme/note/add", note("the physician said to rest")).await.data()["noteId"]
            .clone();
    actor.post("/api/secondme/note/add", note("nothing else")).await.data();
    actor.post("/api/secondme/note/add", json!({"content": "nothing but walks"})).await.data();
    until_made(&server, 3).await;
    assert!(
        endpoint.asked().iter().all(|(_, texts)| (1..=3).contains(&texts.len())),
        "no call is larger than it may be"
    );
    let parts = "SELECT MIN(parts), MAX(parts) FROM search_vector";
    assert_eq!(server.running().db.fetch_one::<(i64, i64)>(parts, &[]).await.unwrap(), (1, 17));
    let list =
        actor.get("/api/secondme/note/search?keyword=should I see a doctor?").await.data()["list"].take();
    assert_eq!(list[0]["id"], long, "{list}");
    let memory = server.running().memory.clone();
    let recall =
        memory.recall(person.account.id, Reader::OWNER, "Should I see a doctor?", 1000).await.unwrap();
    let told = recall.items.iter().find(|item| item.source.kind() == Kind::Note).unwrap();
    assert!(told.text.contains("physician"), "the passage that means it is told: {}", told.text);
    is_well(&server, &person).await;
    server.running().db.execute("UPDATE search_vector SET parts = 13 WHERE parts = 17", &[]).await.unwrap();
    let findings = server.running().memory.examine(person.account.id, true).await.unwrap();
    assert!(
        findings.faults.iter().any(|fault| fault.ends_with("the vector is not the entry's")),
        "{findings:?}"
    );
    until_made(&server, 3).await;
    is_well(&server, &person).await;
}

#[both_engines]
async fn a_passage_that_the_model_refuses_keeps_its_place(server: TestServer, endpoint: Embeddings) {
    endpoint.refuse("unspeakable");
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let filler = "we walked in the park and talked. ".repeat(60);
    let content = format!("something unspeakable. {filler}the physician said to rest. {filler}");
    actor.post("/api/secondme/note/add", json!({"content": content})).await.data();
    until_made(&server, 1).await;
    let memory = server.running().memory.clone();
    let recall =
        memory.recall(person.account.id, Reader::OWNER, "Should I see a doctor?", 300).await.unwrap();
    let told = recall.items.iter().find(|item| item.source.kind() == Kind::Note).unwrap();
    assert!(told.text.contains("physician"), "the passage that means it is told: {}", told.text);
    is_well(&server, &person).await;
}

#[both_engines("embedding.question_milliseconds = 300")]
async fn without_the_endpoint_words_find(server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    remember(&actor, "the cat is called Pudding", 1).await;
    remember(&actor, "a feline of another kind", 1).await;
    until_made(&server, 2).await;
    for (n, fault) in [
        Fault::Status("500 Internal Server Error"),
        Fault::Stall,
        Fault::Huge,
        Fault::Garbage,
        Fault::Count,
        Fault::Dimensions,
        Fault::Status("302 Found"),
        Fault::Status("401 Unauthorized"),
    ]
    .into_iter()
    .enumerate()
    {
        server.clock().advance_ms(400_000);
        endpoint.next(fault);
        let first = &found(&actor, &format!("what is the cat called {n}?")).await[0];
        assert_eq!(first, "the cat is called Pudding", "{fault:?}");
        let asked = endpoint.asked().len();
        found(&actor, &format!("what is the cat called {n} times?")).await;
        // A single vector cannot be recognized as having a wrong size, so the endpoint is not paused.
        let again = usize::from(fault == Fault::Dimensions);
        assert_eq!(endpoint.asked().len(), asked + again, "{fault:?}: it is left alone for a while");
    }
    server.clock().advance_ms(400_000);
    assert_eq!(found(&actor, "where is a kitten, please?").await.len(), 2, "and asked again later");
}

#[both_engines]
async fn what_fails_is_made_later(mut server: TestServer, endpoint: Embeddings) {
    endpoint.always(Some(Fault::Status("503 Service Unavailable")));
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..5 {
        remember(&actor, &format!("a feline number {n}"), 1).await;
    }
    remember(&actor, "this one is unspeakable", 1).await;
    let memory = server.running().memory.clone();
    for fault in [
        Fault::Status("500 Internal Server Error"),
        Fault::Garbage,
        Fault::Count,
        Fault::Dimensions,
        Fault::Huge,
    ] {
        server.clock().advance_ms(400_000);
        endpoint.always(Some(fault));
        memory.make_vectors().await.ok();
        assert_eq!(vectors(&server, "").await, 0, "{fault:?}");
    }
    server.restart().await;
    endpoint.always(None);
    endpoint.refuse("unspeakable");
    server.clock().advance_ms(400_000);
    until_made(&server, 6).await;
    assert!(found(&server.again(&actor), "do I have a cat somewhere?").await.len() >= 5);
    let sql = "SELECT COUNT(*) FROM search_vector WHERE LENGTH(vector) > 0";
    assert_eq!(server.running().db.fetch_one::<(i64,)>(sql, &[]).await.unwrap(), (5,), "one has no vector");
    assert_eq!(server.running().memory.make_vectors().await.unwrap(), 0, "and is not tried again");
    is_well(&server, &person).await;
}

#[both_engines]
async fn another_model_makes_all_anew(mut server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..5 {
        remember(&actor, &format!("a feline number {n}"), 1).await;
    }
    until_made(&server, 5).await;
    server.restart_with(&endpoint.lines("two")).await;
    endpoint.always(Some(Fault::Status("500 Internal Server Error")));
    let actor = server.again(&actor);
    assert_eq!(found(&actor, "where is number 3?").await[0], "a feline number 3");
    endpoint.always(None);
    server.clock().advance_ms(400_000);
    let made = async {
        while vectors(&server, "two").await != 5 {
            server.running().memory.make_vectors().await.ok();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), made).await.expect("vectors are made");
    assert_eq!(vectors(&server, "one").await, 0);
    assert_eq!(found(&actor, "do I have a cat somewhere?").await.len(), 5);
    is_well(&server, &person).await;
}

#[both_engines("embedding.batch = 3")]
async fn processes_share_the_work(server: TestServer, endpoint: Embeddings) {
    endpoint.always(Some(Fault::Status("500 Internal Server Error")));
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..30 {
        remember(&actor, &format!("a feline number {n}"), 1).await;
    }
    let asked = endpoint.asked().len();
    let sibling = server.sibling().await;
    // The sibling tries at once, and then pauses as well. Its lease would only expire with the clock.
    let tried = async {
        while endpoint.asked().len() == asked || are_claimed(&server).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), tried).await.expect("it tries");
    endpoint.always(None);
    server.clock().advance_ms(400_000);
    let before = endpoint.asked().len();
    let (one, two) = tokio::join!(server.running().memory.make_vectors(), sibling.memory.make_vectors());
    assert!(one.is_ok() && two.is_ok());
    until_made(&server, 30).await;
    let texts: usize = endpoint.asked().iter().skip(before).map(|(_, texts)| texts.len()).sum();
    assert_eq!(texts, 30, "each text is sent once");
    assert_eq!(found(&actor, "do I have a cat somewhere?").await.len(), 30);
    // The sibling, which has its own copy, learns of a deletion by this process.
    let id = actor.get(&format!("{KEY}/search")).await.data()["list"][0]["id"].clone();
    let recalled = async || {
        let recall = sibling
            .memory
            .recall(person.account.id, Reader::OWNER, "is there a kitten 29?", 5000)
            .await
            .unwrap();
        recall
            .items
            .iter()
            .filter(|item| item.source.kind() == Kind::KeyMemory && item.text.contains("number 29"))
            .count()
    };
    assert_eq!(recalled().await, 1);
    actor.post(&format!("{KEY}/{id}/delete"), json!({})).await.data();
    assert_eq!(recalled().await, 0);
    sibling.stop().await.unwrap();
}

#[both_engines]
async fn damaged_vectors_are_found_and_made_again(server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..6 {
        remember(&actor, &format!("fact {n}"), n % 2).await;
    }
    until_made(&server, 6).await;
    assert!(!endpoint.asked().is_empty());
    let db = server.running().db.clone();
    for damage in [
        "UPDATE search_vector SET is_public = 1 - is_public \
         WHERE entry_id = (SELECT MIN(id) FROM key_memory)",
        "UPDATE search_vector SET entry_id = 77 WHERE entry_id = (SELECT MAX(id) FROM key_memory)",
        "UPDATE search_meaning SET made = made + 3",
    ] {
        db.execute(damage, &[]).await.unwrap();
    }
    let memory = server.running().memory.clone();
    let ill = memory.examine(person.account.id, false).await.unwrap();
    assert_eq!(ill.faults.len(), 3, "{:?}", ill.faults);
    assert_eq!(memory.examine(person.account.id, true).await.unwrap().faults, ill.faults);
    is_well(&server, &person).await;
    until_made(&server, 6).await;
    is_well(&server, &person).await;
}
