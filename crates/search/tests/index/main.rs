//! The full-text index: equal on both engines, and equal to an examination of every entry.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod alike;
mod world;

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use search::{Document, Entry, EntryId, Expected, Index, Query};
use store::{AccountId, Error, Ids, Timestamp, params};
use testkit::both_engines;

use world::{
    KIND, World, check, count, end_pending, find, index, open, put, put_row, remove, row, rows, scan, search,
};

#[both_engines]
async fn what_a_person_would_expect_is_found(world: World) {
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
        ("阅读", vec![1]),
        ("閱讀", vec![1]),
        ("华大", vec![2]),
        ("rust", vec![2]),
        ("RUST编程", vec![2]),
        ("猫", vec![5]),
        ("图书馆", vec![5]),
        ("read", vec![3]),
        ("reads", vec![3]),
        ("printer", vec![3]),
        ("rint", vec![3]),
        ("inter", vec![3]),
        ("olt", vec![4]),
        ("c++", vec![4]),
        ("0%", vec![4]),
        ("n_n", vec![4]),
        ("full WIDTH", vec![6]),
        ("ｒｅａｄ", vec![3]),
        ("the", vec![3]),
        ("_", vec![4]),
        ("%", vec![4]),
        ("\\", vec![]),
        ("", vec![]),
        (" \u{200b}", vec![]),
        ("天地", vec![]),
        ("zzz", vec![]),
        ("What is the name of my dog?", vec![4]),
        ("你的猫在哪里睡觉", vec![5]),
        ("don't", vec![3]),
        ("' OR 1=1 --", vec![]),
    ] {
        assert_eq!(find(&db, query).await, found, "{query}");
    }
    assert_eq!(find(&db, "喜欢").await, [5, 1], "the shorter of two that say as much comes first");
    assert_eq!(search(&db, index(2), Query::keyword("阅读", false)).await, Vec::<i64>::new());
    let other_kind = Index::new(AccountId(1), 2);
    assert_eq!(search(&db, other_kind, Query::keyword("阅读", false)).await, Vec::<i64>::new());
}

#[both_engines]
async fn a_phrase_comes_before_its_words(world: World) {
    let db = open(&world).await;
    put(&db, 1, 1, true, "green tea in the morning").await;
    put(&db, 1, 2, true, "tea leaves are green").await;
    put(&db, 1, 3, true, "tea and green tea and teas").await;
    put(&db, 1, 4, true, "a green garden").await;
    assert_eq!(find(&db, "Green Tea").await, [3, 1, 2, 4]);
}

#[both_engines]
async fn private_entries_are_not_there_for_a_public_search(world: World) {
    let db = open(&world).await;
    put(&db, 1, 1, true, "阅读小说").await;
    put(&db, 1, 2, false, "阅读日记 secret").await;
    let index = index(1);
    assert_eq!(search(&db, index, Query::keyword("阅读", true)).await, [1]);
    assert_eq!(search(&db, index, Query::keyword("cret", true)).await, Vec::<i64>::new());
    assert_eq!(search(&db, index, Query::keyword("cret", false)).await, [2]);
    assert_eq!((count(&db, true).await, count(&db, false).await), (1, 2));
    put(&db, 1, 1, false, "阅读小说").await;
    assert_eq!((count(&db, true).await, count(&db, false).await), (0, 2));
    assert_eq!(search(&db, index, Query::keyword("阅读", true)).await, Vec::<i64>::new());
}

