//! Values of every type, written and read back.

use proptest::prelude::*;
use store::{Error, Param, Timestamp, from_row, owned_params, params};
use testkit::both_engines;

use crate::World;

/// Placeholders in any order, and more than once.
const INSERT: &str = "INSERT INTO val (b, t, r, i, id) VALUES ($5, $4, $3, $2, $1)
    ON CONFLICT (id) DO UPDATE SET b = $5, t = $4, r = $3, i = $2";
const SELECT: &str = "SELECT i, r, t, b FROM val WHERE id = $1 AND '$2' <> t /* $3 */ -- $4
    OR id = $1";

type Values = (Option<i64>, Option<f64>, Option<String>, Option<Vec<u8>>);

fn real() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("a number", |r| !r.is_nan()),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE)
    ]
}

fn values() -> impl Strategy<Value = Values> {
    let int = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0)];
    let text = prop_oneof!["[^\0]{0,40}", "[一-龥]{1,20}", "('|\"|\\$1|\\?1|\\\\){0,6}"];
    let blob = prop::collection::vec(any::<u8>(), 0..300);
    (prop::option::of(int), prop::option::of(real()), prop::option::of(text), prop::option::of(blob))
}

fn runner() -> proptest::test_runner::TestRunner {
    proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..Default::default()
    })
}

#[derive(Debug, PartialEq)]
struct Val {
    id: i64,
    at: Timestamp,
    truth: bool,
    name: String,
    bytes: [u8; 3],
}
from_row!(Val { id, at, truth, name, bytes });

#[both_engines]
async fn all_values_survive(world: World) {
    let db = world.open_migrated().await;
    let runtime = tokio::runtime::Handle::current();
    let round_trips = move || {
        runner().run(&values(), |sent| {
            let back: Values = runtime.block_on(async {
                let (i, r, t, b) = &sent;
                db.execute(INSERT, params![1_i64, *i, *r, t, b]).await.unwrap();
                let light: Values = db.fetch_one(SELECT, params![1_i64]).await.unwrap();
                let heavy = db.fetch_all_heavy::<Values>(SELECT, owned_params![1_i64]).await.unwrap();
                assert_eq!(heavy, std::slice::from_ref(&light));
                light
            });
            prop_assert_eq!(back, sent);
            Ok(())
        })
    };
    tokio::task::spawn_blocking(round_trips).await.unwrap().unwrap();
}

#[both_engines]
async fn large_values_survive(world: World) {
    let db = world.open_migrated().await;
    let (blob, text) = (vec![0xa5; 5_000_000], "字".repeat(1_000_000));
    db.execute(INSERT, params![1_i64, None::<i64>, None::<f64>, &text, &blob]).await.unwrap();
    let (_, _, t, b): Values = db.fetch_one(SELECT, params![1_i64]).await.unwrap();
    assert!(t == Some(text) && b == Some(blob));
}

#[both_engines]
async fn structs_are_read_by_their_fields(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT, params![7_i64, true, 0.5, "名", &[1_u8, 2, 3]]).await.unwrap();
    let val: Val = db.fetch_one("SELECT id, i, i, t, b FROM val", &[]).await.unwrap();
    let expected = Val { id: 7, at: Timestamp(1), truth: true, name: "名".into(), bytes: [1, 2, 3] };
    assert_eq!(val, expected);
}

#[both_engines]
async fn a_value_of_another_type_is_an_error(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT, params![1_i64, 2_i64, 0.5, "x", &[1_u8, 2]]).await.unwrap();
    let wrong = |place, number, expected, found| Error::Type { place, number, expected, found };
    let text = db.fetch_one::<(i64, String)>("SELECT id, i FROM val", &[]).await;
    assert_eq!(text, Err(wrong("column", 1, "TEXT", "BIGINT")));
    let truth = db.fetch_one::<(bool,)>("SELECT i FROM val", &[]).await;
    assert_eq!(truth, Err(wrong("column", 0, "BIGINT of 0 or 1", "BIGINT")));
    let missing = db.fetch_one::<(i64, i64)>("SELECT i FROM val", &[]).await;
    assert_eq!(missing, Err(wrong("column", 1, "BIGINT", "no such column")));
    let nothing = db
        .fetch_one::<(i64,)>("SELECT i FROM val WHERE t = $1 OR i IS NOT NULL AND NULL IS NULL", params!["x"])
        .await;
    assert_eq!(nothing, Ok((2,)));
    db.execute(INSERT, params![1_i64, Param::Null, 0.5, "x", &[1_u8, 2]]).await.unwrap();
    let null = db.fetch_one::<(i64,)>("SELECT i FROM val", &[]).await;
    assert_eq!(null, Err(wrong("column", 0, "BIGINT", "NULL")));
    let short = db.fetch_one::<([u8; 3],)>("SELECT b FROM val", &[]).await;
    assert_eq!(short, Err(wrong("column", 0, "BLOB of the right length", "BLOB")));
}

#[both_engines]
async fn a_parameter_that_does_not_fit_is_an_error(world: World) {
    let db = world.open_migrated().await;
    for bad in [Param::Real(f64::NAN), Param::Int(1), Param::Blob(b"x")] {
        let refused = db.execute(INSERT, &[Param::Int(1), Param::Null, bad, Param::Text("a"), bad]).await;
        assert!(refused.is_err(), "{bad:?}");
    }
    let nul = db.execute(INSERT, params![1_i64, 1_i64, 0.5, "a\0b", b"x"]).await;
    assert!(matches!(nul, Err(Error::Type { place: "parameter", number: 4, .. })), "{nul:?}");
    let few = db.execute(INSERT, params![1_i64]).await.unwrap_err();
    assert_eq!(few, Error::Other("the statement has 5 parameters, 1 were given".into()));
    assert_eq!(db.fetch_all::<(i64,)>("SELECT id FROM val", &[]).await, Ok(vec![]));
}

#[both_engines]
async fn infinities_and_truth_values(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT, params![1_i64, false, f64::NEG_INFINITY, "", &[0_u8; 0]]).await.unwrap();
    let row: (bool, f64, String, Vec<u8>) = db.fetch_one(SELECT, params![1_i64]).await.unwrap();
    assert_eq!(row, (false, f64::NEG_INFINITY, String::new(), vec![]));
    let whole: (f64, f64) = db
        .fetch_one("SELECT COALESCE(SUM(r), 0), COALESCE(SUM(r), 0.5) FROM val WHERE id = 2", &[])
        .await
        .unwrap();
    assert_eq!(whole, (0.0, 0.5));
    let found: (bool, bool) =
        db.fetch_one("SELECT EXISTS (SELECT 1 FROM val), EXISTS (SELECT 1 FROM item)", &[]).await.unwrap();
    assert_eq!(found, (true, false));
}

#[both_engines]
async fn errors_never_repeat_a_value(world: World) {
    let db = world.open_migrated().await;
    let secret = "hunter2";
    db.execute(crate::INSERT_ITEM, params![1_i64, secret]).await.unwrap();
    let errors = [
        db.execute(crate::INSERT_ITEM, params![2_i64, secret]).await.unwrap_err(),
        db.execute(crate::INSERT_ITEM, params![secret, secret]).await.unwrap_err(),
        db.execute("INSERT INTO item (id, name) VALUES ($1, NULLIF($2, $2))", params![3_i64, secret])
            .await
            .unwrap_err(),
        db.execute("INSERT INTO nowhere (id) VALUES ($1)", params![secret]).await.unwrap_err(),
        db.fetch_one::<(i64,)>("SELECT name FROM item", &[]).await.unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
}
