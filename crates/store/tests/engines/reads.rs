//! Reads.

use futures::future::BoxFuture;
use store::{Database, Error, Tx, params};
use testkit::both_engines;
use tokio::task::JoinSet;

use crate::{COUNT_ITEMS, INSERT_ITEM, World, count_items};

async fn read<T, F>(db: &Database, heavy: bool, job: F) -> Result<T, Error>
where
    F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    if heavy { db.read_heavy(job).await } else { db.read(job).await }
}

#[both_engines]
async fn no_row_one_row_many_rows(world: World) {
    let db = world.open_migrated().await;
    let one = "SELECT id FROM item WHERE name = $1 ORDER BY id";
    assert_eq!(db.fetch_optional::<(i64,)>(one, params!["a"]).await, Ok(None));
    assert_eq!(db.fetch_one::<(i64,)>(one, params!["a"]).await, Err(Error::NotFound));
    for (id, name) in [(1_i64, "a"), (2, "b"), (3, "B")] {
        assert_eq!(db.execute(INSERT_ITEM, params![id, name]).await, Ok(1));
    }
    assert_eq!(db.fetch_one::<(i64,)>(one, params!["b"]).await, Ok((2,)));
    let all = db.fetch_all::<(String,)>("SELECT name FROM item ORDER BY name", &[]).await.unwrap();
    let names: Vec<_> = all.iter().map(|(name,)| name.as_str()).collect();
    assert_eq!(names, ["B", "a", "b"], "text is ordered by its bytes");
    let first = db.fetch_optional::<(i64,)>("SELECT id FROM item ORDER BY id", &[]).await;
    assert_eq!(first, Ok(Some((1,))), "the first of many");
}

#[both_engines]
async fn pages_by_row_values(world: World) {
    let db = world.open_migrated().await;
    for id in 0..10_i64 {
        db.execute(INSERT_ITEM, params![id, &format!("n{}", id % 3)]).await.err();
        db.execute("INSERT INTO counter (id, n) VALUES ($1, $2)", params![id, id % 3]).await.unwrap();
    }
    let page = "SELECT n, id FROM counter WHERE (n, id) < ($1, $2) ORDER BY n DESC, id DESC LIMIT $3";
    let rows = db.fetch_all::<(i64, i64)>(page, params![1_i64, 7_i64, 3_i64]).await.unwrap();
    assert_eq!(rows, [(1, 4), (1, 1), (0, 9)]);
}

#[both_engines]
async fn wrong_sql_is_an_error_and_no_more(world: World) {
    let db = world.open_migrated().await;
    for sql in ["SELEC 1", "SELECT x FROM item", "SELECT 1 FROM nowhere"] {
        assert!(matches!(db.fetch_all::<(i64,)>(sql, &[]).await, Err(Error::Other(_))), "{sql}");
    }
    assert_eq!(db.fetch_one::<(i64,)>("SELECT COUNT(*) FROM item", &[]).await, Ok((0,)));
}

#[both_engines]
async fn reads_beside_heavy_reads(world: World) {
    let db = world.open_migrated().await;
    let heavy = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                     SELECT CAST(SUM(i) AS BIGINT) FROM n";
    let all = futures::future::join_all((0..32).map(|_| db.fetch_all_heavy::<(i64,)>(heavy, vec![]))).await;
    assert!(all.iter().all(|rows| rows == &Ok(vec![(200_010_000,)])));
}

#[both_engines]
async fn reads_of_a_transaction_see_one_state(world: World) {
    let db = world.open_migrated().await;
    for heavy in [false, true] {
        let before = count_items(&db).await;
        let (begun, begins) = tokio::sync::oneshot::channel();
        let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
        let reader = db.clone();
        let mut reads = JoinSet::new();
        reads.spawn(async move {
            let both = read(&reader, heavy, |tx| {
                Box::pin(async move {
                    let (first,): (i64,) = tx.fetch_one(COUNT_ITEMS, &[]).await?;
                    begun.send(()).unwrap();
                    // Not awaited: a transaction may await only its statements.
                    tokio::task::block_in_place(|| goes_on.recv().unwrap());
                    let (second,): (i64,) = tx.fetch_one(COUNT_ITEMS, &[]).await?;
                    Ok([first, second])
                })
            });
            both.await
        });
        begins.await.unwrap();
        db.execute(INSERT_ITEM, params![before, &format!("name {before}")]).await.unwrap();
        go_on.send(()).unwrap();
        assert_eq!(reads.join_next().await.unwrap().unwrap(), Ok([before, before]));
        assert_eq!(count_items(&db).await, before + 1);
    }
}

#[both_engines]
async fn a_transaction_that_reads_writes_nothing(world: World) {
    let db = world.open_migrated().await;
    let refused = |error: Error| matches!(&error, Error::Other(text) if text.contains("only reads"));
    let insert = db.read(|tx| Box::pin(async { tx.execute(INSERT_ITEM, params![1_i64, "x"]).await }));
    assert!(refused(insert.await.unwrap_err()));
    let notify = db.read_heavy(|tx| Box::pin(async { tx.notify("topic", "x").await }));
    assert!(refused(notify.await.unwrap_err()));
    let returning = db.read(|tx| {
        Box::pin(async {
            let returning = "INSERT INTO item (id, name) VALUES (1, 'x') RETURNING id";
            tx.fetch_one::<(i64,)>(returning, &[]).await
        })
    });
    // PostgreSQL reports the same of a standby server.
    assert!(matches!(returning.await, Err(Error::Other(_) | Error::Unavailable(_))));
    let hidden = db.read(|tx| {
        Box::pin(async {
            let _hidden = tx.execute(INSERT_ITEM, params![1_i64, "x"]).await;
            Ok::<_, Error>(())
        })
    });
    assert!(refused(hidden.await.unwrap_err()), "a failure cannot be passed over");
    assert_eq!(count_items(&db).await, 0);
}

#[both_engines]
async fn what_goes_wrong_in_a_transaction_that_reads_is_over_with_it(world: World) {
    let db = world.open_migrated().await;
    for heavy in [false, true] {
        for _ in 0..20 {
            let panics: Result<(), _> = read(&db, heavy, |_tx| panic!("on purpose")).await;
            assert_eq!(panics, Err(Error::Other("a transaction panicked".into())));
            let fails: Result<(), _> = read(&db, heavy, |_tx| Box::pin(async { Err(Error::NotFound) })).await;
            assert_eq!(fails, Err(Error::NotFound));
        }
        let counted: Result<(i64,), _> =
            read(&db, heavy, |tx| Box::pin(tx.fetch_one(COUNT_ITEMS, &[]))).await;
        assert_eq!(counted, Ok((0,)));
    }
}

#[both_engines]
async fn readiness(world: World) {
    let db = world.open_migrated().await;
    assert_eq!(db.ping().await, Ok(()));
    db.close().await.unwrap();
    assert!(matches!(db.ping().await, Err(Error::Unavailable(_))));
    assert!(matches!(db.fetch_all::<(i64,)>("SELECT 1", &[]).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_read_cannot_write_on_sqlite() {
    let world = World::sqlite();
    let db = world.open_migrated().await;
    let insert = "INSERT INTO item (id, name) VALUES (1, 'x') RETURNING id";
    let refused = db.fetch_optional::<(i64,)>(insert, &[]).await;
    assert!(matches!(refused, Err(Error::Other(text)) if text.contains("execute or write")));
    assert_eq!(count_items(&db).await, 0);
}