/// Saturday, 2025-06-14, and the Wednesday after it.
#[both_engines]
async fn a_question_finds_what_stands_beside_its_words_and_what_is_of_the_day(world: World) {
    let db = open(&world).await;
    let at = |hours: i64| Ids::first(Timestamp(1_749_880_800_000 + hours * 3_600_000));
    let told = [
        (at(0), true, "did you get a dog?"),
        (at(0) + 1, false, "a beagle, Max"),
        (at(0) + 2, true, "so sweet"),
        (at(0) + 3, true, "more of this"),
        (at(3), true, "good night"),
        (at(64), true, "i swam yesterday"),
        (at(300), true, "nothing happened"),
    ];
    for (entry, public, text) in told {
        put(&db, 1, entry, public, text).await;
    }
    let ask = async |text: &str, public: bool| -> Vec<i64> {
        let query = Query::question(text, public, Timestamp(1_750_248_000_000));
        search(&db, index(1), query).await
    };
    assert_eq!(ask("what is the dog called", false).await, [at(0), at(0) + 1, at(0) + 2]);
    assert_eq!(ask("what is the dog called", true).await, [at(0), at(0) + 2], "a private one is not there");
    assert_eq!(ask("上周六", true).await, [at(3), at(0) + 3, at(0) + 2, at(0)]);
    assert_eq!(ask("on sunday", true).await, [at(64)], "what was said on Monday of the day before");
    assert_eq!(find(&db, "dog").await, [at(0)], "a keyword finds itself alone");
}

/// An imported entry belongs to the days and conversations of its own time.
#[both_engines]
async fn an_entry_has_a_time_of_its_own(world: World) {
    let db = open(&world).await;
    let id = |number: i64| Ids::first(Timestamp(1_780_000_000_000)) + number;
    // Saturday, 2025-06-14, 10:00 in Shanghai and later.
    let at = |hours: i64| Timestamp(1_749_866_400_000 + hours * 3_600_000);
    for (number, hours, text) in [
        (1, 0, "did you get a dog?"),
        (5, 0, "a beagle, Max"),
        (2, 40, "good night"),
        (3, 80, "more of this"),
        (4, -11, "swam"),
    ] {
        put_row(&db, 1, Entry { id: EntryId(id(number)), public: true, noted: at(hours) }, text).await;
    }
    let ask = async |text: &str, zone: Option<&str>| -> Vec<i64> {
        let zone = zone.map(|name| store::Zone::named(name).unwrap());
        let query = Query::question(text, true, Timestamp(1_750_248_000_000)).in_zone(zone);
        search(&db, index(1), query).await
    };
    assert_eq!(ask("what is the dog called", None).await, [id(1), id(5)]);
    assert_eq!(ask("last saturday", Some("Asia/Shanghai")).await, [id(5), id(1)]);
    assert_eq!(ask("last friday", Some("Asia/Shanghai")).await, [id(4)]);
    assert_eq!(
        ask("last friday", Some("America/New_York")).await,
        [id(5), id(1), id(4)],
        "it was Friday evening there"
    );
    assert_eq!(ask("上周日", Some("UTC")).await, [id(2)]);
    assert_eq!(ask("上周日", Some("Asia/Shanghai")).await, Vec::<i64>::new(), "it was Monday there");
    end_pending(&db, 1).await;
    assert_eq!(ask("last saturday", Some("Asia/Shanghai")).await, [id(5), id(1)], "in a run as well");
    put_row(&db, 1, Entry { id: EntryId(id(6)), public: true, noted: at(-500) }, "good night").await;
    assert_eq!(find(&db, "good night").await, [id(2), id(6)], "of equals the one noted last");
}

#[both_engines]
async fn what_is_removed_leaves_nothing(world: World) {
    let db = open(&world).await;
    let long: String = ('\u{4e00}'..'\u{5200}').chain("words and words".chars()).collect();
    put(&db, 1, 1, true, &long).await;
    put(&db, 2, 1, true, "stays").await;
    assert_eq!(rows(&db, 1).await, [1, 1, 0]);
    assert!(remove(&db, 1, 1).await);
    assert!(!remove(&db, 1, 1).await);
    assert_eq!((rows(&db, 1).await, rows(&db, 2).await), ([0; 3], [1, 1, 0]));
    put(&db, 1, 1, true, &long).await;
    put(&db, 1, 2, true, "other words").await;
    end_pending(&db, 1).await;
    let [entries, pending, terms] = rows(&db, 1).await;
    assert_eq!((entries, pending, terms > 900), (2, 0, true));
    assert!(remove(&db, 1, 1).await);
    assert_eq!((rows(&db, 1).await, find(&db, "words").await), ([1, 0, 2], vec![2]));
    assert!(remove(&db, 1, 2).await);
    assert_eq!(rows(&db, 1).await, [0; 3]);
    assert_eq!(count(&db, false).await, 0);
    end_pending(&db, 2).await;
    put(&db, 2, 2, true, "comes").await;
    assert_eq!(rows(&db, 2).await, [2, 1, 1]);
    db.execute("DELETE FROM account WHERE id = 2", &[]).await.unwrap();
    assert_eq!(rows(&db, 2).await, [0; 3], "the index goes with the account");
}

