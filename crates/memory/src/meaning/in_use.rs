//! The models in use for searches. Those that the configuration leaves open can be replaced while the server
//! runs.

use std::sync::Arc;

use outgoing::Outgoing;
use parking_lot::RwLock;
use search::Index;
use store::SecretText;
use tokio::sync::Notify;
use web::ApiError;

use super::{Limits, Prefixes, RerankSettings, Reranker, SemanticSearch, Settings, Source};
use crate::Memory;

/// The prefix that stands for that of a well-known model.
pub const AUTO: &str = "auto";

/// An endpoint for embeddings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The base URL, with or without a trailing slash.
    pub base_url: String,
    /// The API key; empty if there is none.
    pub api_key: SecretText,
    /// The name of the model.
    pub name: String,
    /// The prefix of queries, or [`AUTO`].
    pub query_prefix: String,
    /// The prefix of passages, or [`AUTO`].
    pub passage_prefix: String,
    /// The number of dimensions to ask for; 0 for those of the model.
    pub dimensions: u32,
    /// True if the endpoint is called through the guard, because a page configured it.
    pub is_guarded: bool,
}

impl Endpoint {
    /// Returns the settings of the model.
    pub fn settings(&self, limits: &Limits) -> Settings {
        let known = Prefixes::of(&self.name);
        let chosen = |own: &str, known: String| if own == AUTO { known } else { own.to_owned() };
        let source = Source::Endpoint {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            api_key: self.api_key.clone(),
            is_guarded: self.is_guarded,
        };
        let prefixes = Prefixes {
            query: chosen(&self.query_prefix, known.query),
            passage: chosen(&self.passage_prefix, known.passage),
        };
        let dimensions = Some(self.dimensions).filter(|dimensions| *dimensions > 0);
        Settings { prefixes, dimensions, ..Settings::of(source, &self.name, limits) }
    }
}

/// The place where a model for searches is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The configuration, which no page can override.
    Setting,
    /// The page of models.
    Page,
    /// This binary.
    BuiltIn,
}

/// A model for searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// The place where it is configured.
    pub place: Place,
    /// The base URL; empty for the built-in model.
    pub base_url: String,
    /// The name of the model.
    pub name: String,
}

/// The state of the embedding model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingState {
    /// The model.
    pub model: InUse,
    /// Number of entries of all people that wait for a vector.
    pub waiting: i64,
    /// True if the endpoint has failed lately, and is left alone for a while.
    pub is_resting: bool,
}

/// The models in use.
pub(crate) struct SearchModels {
    meaning: RwLock<Option<Arc<SemanticSearch>>>,
    reranker: RwLock<Option<Arc<Reranker>>>,
    /// The last configuration of a page.
    embedding_page: RwLock<Option<Endpoint>>,
    rerank_page: RwLock<Option<RerankSettings>>,
    /// Wakes the worker.
    pub(super) wake: Arc<Notify>,
    outgoing: Outgoing,
}

impl SearchModels {
    pub(crate) fn new(
        embedding: Option<Settings>,
        rerank: Option<RerankSettings>,
        outgoing: Outgoing,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let models = Self {
            meaning: RwLock::default(),
            reranker: RwLock::default(),
            embedding_page: RwLock::default(),
            rerank_page: RwLock::default(),
            wake,
            outgoing,
        };
        models.set_meaning(embedding);
        models.set_reranker(rerank);
        models
    }

    fn set_meaning(&self, settings: Option<Settings>) {
        let new = settings.map(|settings| {
            Arc::new(SemanticSearch::new(settings, self.outgoing.clone(), Arc::clone(&self.wake)))
        });
        let old = std::mem::replace(&mut *self.meaning.write(), new);
        if let Some(old) = old {
            old.retire();
        }
        self.wake.notify_one();
    }

    fn set_reranker(&self, settings: Option<RerankSettings>) {
        let new = settings.map(|settings| Arc::new(Reranker::new(settings, self.outgoing.clone())));
        *self.reranker.write() = new;
    }
}

impl Memory {
    /// Returns the embedding model in use.
    pub(crate) fn meaning(&self) -> Option<Arc<SemanticSearch>> {
        self.0.models.meaning.read().clone()
    }

    /// Returns the reranking model in use.
    pub(crate) fn reranker(&self) -> Option<Arc<Reranker>> {
        self.0.models.reranker.read().clone()
    }

    /// Uses an endpoint for embeddings that a page configured, or the model of the configuration again. An
    /// endpoint of the configuration stays in use in any case. Running searches keep their model.
    pub fn use_embedding(&self, endpoint: Option<Endpoint>) {
        let configured = &self.settings().embedding;
        if matches!(configured, Some(Settings { source: Source::Endpoint { .. }, .. })) {
            return;
        }
        let mut page = self.0.models.embedding_page.write();
        if *page != endpoint {
            let limits = &self.settings().embedding_limits;
            let settings = endpoint.as_ref().map(|endpoint| endpoint.settings(limits));
            self.0.models.set_meaning(settings.or_else(|| configured.clone()));
            *page = endpoint;
        }
    }

    /// Uses an endpoint for reranking that a page configured, or none. An endpoint of the configuration stays
    /// in use in any case.
    pub fn use_rerank(&self, settings: Option<RerankSettings>) {
        if self.settings().rerank.is_some() {
            return;
        }
        let mut page = self.0.models.rerank_page.write();
        if *page != settings {
            self.0.models.set_reranker(settings.clone());
            *page = settings;
        }
    }

    /// Returns the embedding model in use.
    pub fn embedding_in_use(&self) -> Option<InUse> {
        let meaning = self.meaning()?;
        Some(match &meaning.settings.source {
            Source::BuiltIn(_) => {
                InUse { place: Place::BuiltIn, base_url: String::new(), name: meaning.settings.name.clone() }
            }
            Source::Endpoint { base_url, is_guarded, .. } => InUse {
                place: if *is_guarded { Place::Page } else { Place::Setting },
                base_url: base_url.clone(),
                name: meaning.settings.name.clone(),
            },
        })
    }

    /// Returns the reranking model in use.
    pub fn rerank_in_use(&self) -> Option<InUse> {
        let reranker = self.reranker()?;
        let RerankSettings { base_url, name, is_guarded, .. } = reranker.settings();
        let place = if *is_guarded { Place::Page } else { Place::Setting };
        Some(InUse { place, base_url: base_url.clone(), name: name.clone() })
    }

    /// Returns the state of the embedding model. `None` if there is none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn embedding_state(&self) -> Result<Option<EmbeddingState>, ApiError> {
        let (Some(meaning), Some(model)) = (self.meaning(), self.embedding_in_use()) else { return Ok(None) };
        let waiting = Index::waiting(self.db(), &meaning.key).await?;
        let now = self.db().clock().now();
        let is_resting = !meaning.making.may_call(now) || !meaning.asking.may_call(now);
        Ok(Some(EmbeddingState { model, waiting, is_resting }))
    }
}
