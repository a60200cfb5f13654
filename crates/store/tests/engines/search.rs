//! The full-text index: the same on both engines, and in agreement with looking at every entry.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use store::{
    Database, Error, Ids, Timestamp, params,
    search::{Document, Index, Query, fold},
};

use crate::{World, on_both};

const NEW_ACCOUNT: &str = "INSERT INTO account (id, email, name, route, password_hash, is_admin, key_count, created_at) \
     VALUES ($1, $2, 'x', $2, '', 0, 0, 0)";
const KIND: i64 = 1;

async fn open(world: &World) -> Database {
    let db = world.open().await;
    db.migrate().await.unwrap();
    for (id, name) in [(1, "a"), (2, "b")] {
        db.execute(NEW_ACCOUNT, params![id, name]).await.unwrap();
    }
    db
}

async fn put(db: &Database, account: i64, entry: i64, public: bool, text: &str) {
    let document = Document::new(text);
    db.write(move |tx| {
        Box::pin(async move { Index::new(account, KIND).replace(tx, entry, public, &document).await })
    })
    .await
    .unwrap();
}

async fn remove(db: &Database, account: i64, entry: i64) -> bool {
    let job = db.write(move |tx| Box::pin(async move { Index::new(account, KIND).remove(tx, entry).await }));
    job.await.unwrap()
}

async fn find(db: &Database, query: &str) -> Vec<i64> {
    Index::new(1, KIND).find(db, query, false).await.unwrap()
}

async fn rows(db: &Database, account: i64) -> (i64, i64) {
    let entries = "SELECT COUNT(*) FROM search_entry WHERE account_id = $1";
    let postings = "SELECT COUNT(*) FROM search_posting WHERE account_id = $1";
    let (entries,): (i64,) = db.fetch_one(entries, params![account]).await.unwrap();
    let (postings,): (i64,) = db.fetch_one(postings, params![account]).await.unwrap();
    (entries, postings)
}

