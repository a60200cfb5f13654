//! Finding by meaning: vectors made by a model elsewhere, compared in memory, added to what words say.
//!
//! Vectors are made in the background of every entry that the configured model has made none of, so that changing the
//! model makes all anew while searches go on with what there is. Whatever fails, words still find.

mod pause;
mod provider;
mod rules;
mod vectors;
mod worker;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use store::{
    Database, Tx,
    search::{Hit, Index, Query, fold},
};
use tokio::sync::Notify;
use web::Outgoing;

pub use provider::Settings;
pub(crate) use worker::start;

use crate::Memory;
use pause::Pause;
pub(crate) use rules::Near;
use vectors::Kept;

/// Entries that meaning alone may add to what is found.
const MAX_ADDED: usize = 100;
/// Questions whose vectors are remembered.
const QUESTIONS: usize = 1000;

/// The model and what it has made.
pub(crate) struct Meaning {
    settings: Settings,
    outgoing: Outgoing,
    kept: Kept,
    questions: Cache<String, Arc<[f32]>>,
    /// Indices that have changed since the worker looked.
    changed: Mutex<HashSet<Index>>,
    /// Wakes the worker.
    wake: Notify,
    /// When the endpoint has failed: how long it is left alone by the worker, and by questions.
    making: Pause,
    asking: Pause,
}

impl Meaning {
    pub(crate) fn new(settings: Settings, outgoing: Outgoing) -> Self {
        Self {
            kept: Kept::new(settings.cache_bytes),
            settings,
            outgoing,
            questions: Cache::new(QUESTIONS),
            changed: Mutex::default(),
            wake: Notify::new(),
            making: Pause::default(),
            asking: Pause::default(),
        }
    }

    /// How near each entry's meaning is to a question. Nothing where the model cannot be asked.
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
            // The question is at fault, and not the endpoint.
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

/// Entries that a query found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Best first.
    pub(crate) hits: Vec<Hit>,
    /// Which passage of an entry is nearest by meaning, where it is not the first.
    passages: HashMap<i64, usize>,
}

impl Found {
    /// The passage of an entry's text, as it is indexed, that is nearest by meaning: folded, and nothing where that is its
    /// beginning.
    pub(crate) fn passage(&self, entry: i64, text: &str) -> Option<String> {
        let passage = self.passages.get(&entry)?;
        rules::passages(&fold(text)).get(*passage).map(|passage| (*passage).to_owned())
    }
}

/// What words find, and what is [near](Memory::near) by meaning.
pub(crate) async fn find(
    tx: &mut Tx<'_>,
    index: Index,
    query: &Query,
    near: Option<Vec<Near>>,
) -> store::Result<Found> {
    let Some(near) = near else {
        return Ok(Found { hits: index.search(tx, query).await?, ..Found::default() });
    };
    // Beside what is meant, function words would have as much to say as any others.
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
    /// Which entries mean what is asked; `None` where no model is configured, or nothing is asked.
    pub(crate) async fn near(&self, index: Index, query: &Query) -> Option<Vec<Near>> {
        let meaning = self.0.meaning.as_ref().filter(|_| query.is_question())?;
        Some(meaning.near(self.db(), index, query).await)
    }

    /// Has vectors made of what changed.
    pub(crate) fn changed(&self, index: Index) {
        if let Some(meaning) = &self.0.meaning {
            meaning.changed.lock().insert(index);
            meaning.wake.notify_one();
        }
    }
}
