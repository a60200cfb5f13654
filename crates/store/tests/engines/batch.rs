//! The batch writer: what cannot be written is put back, and does not keep the rest waiting.

use store::{Batch, BatchPart, BatchWriter, BoxFuture, Database, Result, Tx, params};
use testkit::both_engines;

use crate::{INSERT_ITEM, World, count_items};

/// Items that wait.
#[derive(Default)]
struct Items(Vec<i64>);

/// Two items.
#[derive(Debug, PartialEq)]
struct Pair(Vec<i64>);

impl Batch for Items {
    type Part = Pair;

    fn parts(self) -> Vec<Pair> {
        self.0.chunks(2).map(|pair| Pair(pair.to_vec())).collect()
    }

    fn put_back(&mut self, part: Pair) {
        self.0.splice(0..0, part.0);
    }
}

impl BatchPart for Pair {
    type Output = i64;

    fn write<'t>(&'t self, tx: &'t mut Tx<'_>, _db: &'t Database) -> BoxFuture<'t, Result<i64>> {
        Box::pin(async move {
            for id in &self.0 {
                tx.execute(INSERT_ITEM, params![*id, &format!("name {id}")]).await?;
            }
            Ok(self.0.iter().sum())
        })
    }
}

fn writer(items: std::ops::Range<i64>) -> BatchWriter<Items> {
    let writer = BatchWriter::<Items>::new("items");
    writer.waiting().0.extend(items);
    writer
}

#[both_engines]
async fn each_part_is_a_transaction_with_a_result(world: World) {
    let db = world.open_migrated().await;
    let writer = writer(1..6);
    let flushed = writer.flush(&db).await;
    let expected = vec![(Pair(vec![1, 2]), 3), (Pair(vec![3, 4]), 7), (Pair(vec![5]), 5)];
    assert_eq!((flushed.written, flushed.failed), (expected, 0));
    assert_eq!((count_items(&db).await, writer.waiting().0.len()), (5, 0));
    assert_eq!(writer.flush(&db).await.written, Vec::new(), "nothing is written twice");
}

#[both_engines]
async fn a_part_that_fails_is_put_back_and_the_others_are_written(world: World) {
    let db = world.open_migrated().await;
    db.execute(INSERT_ITEM, params![9_i64, "name 3"]).await.unwrap();
    let writer = writer(1..7);
    let flushed = writer.flush(&db).await;
    let written: Vec<Pair> = flushed.written.into_iter().map(|(pair, _)| pair).collect();
    assert_eq!((written, flushed.failed), (vec![Pair(vec![1, 2]), Pair(vec![5, 6])], 1));
    assert_eq!(writer.waiting().0, [3, 4]);
    db.execute("DELETE FROM item WHERE id = $1", params![9_i64]).await.unwrap();
    assert_eq!(writer.flush(&db).await.failed, 0);
    assert_eq!(count_items(&db).await, 6);
}

#[both_engines]
async fn all_parts_wait_in_order_while_the_database_is_away(world: World) {
    let db = world.open_migrated().await;
    let writer = writer(1..8);
    db.close().await.unwrap();
    let flushed = writer.flush(&db).await;
    assert_eq!((flushed.written, flushed.failed), (Vec::new(), 4));
    assert_eq!(writer.waiting().0, [1, 2, 3, 4, 5, 6, 7]);
}
