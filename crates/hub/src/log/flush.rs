//! Writing what waits, in parts.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use store::{Batch, BatchPart, BoxFuture, Database, OwnedParam, Param, Timestamp, Tx, params};

use super::{
    queries,
    record::{Counts, MOST_WAITING, Noted, Waiting, Who},
};
use crate::{Hub, HubKeyId};

/// Records written in one transaction. Few, so that no other write waits long.
const PART: usize = 500;
/// Minimum interval between writes of a key's last use, in milliseconds.
const USED_EVERY_MS: i64 = 60_000;

/// A part of the log that is written in one transaction.
pub(super) struct Part {
    records: Vec<Noted>,
    counts: Counts,
}

impl Batch for Waiting {
    type Part = Part;

    fn parts(self) -> Vec<Part> {
        let (mut records, mut counts) = (self.records.into_iter(), self.counts);
        let mut parts = Vec::new();
        loop {
            let part =
                Part { records: records.by_ref().take(PART).collect(), counts: std::mem::take(&mut counts) };
            if part.records.is_empty() && part.counts.0.is_empty() {
                return parts;
            }
            parts.push(part);
        }
    }

    fn put_back(&mut self, part: Part) {
        let room = MOST_WAITING.saturating_sub(self.records.len());
        self.records.extend(part.records.into_iter().take(room));
        for (counted, calls) in part.counts.0 {
            self.counts.add(counted, calls);
        }
    }
}

impl BatchPart for Part {
    /// The number of rows.
    type Output = i64;

    fn write<'t>(&'t self, tx: &'t mut Tx<'_>, _db: &'t Database) -> BoxFuture<'t, store::Result<i64>> {
        Box::pin(self.insert(tx))
    }
}

impl Part {
    /// Writes rows and counts. Returns the number of rows.
    async fn insert(&self, tx: &mut Tx<'_>) -> store::Result<i64> {
        let rows: Vec<Vec<OwnedParam>> =
            self.records.iter().filter(|noted| noted.has_row).map(|noted| noted.record.row()).collect();
        for chunk in rows.chunks(queries::ROWS) {
            let values: Vec<Param<'_>> = chunk.iter().flatten().map(OwnedParam::as_param).collect();
            if chunk.len() == queries::ROWS {
                tx.execute(queries::insert_many(), &values).await?;
                continue;
            }
            for row in chunk {
                let values: Vec<Param<'_>> = row.iter().map(OwnedParam::as_param).collect();
                tx.execute(queries::insert_one(), &values).await?;
            }
        }
        // Sorted, so that two processes lock rows in the same order and never deadlock.
        let mut counts = Counts(self.counts.0.clone());
        let mut used: BTreeMap<HubKeyId, Timestamp> = BTreeMap::new();
        for Noted { record, .. } in &self.records {
            counts.add(record.counted_in(), (1, record.took_us));
            if let Who::Known(known) = &record.who {
                used.insert(known.key.id, record.at);
            }
        }
        for ((key, hour, api, outcome), (calls, took)) in &counts.0 {
            tx.execute(queries::COUNT, params![*key, *hour, api, *outcome, *calls, *took]).await?;
        }
        for (key, at) in used {
            tx.execute(queries::KEY_USED, params![key, at, at.plus_ms(-USED_EVERY_MS)]).await?;
        }
        Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
    }
}

impl Hub {
    /// Writes everything that waits. What cannot be written is kept for the next time.
    pub async fn flush_calls(&self) {
        let recorder = self.recorder();
        let left_out = recorder.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(calls = left_out, "more calls than the log could take; these have no row");
        }
        let flushed = recorder.log.flush(self.db()).await;
        let rows: i64 = flushed.written.iter().map(|(_, rows)| rows).sum();
        recorder.written.fetch_add(rows, Ordering::Relaxed);
    }
}
