//! Semantic search with a mock embedding endpoint, on both engines.

use std::collections::HashSet;

use memory::recall::{Kind, Reader};
use serde_json::{Value, json};
use testkit::{
    Actor, Engine, Person, TestServer, both_engines,
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
    until_made_by(server, "", count).await;
}

/// Makes vectors until there are `count` of a model.
async fn until_made_by(server: &TestServer, model: &str, count: i64) {
    let made = async {
        while vectors(server, model).await != count {
            server.running().memory.make_vectors().await.ok();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), made).await.expect("vectors are made");
}

/// Returns the number of vectors of a model, or of all models if it is empty.
async fn vectors(server: &TestServer, model: &str) -> i64 {
    let sql = "SELECT COUNT(*) FROM search_vector WHERE STRPOS(model, $1) = 1 OR $1 = ''";
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
    // The vector of the entry before took this one into account, and is made again.
    until_made(&server, 22).await;
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

/// Makes vectors until there are at least `count`, and from then on the endpoint does not respond.
async fn stall_after(server: &TestServer, endpoint: &Embeddings, count: i64) -> i64 {
    let memory = server.running().memory.clone();
    let making = web::Tasks::default();
    let handle = making.spawn(async move {
        memory.make_vectors().await.ok();
    });
    while vectors(server, "").await < count {
        tokio::task::yield_now().await;
    }
    endpoint.always(Some(Fault::Stall));
    handle.abort();
    vectors(server, "").await
}

#[both_engines("embedding.batch = 3")]
async fn restart_in_the_middle_goes_on_where_it_was(mut server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    let texts: Vec<String> = (0..60).map(|n| format!("a feline number {n}")).collect();
    for text in &texts {
        remember(&actor, text, 1).await;
    }
    let made = stall_after(&server, &endpoint, 5).await;
    server.restart().await;
    let kept = vectors(&server, "").await;
    assert!(kept >= made, "no vector is lost");
    let before = endpoint.asked().len();
    endpoint.always(None);
    server.clock().advance_ms(400_000);
    until_made(&server, 60).await;
    let later = endpoint.asked().into_iter().skip(before).flat_map(|(_, texts)| texts);
    let again = later.filter(|text| texts.contains(text)).count();
    // The entry that was asked for at that moment, and its neighbors, which take it into account.
    assert!(again <= 60 - usize::try_from(kept).unwrap() + 3, "{again} after {kept}");
    assert_eq!(found(&server.again(&actor), "do I have a cat somewhere?").await.len(), 50);
    is_well(&server, &person).await;
}

#[both_engines("embedding.batch = 3")]
async fn model_that_is_switched_twice_ends_with_its_own_vectors(
    mut server: TestServer,
    endpoint: Embeddings,
) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..40 {
        remember(&actor, &format!("a feline number {n}"), 1).await;
    }
    stall_after(&server, &endpoint, 5).await;
    for model in ["two", "one"] {
        endpoint.always(None);
        server.restart_with(&endpoint.lines(model)).await;
        server.clock().advance_ms(400_000);
        let made = async {
            while vectors(&server, model).await < 5 {
                server.running().memory.make_vectors().await.ok();
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), made).await.expect("vectors are made");
        let found = found(&server.again(&actor), "where is number 31?").await;
        assert_eq!(found[0], "a feline number 31", "words find meanwhile");
    }
    until_made_by(&server, "one", 40).await;
    assert_eq!(vectors(&server, "").await, 40, "none of the other model is left");
    assert_eq!(found(&server.again(&actor), "do I have a cat somewhere?").await.len(), 40);
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
    let texts: Vec<String> = endpoint.asked().into_iter().skip(before).flat_map(|(_, texts)| texts).collect();
    let different: HashSet<&String> = texts.iter().collect();
    // The first entry with the one after it is the same text as the second with the one before.
    assert!(texts.len() <= different.len() + 1, "each text is sent once: {texts:?}");
    assert!(texts.len() >= 30);
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

#[both_engines]
async fn entries_are_understood_by_those_around_them(server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..20 {
        remember(&actor, &format!("walked in the park on day {n}"), 1).await;
        server.clock().advance_ms(4_000_000);
    }
    remember(&actor, "what is the feline called", 1).await;
    remember(&actor, "Pudding, as always", 1).await;
    server.clock().advance_ms(4_000_000);
    remember(&actor, "Pudding for dessert", 1).await;
    until_made(&server, 23).await;
    let sent: Vec<String> = endpoint.asked().into_iter().flat_map(|(_, texts)| texts).collect();
    assert!(sent.contains(&"what is the feline called pudding, as always".to_owned()), "{sent:?}");
    assert!(sent.iter().all(|text| !text.contains("park") || !text.contains("pudding")), "an hour apart");
    let list = found(&actor, "has anybody seen my kitten lately?").await;
    assert_eq!(list[..2], ["what is the feline called", "Pudding, as always"], "it means the cat here");

    // Another entry between them changes what both mean; a private one is not for others to find by.
    let two = "SELECT entry_id, context FROM search_vector ORDER BY entry_id DESC LIMIT 3";
    let contexts = async || {
        let rows = server.running().db.fetch_all::<(i64, i64)>(two, &[]).await.unwrap();
        rows.into_iter().map(|(_, context)| context).collect::<Vec<_>>()
    };
    assert_eq!(contexts().await[0], 0, "nothing is beside it");
    remember(&actor, "with a secret sauce", 0).await;
    until_made(&server, 24).await;
    let now = contexts().await;
    assert_ne!(now[0], 0, "a private entry may have a public one beside it");
    assert_eq!(now[1], 0, "but not the other way round");
    is_well(&server, &person).await;
}

#[both_engines]
async fn entries_beside_a_changed_one_are_made_again(server: TestServer, endpoint: Embeddings) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for text in ["one thing", "another thing"] {
        remember(&actor, text, 1).await;
    }
    until_made(&server, 2).await;
    let asked = endpoint.asked().len();
    remember(&actor, "a third thing", 1).await;
    until_made(&server, 3).await;
    let sent: Vec<String> = endpoint.asked().into_iter().skip(asked).flat_map(|(_, texts)| texts).collect();
    let around = "one thing another thing a third thing".to_owned();
    assert!(sent.contains(&around), "the one before has a neighbor more: {sent:?}");
    let id = actor.get(&format!("{KEY}/search?keyword=another")).await.data()["list"][0]["id"].clone();
    let asked = endpoint.asked().len();
    actor.post(&format!("{KEY}/{id}/delete"), json!({})).await.data();
    until_made(&server, 2).await;
    let sent: Vec<String> = endpoint.asked().into_iter().skip(asked).flat_map(|(_, texts)| texts).collect();
    assert!(sent.contains(&"one thing a third thing".to_owned()), "{sent:?}");
    is_well(&server, &person).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_get_the_prefixes_they_expect() {
    let endpoint = Embeddings::start().await;
    let mut server = TestServer::configured(Engine::Sqlite, &endpoint.lines("multilingual-e5-base")).await;
    let actor = server.person("a").await.with_key("*").await;
    remember(&actor, "Pudding is a lazy feline", 1).await;
    until_made(&server, 1).await;
    found(&actor, "what is my kitten called?").await;
    let sent: Vec<String> = endpoint.asked().into_iter().flat_map(|(_, texts)| texts).collect();
    assert_eq!(sent, ["passage: pudding is a lazy feline", "query: what is my kitten called?"]);

    let asked = endpoint.asked().len();
    let more =
        "embedding.query_prefix = \"q \"\nembedding.passage_prefix = \"\"\nembedding.dimensions = 32\n";
    server.restart_with(&format!("{more}{}", endpoint.lines("multilingual-e5-base"))).await;
    let actor = server.again(&actor);
    until_made_by(&server, "multilingual-e5-base||32|", 1).await;
    found(&actor, "what is my kitten called?").await;
    let sent: Vec<String> = endpoint.asked().into_iter().skip(asked).flat_map(|(_, texts)| texts).collect();
    assert!(sent.contains(&"pudding is a lazy feline".to_owned()), "another prefix makes all anew: {sent:?}");
    assert!(sent.contains(&"q what is my kitten called?".to_owned()), "{sent:?}");
}

#[both_engines("embedding.built_in = true")]
async fn built_in_model_finds_by_meaning(mut server: TestServer) {
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for text in [
        "The vet says her kidneys are weak, so she's on special food now",
        "I sold the boat last summer because nobody sailed it any more",
        "周末我和爸爸去山里采了蘑菇",
        "My sister moved to Lisbon and teaches the violin there",
    ] {
        remember(&actor, text, 1).await;
        server.clock().advance_ms(4_000_000);
    }
    actor.post("/api/secondme/note/add", json!({"content": "the physician said to rest"})).await.data();
    until_made(&server, 5).await;
    for (question, answer) in [
        ("Why does the cat need a diet?", "The vet says"),
        ("What instrument does my sibling play?", "My sister"),
        ("我跟谁一起去野外找吃的东西?", "周末我和爸爸"),
        ("Why does nobody own a ship here now?", "I sold the boat"),
    ] {
        let list = found(&actor, question).await;
        assert!(list[0].starts_with(answer), "{question}: {list:?}");
    }
    assert_eq!(found(&actor, "feline").await, Vec::<String>::new(), "a keyword finds what holds it");
    let progress = server.running().memory.embedding_progress(&person.account).await.unwrap().unwrap();
    assert_eq!((progress.made, progress.entries), (5, 5));
    is_well(&server, &person).await;

    let body = json!({"model": "multilingual-e5-small", "input": ["query: tea", "passage: tea"]});
    let embedded = actor.post("/v1/embeddings", body).await.json();
    assert_eq!(embedded["data"][1]["embedding"].as_array().unwrap().len(), 384, "{embedded}");
    assert!(embedded["usage"]["total_tokens"].as_i64().unwrap() > 6);
    for wrong in [json!({"input": "tea", "dimensions": 7}), json!({"input": vec!["字".repeat(30_000); 4]})] {
        assert_eq!(actor.post("/v1/embeddings", wrong).await.status, 400);
    }
    server.restart_with("embedding.built_in = false").await;
    let actor = server.again(&actor);
    assert!(server.running().memory.embedding_model().is_none());
    assert_eq!(actor.post("/v1/embeddings", json!({"input": "tea"})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_results_are_reranked_within_a_time_limit() {
    let (endpoint, reranker) = (Embeddings::start().await, Embeddings::start().await);
    let lines = format!("rerank.milliseconds = 300\n{}{}", endpoint.lines("one"), reranker.rerank_lines());
    let server = TestServer::configured(Engine::Sqlite, &lines).await;
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for text in ["the cat is black", "a cat of the neighbor", "the cat sleeps at noon", "nothing about it"] {
        remember(&actor, text, 1).await;
        server.clock().advance_ms(4_000_000);
    }
    until_made(&server, 4).await;
    reranker.prefer("sleeps");
    assert_eq!(found(&actor, "what does my cat do all day long?").await[0], "the cat sleeps at noon");
    reranker.prefer("nothing");
    let list = found(&actor, "what does my cat do all day long?").await;
    assert_ne!(list[0], "nothing about it", "it never decides alone");
    let memory = server.running().memory.clone();
    reranker.prefer("sleeps");
    let recall = memory.recall(person.account.id, Reader::OWNER, "What does my cat do?", 1000).await.unwrap();
    let first = recall.items.iter().find(|item| item.source.kind() == Kind::KeyMemory).unwrap();
    assert_eq!(first.text, "the cat sleeps at noon");
    for fault in [Fault::Stall, Fault::Garbage, Fault::Status("500 Internal Server Error")] {
        server.clock().advance_ms(400_000);
        reranker.next(fault);
        assert_eq!(found(&actor, "which cat is black, please?").await[0], "the cat is black", "{fault:?}");
    }
    assert!(found(&actor, "cat").await.len() == 3, "keywords are not reranked");
}