on_both! {
    async fn what_a_person_would_expect_is_found(world) {
        let db = open(&world).await;
        for (entry, text) in [
            (1, "兴趣爱好 喜欢在周末阅读科幻小说"),
            (2, "他在清华大学学习 Rust 编程"),
            (3, "She was reading about the 3D printers, don't ask"),
            (4, "My dog is called Bolt; C++ is 100% fun_ny"),
            (5, "圖書館裡的貓很喜歡睡覺"),
            (6, "ＦＵＬＬ ｗｉｄｔｈ"),
        ] {
            put(&db, 1, entry, true, text).await;
        }
        for (query, found) in [
            ("阅读", vec![1]), ("閱讀", vec![1]), ("华大", vec![2]), ("rust", vec![2]), ("RUST编程", vec![2]),
            ("猫", vec![5]), ("图书馆", vec![5]), ("read", vec![3]), ("reads", vec![3]), ("printer", vec![3]),
            ("rint", vec![3]), ("inter", vec![3]), ("olt", vec![4]), ("c++", vec![4]), ("0%", vec![4]), ("n_n", vec![4]),
            ("full WIDTH", vec![6]), ("ｒｅａｄ", vec![3]), ("the", vec![3]), ("_", vec![4]), ("%", vec![4]),
            ("\\", vec![]), ("", vec![]), (" \u{200b}", vec![]), ("天地", vec![]), ("zzz", vec![]),
            ("What is the name of my dog?", vec![4]), ("你的猫在哪里睡觉", vec![5]), ("don't", vec![3]), ("' OR 1=1 --", vec![]),
        ] {
            assert_eq!(find(&db, query).await, found, "{query}");
        }
        assert_eq!(find(&db, "喜欢").await, [5, 1], "the shorter of two that say as much comes first");
        assert_eq!(Index::new(2, KIND).find(&db, "阅读", false).await, Ok(vec![]));
        assert_eq!(Index::new(1, 2).find(&db, "阅读", false).await, Ok(vec![]));
    }

    async fn a_phrase_comes_before_its_words(world) {
        let db = open(&world).await;
        put(&db, 1, 1, true, "green tea in the morning").await;
        put(&db, 1, 2, true, "tea leaves are green").await;
        put(&db, 1, 3, true, "tea and green tea and teas").await;
        put(&db, 1, 4, true, "a green garden").await;
        assert_eq!(find(&db, "Green Tea").await, [3, 1, 2, 4]);
    }

    async fn private_entries_are_not_there_for_a_public_search(world) {
        let db = open(&world).await;
        put(&db, 1, 1, true, "阅读小说").await;
        put(&db, 1, 2, false, "阅读日记 secret").await;
        let index = Index::new(1, KIND);
        assert_eq!(index.find(&db, "阅读", true).await, Ok(vec![1]));
        assert_eq!(index.find(&db, "cret", true).await, Ok(vec![]));
        assert_eq!(index.find(&db, "cret", false).await, Ok(vec![2]));
        assert_eq!((index.count(&db, true).await, index.count(&db, false).await), (Ok(1), Ok(2)));
        put(&db, 1, 1, false, "阅读小说").await;
        assert_eq!((index.count(&db, true).await, index.count(&db, false).await), (Ok(0), Ok(2)));
        assert_eq!(index.find(&db, "阅读", true).await, Ok(vec![]));
    }

    /// Saturday, 2025-06-14, and the Wednesday after it.
    async fn a_question_finds_what_stands_beside_its_words_and_what_is_of_the_day(world) {
        let db = open(&world).await;
        let at = |hours: i64| Ids::first(Timestamp(1_749_880_800_000 + hours * 3_600_000));
        let told = [
            (at(0), true, "did you get a dog?"), (at(0) + 1, false, "a beagle, Max"), (at(0) + 2, true, "so sweet"),
            (at(0) + 3, true, "more of this"), (at(3), true, "good night"), (at(64), true, "i swam yesterday"),
            (at(300), true, "nothing happened"),
        ];
        for (entry, public, text) in told {
            put(&db, 1, entry, public, text).await;
        }
        let ask = async |text: &str, public: bool| -> Vec<i64> {
            let query = Query::question(text, public, Timestamp(1_750_248_000_000));
            Index::new(1, KIND).search(&db, &query).await.unwrap().into_iter().map(|hit| hit.entry).collect()
        };
        assert_eq!(ask("what is the dog called", false).await, [at(0), at(0) + 1, at(0) + 2]);
        assert_eq!(ask("what is the dog called", true).await, [at(0), at(0) + 2], "a private one is not there");
        assert_eq!(ask("上周六", true).await, [at(3), at(0) + 3, at(0) + 2, at(0)]);
        assert_eq!(ask("on sunday", true).await, [at(64)], "what was said on Monday of the day before");
        assert_eq!(find(&db, "dog").await, [at(0)], "a keyword finds itself alone");
    }

    async fn what_is_removed_leaves_nothing(world) {
        let db = open(&world).await;
        let long: String = ('\u{4e00}'..'\u{5200}').chain("words and words".chars()).collect();
        put(&db, 1, 1, true, &long).await;
        put(&db, 2, 1, true, "stays").await;
        assert!(rows(&db, 1).await.1 > 900);
        assert!(remove(&db, 1, 1).await);
        assert!(!remove(&db, 1, 1).await);
        assert_eq!((rows(&db, 1).await, rows(&db, 2).await), ((0, 0), (1, 1)));
        assert_eq!(Index::new(1, KIND).count(&db, false).await, Ok(0));
        db.execute("DELETE FROM account WHERE id = 2", &[]).await.unwrap();
        assert_eq!(rows(&db, 2).await, (0, 0), "the index goes with the account");
    }

    async fn a_failed_transaction_leaves_the_index_as_it_was(world) {
        let db = open(&world).await;
        put(&db, 1, 1, true, "one").await;
        let document = Document::new("two");
        let failed: Result<(), Error> = db.write(move |tx| {
            Box::pin(async move {
                Index::new(1, KIND).replace(tx, 1, true, &document).await?;
                Err(Error::NotFound)
            })
        }).await;
        assert_eq!(failed, Err(Error::NotFound));
        assert_eq!((find(&db, "one").await, find(&db, "two").await), (vec![1], vec![]));
    }

    async fn writers_at_once_lose_nothing(world) {
        let db = open(&world).await;
        let writers = (1..=24).map(|entry| {
            let db = db.clone();
            async move { put(&db, 1, entry, entry % 2 == 0, &format!("shared word{entry} 共同")).await }
        });
        futures::future::join_all(writers).await;
        let index = Index::new(1, KIND);
        assert_eq!((index.count(&db, false).await, index.count(&db, true).await), (Ok(24), Ok(12)));
        assert_eq!(find(&db, "共同").await, (1..=24).rev().collect::<Vec<_>>());
    }

    /// The index against looking at every entry, over entries that come, change and go.
    async fn the_index_agrees_with_a_naive_scan(world) {
        let db = open(&world).await;
        let mut runner = TestRunner::deterministic();
        let piece = prop_oneof!["[abc]{1,3}", "[猫狗鱼鸟花]{1,3}", Just("the".to_owned())];
        let text = vec(piece, 1..6).prop_map(|pieces| pieces.join(" "));
        let change = (1_i64..40, proptest::option::weighted(0.8, text.clone()));
        let mut model = BTreeMap::<i64, String>::new();
        for round in 0..120 {
            let (entry, now) = change.new_tree(&mut runner).unwrap().current();
            match now {
                Some(text) => {
                    put(&db, 1, entry, true, &text).await;
                    model.insert(entry, text);
                }
                None => assert_eq!(remove(&db, 1, entry).await, model.remove(&entry).is_some()),
            }
            if round % 4 == 0 {
                let query = text.new_tree(&mut runner).unwrap().current();
                let mut found = find(&db, &query).await;
                found.sort_unstable();
                assert_eq!(found, scan(&model, &query), "{query} in {model:?}");
            }
        }
    }
}

