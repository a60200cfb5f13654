//! The background task that makes vectors.
//!
//! Missing vectors are found by the rows, so a restart continues where it was. Processes share the work: each
//! claims an index for a while. Results are stored in whole transactions, so the task may be cancelled at any
//! point.

use std::time::Duration;

use search::{EntryId, Index, Made};

use store::{Database, Timestamp};
use web::{ApiError, Tasks};

use super::{SemanticSearch, provider, provider::Failure, rules};
use crate::Memory;

/// Interval at which the worker looks for work, such as that left by a back-off.
const EVERY: Duration = Duration::from_secs(5);
/// Number of these intervals after which all indexes are examined, for entries that other processes added
/// and left.
const SWEEP: u32 = 60;
/// Maximum number of indexes fetched at a time.
const INDICES: i64 = 500;
/// Maximum number of calls for an index before the next one has its turn.
const TURN: usize = 16;
/// Time that a claim lasts beyond the time limit of a call.
const GRACE: Duration = Duration::from_secs(60);
/// A text that every model accepts.
const PROBE: &str = "hello";

/// Starts the task, if a model is configured.
pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    if memory.0.meaning.is_none() {
        return;
    }
    let (memory, stopping) = (memory.clone(), tasks.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = work(&memory) => {}
            () = stopping.stopping() => {}
        }
    });
}

async fn work(memory: &Memory) {
    let Some(meaning) = &memory.0.meaning else { return };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut until_sweep = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => until_sweep = u32::saturating_sub(until_sweep, 1),
            () = meaning.wake.notified() => {}
        }
        let done = if until_sweep == 0 {
            meaning.make_all(memory.db()).await
        } else {
            meaning.make_changed(memory.db()).await
        };
        match done {
            Ok(_) if until_sweep == 0 => until_sweep = SWEEP,
            Ok(_) => {}
            Err(reason) => tracing::warn!(reason, "vectors not made yet"),
        }
    }
}

impl Memory {
    /// Makes the missing vectors, and returns the number of entries that got them. Does nothing during a
    /// back-off after a failure, or without a model.
    ///
    /// # Errors
    /// If the store or the endpoint fails.
    pub async fn make_vectors(&self) -> Result<usize, ApiError> {
        let Some(meaning) = &self.0.meaning else { return Ok(0) };
        meaning.make_all(self.db()).await.map_err(ApiError::internal)
    }
}

/// The result of an index's turn.
enum Turn {
    Done(usize),
    /// There are more vectors to make.
    More(usize),
    /// Another process has claimed the index.
    Taken,
}

impl SemanticSearch {
    async fn make_all(&self, db: &Database) -> Result<usize, String> {
        let (mut made, mut last_round) = (0, 0);
        // Ends when a round through all indexes finds nothing to do.
        loop {
            let mut after = None;
            loop {
                if !self.making.is_over(db.clock().now()) {
                    return Ok(made);
                }
                let indices = Index::lacking(db, &self.settings.name, after, INDICES).await;
                let indices = indices.map_err(|error| error.to_string())?;
                let Some(last) = indices.last().copied() else { break };
                for index in indices {
                    if let Turn::Done(count) | Turn::More(count) = self.turn(db, index).await? {
                        made += count;
                    }
                }
                after = Some(last);
            }
            if made == last_round {
                return Ok(made);
            }
            last_round = made;
        }
    }

    async fn make_changed(&self, db: &Database) -> Result<usize, String> {
        let mut made = 0;
        let mut later = Vec::new();
        loop {
            if !self.making.is_over(db.clock().now()) {
                break;
            }
            let next = {
                let mut changed = self.changed.lock();
                let next = changed.iter().next().copied();
                next.inspect(|next| {
                    changed.remove(next);
                })
            };
            let Some(index) = next else { break };
            match self.turn(db, index).await {
                Ok(Turn::Done(count)) => made += count,
                Ok(Turn::More(count)) => {
                    made += count;
                    self.changed.lock().insert(index);
                }
                Ok(Turn::Taken) => later.push(index),
                Err(reason) => {
                    later.push(index);
                    self.changed.lock().extend(later);
                    return Err(reason);
                }
            }
        }
        self.changed.lock().extend(later);
        Ok(made)
    }

