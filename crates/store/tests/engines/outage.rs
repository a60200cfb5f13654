//! A database that becomes unavailable and comes back.

use std::time::{Duration, Instant};

use store::{Error, RESYNC, params};
use testkit::postgres::Cluster;

use crate::{INSERT_ITEM, World, count_items};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_and_starts_again() {
    let cluster = Cluster::start();
    let world = World::new(tempfile::tempdir().unwrap(), &cluster.fresh_url());
    let db = world.open_migrated().await;
    let mut notices = db.notices();
    db.execute(INSERT_ITEM, params![1_i64, "before"]).await.unwrap();

    cluster.stop();
    let start = Instant::now();
    for _ in 0..6 {
        let write = db.execute(INSERT_ITEM, params![2_i64, "during"]).await;
        assert!(matches!(write, Err(Error::Unavailable(_))), "{write:?}");
        let read = db.fetch_all::<(i64,)>("SELECT id FROM item", &[]).await;
        assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
        assert!(matches!(db.ping().await, Err(Error::Unavailable(_))));
    }
    assert!(start.elapsed() < Duration::from_secs(10), "a refused connection is noticed at once");

    cluster.restart();
    db.execute(INSERT_ITEM, params![3_i64, "after"]).await.unwrap();
    assert_eq!(count_items(&db).await, 2);
    let heard = crate::notices::next(&mut notices).await;
    assert_eq!(heard.topic, RESYNC);
    assert!(db.ids().next() > 0);
    // The node number is held again: nobody else gets it.
    let other = world.open().await;
    assert_ne!((db.ids().next() >> 6) & 63, (other.ids().next() >> 6) & 63);
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_slow_statement_and_a_full_pool_are_given_up_on_postgres() {
    let mut world = World::postgres();
    world.config.pool_size = 1;
    world.config.wait_timeout = Duration::from_millis(200);
    world.config.statement_timeout = Duration::from_millis(500);
    let db = world.open_migrated().await;
    let slow = db.fetch_all::<(Option<i64>,)>("SELECT 1 FROM pg_sleep(20)", &[]);
    let quick = async {
        tokio::task::yield_now().await;
        db.fetch_all::<(i64,)>("SELECT 1", &[]).await
    };
    let (slow, quick) = futures::join!(slow, quick);
    assert_eq!(slow, Err(Error::Unavailable("the statement took too long".into())));
    assert_eq!(quick, Err(Error::Unavailable("all connections to PostgreSQL are in use".into())));
    assert_eq!(count_items(&db).await, 0);
}

#[tokio::test]
async fn an_unreachable_server_is_reported_without_its_password() {
    let world = World::new(tempfile::tempdir().unwrap(), "postgres://u:hunter2@127.0.0.1:1/x");
    let open = store::Database::open(
        world.config.clone(),
        world.dir.path(),
        store::Clock::system(),
        store::Random::system(),
    );
    let Err(error) = open.await else { panic!("nobody listens on port 1") };
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_file_that_becomes_read_only_is_survived_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    // Only the writer's connection fails, with the error that SQLite returns for a file that has become
    // read-only.
    let lock = db.write(|tx| Box::pin(async move { tx.execute("PRAGMA query_only = ON", &[]).await }));
    lock.await.unwrap();
    let refused = db.execute(INSERT_ITEM, params![1_i64, "x"]).await;
    assert_eq!(refused, Err(Error::Unavailable("the file is read-only".into())));
    assert_eq!(db.execute(INSERT_ITEM, params![1_i64, "x"]).await, Ok(1));
}

/// SQLite ends a whole transaction after some failures of the disk. Here a job does the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_of_a_commit_that_was_lost_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let jobs = (0..200_i64).map(|id| {
        let db = db.clone();
        async move {
            let run = db.write(move |tx| {
                Box::pin(async move {
                    if id % 50 == 25 {
                        tx.execute("ROLLBACK", &[]).await?;
                    }
                    tx.execute(INSERT_ITEM, params![id, &id.to_string()]).await
                })
            });
            run.await.map(|_changed| id)
        }
    });
    let results = futures::future::join_all(jobs).await;
    let acknowledged: Vec<(i64,)> =
        results.iter().filter_map(|result| result.clone().ok()).map(|id| (id,)).collect();
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(Error::Unavailable(_)))), "{results:?}");
    assert!(!acknowledged.iter().any(|(id,)| id % 50 == 25));
    let there =
        db.fetch_all::<(i64,)>("SELECT id FROM item WHERE id % 50 <> 25 ORDER BY id", &[]).await.unwrap();
    assert_eq!(there, acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_survived_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    db.execute(INSERT_ITEM, params![1_i64, "before"]).await.unwrap();
    // The writer's connection gets no more pages, as on a full disk.
    let limit = db.write(|tx| {
        Box::pin(async move {
            let (pages,) = tx.fetch_one::<(i64,)>("PRAGMA page_count", &[]).await?;
            assert!(pages < 40);
            tx.fetch_one::<(i64,)>("PRAGMA max_page_count = 40", &[]).await
        })
    });
    assert_eq!(limit.await, Ok((40,)));
    let big = "x".repeat(500_000);
    let full = db.execute(INSERT_ITEM, params![2_i64, &big]).await;
    assert_eq!(full, Err(Error::Unavailable("the disk is full".into())));
    assert_eq!(count_items(&db).await, 1);
    // Once there is space again, everything continues.
    db.execute(INSERT_ITEM, params![3_i64, &big]).await.unwrap();
    assert_eq!(count_items(&db).await, 2);
    assert_eq!(db.ping().await, Ok(()));
}
