//! Transactions.

use std::time::Duration;

use futures::future::join_all;
use store::{Database, Error, params};
use testkit::both_engines;

use crate::{INSERT_ITEM, World, count_items};

#[derive(Debug, PartialEq)]
enum Failure {
    Store(Error),
    Mine,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

async fn insert(db: &Database, id: i64) -> Result<i64, Failure> {
    let run = db.write(move |tx| {
        Box::pin(async move {
            let name = format!("name {id}");
            tx.execute(INSERT_ITEM, params![id, &name]).await?;
            let (back,) =
                tx.fetch_one::<(i64,)>("SELECT id FROM item WHERE name = $1", params![&name]).await?;
            if id % 2 == 0 { Ok(back) } else { Err(Failure::Mine) }
        })
    });
    run.await
}

#[both_engines]
async fn one_rollback_leaves_the_others(world: World) {
    let db = world.open_migrated().await;
    let results = join_all((0..100).map(|id| insert(&db, id))).await;
    for (id, result) in (0..).zip(results) {
        assert_eq!(result, if id % 2 == 0 { Ok(id) } else { Err(Failure::Mine) });
    }
    let odd = db.fetch_all::<(i64,)>("SELECT id FROM item WHERE id % 2 = 1", &[]).await.unwrap();
    assert!(odd.is_empty());
    assert_eq!(count_items(&db).await, 50);
}

#[both_engines]
async fn a_panic_is_an_error_and_leaves_nothing(world: World) {
    let db = world.open_migrated().await;
    let panicking = db.write::<(), Error, _>(|tx| {
        Box::pin(async move {
            tx.execute(INSERT_ITEM, params![1_i64, "x"]).await?;
            panic!("on purpose")
        })
    });
    let (panicked, other) = futures::join!(panicking, insert(&db, 2));
    assert_eq!(panicked, Err(Error::Other("a transaction panicked".into())));
    assert_eq!(other, Ok(2));
    assert_eq!(insert(&db, 4).await, Ok(4));
    assert_eq!(count_items(&db).await, 2);
}

#[both_engines]
async fn constraints_have_their_own_errors(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT_ITEM, params![1_i64, "x"]).await.unwrap();
    assert_eq!(db.execute(INSERT_ITEM, params![1_i64, "y"]).await, Err(Error::IdTaken), "primary key");
    assert_eq!(db.execute(INSERT_ITEM, params![2_i64, "x"]).await, Err(Error::Unique), "unique");
    let part = "INSERT INTO part (id, item) VALUES ($1, $2)";
    assert_eq!(db.execute(part, params![1_i64, 9_i64]).await, Err(Error::ForeignKey));
    assert_eq!(db.execute(part, params![1_i64, 1_i64]).await, Ok(1));
    assert_eq!(db.execute("DELETE FROM item", &[]).await, Err(Error::ForeignKey));
    let null = db.execute(INSERT_ITEM, params![3_i64, None::<&str>]).await;
    assert!(matches!(null, Err(Error::Other(_))), "{null:?}");
    let twice = "INSERT INTO item (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    assert_eq!(db.execute(twice, params![1_i64, "x"]).await, Ok(0));
}

#[both_engines]
async fn statements_waited_for_together_run_in_the_order_of_their_calls(world: World) {
    const ADD: &str = "UPDATE counter SET n = n + 1 WHERE id = $1";
    let db = world.open_migrated().await;
    db.execute("INSERT INTO counter (id, n) VALUES (1, 0)", &[]).await.unwrap();
    let add = || db.write(|tx| Box::pin(async move { tx.execute(ADD, params![1_i64]).await }));
    // Every connection of the pool has prepared one of the two statements.
    join_all((0..8).map(|_| add())).await.into_iter().for_each(|added| assert_eq!(added, Ok(1)));
    for double in [
        "UPDATE counter SET n = n * 2 WHERE id = $1",
        "UPDATE counter SET n = 2 * n WHERE id = $1",
        "UPDATE counter SET n = n + n WHERE id = $1",
    ] {
        let (before,) = db.fetch_one::<(i64,)>("SELECT n FROM counter", &[]).await.unwrap();
        let both = db.write(move |tx| {
            Box::pin(async move {
                let counter = params![1_i64];
                let both = futures::join!(tx.execute(double, counter), tx.execute(ADD, counter));
                both.0.and(both.1)
            })
        });
        assert_eq!(both.await, Ok(1));
        let (after,) = db.fetch_one::<(i64,)>("SELECT n FROM counter", &[]).await.unwrap();
        assert_eq!(after, before * 2 + 1, "{double}");
    }
}

#[both_engines]
async fn a_failed_statement_cannot_be_swallowed(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT_ITEM, params![1_i64, "x"]).await.unwrap();
    let swallowing = db.write(|tx| {
        Box::pin(async move {
            tx.execute(INSERT_ITEM, params![2_i64, "y"]).await?;
            assert_eq!(tx.execute(INSERT_ITEM, params![3_i64, "x"]).await, Err(Error::Unique));
            let next = tx.execute(INSERT_ITEM, params![4_i64, "z"]).await;
            assert!(matches!(next, Err(Error::Other(_))));
            Ok::<_, Error>(())
        })
    });
    assert_eq!(swallowing.await, Err(Error::Unique));
    assert_eq!(count_items(&db).await, 1);
}

#[both_engines]
async fn no_row_is_no_failure(world: World) {
    let db = world.open_migrated().await;
    let run = db.write(|tx| {
        Box::pin(async move {
            let none = tx.fetch_one::<(i64,)>("SELECT id FROM item", &[]).await;
            assert_eq!(none, Err(Error::NotFound));
            tx.execute(INSERT_ITEM, params![1_i64, "x"]).await
        })
    });
    assert_eq!(run.await, Ok(1));
}

