//! Semantic search: embeddings made by the built-in model or an external one, compared in memory, and
//! combined with keyword scores.
//!
//! Vectors are made in the background, for every entry that the configured model has made none of. So a
//! change of the model makes all of them anew, while searches use those that exist. If anything fails,
//! keywords still find entries.

mod context;
mod in_use;
mod limits;
mod prefixes;
mod progress;
mod provider;
mod rerank;
mod rules;
mod serve;
mod vectors;
mod worker;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use outgoing::{Breaker, Outgoing};
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use search::{EntryId, Hit, Index, Query, fold};
use store::{Backoff, Database, Tx};
use tokio::sync::Notify;

pub(crate) use in_use::SearchModels;
pub use in_use::{AUTO, EmbeddingState, Endpoint, InUse, Place};
pub use limits::Limits;
pub use prefixes::Prefixes;
pub use progress::Progress;
pub use provider::{Embedded, Settings, Source};
pub use rerank::RerankSettings;
pub use serve::NotEmbedded;
pub(crate) use worker::start;

use crate::Memory;
use provider::Purpose;
pub(crate) use rerank::Reranker;
use rules::Near;
use vectors::VectorCache;

/// Maximum number of entries that semantic search alone may add to the hits.
const MAX_ADDED: usize = 100;
/// Maximum number of characters of a question that its vector is made of, from its end. A long message has
/// the question at its end, and a longer text takes longer.
const MAX_QUESTION: usize = 600;
/// Number of questions whose vectors are cached.
const QUESTIONS: usize = 1000;
/// Waits after failures of an endpoint.
const BACKOFF: Backoff = Backoff::doubling(2_000, 300_000);

/// The embedding model and its vectors.
pub(crate) struct SemanticSearch {
    settings: Settings,
    /// The key of the vectors of these settings.
    key: String,
    outgoing: Outgoing,
    kept: VectorCache,
    questions: Cache<String, Arc<[f32]>>,
    /// Indexes that have changed since the worker looked.
    changed: Mutex<HashSet<Index>>,
    /// Wakes the worker.
    wake: Arc<Notify>,
    /// True if another model has taken the place of this one.
    is_retired: AtomicBool,
    /// The endpoint's circuit breakers: one for the worker, one for questions.
    making: Breaker,
    asking: Breaker,
}

impl SemanticSearch {
    pub(crate) fn new(settings: Settings, outgoing: Outgoing, wake: Arc<Notify>) -> Self {
        Self {
            kept: VectorCache::new(settings.cache_bytes),
            key: settings.key(),
            settings,
            outgoing,
            questions: Cache::new(QUESTIONS),
            changed: Mutex::default(),
            wake,
            is_retired: AtomicBool::new(false),
            making: Breaker::new(1, BACKOFF),
            asking: Breaker::new(1, BACKOFF),
        }
    }

    /// Ends the work for this model soon, because another one takes its place.
    fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    /// Returns true if vectors may be made now.
    fn may_make(&self, db: &Database) -> bool {
        !self.is_retired.load(Ordering::Relaxed) && self.making.may_call(db.clock().now())
    }

    /// Returns the similarity of each entry to a question. Empty if the model is not available.
    async fn near(&self, db: &Database, index: Index, query: &Query) -> Vec<Near> {
        let only_public = query.is_only_public();
        let near = async {
            let vectors = self.kept.of(db, index, &self.key).await?;
            if vectors.is_empty() {
                return Ok(Vec::new());
            }
            let Some(question) = self.question(db, query.text()).await? else { return Ok(Vec::new()) };
            let compare = move || vectors.compare(&question, only_public);
            tokio::task::spawn_blocking(compare).await.map_err(|error| error.to_string())
        };
        near.await.unwrap_or_else(|reason: String| {
            tracing::warn!(reason, "words alone were searched for");
            Vec::new()
        })
    }

