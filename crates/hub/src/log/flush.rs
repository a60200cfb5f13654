//! Writing what waits, in parts.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use store::{OwnedParam, Param, Timestamp, Tx, params};

use super::{
    queries,
    record::{Counts, Record, Recorder, Who},
};
use crate::{Hub, HubKeyId};

/// Records written in one transaction. Few, so that no other write waits long.
const PART: usize = 500;
/// Minimum interval between writes of a key's last use, in milliseconds.
const USED_EVERY_MS: i64 = 60_000;

/// A part of the log that is written in one transaction.
struct Part {
    records: Vec<Record>,
    counts: Counts,
}

impl Part {
    /// Writes rows and counts. Returns the number of rows.
    async fn write(&self, tx: &mut Tx<'_>, recorder: &Recorder) -> store::Result<i64> {
        let rows: Vec<Vec<OwnedParam>> =
            self.records.iter().filter(|record| recorder.keeps(record)).map(Record::row).collect();
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
        for record in &self.records {
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
        let _one_at_a_time = recorder.writing.lock().await;
        let left_out = recorder.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(calls = left_out, "more calls than the log could take; these have no row");
        }
        let (records, mut counts) = recorder.take();
        let mut records = records.into_iter();
        loop {
            let part =
                Part { records: records.by_ref().take(PART).collect(), counts: std::mem::take(&mut counts) };
            if part.records.is_empty() && part.counts.0.is_empty() {
                return;
            }
            let part = Arc::new(part);
            let (writing, hub) = (Arc::clone(&part), self.clone());
            let written =
                self.db().write(move |tx| Box::pin(async move { writing.write(tx, hub.recorder()).await }));
            match written.await {
                Ok(rows) => {
                    recorder.written.fetch_add(rows, Ordering::Relaxed);
                }
                Err(error) => {
                    let error: store::Error = error;
                    tracing::warn!(%error, "calls not written yet");
                    if let Some(part) = Arc::into_inner(part) {
                        recorder.put_back(part.records.into_iter().chain(records), part.counts);
                    }
                    return;
                }
            }
        }
    }
}
