//! Synchronization of limits between processes.

use std::time::Duration;

use store::params;
use web::Tasks;

use super::{queries, touched::Synced};
use crate::Services;

/// Interval between synchronizations with the store.
const SYNC_EVERY: Duration = Duration::from_millis(500);
/// Days for which a row is kept after its last change.
const KEEP_DAYS: i64 = 2;
/// Rows deleted at a time.
const BATCH: i64 = 500;

impl Services {
    /// Adds the calls of this process to the store and reads those of other processes.
    pub async fn sync_limits(&self) {
        let flushed = self.limits().touched.flush(self.db()).await;
        for (part, Synced { today, rows }) in flushed.written {
            for (bucket, (tat, day, calls)) in part.buckets().zip(rows) {
                bucket.learn(tat, day, calls, today);
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
