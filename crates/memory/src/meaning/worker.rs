//! The background task that makes vectors.
//!
//! Missing vectors are found by the rows, so a restart continues where it was. Processes share the work: each
//! claims an index for a while. Results are stored in whole transactions, so the task may be cancelled at any
//! point.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use search::{Context, EntryId, Index, Made};
use store::{Database, Timestamp};
use web::{ApiError, Tasks};

use super::{
    SemanticSearch,
    context::{self, Kind, Texts},
    provider::{self, Failure, Purpose},
    rules,
};
use crate::{Memory, key};

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

/// Starts the task. It idles while no model is configured.
pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    let (memory, stopping) = (memory.clone(), tasks.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = work(&memory) => {}
            () = stopping.stopping() => {}
        }
    });
}

async fn work(memory: &Memory) {
    let wake = Arc::clone(&memory.0.models.wake);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut until_sweep = 0;
    let mut last: Option<Arc<SemanticSearch>> = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => until_sweep = u32::saturating_sub(until_sweep, 1),
            () = wake.notified() => {}
        }
        let Some(meaning) = memory.meaning() else { continue };
        if !last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &meaning)) {
            until_sweep = 0;
            last = Some(Arc::clone(&meaning));
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
        let Some(meaning) = self.meaning() else { return Ok(0) };
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
                if !self.may_make(db) {
                    return Ok(made);
                }
                let indices = Index::lacking(db, &self.key, after, INDICES).await;
                let indices = indices.map_err(|error| error.to_string())?;
                let Some(last) = indices.last().copied() else { break };
                for index in indices {
                    if let Turn::Done(count) | Turn::More(count) = self.turn(db, index).await? {
                        made += count;
                    }
                }
                after = Some(last);
                self.measure(db).await?;
            }
            if made == last_round {
                self.measure(db).await?;
                return Ok(made);
            }
            last_round = made;
        }
    }

    /// Publishes the number of entries that wait for a vector.
    async fn measure(&self, db: &Database) -> Result<(), String> {
        let waiting = Index::waiting(db, &self.key).await.map_err(|error| error.to_string())?;
        metrics::gauge!("doppel_embedding_waiting").set(waiting as f64);
        Ok(())
    }

    async fn make_changed(&self, db: &Database) -> Result<usize, String> {
        let mut made = 0;
        let mut later = Vec::new();
        loop {
            if !self.may_make(db) {
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
        let model = &self.key;
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
        // A fact has up to three texts.
        let is_fact = index.kind() == key::KIND;
        let limit = self.settings.batch / if is_fact { 3 } else { 1 };
        let limit = i64::try_from(limit.max(1)).unwrap_or(1);
        let mut count = 0;
        for _ in 0..TURN {
            if self.is_retired.load(Ordering::Relaxed) {
                return Ok(Turn::Done(count));
            }
            let entries = index.without_vector(db, &self.key, limit).await;
            let entries = entries.map_err(|error| error.to_string())?;
            if entries.is_empty() {
                return Ok(Turn::Done(count));
            }
            let sources = self.sources(db, index, entries).await.map_err(|error| error.to_string())?;
            let Ok(admitted) = self.making.admit(db.clock().now()) else { return Ok(Turn::Done(count)) };
            let made = match self.make(sources).await {
                Ok(made) => made,
                Err(failure) => {
                    admitted.failed(db.clock().now(), None);
                    return Err(failure.to_string());
                }
            };
            admitted.succeeded();
            count += made.iter().filter(|made| !made.replaces).count();
            let (model, longer) = (self.key.clone(), self.lease(db.clock().now()));
            let kept = db
                .write(move |tx| Box::pin(async move { index.put_vectors(tx, &model, &made, longer).await }));
            if !kept.await.map_err(|error: store::Error| error.to_string())? {
                return Ok(Turn::Taken);
            }
            *until = longer;
        }
        Ok(Turn::More(count))
    }

    /// Returns what the vectors of entries are made of. Those of entries beside them are made again if they
    /// took other entries into account.
    async fn sources(
        &self,
        db: &Database,
        index: Index,
        entries: Vec<(EntryId, String)>,
    ) -> store::Result<Vec<Source>> {
        if index.kind() != key::KIND {
            let source = |entry| Source::new(entry, Kind::Note, None, false);
            return Ok(entries.into_iter().map(source).collect());
        }
        let ids: Vec<EntryId> = entries.iter().map(|(entry, _)| *entry).collect();
        let around = index.around(db, &self.key, &ids).await?;
        let own = entries.into_iter().map(|entry| (entry, false));
        let all = own.chain(around.outdated.into_iter().map(|entry| (entry, true)));
        let sources = all.map(|(entry, replaces)| {
            let context = around.contexts.get(&entry.0).cloned().unwrap_or_default();
            Source::new(entry, Kind::Fact, Some(context), replaces)
        });
        Ok(sources.collect())
    }

    /// Makes the vectors of the first entries, as many as fit into one call, but at least of one entry.
    async fn make(&self, sources: Vec<Source>) -> Result<Vec<Made>, Failure> {
        let mut room = self.settings.batch;
        let fit = sources.iter().enumerate().take_while(|(at, source)| {
            let count = source.texts().count();
            let fits = *at == 0 || count <= room;
            room = room.saturating_sub(count);
            fits
        });
        let fit = fit.count();
        let all: Vec<&str> = sources.iter().take(fit).flat_map(Source::texts).collect();
        let mut vectors = Vec::with_capacity(all.len());
        for batch in all.chunks(self.settings.batch.max(1)) {
            vectors.extend(self.embed_all(batch).await?);
        }
        let mut vectors = vectors.into_iter();
        let made = sources.into_iter().take(fit).map(|source| source.made(&mut vectors));
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
        let made = provider::embed(&self.outgoing, &self.settings, texts, Purpose::Passage).await;
        let outcome = if made.is_ok() { "embedded" } else { "failed" };
        let count = u64::try_from(texts.len()).unwrap_or(u64::MAX);
        metrics::counter!("doppel_embedding_texts_total", "outcome" => outcome).increment(count);
        made
    }
}

/// An entry, and the texts that its vectors are made of.
struct Source {
    entry: EntryId,
    text: String,
    context: Option<Context>,
    replaces: bool,
    passages: Vec<Texts>,
}

impl Source {
    fn new((entry, text): (EntryId, String), kind: Kind, context: Option<Context>, replaces: bool) -> Self {
        let passages = context::texts(&rules::passages(&text), kind, context.as_ref());
        Self { entry, text, context, replaces, passages }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.passages.iter().flat_map(Texts::all)
    }

    /// Returns the vectors of the entry, given those of its [`texts`](Self::texts).
    fn made(self, vectors: &mut impl Iterator<Item = Option<Vec<f32>>>) -> Made {
        let passages = self.passages.iter().map(|texts| texts.sum(vectors)).collect();
        let passages = rules::in_their_places(passages);
        Made {
            entry: self.entry,
            text: self.text,
            parts: i64::try_from(passages.len()).unwrap_or(0),
            vectors: passages.iter().flat_map(|vector| rules::to_bytes(vector)).collect(),
            context: self.context,
            replaces: self.replaces,
        }
    }
}
