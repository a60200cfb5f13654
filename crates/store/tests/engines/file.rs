//! The SQLite file itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use store::{Clock, Database, DatabaseConfig, Error, Random, params};

use crate::{INSERT_ITEM, World, count_items};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn files_and_directories_are_their_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("deep/data");
    let file = data.join("x.db");
    let config = DatabaseConfig::parse(&format!("sqlite:{}", file.display())).unwrap();
    let db = Database::open(config, &data, Clock::system(), Random::system()).await.unwrap();
    db.migrate_with(crate::TABLES).await.unwrap();
    assert_eq!(mode(&data), 0o700);
    for name in ["x.db", "x.db-wal", "x.db-shm", "nodes/00"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    db.close().await.unwrap();
    assert!(!data.join("x.db-wal").exists(), "closing leaves one file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_write_to_one_file() {
    let world = World::sqlite();
    let (one, two) = (world.open_migrated().await, world.open().await);
    let insert = |db: Database, first: i64| async move {
        for id in first..first + 100 {
            db.execute(INSERT_ITEM, params![id, &id.to_string()]).await.unwrap();
        }
    };
    futures::join!(insert(one.clone(), 0), insert(two.clone(), 1000));
    assert_eq!(count_items(&one).await, 200);
    one.close().await.unwrap();
    assert_eq!(count_items(&two).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_held_too_long_is_reported_and_survived() {
    let mut world = World::sqlite();
    world.config.wait_timeout = Duration::from_millis(100);
    let db = world.open_migrated().await;
    let other = rusqlite::Connection::open(world.dir.path().join("test.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let names: Vec<String> = (0..20).map(|id| id.to_string()).collect();
    let writes = (0_i64..).zip(&names).map(|(id, name)| {
        let db = &db;
        async move { db.execute(INSERT_ITEM, params![id, name]).await }
    });
    for result in futures::future::join_all(writes).await {
        assert_eq!(result, Err(Error::Unavailable("another process holds its lock".into())));
    }
    assert_eq!(count_items(&db).await, 0, "reading goes on meanwhile");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(db.execute(INSERT_ITEM, params![1_i64, "x"]).await, Ok(1));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let world = World::sqlite();
    testkit::write_file(
        world.dir.path().join("test.db"),
        "no database, but long enough to look for a header".repeat(20),
    );
    let open = Database::open(world.config.clone(), world.dir.path(), Clock::system(), Random::system());
    let Err(error) = open.await else { panic!("it is no database") };
    assert_eq!(error, Error::Damaged("the file is no SQLite database".into()));
}

#[tokio::test]
async fn a_place_that_cannot_be_is_refused() {
    let world = World::sqlite();
    testkit::write_file(world.dir.path().join("file"), "");
    let below = world.dir.path().join("file/data");
    let config = DatabaseConfig::parse(&format!("sqlite:{}", below.join("x.db").display())).unwrap();
    let open = Database::open(config, &below, Clock::system(), Random::system());
    assert!(matches!(open.await, Err(Error::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_does_not_grow_for_ever() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let text = "x".repeat(100_000);
    for id in 0..600_i64 {
        let name = format!("{id}{text}");
        db.execute(INSERT_ITEM, params![id, &name]).await.unwrap();
    }
    let log = fs::metadata(world.dir.path().join("test.db-wal")).unwrap().len();
    assert!(log < 40_000_000, "{log} bytes after 120 MB");
}

/// Statistics of a small database would make every later look-up scan the table.
#[tokio::test]
async fn closing_leaves_no_statistics_behind() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    assert_eq!(db.execute(INSERT_ITEM, params![1_i64, "x"]).await, Ok(1));
    assert_eq!(count_items(&db).await, 1);
    db.close().await.unwrap();
    let file = rusqlite::Connection::open(world.dir.path().join("test.db")).unwrap();
    let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'sqlite_stat%'";
    assert_eq!(file.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}
