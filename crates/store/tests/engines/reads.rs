//! Reading.

use store::{Error, params};

use crate::{INSERT_ITEM, on_both};

on_both! {
    async fn no_row_one_row_many_rows(world) {
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

    async fn pages_by_row_values(world) {
        let db = world.open_migrated().await;
        for id in 0..10_i64 {
            db.execute(INSERT_ITEM, params![id, &format!("n{}", id % 3)]).await.err();
            db.execute("INSERT INTO counter (id, n) VALUES ($1, $2)", params![id, id % 3]).await.unwrap();
        }
        let page = "SELECT n, id FROM counter WHERE (n, id) < ($1, $2) ORDER BY n DESC, id DESC LIMIT $3";
        let rows = db.fetch_all::<(i64, i64)>(page, params![1_i64, 7_i64, 3_i64]).await.unwrap();
        assert_eq!(rows, [(1, 4), (1, 1), (0, 9)]);
    }

    async fn wrong_sql_is_an_error_and_no_more(world) {
        let db = world.open_migrated().await;
        for sql in ["SELEC 1", "SELECT x FROM item", "SELECT 1 FROM nowhere"] {
            assert!(matches!(db.fetch_all::<(i64,)>(sql, &[]).await, Err(Error::Other(_))), "{sql}");
        }
        assert_eq!(db.fetch_one::<(i64,)>("SELECT COUNT(*) FROM item", &[]).await, Ok((0,)));
    }

    async fn reads_beside_heavy_reads(world) {
        let db = world.open_migrated().await;
        let heavy = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                     SELECT CAST(SUM(i) AS BIGINT) FROM n";
        let all = futures::future::join_all((0..32).map(|_| db.fetch_all_heavy::<(i64,)>(heavy, vec![]))).await;
        assert!(all.iter().all(|rows| rows == &Ok(vec![(200_010_000,)])));
    }

    async fn readiness(world) {
        let db = world.open_migrated().await;
        assert_eq!(db.ping().await, Ok(()));
        db.close().await.unwrap();
        assert!(matches!(db.ping().await, Err(Error::Unavailable(_))));
        assert!(matches!(db.fetch_all::<(i64,)>("SELECT 1", &[]).await, Err(Error::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_read_cannot_write_on_sqlite() {
    let world = crate::World::sqlite();
    let db = world.open_migrated().await;
    let insert = "INSERT INTO item (id, name) VALUES (1, 'x') RETURNING id";
    let refused = db.fetch_optional::<(i64,)>(insert, &[]).await;
    assert!(matches!(refused, Err(Error::Other(text)) if text.contains("execute or write")));
    assert_eq!(crate::count_items(&db).await, 0);
}
