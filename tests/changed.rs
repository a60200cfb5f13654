//! The quality of searches among facts that changed. See `bench/recall`.

use memory::{
    MemoryId,
    key::{Fact, Validity},
    recall::{Reader, Source},
};
use testkit::{
    Engine, TestServer,
    conversations::{CHANGED, Changed, until_embedded},
};
use web::paging::Page;

/// Lower limits of the figures, out of a hundred.
const NOW_FLOOR: usize = 95;
const PAST_FLOOR: usize = 80;
/// Number of first hits among which a past fact must not be, or has to be if it is asked for.
const FIRST: usize = 5;
/// The time between two facts in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// Budget of tokens of a recall.
const BUDGET: usize = 1500;

fn fact(content: &str) -> Fact {
    Fact { actor: "用户".to_owned(), object: String::new(), content: content.to_owned(), visibility: 1 }
}

/// The numbers of questions that found what they should.
#[derive(Debug, Default)]
struct Figures {
    /// The present fact is first, and the past one not among the first five.
    now: usize,
    /// The same in the memories that an answer is made with.
    recalled: usize,
    /// The past one is among the first five, and before the present one.
    past: usize,
}

#[expect(clippy::print_stdout, reason = "the questions that failed, and why")]
async fn measure(server: &TestServer, language: &str, changed: &[Changed]) -> Figures {
    let person = server.person(language).await.account;
    let memory = &server.running().memory;
    let mut pairs: Vec<(MemoryId, MemoryId)> = Vec::new();
    for one in changed {
        server.clock().advance_ms(DAY_MS);
        let (older, _) = memory.add_key_memory(person.id, fact(&one.before)).await.expect("stored");
        pairs.push((older, older));
    }
    for (one, pair) in changed.iter().zip(&mut pairs) {
        server.clock().advance_ms(DAY_MS);
        let validity = Validity { supersedes: Some(pair.0), ..Validity::default() };
        let added = memory.add_valid_key_memory(person.id, fact(&one.after), validity).await;
        pair.1 = added.expect("stored").0;
    }
    server.clock().advance_ms(DAY_MS);
    until_embedded(memory, &person).await;
    let mut figures = Figures::default();
    for (one, (older, newer)) in changed.iter().zip(&pairs) {
        let page = Page { limit: 100, offset: 0 };
        let find = async |question: &str| -> Vec<MemoryId> {
            let found = memory.key_memories(person.id, question, page, false).await.expect("searched");
            found.list.iter().map(|row| row.id).collect()
        };
        let place = |list: &[MemoryId], id| list.iter().position(|found| *found == id).unwrap_or(usize::MAX);
        let now = find(&one.now).await;
        let is_found = place(&now, *newer) == 0 && place(&now, *older) >= FIRST;
        figures.now += usize::from(is_found);
        if !is_found {
            println!("{language}: {}: {} and {}", one.now, place(&now, *newer), place(&now, *older));
        }
        let recall = memory.recall(person.id, Reader::OWNER, &one.now, BUDGET).await.expect("recalled");
        let recalled = recall.items.iter().filter_map(|item| match item.source {
            Source::KeyMemory(id) => Some(id),
            _ => None,
        });
        let recalled: Vec<MemoryId> = recalled.collect();
        let is_recalled = place(&recalled, *newer) == 0 && place(&recalled, *older) >= FIRST;
        figures.recalled += usize::from(is_recalled);
        let past = find(&one.past).await;
        let is_past_found = place(&past, *older) < FIRST && place(&past, *older) < place(&past, *newer);
        figures.past += usize::from(is_past_found);
        if !is_past_found {
            println!("{language}: {}: {} and {}", one.past, place(&past, *older), place(&past, *newer));
        }
    }
    figures
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn present_facts_come_first_and_past_ones_are_found_when_asked_for() {
    let server = TestServer::configured(Engine::Sqlite, "embedding.built_in = true").await;
    let mut all = Figures::default();
    for (language, text) in CHANGED {
        let changed = Changed::parse(text);
        assert_eq!(changed.len(), 50, "{language}");
        let figures = measure(&server, language, &changed).await;
        println!("{language}: {figures:?} of {}", changed.len());
        all.now += figures.now;
        all.recalled += figures.recalled;
        all.past += figures.past;
    }
    println!("changed facts: {all:?} of 100");
    assert!(all.now >= NOW_FLOOR && all.recalled >= NOW_FLOOR && all.past >= PAST_FLOOR, "{all:?}");
}
