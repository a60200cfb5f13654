//! Vectors while they are being made: a process that ends in the middle, a model that changes and changes
//! back.

use std::{collections::HashSet, time::Duration};

use testkit::{
    Person, TestServer, both_engines,
    embedding::{Embeddings, Fault},
};

use crate::meaning::{found, is_well, remember, until_made, until_made_by, vectors};

/// Longer than a lease and than the pause after a fault.
const LATER_MS: i64 = 400_000;
const ENTRIES: usize = 30;

/// Adds [`ENTRIES`] entries, an hour apart, while the endpoint does not work.
async fn remember_all(server: &TestServer, endpoint: &Embeddings) -> Person {
    endpoint.always(Some(Fault::Status("503 Service Unavailable")));
    let person = server.person("a").await;
    let actor = person.with_key("*").await;
    for n in 0..ENTRIES {
        remember(&actor, &format!("a feline number {n}"), 1).await;
        server.clock().advance_ms(4_000_000);
    }
    person
}

/// Makes vectors until the endpoint stops responding, and gives up at a moment when `count` of a model are
/// stored.
async fn make_some(server: &TestServer, model: &str, count: i64) {
    let memory = server.running().memory.clone();
    let stored = async {
        while vectors(server, model).await < count {
            tokio::task::yield_now().await;
        }
    };
    let stopped = async {
        tokio::select! {
            () = stored => {}
            () = async { loop { memory.make_vectors().await.ok(); tokio::task::yield_now().await; } } => {}
        }
    };
    tokio::time::timeout(Duration::from_secs(60), stopped).await.expect("some vectors are made");
}

#[both_engines("embedding.batch = 3")]
async fn restart_goes_on_where_it_ended(mut server: TestServer, endpoint: Embeddings) {
    let person = remember_all(&server, &endpoint).await;
    let before = endpoint.asked().len();
    endpoint.after(4, Fault::Stall);
    server.clock().advance_ms(LATER_MS);
    make_some(&server, "one", 9).await;
    let made = vectors(&server, "one").await;
    assert!((9..=12).contains(&made), "{made}");

    server.restart().await;
    endpoint.always(None);
    server.clock().advance_ms(LATER_MS);
    assert_eq!(vectors(&server, "one").await, made, "what was made is kept");
    let actor = person.with_key("*").await;
    let actor = server.again(&actor);
    assert_eq!(found(&actor, "where is number 29?").await[0], "a feline number 29", "words find meanwhile");
    until_made(&server, 30).await;
    assert_eq!(found(&actor, "do I have a kitten somewhere?").await.len(), ENTRIES);

    let sent: Vec<String> = endpoint.asked().into_iter().skip(before).flat_map(|(_, texts)| texts).collect();
    let entries: Vec<&String> = sent.iter().filter(|text| text.starts_with("a feline")).collect();
    let different: HashSet<&&String> = entries.iter().collect();
    assert_eq!(different.len(), ENTRIES);
    // Only the batches that were not stored are sent again: the one that stalled, and one that was not
    // written yet.
    assert!(entries.len() <= ENTRIES + 6, "{} texts were sent for {ENTRIES} entries", entries.len());
    is_well(&server, &person).await;
}

#[both_engines("embedding.batch = 3")]
async fn model_that_changes_and_changes_back_makes_all_again(mut server: TestServer, endpoint: Embeddings) {
    let person = remember_all(&server, &endpoint).await;
    let actor = person.with_key("*").await;
    endpoint.always(None);
    server.clock().advance_ms(LATER_MS);
    until_made_by(&server, "one", 30).await;

    // The second model makes a part.
    server.restart_with(&format!("embedding.batch = 3\n{}", endpoint.lines("two"))).await;
    endpoint.after(4, Fault::Stall);
    server.clock().advance_ms(LATER_MS);
    make_some(&server, "two", 9).await;
    assert_eq!(found(&server.again(&actor), "where is number 7?").await[0], "a feline number 7");
    assert!(!found(&server.again(&actor), "do I have a kitten somewhere?").await.is_empty());

    // And the first one is back before the second one was done.
    server.restart_with(&format!("embedding.batch = 3\n{}", endpoint.lines("one"))).await;
    endpoint.always(None);
    server.clock().advance_ms(LATER_MS);
    assert_eq!(found(&server.again(&actor), "where is number 7?").await[0], "a feline number 7");
    until_made_by(&server, "one", 30).await;
    assert_eq!(vectors(&server, "").await, 30, "no vector of another model is left");
    assert_eq!(found(&server.again(&actor), "do I have a kitten somewhere?").await.len(), ENTRIES);
    is_well(&server, &person).await;
}
