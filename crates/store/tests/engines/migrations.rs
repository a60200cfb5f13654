//! Migrations of the schema.

use store::{Database, Error, Migration, params};
use testkit::both_engines;

use crate::World;

const ONE: Migration = Migration {
    version: 1,
    name: "one",
    sql: "CREATE TABLE a (id BIGINT PRIMARY KEY, text TEXT NOT NULL, r DOUBLE PRECISION, b BLOB);
          -- a comment; with a semicolon
          CREATE INDEX a_text ON a (text) WHERE r > 0;",
    then: None,
};
const TWO: Migration = Migration {
    version: 2,
    name: "two",
    sql: "ALTER TABLE a ADD COLUMN note TEXT;
          CREATE TABLE posting (person BIGINT, term TEXT, n BIGINT NOT NULL, PRIMARY KEY (person, term)) \
          WITHOUT ROWID;
          INSERT INTO a (id, text) VALUES (1, 'it''s; $1');",
    then: None,
};
const BROKEN: Migration = Migration {
    version: 3,
    name: "broken",
    sql: "CREATE TABLE b (id BIGINT); INSERT INTO nowhere VALUES (1)",
    then: None,
};
const CHANGED: Migration =
    Migration { version: 1, name: "one", sql: "CREATE TABLE a (id BIGINT PRIMARY KEY)", then: None };

static FIRST: &[Migration] = &[ONE];
static BOTH: &[Migration] = &[ONE, TWO];
static WITH_BROKEN: &[Migration] = &[ONE, TWO, BROKEN];
static WITH_CHANGED: &[Migration] = &[CHANGED, TWO];
static WITH_GAP: &[Migration] = &[ONE, BROKEN];

async fn refusal(db: &Database, all: &'static [Migration]) -> String {
    let (migrated, pending) = (db.migrate_with(all).await, db.pending_with(all).await);
    assert_eq!(migrated, pending);
    match migrated {
        Err(Error::Migration(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[both_engines]
async fn pending_ones_are_applied_once(world: World) {
    let db = world.open().await;
    assert_eq!(db.pending_with(BOTH).await, Ok(vec!["one", "two"]));
    assert_eq!(db.migrate_with(FIRST).await, Ok(vec!["one"]));
    assert_eq!(db.pending_with(BOTH).await, Ok(vec!["two"]));
    assert_eq!(db.migrate_with(BOTH).await, Ok(vec!["two"]));
    assert_eq!(db.migrate_with(BOTH).await, Ok(vec![]));
    let (text, at): (String, i64) = db
        .fetch_one("SELECT text, applied_at FROM a, schema_migration WHERE version = 2", &[])
        .await
        .unwrap();
    assert_eq!((text.as_str(), at), ("it's; $1", world.clock.now().0));
    let (n,): (i64,) = db.fetch_one("SELECT COUNT(*) FROM posting", &[]).await.unwrap();
    assert_eq!(n, 0);
}

#[both_engines]
async fn an_empty_list_fits_an_empty_database(world: World) {
    let db = world.open().await;
    assert_eq!(db.migrate_with(&[]).await, Ok(vec![]));
}

#[both_engines]
async fn what_does_not_fit_is_refused(world: World) {
    let db = world.open().await;
    db.migrate_with(BOTH).await.unwrap();
    assert!(refusal(&db, WITH_CHANGED).await.contains("1 one was changed"));
    assert!(refusal(&db, FIRST).await.contains("2 two, which this program does not know"));
    assert!(refusal(&db, WITH_GAP).await.contains("no migration 2"));
    db.execute("DELETE FROM schema_migration WHERE version = $1", params![1_i64]).await.unwrap();
    assert!(refusal(&db, BOTH).await.contains("migration 1 is missing"));
}

#[both_engines]
async fn a_broken_one_takes_all_pending_ones_back(world: World) {
    let db = world.open().await;
    db.migrate_with(FIRST).await.unwrap();
    let Err(Error::Migration(text)) = db.migrate_with(WITH_BROKEN).await else { panic!("it is broken") };
    assert!(text.contains("migration 3 broken") && text.contains("nowhere"), "{text}");
    assert_eq!(db.pending_with(BOTH).await, Ok(vec!["two"]));
    assert!(db.fetch_all::<(i64,)>("SELECT id FROM b", &[]).await.is_err());
    assert_eq!(db.migrate_with(BOTH).await, Ok(vec!["two"]));
}

#[both_engines]
async fn processes_that_start_together_apply_each_once(world: World) {
    let databases = [world.open().await, world.open().await, world.open().await, world.open().await];
    let all = futures::future::join_all(databases.iter().map(|db| db.migrate_with(BOTH))).await;
    let applied: Vec<_> = all.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(applied, ["one", "two"]);
}

#[both_engines]
async fn the_real_list_applies(world: World) {
    let db = world.open().await;
    let pending = db.pending().await.unwrap();
    assert_eq!(db.migrate(search::cut_again).await, Ok(pending));
    assert_eq!(db.migrate(search::cut_again).await, Ok(vec![]));
}

#[tokio::test]
async fn tables_are_strict_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let wrong = db.execute("INSERT INTO counter (id, n) VALUES (1, 'x')", &[]).await;
    assert!(matches!(wrong, Err(Error::Other(_))), "{wrong:?}");
}
