//! Copies of whole databases: interrupted, continued, and refused.

use std::sync::Arc;

use store::{Database, Error, Progress, params};
use tokio::sync::Notify;

use crate::World;

const ACCOUNT: &str = "INSERT INTO account (id, email, name, route, password_hash, is_admin, key_count, \
    created_at) \
     VALUES ($1, $2, 'n', 'r', 'x', 0, 0, 1)";
const MEMORY: &str = "INSERT INTO key_memory (id, account_id, actor, object, content, visibility, hash, \
    created_at, \
     updated_at) VALUES ($1, 7, '', '', $2, 1, $3, 1, 1)";
const MEMORIES: i64 = 5000;

/// A database with the real schema, one account and many rows of several sizes.
async fn filled(world: &World) -> Database {
    let db = world.open().await;
    db.migrate(search::cut_again).await.unwrap();
    db.execute(ACCOUNT, params![7_i64, "a@b"]).await.unwrap();
    let fill = db.write(|tx| {
        Box::pin(async move {
            for id in 1..=MEMORIES {
                let text =
                    "\u{1f600}'\"\\".repeat(usize::try_from(id % 50 * (id % 97 / 96) * 40 + 1).unwrap());
                let hash = id.to_be_bytes().repeat(4);
                tx.send(MEMORY, params![id * 3, &text, &hash]).await?;
            }
            Ok::<_, Error>(())
        })
    });
    fill.await.unwrap();
    db
}

/// Copies until some thousand rows of the large table are there, and then gives up as a killed process does.
async fn interrupted(from: &Database, to: &Database) {
    let enough = Arc::new(Notify::new());
    let told = Arc::clone(&enough);
    let copy = from.relocate(to, move |progress| {
        if matches!(progress, Progress::Copied("key_memory", 1000..)) {
            told.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = enough.notified() => {}
        done = copy => panic!("it was not interrupted: {done:?}"),
    }
}

async fn moves(here: World, there: World) {
    let (from, to) = (filled(&here).await, there.open().await);
    interrupted(&from, &to).await;
    for refused in [to.migrate(search::cut_again).await.map(|_| ()), to.pending().await.map(|_| ())] {
        assert!(
            matches!(&refused, Err(Error::Migration(why)) if why.contains("not finished")),
            "{refused:?}"
        );
    }
    // Another database is not mixed into it.
    let mut other = World::sqlite();
    other.clock = store::Clock::manual(store::Timestamp(1_900_000_000_000));
    let other = filled(&other).await;
    let mixed = other.relocate(&to, |_| ()).await;
    assert!(matches!(&mixed, Err(Error::Other(why)) if why.contains("another database")), "{mixed:?}");
    let mut compared = 0;
    let done = from.relocate(&to, |step| {
        if let Progress::Compared("key_memory", rows) = step {
            compared = rows;
        }
    });
    let done = done.await.unwrap();
    assert_eq!(compared, u64::try_from(MEMORIES).unwrap());
    assert!(done.tables > 40 && done.rows > compared, "{done:?}");
    assert_eq!(to.migrate(search::cut_again).await.unwrap(), Vec::<&str>::new());
    // A database that is in use, and one that holds something, are left alone.
    let full = from.relocate(&to, |_| ()).await;
    assert!(matches!(&full, Err(Error::Other(why)) if why.contains("not empty")), "{full:?}");
    let running = here.open().await;
    let busy = from.relocate(&there.open().await, |_| ()).await;
    assert!(matches!(&busy, Err(Error::Other(why)) if why.contains("in use by 1 other")), "{busy:?}");
    running.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_move_to_postgres_goes_on() {
    moves(World::sqlite(), World::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_move_to_sqlite_goes_on() {
    moves(World::postgres(), World::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_that_changed_meanwhile_is_found() {
    let (here, there) = (World::sqlite(), World::postgres());
    let (from, to) = (filled(&here).await, there.open().await);
    interrupted(&from, &to).await;
    from.execute("UPDATE key_memory SET content = 'changed' WHERE id = 3", &[]).await.unwrap();
    let done = from.relocate(&to, |_| ()).await;
    assert!(matches!(&done, Err(Error::Other(why)) if why.contains("key_memory differs")), "{done:?}");
    assert!(
        matches!(to.migrate(search::cut_again).await, Err(Error::Migration(_))),
        "it is not used by mistake"
    );
}