#[both_engines]
async fn rows_come_back_from_writing_statements(world: World) {
    let db = world.open_migrated().await;
    let run = db.write(|tx| {
        Box::pin(async move {
            let insert = "INSERT INTO item (name, id) VALUES ($2, $1), ($3, $1 + 1) RETURNING id";
            tx.fetch_all::<(i64,)>(insert, params![1_i64, "x", "y"]).await
        })
    });
    assert_eq!(run.await, Ok(vec![(1,), (2,)]));
    let first = db.write(|tx| {
        Box::pin(async move { tx.fetch_one::<(i64,)>("DELETE FROM item RETURNING id", &[]).await })
    });
    first.await.unwrap();
    assert_eq!(count_items(&db).await, 0, "all rows, although one was fetched");
}

#[both_engines]
async fn a_write_is_seen_by_the_next_read(world: World) {
    let db = world.open_migrated().await;
    for id in 0..200 {
        insert(&db, id * 2).await.unwrap();
        let found = db.fetch_optional::<(i64,)>("SELECT id FROM item WHERE id = $1", params![id * 2]).await;
        assert_eq!(found, Ok(Some((id * 2,))));
    }
}

#[both_engines]
async fn concurrent_writers_lose_nothing(world: World) {
    let db = world.open_migrated().await;
    db.execute("INSERT INTO counter (id, n) VALUES (1, 0)", &[]).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let db = db.clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                let add = db.write(|tx| {
                    Box::pin(async move {
                        let read = "UPDATE counter SET n = n + 1 WHERE id = 1 RETURNING n";
                        let (n,) = tx.fetch_one::<(i64,)>(read, &[]).await?;
                        tx.execute("UPDATE counter SET n = $1 WHERE id = 1", params![n]).await
                    })
                });
                add.await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let (n,): (i64,) = db.fetch_one("SELECT n FROM counter", &[]).await.unwrap();
    assert_eq!(n, 640);
}

#[both_engines]
async fn a_caller_that_leaves_leaves_all_or_nothing(world: World) {
    let mut world = world;
    // With a single connection, the next transaction gets the abandoned one.
    world.config.pool_size = 1;
    let db = world.open_migrated().await;
    for round in 0..40_i64 {
        let two = db.write(move |tx| {
            Box::pin(async move {
                let (a, b) = (round * 2, round * 2 + 1);
                tx.execute(INSERT_ITEM, params![a, &a.to_string()]).await?;
                tx.execute(INSERT_ITEM, params![b, &b.to_string()]).await
            })
        });
        let patience = Duration::from_micros(u64::try_from(round).unwrap() * 50);
        let _ = tokio::time::timeout(patience, two).await;
    }
    insert(&db, 1000).await.unwrap();
    let halves = "SELECT id / 2 FROM item WHERE id < 1000 GROUP BY id / 2 HAVING COUNT(*) <> 2";
    assert_eq!(db.fetch_all::<(i64,)>(halves, &[]).await, Ok(vec![]));
}

#[both_engines]
async fn closing_finishes_what_is_queued(world: World) {
    let db = world.open_migrated().await;
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..500 {
        let db = db.clone();
        tasks.spawn(async move { insert(&db, id * 2).await });
    }
    tokio::task::yield_now().await;
    db.close().await.unwrap();
    let mut kept = 0;
    for result in tasks.join_all().await {
        match result {
            Ok(_) => kept += 1,
            Err(error) => assert!(matches!(error, Failure::Store(Error::Unavailable(_))), "{error:?}"),
        }
    }
    assert!(matches!(insert(&db, 1).await, Err(Failure::Store(Error::Unavailable(_)))));
    assert!(matches!(db.execute(INSERT_ITEM, params![1_i64, "x"]).await, Err(Error::Unavailable(_))));
    db.close().await.unwrap();
    let again = world.open().await;
    assert_eq!(count_items(&again).await, kept, "every answer was true");
}

#[tokio::test]
async fn a_transaction_that_waits_for_something_else_is_rolled_back_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let waiting = db.write(|tx| {
        Box::pin(async move {
            tx.execute(INSERT_ITEM, params![1_i64, "x"]).await?;
            tokio::task::yield_now().await;
            Ok::<_, Error>(())
        })
    });
    let error = waiting.await.unwrap_err();
    assert!(matches!(&error, Error::Other(text) if text.contains("awaited something other")), "{error}");
    assert_eq!(count_items(&db).await, 0);
    assert_eq!(insert(&db, 2).await, Ok(2));
}

#[tokio::test]
async fn a_value_that_panics_when_dropped_leaves_the_writer_alive_on_sqlite() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let late = db.write(|_tx| {
        // Long enough for the caller to leave first, so that the writer drops the value.
        std::thread::sleep(Duration::from_millis(300));
        Box::pin(async { Ok::<_, Error>(Bomb) })
    });
    let mut abandoned = Box::pin(late);
    let _ = futures::poll!(abandoned.as_mut());
    drop(abandoned);
    assert_eq!(insert(&db, 2).await, Ok(2));
}

#[tokio::test]
async fn dropping_the_last_handle_finishes_and_closes_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let mut abandoned = Box::pin(insert(&db, 2));
    let _ = futures::poll!(abandoned.as_mut());
    drop(abandoned);
    drop(db);
    let again = world.open().await;
    for _ in 0..200 {
        if count_items(&again).await == 1 {
            return;
        }
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(10))).await.unwrap();
    }
    panic!("the queued write was lost");
}
