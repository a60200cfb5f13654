//! Both engines rank alike.

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use search::{Document, Query};
use store::{Database, Error, Timestamp};
use testkit::{Engine, Fixture};

use crate::world::{World, end_pending, hits, index, open, row};

/// Both engines return the same ids in the same order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_rank_alike() {
    let worlds = [World::set_up(Engine::Sqlite, "").await, World::set_up(Engine::Postgres, "").await];
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
                            index(1).add(tx, row(entry, entry % 3 == 0), document).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            added.unwrap();
        };
        futures::join!(add(&one), add(&other));
        // The distribution of entries over runs must not matter.
        if batch % 3 == 0 {
            end_pending(&one, 1).await;
        }
    }
    let now = Timestamp(1_735_700_000_000);
    for round in 0..500 {
        let (text, only_public) = (draw(), round % 5 == 0);
        let query = match round % 2 {
            0 => Query::keyword(&text, only_public),
            _ => Query::question(&format!("{text} yesterday"), only_public, now),
        };
        let found = hits(&one, index(1), query.clone()).await;
        assert_eq!(hits(&other, index(1), query).await, found, "{text}");
    }
}
