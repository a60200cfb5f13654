//! Synchronization of limits between processes.

use std::time::Duration;

use store::params;
use web::Tasks;

use super::{bucket, queries};
use crate::Services;

/// Interval between synchronizations with the store.
const SYNC_EVERY: Duration = Duration::from_millis(500);
/// Buckets written in one transaction. Few, so that no other write waits long.
const PART: usize = 200;
/// Days for which a row is kept after its last change.
const KEEP_DAYS: i64 = 2;
/// Rows deleted at a time.
const BATCH: i64 = 500;

impl Services {
    /// Adds the calls of this process to the store and reads those of other processes.
    pub async fn sync_limits(&self) {
        let now = self.db().clock().now();
        let (now_us, today) = (now.as_millis() * 1000, now.day());
        for part in self.limits().touched().chunks(PART) {
            let taken: Vec<bucket::Pending> = part.iter().map(|bucket| bucket.pending()).collect();
            let rows: Vec<(String, bucket::Pending)> =
                part.iter().map(|bucket| bucket.subject().to_owned()).zip(taken.iter().copied()).collect();
            let write = self.db().write(move |tx| {
                Box::pin(async move {
                    let mut found = Vec::with_capacity(rows.len());
                    for (subject, pending) in &rows {
                        let values = params![
                            subject,
                            now_us,
                            pending.ahead_us,
                            pending.day.min(today),
                            pending.calls,
                            now_us + bucket::AHEAD_US,
                            today
                        ];
                        let row: (i64, i64, i64) = tx.fetch_one(queries::ADD, values).await?;
                        found.push(row);
                    }
                    Ok::<_, store::Error>(found)
                })
            });
            match write.await {
                Ok(found) => {
                    for (bucket, (tat, day, calls)) in part.iter().zip(found) {
                        bucket.learn(tat, day, calls, today);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "calls not counted for other processes yet");
                    for (bucket, pending) in part.iter().zip(taken) {
                        bucket.give_back(pending);
                    }
                    self.limits().touched.lock().extend(part.iter().cloned());
                }
            }
        }
    }

    pub(crate) async fn forget_old_limits(&self) -> store::Result<bool> {
        let before = self.db().clock().now().day() - KEEP_DAYS;
        let removed = self.db().execute(queries::FORGET, params![before, BATCH]).await?;
        Ok(removed >= BATCH.unsigned_abs())
    }
}

pub(crate) fn start(services: &Services, tasks: &Tasks) {
    let services = services.clone();
    tasks.every(SYNC_EVERY, move || {
        let services = services.clone();
        async move { services.sync_limits().await }
    });
}