    fn lease(&self, now: Timestamp) -> Timestamp {
        now.plus_secs(i64::try_from((self.settings.limit + GRACE).as_secs()).unwrap_or(i64::MAX))
    }

    /// Claims an index, and makes vectors that it lacks.
    async fn turn(&self, db: &Database, index: Index) -> Result<Turn, String> {
        let model = &self.settings.name;
        let mut until = self.lease(db.clock().now());
        let claimed = match index.claim_vectors(db, model, until).await {
            Ok(claimed) => claimed,
            // The account was deleted meanwhile.
            Err(store::Error::ForeignKey) => return Ok(Turn::Done(0)),
            Err(error) => return Err(error.to_string()),
        };
        if !claimed {
            return Ok(Turn::Taken);
        }
        let done = self.batches(db, index, &mut until).await;
        let released = index.release_vectors(db, model, until).await;
        let done = done?;
        released.map_err(|error| error.to_string())?;
        Ok(done)
    }

    /// Makes vectors in batches. `until` is the end of the claim, which each batch extends.
    async fn batches(&self, db: &Database, index: Index, until: &mut Timestamp) -> Result<Turn, String> {
        let limit = i64::try_from(self.settings.batch).unwrap_or(1);
        let mut count = 0;
        for _ in 0..TURN {
            let entries = index.without_vector(db, &self.settings.name, limit).await;
            let entries = entries.map_err(|error| error.to_string())?;
            if entries.is_empty() {
                return Ok(Turn::Done(count));
            }
            let made = self.make(entries).await.inspect_err(|_| self.making.begin(db.clock().now()));
            let made = made.map_err(|failure| failure.to_string())?;
            self.making.end();
            count += made.len();
            let (model, longer) = (self.settings.name.clone(), self.lease(db.clock().now()));
            let kept = db
                .write(move |tx| Box::pin(async move { index.put_vectors(tx, &model, &made, longer).await }));
            if !kept.await.map_err(|error: store::Error| error.to_string())? {
                return Ok(Turn::Taken);
            }
            *until = longer;
        }
        Ok(Turn::More(count))
    }

    /// Makes the vectors of the first entries, as many as fit into one call, but at least of one entry.
    async fn make(&self, entries: Vec<(EntryId, String)>) -> Result<Vec<Made>, Failure> {
        let passages: Vec<Vec<&str>> = entries.iter().map(|(_, text)| rules::passages(text)).collect();
        let mut room = self.settings.batch;
        let fit = passages.iter().enumerate().take_while(|(at, passages)| {
            let fits = *at == 0 || passages.len() <= room;
            room = room.saturating_sub(passages.len());
            fits
        });
        let fit = fit.count();
        let all: Vec<&str> = passages.iter().take(fit).flatten().copied().collect();
        let mut vectors = Vec::with_capacity(all.len());
        for batch in all.chunks(self.settings.batch.max(1)) {
            vectors.extend(self.embed_all(batch).await?);
        }
        let mut vectors = vectors.into_iter();
        let counts: Vec<usize> = passages.iter().take(fit).map(Vec::len).collect();
        let made = entries.into_iter().zip(counts).map(|((entry, text), count)| {
            let made = rules::in_their_places(vectors.by_ref().take(count).collect());
            let parts = i64::try_from(made.len()).unwrap_or(0);
            Made { entry, text, parts, vectors: rules::to_bytes(&made.concat()) }
        });
        Ok(made.collect())
    }

    /// Returns the vectors of texts. A text that the endpoint refuses has none.
    async fn embed_all(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
        match self.embed(texts).await {
            Err(failure) if failure.refuses_text() => {}
            other => return other,
        }
        // Either one of the texts is refused, or all texts are. In that case the probe fails, too.
        self.embed(&[PROBE]).await?;
        let mut vectors = Vec::new();
        for text in texts {
            match self.embed(&[*text]).await {
                Err(failure) if failure.refuses_text() => vectors.push(None),
                other => vectors.extend(other?),
            }
        }
        Ok(vectors)
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
        let made = provider::embed(&self.outgoing, &self.settings, texts, self.settings.limit).await;
        let outcome = if made.is_ok() { "embedded" } else { "failed" };
        let count = u64::try_from(texts.len()).unwrap_or(u64::MAX);
        metrics::counter!("doppel_embedding_texts_total", "outcome" => outcome).increment(count);
        made
    }
}
