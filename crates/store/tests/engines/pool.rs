//! Connections of PostgreSQL shared between people, and a server that refuses further connections.

use std::time::Duration;

use futures::future::join_all;
use store::{AccountId, Database, Error, on_behalf_of, params};
use testkit::postgres::Cluster;

use crate::{COUNT_ITEMS, INSERT_ITEM, World, count_items};

const INSERT_COUNTER: &str = "INSERT INTO counter (id, n) VALUES ($1, 0)";
const ADD: &str = "UPDATE counter SET n = n + 1 WHERE id = $1";
const COUNTED: &str = "SELECT n FROM counter WHERE id = $1";

/// Writers of one person that all wait for one row, which a transaction elsewhere has locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_one_person_leave_connections_to_others() {
    let mut world = World::postgres();
    world.config.pool_size = 8;
    let db = world.open_migrated().await;
    for id in [1_i64, 2] {
        db.execute(INSERT_COUNTER, params![id]).await.unwrap();
    }
    let (locked, is_locked) = futures::channel::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let other_process = world.open().await;
    // On its own thread, because it waits within its transaction.
    let holder = std::thread::spawn(move || {
        let hold = other_process.write(move |tx| {
            Box::pin(async move {
                tx.execute(ADD, params![1_i64]).await?;
                let _told = locked.send(());
                let _released = released.recv_timeout(Duration::from_secs(60));
                Ok::<_, Error>(())
            })
        });
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(hold)
    });
    let rest = async {
        is_locked.await.unwrap();
        let writers = join_all((0..64).map(|_| {
            let db = &db;
            async move { on_behalf_of(Some(AccountId(1)), db.execute(ADD, params![1_i64])).await }
        }));
        let others = async {
            tokio::task::yield_now().await;
            for _ in 0..50 {
                assert_eq!(db.fetch_one::<(i64,)>(COUNTED, params![1_i64]).await, Ok((0,)));
                on_behalf_of(Some(AccountId(2)), db.execute(ADD, params![2_i64])).await.unwrap();
                db.ping().await.unwrap();
            }
            release.send(()).unwrap();
        };
        let (written, ()) = futures::join!(writers, others);
        assert!(written.iter().all(Result::is_ok), "{written:?}");
    };
    rest.await;
    holder.join().unwrap().unwrap();
    assert_eq!(db.fetch_one::<(i64,)>(COUNTED, params![1_i64]).await, Ok((65,)));
    assert_eq!(db.load().connections.unwrap().1, 0, "all permits are back");
}

/// A role that may open fewer connections than the pools of two processes have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_cannot_grow_waits_for_its_own_connections() {
    let cluster = Cluster::start();
    let url = cluster.fresh_url();
    let schema = url.rsplit("%3D").next().unwrap().to_owned();
    cluster.run("CREATE ROLE few LOGIN CONNECTION LIMIT 8");
    cluster.run(&format!("GRANT ALL ON SCHEMA {schema} TO few"));
    let mut world = World::new(tempfile::tempdir().unwrap(), &url.replace("postgres@", "few@"));
    world.config.pool_size = 16;
    let (one, two) = (world.open_migrated().await, world.open().await);
    let write = async |db: &Database, id: i64| db.execute(INSERT_ITEM, params![id, &id.to_string()]).await;
    // Each has a connection before the load, as a process in service has.
    write(&one, -1).await.unwrap();
    write(&two, -2).await.unwrap();
    let crowd = join_all((0..400_i64).map(|id| write(if id % 2 == 0 { &one } else { &two }, id))).await;
    let refused: Vec<_> = crowd.iter().filter(|result| result.is_err()).collect();
    assert!(refused.is_empty(), "{} refused, as {:?}", refused.len(), refused.first());
    assert_eq!(count_items(&one).await, 402);
    assert_eq!(one.ping().await, Ok(()));
}

/// All connections belong to others, so there is none to wait for.
#[tokio::test]
async fn without_a_connection_of_its_own_a_process_refuses_at_once() {
    let cluster = Cluster::start();
    let url = cluster.fresh_url();
    let schema = url.rsplit("%3D").next().unwrap().to_owned();
    cluster.run("CREATE ROLE few LOGIN CONNECTION LIMIT 2");
    cluster.run(&format!("GRANT ALL ON SCHEMA {schema} TO few"));
    let mut world = World::new(tempfile::tempdir().unwrap(), &url.replace("postgres@", "few@"));
    world.config.pool_size = 1;
    let one = world.open_migrated().await;
    one.execute(INSERT_ITEM, params![1_i64, "x"]).await.unwrap();
    // The first process has its listening connection and one of its pool. None is left for the second.
    let start = std::time::Instant::now();
    let open =
        Database::open(world.config.clone(), world.dir.path(), world.clock.clone(), store::Random::seeded(2));
    let Err(error) = open.await else { panic!("there is no connection left for its pool") };
    assert!(matches!(&error, Error::Unavailable(text) if text.contains("53300")), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(one.fetch_one::<(i64,)>(COUNT_ITEMS, &[]).await, Ok((1,)));
}