#[both_engines]
async fn entries_become_a_run_when_many_are_pending(world: World) {
    let db = open(&world).await;
    let text = |entry: i64| format!("all of word{} with entry{entry}", entry % 7);
    let all: Vec<Expected> = (1..=1500_i64)
        .map(|id| Expected { entry: row(id, id % 2 == 0), document: Document::new(&text(id)) })
        .collect();
    for some in all.chunks(50) {
        let some = some.to_vec();
        let added: Result<(), Error> = db
            .write(move |tx| {
                Box::pin(async move {
                    for one in &some {
                        index(1).add(tx, one.entry, &one.document).await?;
                    }
                    Ok(())
                })
            })
            .await;
        added.unwrap();
    }
    let [entries, pending, terms] = rows(&db, 1).await;
    assert!(entries == 1500 && (1..1000).contains(&pending) && terms > 500, "{pending} {terms}");
    assert_eq!(find(&db, "word3").await, (1..=1500).rev().filter(|entry| entry % 7 == 3).collect::<Vec<_>>());
    let public = search(&db, index(1), Query::keyword("word3", true)).await;
    assert_eq!(public, (1..=1500).rev().filter(|entry| entry % 14 == 10).collect::<Vec<_>>());
    assert_eq!(find(&db, "of word5 with entry5").await.first(), Some(&5), "as it was typed, in a run");
    assert_eq!(find(&db, "of word1 with entry1499").await.first(), Some(&1499), "and while it is pending");
    assert_eq!(check(&db, all, false).await, Vec::<String>::new());
}

#[both_engines]
async fn damage_of_any_kind_is_found_and_mended(world: World) {
    let db = open(&world).await;
    let all: Vec<Expected> = (1..=9_i64)
        .map(|id| Expected {
            entry: row(id, id > 4),
            document: Document::new(&format!("word{} tea", id % 3)),
        })
        .collect();
    for one in all.clone() {
        let added: Result<(), Error> = db
            .write(move |tx| {
                Box::pin(async move {
                    index(1).add(tx, one.entry, &one.document).await?;
                    if one.entry.id.0 % 3 == 0 && one.entry.id.0 < 9 {
                        index(1).end_pending(tx).await
                    } else {
                        Ok(())
                    }
                })
            })
            .await;
        added.unwrap();
    }
    assert_eq!(check(&db, all.clone(), false).await, Vec::<String>::new());
    for (damage, faults) in [
        ("UPDATE search_posting SET entries = 7 WHERE run = 1 AND term = 'tea'", &["run 1 is damaged"][..]),
        (
            "UPDATE search_posting SET public_entries = 7 WHERE run = 2 AND term = 'tea'",
            &["run 2 is damaged"],
        ),
        ("UPDATE search_size SET runs = 1", &["runs are missing in the statistics"]),
        ("UPDATE search_size SET pending = 1", &["the statistics are wrong"]),
        ("DELETE FROM search_posting WHERE run = 2 AND term = 'word1'", &["4: the index has other terms"]),
        (
            "UPDATE search_posting SET postings = (SELECT postings FROM search_posting WHERE run = 1 AND \
             term = 'tea') \
          WHERE run = 2 AND term = 'tea'",
            &[
                "5: the index has other terms",
                "6: the index has other terms",
                "1: terms without an entry",
                "2: terms without an entry",
                "3: terms without an entry",
                "run 2 is damaged",
            ],
        ),
        (
            "UPDATE search_entry SET run = 0 WHERE entry_id = 2",
            &["2: the index has other terms", "2: terms without an entry"],
        ),
        ("UPDATE search_pending SET terms = '1 cat' WHERE entry_id = 9", &["9: the index has other terms"]),
        (
            "DELETE FROM search_pending WHERE entry_id = 8",
            &["8: the index has other terms", "the statistics are wrong"],
        ),
        ("DELETE FROM search_entry WHERE entry_id = 8", &["8: not in the index", "the statistics are wrong"]),
    ] {
        db.execute(damage, &[]).await.unwrap();
        let found = check(&db, all.clone(), false).await;
        assert!(faults.iter().all(|fault| found.iter().any(|one| one == fault)), "{damage}: {found:?}");
        check(&db, all.clone(), true).await;
        assert_eq!(check(&db, all.clone(), false).await, Vec::<String>::new(), "{damage}");
        assert_eq!(find(&db, "tea").await, [9, 8, 7, 6, 5, 4, 3, 2, 1], "{damage}");
    }
}

