//! The buckets whose calls wait to be added to the store.

use std::sync::Arc;

use store::{Batch, BatchPart, BoxFuture, Database, Tx, params};

use super::{
    bucket::{self, Bucket},
    queries,
};

/// Buckets written in one transaction. Few, so that no other write waits long.
const PART: usize = 200;

/// The buckets that let calls through since the last synchronization. A bucket may be among them twice.
#[derive(Default)]
pub(super) struct Touched(pub(super) Vec<Arc<Bucket>>);

/// Some of the buckets, with the calls that each has let through.
pub(super) struct Part(Vec<(Arc<Bucket>, bucket::Pending)>);

/// The rows of a part's buckets, with the calls of all processes.
pub(super) struct Synced {
    pub(super) today: i64,
    pub(super) rows: Vec<(i64, i64, i64)>,
}

impl Batch for Touched {
    type Part = Part;

    fn parts(self) -> Vec<Part> {
        let mut buckets = self.0;
        // Sorted, so that two processes lock rows in the same order and never deadlock.
        buckets.sort_unstable_by(|one, other| one.subject().cmp(other.subject()));
        buckets.dedup_by(|one, other| Arc::ptr_eq(one, other));
        let with_calls = |bucket: &Arc<Bucket>| (Arc::clone(bucket), bucket.pending());
        buckets.chunks(PART).map(|part| Part(part.iter().map(with_calls).collect())).collect()
    }

    fn put_back(&mut self, part: Part) {
        for (bucket, pending) in part.0 {
            bucket.give_back(pending);
            self.0.push(bucket);
        }
    }
}

impl Part {
    /// Returns the buckets, in the order of the rows.
    pub(super) fn buckets(&self) -> impl Iterator<Item = &Bucket> {
        self.0.iter().map(|(bucket, _)| &**bucket)
    }
}

impl BatchPart for Part {
    type Output = Synced;

    fn write<'t>(&'t self, tx: &'t mut Tx<'_>, db: &'t Database) -> BoxFuture<'t, store::Result<Synced>> {
        Box::pin(async move {
            let now = db.clock().now();
            let (now_us, today) = (now.as_millis() * 1000, now.day());
            let mut rows = Vec::with_capacity(self.0.len());
            for (bucket, pending) in &self.0 {
                let values = params![
                    bucket.subject(),
                    now_us,
                    pending.ahead_us,
                    pending.day.min(today),
                    pending.calls,
                    now_us + bucket::AHEAD_US,
                    today
                ];
                rows.push(tx.fetch_one(queries::ADD, values).await?);
            }
            Ok(Synced { today, rows })
        })
    }
}
