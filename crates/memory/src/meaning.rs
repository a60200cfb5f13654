//! Semantic search: embeddings made by an external model, compared in memory, and combined with keyword
//! scores.
//!
//! Vectors are made in the background, for every entry that the configured model has made none of. So a
//! change of the model makes all of them anew, while searches use those that exist. If anything fails,
//! keywords still find entries.

mod pause;
mod provider;
mod rules;
mod serve;
mod vectors;
mod worker;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use search::{EntryId, Hit, Index, Query, fold};
use store::{Database, Tx};
use tokio::sync::Notify;
use web::Outgoing;

pub use provider::Embedded;
pub use provider::Settings;
pub use serve::NotEmbedded;
pub(crate) use worker::start;

use crate::Memory;
use pause::Pause;
pub(crate) use rules::Near;
use vectors::VectorCache;

/// Maximum number of entries that semantic search alone may add to the hits.
const MAX_ADDED: usize = 100;
/// Number of questions whose vectors are cached.
const QUESTIONS: usize = 1000;

/// The embedding model and its vectors.
pub(crate) struct SemanticSearch {
    settings: Settings,
    outgoing: Outgoing,
    kept: VectorCache,
    questions: Cache<String, Arc<[f32]>>,
    /// Indexes that have changed since the worker looked.
    changed: Mutex<HashSet<Index>>,
    /// Wakes the worker.
    wake: Notify,
    /// The back-off after failures of the endpoint: one for the worker, one for questions.
    making: Pause,
    asking: Pause,
}

impl SemanticSearch {
    pub(crate) fn new(settings: Settings, outgoing: Outgoing) -> Self {
        Self {
            kept: VectorCache::new(settings.cache_bytes),
            settings,
            outgoing,
            questions: Cache::new(QUESTIONS),
            changed: Mutex::default(),
            wake: Notify::new(),
            making: Pause::default(),
            asking: Pause::default(),
        }
    }

    /// Returns the similarity of each entry to a question. Empty if the model is not available.
    async fn near(&self, db: &Database, index: Index, query: &Query) -> Vec<Near> {
        let only_public = query.is_only_public();
        let near = async {
            let vectors = self.kept.of(db, index, &self.settings.name).await?;
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
        if let Some(known) = self.questions.get(text) {
            return Ok(Some(known));
        }
        if !self.asking.is_over(db.clock().now()) {
            return Ok(None);
        }
        let made = provider::embed(&self.outgoing, &self.settings, &[text], self.settings.patience).await;
        let vector = match made {
            Ok(made) => made.into_iter().next().flatten(),
            // The question is at fault, not the endpoint.
            Err(failure) if failure.refuses_text() => None,
            Err(failure) => {
                self.asking.begin(db.clock().now());
                return Err(failure.to_string());
            }
        };
        self.asking.end();
        let Some(vector) = vector else { return Ok(None) };
        let vector: Arc<[f32]> = vector.into();
        self.questions.insert(text.to_owned(), Arc::clone(&vector));
        Ok(Some(vector))
    }
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

/// Returns the hits of a query by keywords, combined with those that are [near](Memory::near) by meaning.
pub(crate) async fn find(
    tx: &Tx<'_>,
    index: Index,
    query: &Query,
    near: Option<Vec<Near>>,
) -> store::Result<Found> {
    let Some(near) = near else {
        return Ok(Found { hits: index.search(tx, query).await?, ..Found::default() });
    };
    // Beside semantic scores, function words would weigh as much as any other words.
    let words = index.search(tx, &query.clone().of_content()).await?;
    let hits = match (words.is_empty(), near.is_empty()) {
        (true, true) => index.search(tx, query).await?,
        (false, true) => words,
        (_, false) => rules::fuse(&words, &near, MAX_ADDED),
    };
    let later = near.into_iter().filter(|near| near.passage > 0);
    Ok(Found { hits, passages: later.map(|near| (near.entry, near.passage)).collect() })
}

impl Memory {
    /// Returns the similarity of entries to a question. `None` if no model is configured, or if the query is
    /// not a question.
    pub(crate) async fn near(&self, index: Index, query: &Query) -> Option<Vec<Near>> {
        let meaning = self.0.meaning.as_ref().filter(|_| query.is_question())?;
        Some(meaning.near(self.db(), index, query).await)
    }

    /// Requests embeddings of the changed entries of an index.
    pub(crate) fn changed(&self, index: Index) {
        if let Some(meaning) = &self.0.meaning {
            meaning.changed.lock().insert(index);
            meaning.wake.notify_one();
        }
    }
}