/// A database of an earlier release, which stored the index differently.
#[both_engines]
async fn a_migration_builds_the_index_anew(world: World) {
    let db = open(&world).await;
    let others: Vec<String> = (0..60).map(|n| format!("other{n}")).collect();
    for entry in 1..=600_i64 {
        let text = format!("word{} 阅读 {}", entry % 7, others.join(" "));
        put(&db, 1 + entry % 2, entry, true, &text).await;
    }
    let expected = find(&db, "word3 阅读").await;
    put(&db, 1, 2003, true, "Café in München, 138-0000-0000").await;
    let fact = "INSERT INTO key_memory (id, account_id, actor, object, content, visibility, hash, \
        created_at, updated_at) \
         VALUES ($1, 1, '', '', 'x', 1, $2, $3, 0)";
    db.execute(fact, params![2001, &vec![1_u8], 1_600_000_000_000_i64]).await.unwrap();
    for term in ["café", "tea", "don't", "ガギ"] {
        db.execute("INSERT INTO plaza_posting (term, post_id) VALUES ($1, 7)", params![term]).await.unwrap();
    }
    put(&db, 1, 2001, true, &"long ".repeat(500)).await;
    for (entry, parts) in [(1, 1), (2001, 1), (3, 0)] {
        let vector = "INSERT INTO search_vector (account_id, kind, entry_id, model, is_public, version, \
            parts, vector) \
             VALUES (1, $1, $2, 'm', 1, 1, 1, $3)";
        db.execute(vector, params![KIND, entry, &vec![0_u8; 4 * parts]]).await.unwrap();
    }
    let meaning = "INSERT INTO search_meaning (account_id, kind, model, made, version, removed, \
        claimed_until) \
         VALUES (1, $1, 'm', 3, 1, 0, 0)";
    db.execute(meaning, params![KIND]).await.unwrap();
    for statement in [
        "DROP TABLE search_pending",
        "DROP TABLE search_posting",
        "CREATE TABLE search_posting (term BIGINT)",
        "DROP INDEX search_entry_noted",
        "ALTER TABLE search_entry DROP COLUMN noted_at",
        "DROP INDEX key_memory_time",
        "DROP INDEX key_memory_public",
        "DROP INDEX note_time",
        "DROP INDEX note_type_time",
        "CREATE INDEX key_memory_visible ON key_memory (account_id, visibility, id)",
        "CREATE INDEX note_type ON note (account_id, memory_type, id)",
        "ALTER TABLE profile DROP COLUMN time_zone",
        "ALTER TABLE search_entry DROP COLUMN run",
        "ALTER TABLE search_size DROP COLUMN runs",
        "ALTER TABLE search_size DROP COLUMN pending",
        "ALTER TABLE search_vector DROP COLUMN parts",
        // Later migrations stay applied.
        "CREATE TABLE later_migration AS SELECT * FROM schema_migration WHERE version > 14 AND name <> \
         'noted'",
        "DELETE FROM schema_migration WHERE version >= 13",
    ] {
        db.execute(statement, &[]).await.unwrap();
    }
    db.close().await.unwrap();
    let db = world.open().await;
    assert_eq!(db.migrate_with(store::MIGRATIONS.split_at(14).0).await, Ok(vec!["runs", "passages"]));
    db.execute("INSERT INTO schema_migration SELECT * FROM later_migration WHERE version < 18", &[])
        .await
        .unwrap();
    let mut until_noted = store::MIGRATIONS.split_at(18).0.to_vec();
    until_noted.last_mut().unwrap().then = Some(search::cut_again);
    assert_eq!(db.migrate_with(&until_noted).await, Ok(vec!["noted"]));
    db.execute("INSERT INTO schema_migration SELECT * FROM later_migration WHERE version > 18", &[])
        .await
        .unwrap();
    assert_eq!(db.migrate(search::cut_again).await, Ok(vec![]));
    assert_eq!(find(&db, "word3 阅读").await, expected);
    let [entries, pending, _] = rows(&db, 1).await;
    assert!(entries == 302 && pending > 0 && pending < 100, "{pending} of {entries} in no run");
    let vectors: Vec<(i64, i64)> =
        db.fetch_all("SELECT entry_id, parts FROM search_vector ORDER BY entry_id", &[]).await.unwrap();
    assert_eq!(vectors, [(1, 1), (3, 0)], "that of a long entry is made again");
    for query in ["cafe", "MUNCHEN", "13800000000"] {
        assert_eq!(find(&db, query).await, [2003], "{query}");
    }
    let noted: Vec<(i64, i64)> = db
        .fetch_all(
            "SELECT entry_id, noted_at FROM search_entry WHERE account_id = 1 AND entry_id > 2000 ORDER BY \
         entry_id",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(noted, [(2001, 1_600_000_000_000), (2003, Ids::time(2003).0)]);
    let terms: Vec<(String,)> =
        db.fetch_all("SELECT term FROM plaza_posting ORDER BY term", &[]).await.unwrap();
    assert_eq!(terms.into_iter().map(|(term,)| term).collect::<Vec<_>>(), ["cafe", "dont", "tea", "がぎ"]);
    assert_eq!(db.fetch_one::<(i64,)>("SELECT made FROM search_meaning", &[]).await, Ok((2,)));
    put(&db, 1, 601, true, "word3 阅读").await;
    assert_eq!(find(&db, "word3 阅读").await.first(), Some(&601));
}

#[both_engines]
async fn a_failed_transaction_leaves_the_index_as_it_was(world: World) {
    let db = open(&world).await;
    put(&db, 1, 1, true, "one").await;
    let document = Document::new("two");
    let failed: Result<(), Error> = db
        .write(move |tx| {
            Box::pin(async move {
                index(1).replace(tx, row(1, true), &document).await?;
                Err(Error::NotFound)
            })
        })
        .await;
    assert_eq!(failed, Err(Error::NotFound));
    assert_eq!((find(&db, "one").await, find(&db, "two").await), (vec![1], vec![]));
}

#[both_engines]
async fn writers_at_once_lose_nothing(world: World) {
    let db = open(&world).await;
    let writers = (1..=24).map(|entry| {
        let db = db.clone();
        async move { put(&db, 1, entry, entry % 2 == 0, &format!("shared word{entry} 共同")).await }
    });
    futures::future::join_all(writers).await;
    assert_eq!((count(&db, false).await, count(&db, true).await), (24, 12));
    assert_eq!(find(&db, "共同").await, (1..=24).rev().collect::<Vec<_>>());
}

/// Compares the index with an examination of every entry, while entries are added, changed and removed.
#[both_engines]
async fn the_index_agrees_with_a_naive_scan(world: World) {
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
        if round % 9 == 0 {
            end_pending(&db, 1).await;
        }
        if round % 4 == 0 {
            let query = text.new_tree(&mut runner).unwrap().current();
            let mut found = find(&db, &query).await;
            found.sort_unstable();
            assert_eq!(found, scan(&model, &query), "{query} in {model:?}");
        }
    }
}
