//! Backups of a database in use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use store::{Error, params};

use crate::{INSERT_ITEM, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_others_write_holds_all_that_was_acknowledged_before() {
    let world = World::sqlite();
    let (db, writer) = (world.open_migrated().await, world.open().await);
    let (acknowledged, stop) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let writing = {
        let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
        async move {
            let mut id = 0;
            while !stop.load(Ordering::Acquire) {
                id += 1;
                writer
                    .execute(INSERT_ITEM, params![id, &"x".repeat(500).replacen('x', &id.to_string(), 1)])
                    .await
                    .unwrap();
                acknowledged.store(id, Ordering::Release);
            }
        }
    };
    let copying = async {
        for round in 0..5 {
            while acknowledged.load(Ordering::Acquire) < round * 200 {
                tokio::task::yield_now().await;
            }
            let to = world.dir.path().join(format!("copy{round}.db"));
            let before = acknowledged.load(Ordering::Acquire);
            let bytes = db.backup(&to).await.unwrap();
            let about = fs::metadata(&to).unwrap();
            assert_eq!(about.len(), bytes);
            assert_eq!(about.permissions().mode() & 0o777, 0o600);
            let copy = rusqlite::Connection::open(&to).unwrap();
            let intact: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(intact, "ok");
            let query = "SELECT COUNT(*), COALESCE(MAX(id), 0) FROM item";
            let (count, last): (i64, i64) =
                copy.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            assert_eq!(count, last, "a prefix");
            assert!(last >= before, "{last} of at least {before}");
        }
        stop.store(true, Ordering::Release);
    };
    futures::join!(tokio::task::unconstrained(writing), copying);
    let left: Vec<_> =
        fs::read_dir(world.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let to = world.dir.path().join("copy.db");
    testkit::write_file(&to, "precious");
    assert!(matches!(db.backup(&to).await, Err(Error::Other(text)) if text.contains("exists already")));
    assert_eq!(fs::read_to_string(&to).unwrap(), "precious");
    let nowhere = db.backup(&world.dir.path().join("nowhere/copy.db")).await;
    assert!(matches!(nowhere, Err(Error::Unavailable(_))), "{nowhere:?}");
    assert_eq!(db.fetch_one::<(i64,)>(crate::COUNT_ITEMS, &[]).await, Ok((0,)), "the reader is still one");
}

#[tokio::test]
async fn postgres_has_its_own_tool() {
    let world = World::postgres();
    let refused = world.open().await.backup(&world.dir.path().join("copy")).await;
    assert!(matches!(refused, Err(Error::Other(text)) if text.contains("pg_dump")));
}