    async fn question(&self, db: &Database, text: &str) -> Result<Option<Arc<[f32]>>, String> {
        let start = text.char_indices().rev().nth(MAX_QUESTION - 1).map_or(0, |(at, _)| at);
        let text = text.get(start..).unwrap_or(text);
        if let Some(known) = self.questions.get(text) {
            return Ok(Some(known));
        }
        let Ok(admitted) = self.asking.admit(db.clock().now()) else { return Ok(None) };
        let made = provider::embed(&self.outgoing, &self.settings, &[text], Purpose::Question).await;
        let vector = match made {
            Ok(made) => made.into_iter().next().flatten(),
            // The question is at fault, not the endpoint.
            Err(failure) if failure.refuses_text() => None,
            Err(failure) => {
                admitted.failed(db.clock().now(), None);
                return Err(failure.to_string());
            }
        };
        admitted.succeeded();
        let Some(vector) = vector else { return Ok(None) };
        let vector: Arc<[f32]> = vector.into();
        self.questions.insert(text.to_owned(), Arc::clone(&vector));
        Ok(Some(vector))
    }
}

/// The entries that are similar to a question.
#[derive(Debug, Clone, Default)]
pub(crate) struct Similarity {
    near: Vec<Near>,
    /// The relevance of the first hits, if they are reranked.
    relevance: HashMap<EntryId, f64>,
}

/// The entries that a query found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The hits, best first.
    pub(crate) hits: Vec<Hit>,
    /// The most similar passage of an entry, if it is not the first one.
    passages: HashMap<EntryId, usize>,
}

impl Found {
    /// Returns the most similar passage of an entry's text as it is indexed, folded. `None` if it is the
    /// first passage.
    pub(crate) fn passage(&self, entry: EntryId, text: &str) -> Option<String> {
        let passage = self.passages.get(&entry)?;
        rules::passages(&fold(text)).get(*passage).map(|passage| (*passage).to_owned())
    }
}

/// Returns the hits of a query by keywords, combined with those that are [similar](Memory::similar) in
/// meaning.
pub(crate) async fn find(
    tx: &Tx<'_>,
    index: Index,
    query: &Query,
    similar: Option<Similarity>,
) -> store::Result<Found> {
    let Some(Similarity { near, relevance }) = similar else {
        return Ok(Found { hits: index.search(tx, query).await?, ..Found::default() });
    };
    // Beside semantic scores, function words would weigh as much as any other words.
    let words = index.rank(tx, &query.clone().of_content()).await?;
    let mut hits = match (words.hits.is_empty(), near.is_empty()) {
        (true, true) => index.search(tx, query).await?,
        (false, true) => words.hits,
        (_, false) => rules::fuse(&words, &near, MAX_ADDED),
    };
    rerank::blend(&mut hits, &relevance);
    let later = near.into_iter().filter(|near| near.passage > 0);
    Ok(Found { hits, passages: later.map(|near| (near.entry, near.passage)).collect() })
}

impl Memory {
    /// Returns the similarity of entries to a question. `None` if no model is configured, or if the query is
    /// not a question.
    pub(crate) async fn similar(&self, index: Index, query: &Query) -> Option<Similarity> {
        let (meaning, reranker) = (self.meaning(), self.reranker());
        if !query.is_question() || (meaning.is_none() && reranker.is_none()) {
            return None;
        }
        let mut similar = Similarity::default();
        if let Some(meaning) = meaning {
            similar.near = meaning.near(self.db(), index, query).await;
        }
        if let Some(reranker) = reranker {
            similar.relevance = reranker.relevance(self.db(), index, query, &similar).await;
        }
        Some(similar)
    }

    /// Requests embeddings of the changed entries of an index.
    pub(crate) fn changed(&self, index: Index) {
        if let Some(meaning) = self.meaning() {
            meaning.changed.lock().insert(index);
            meaning.wake.notify_one();
        }
    }
}