/// What [`Index::find`] promises, by looking at every entry.
fn scan(model: &BTreeMap<i64, String>, query: &str) -> Vec<i64> {
    let query = fold(query);
    let has = |text: &str, piece: &str| {
        let is_word = piece.is_ascii();
        if is_word { text.split(' ').any(|word| word == piece) } else { text.contains(piece) }
    };
    let asked: Vec<String> = query
        .split(' ')
        .flat_map(|piece| match piece.chars().count() {
            count if !piece.is_ascii() && count > 2 => {
                let chars: Vec<char> = piece.chars().collect();
                chars.windows(2).map(|pair| pair.iter().collect()).collect()
            }
            _ => vec![piece.to_owned()],
        })
        .collect();
    let all = model.len();
    let count = |piece: &String| model.values().filter(|text| has(text, piece)).count();
    let function = |piece: &String| piece == "the" || piece == "a";
    let common = |piece: &String| all >= 16 && count(piece) * 2 > all;
    let present: Vec<&String> = asked.iter().filter(|piece| count(piece) > 0).collect();
    let rare: Vec<&String> =
        present.iter().copied().filter(|piece| !function(piece) && !common(piece)).collect();
    let telling: Vec<&String> = present.iter().copied().filter(|piece| !function(piece)).collect();
    let voters = if !rare.is_empty() {
        rare
    } else if !telling.is_empty() {
        telling
    } else {
        present
    };
    let found =
        model.iter().filter(|(_, text)| text.contains(&query) || voters.iter().any(|piece| has(text, piece)));
    found.map(|(entry, _)| *entry).collect()
}

/// Both engines answer the same ids in the same order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_rank_alike() {
    let worlds = [World::sqlite(), World::postgres()];
    let (one, other) = (open(&worlds[0]).await, open(&worlds[1]).await);
    let mut runner = TestRunner::deterministic();
    let piece = prop_oneof!["[a-e]{2,4}", "[\u{4e00}-\u{4e20}]{1,8}", "\\PC{1,3}", Just("the".to_owned())];
    let text = vec(piece, 1..5).prop_map(|pieces| pieces.join(" ").replace('\0', ""));
    let mut draw = || text.new_tree(&mut runner).unwrap().current();
    for batch in 0..50_i64 {
        let documents: Vec<Document> = (0..100).map(|_| Document::new(&draw())).collect();
        let add = async |db: &Database| {
            let documents = documents.clone();
            let added: Result<(), Error> = db
                .write(move |tx| {
                    Box::pin(async move {
                        for (entry, document) in (batch * 100 + 1..).zip(&documents) {
                            Index::new(1, KIND).add(tx, entry, entry % 3 == 0, document).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            added.unwrap();
        };
        futures::join!(add(&one), add(&other));
    }
    let now = Timestamp(1_735_700_000_000);
    for round in 0..500 {
        let (text, only_public) = (draw(), round % 5 == 0);
        let query = match round % 2 {
            0 => Query::keyword(&text, only_public),
            _ => Query::question(&format!("{text} yesterday"), only_public, now),
        };
        let found = Index::new(1, KIND).search(&one, &query).await.unwrap();
        assert_eq!(Index::new(1, KIND).search(&other, &query).await, Ok(found), "{text}");
    }
}
