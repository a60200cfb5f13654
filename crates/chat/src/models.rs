//! The connected models: those of the configuration, which come first and cannot be changed here, and those
//! that administrators added on a page.
//!
//! They are one list in memory that is replaced as a whole; a running answer keeps its model. A change is in
//! force with the next request in this process, and in others as soon as they get the notification.

mod model;
mod probe;
mod queries;
pub mod rules;
mod trial;

use std::sync::Arc;

use identity::audit::Pending;
use parking_lot::RwLock;
use store::{NoticeEvent, SecretText, params};
use web::{ApiError, Code, Issues, Tasks};

pub use crate::provider::Options;
pub use model::{EndpointView, KeyInput, KeyView, ModelState, ModelView, Purpose};
pub use probe::FoundServer;
pub use trial::{Cause, Trial, TrialError, TrialResponse};

use crate::{
    Chat, EndpointId,
    provider::{Health, Origin},
};
use model::{Stored, StoredKey};

/// The topic of notifications about endpoints.
const TOPIC: &str = "chat.models";

/// The endpoints of the store, as they are in force.
#[derive(Default)]
pub(crate) struct Endpoints {
    stored: RwLock<Arc<[Stored]>>,
    /// Makes reloads follow one another, so that none puts an older state in force.
    reloading: tokio::sync::Mutex<()>,
}

type EndpointRow = (EndpointId, String, String, Option<Vec<u8>>, String);

impl Chat {
    /// Returns the model that answers first.
    pub fn model_state(&self) -> ModelState {
        let all = self.models().all();
        ModelState { name: all.first().map(|first| first.settings().options.name.clone()), count: all.len() }
    }

    /// Returns the names of the models that a person can pick for a conversation, the one that answers first
    /// before the others.
    pub fn pickable_models(&self) -> Vec<String> {
        let mut names = Vec::new();
        for provider in self.models().all().iter() {
            let options = &provider.settings().options;
            for name in std::iter::once(&options.name).chain(options.names.values()) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// Returns the connected models, in the order in which they are tried.
    pub fn connected_models(&self) -> Vec<ModelView> {
        let all = self.models().all();
        let health = |origin: Origin| {
            let provider = all.iter().find(|provider| provider.settings().origin == origin);
            provider.map_or_else(Health::default, |provider| provider.health())
        };
        let settings = self.settings();
        let configured = settings.providers.iter().map(|settings| {
            let has_key = !settings.api_key.is_empty();
            let key = if has_key { KeyView::Ends(rules::end(&settings.api_key)) } else { KeyView::None };
            let (origin, options) = (settings.origin, settings.options.clone());
            ModelView { origin, options, key, health: health(origin) }
        });
        let stored = self.all_endpoints();
        let added = stored.iter().filter(|stored| stored.purpose == Purpose::Chat).map(|stored| {
            let origin = Origin::Page(stored.id);
            let (options, key) = (stored.options.clone(), stored.key_view());
            ModelView { origin, options, key, health: health(origin) }
        });
        configured.chain(added).collect()
    }

    /// Returns the endpoint for searches or speech that a page configured, even if the configuration
    /// overrides it.
    pub fn search_endpoint(&self, purpose: Purpose) -> Option<EndpointView> {
        let stored = self.endpoint_for(purpose)?;
        Some(EndpointView { id: stored.id, options: stored.options.clone(), key: stored.key_view() })
    }

    /// Adds an endpoint, or changes the one with this id. Of endpoints for searches there is one each, and
    /// the id is ignored. In force from the next request on.
    ///
    /// # Errors
    /// 422 for invalid settings; [`Code::NotFound`] for an unknown id; [`Code::InvalidParam`] if there are
    /// too many.
    pub async fn save_endpoint(
        &self,
        entry: Pending,
        purpose: Purpose,
        id: Option<EndpointId>,
        mut options: Options,
        key: KeyInput,
    ) -> Result<EndpointId, ApiError> {
        options.base_url = rules::base_url(&options.base_url);
        options.name = options.name.trim().to_owned();
        rules::check(purpose, &options, &key)?;
        if self.outgoing().check_local(&options.base_url).is_err() {
            return Err(issue("network", "base_url"));
        }
        let before = match (purpose, id) {
            (Purpose::Chat, None) => None,
            (Purpose::Chat, Some(id)) => Some(self.endpoint(id).ok_or(Code::NotFound)?),
            _ => self.endpoint_for(purpose),
        };
        let moved = |before: &Stored| {
            rules::server(&before.options.base_url) != rules::server(&options.base_url)
                && !matches!(before.key, StoredKey::None)
        };
        // A key is sent only to the server for which somebody entered it.
        if matches!(key, KeyInput::Keep) && before.as_ref().is_some_and(moved) {
            return Err(issue("key_again", "api_key"));
        }
        let new_id = EndpointId(self.db().ids().next());
        let id = before.as_ref().map_or(new_id, |before| before.id);
        let what = format!("{} {} {}", purpose.name(), options.name, web::redact::url(&options.base_url));
        self.write_endpoint(entry.about(what), purpose, id, before.is_some(), (&options, &key)).await?;
        self.reload_models().await;
        Ok(id)
    }

    async fn write_endpoint(
        &self,
        entry: Pending,
        purpose: Purpose,
        id: EndpointId,
        exists: bool,
        (options, key): (&Options, &KeyInput),
    ) -> Result<(), ApiError> {
        let settings = serde_json::to_string(options).map_err(ApiError::internal)?;
        let (sealed, key_end) = match key {
            KeyInput::New(key) => (Some(self.seal(id, key).await?), rules::end(key)),
            KeyInput::Keep | KeyInput::Remove => (None, String::new()),
        };
        let keeps = matches!(key, KeyInput::Keep);
        let (kind, now) = (purpose.name(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let others: Vec<(EndpointId,)> = tx.fetch_all(queries::OF_KIND, params![kind]).await?;
                    let most = if purpose == Purpose::Chat { rules::MAX_MODELS } else { 1 };
                    if !exists && others.len() >= most {
                        return Err(ApiError::new(Code::InvalidParam).with(format!("models <= {most}")));
                    }
                    let changed = if !exists {
                        let values = params![id, kind, &settings, &sealed, &key_end, now];
                        tx.execute(queries::INSERT, values).await?
                    } else if keeps {
                        tx.execute(queries::UPDATE, params![id, kind, &settings, now]).await?
                    } else {
                        let values = params![id, kind, &settings, now, &sealed, &key_end];
                        tx.execute(queries::UPDATE_WITH_KEY, values).await?
                    };
                    if changed == 0 {
                        return Err(Code::NotFound.into());
                    }
                    entry.record(tx).await?;
                    Ok(tx.notify(TOPIC, "").await?)
                })
            })
            .await
    }

    /// Deletes an endpoint. A running answer goes on.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown id.
    pub async fn delete_endpoint(
        &self,
        entry: Pending,
        purpose: Purpose,
        id: EndpointId,
    ) -> Result<(), ApiError> {
        let kind = purpose.name();
        let name = self
            .all_endpoints()
            .iter()
            .find(|stored| stored.id == id)
            .map(|stored| stored.options.name.clone());
        let entry = entry.about(format!("{kind} {}", name.unwrap_or_default()));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::DELETE, params![id, kind]).await? == 0 {
                        return Err(ApiError::new(Code::NotFound));
                    }
                    entry.record(tx).await?;
                    Ok(tx.notify(TOPIC, "").await?)
                })
            })
            .await?;
        self.reload_models().await;
        Ok(())
    }

    /// Moves a model of the page one place up or down.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown id.
    pub async fn move_model(&self, entry: Pending, id: EndpointId, is_up: bool) -> Result<(), ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let mut all: Vec<(EndpointId,)> =
                        tx.fetch_all(queries::OF_KIND, params![Purpose::Chat.name()]).await?;
                    let at = all.iter().position(|(other,)| *other == id).ok_or(Code::NotFound)?;
                    let to = if is_up { at.saturating_sub(1) } else { (at + 1).min(all.len() - 1) };
                    all.swap(at, to);
                    for (place, (id,)) in (1_i64..).zip(all) {
                        tx.execute(queries::PLACE, params![id, place]).await?;
                    }
                    entry.record(tx).await?;
                    Ok::<_, ApiError>(tx.notify(TOPIC, "").await?)
                })
            })
            .await?;
        self.reload_models().await;
        Ok(())
    }

    /// Puts the endpoints of the store in force. On failure those in force stay.
    pub async fn reload_models(&self) {
        let _one_at_a_time = self.endpoints().reloading.lock().await;
        let rows: store::Result<Vec<EndpointRow>> = self.db().fetch_all(queries::ALL, params![]).await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(%error, "the models of the page cannot be read; they stay as they were");
                return;
            }
        };
        let stored: Arc<[Stored]> = rows.into_iter().filter_map(|row| self.opened(row)).collect();
        let is_usable =
            |stored: &&Stored| stored.purpose == Purpose::Chat && !matches!(stored.key, StoredKey::Lost);
        let added = stored.iter().filter(is_usable).map(Stored::provider);
        let all = self.settings().providers.iter().cloned().chain(added).collect();
        if let Err(error) = self.models().replace(all) {
            tracing::error!(%error, "the models of the page cannot be used; they stay as they were");
            return;
        }
        self.use_search_endpoints(&stored);
        *self.endpoints().stored.write() = stored;
    }

    fn use_search_endpoints(&self, stored: &[Stored]) {
        let find = |purpose: Purpose| stored.iter().find(|stored| stored.purpose == purpose);
        // An endpoint whose key is lost stays in use, so that its vectors are kept until the key is entered.
        self.memory().use_embedding(find(Purpose::Embedding).map(|stored| memory::meaning::Endpoint {
            base_url: stored.options.base_url.clone(),
            api_key: stored.api_key(),
            name: stored.options.name.clone(),
            query_prefix: stored.options.query_prefix.clone(),
            passage_prefix: stored.options.passage_prefix.clone(),
            dimensions: stored.options.dimensions,
            is_guarded: true,
        }));
        let limit = self.memory().rerank_limit();
        self.memory().use_rerank(find(Purpose::Rerank).map(|stored| memory::meaning::RerankSettings {
            base_url: stored.options.base_url.clone(),
            api_key: stored.api_key(),
            name: stored.options.name.clone(),
            limit,
            is_guarded: true,
        }));
    }

    /// Reads a row of the store. What cannot be read is logged and left out.
    fn opened(&self, (id, kind, settings, sealed, key_end): EndpointRow) -> Option<Stored> {
        let purpose = Purpose::parse(&kind)?;
        let options: Options = match serde_json::from_str(&settings) {
            Ok(options) => options,
            Err(error) => {
                tracing::error!(%error, endpoint = %id, "a model of the page cannot be read");
                return None;
            }
        };
        let key = match sealed.map(|sealed| self.sealer().open(&sealing_purpose(id), &sealed)) {
            None => StoredKey::None,
            Some(opened) => match opened.map_err(|error| error.to_string()).and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_no_text| "the API key is damaged".to_owned())
            }) {
                Ok(key) => StoredKey::Open(key.into()),
                Err(error) => {
                    let address = web::redact::url(&options.base_url);
                    tracing::error!(
                        error, endpoint = %id, address, model = options.name,
                        "the API key of a model cannot be opened: enter it again on the page of models",
                    );
                    StoredKey::Lost
                }
            },
        };
        Some(Stored { id, purpose, options, key, key_end })
    }

    async fn seal(&self, id: EndpointId, key: &SecretText) -> Result<Vec<u8>, ApiError> {
        let sealed = self.sealer().seal(&sealing_purpose(id), key.expose().as_bytes()).await;
        sealed.map_err(ApiError::internal)
    }

    fn all_endpoints(&self) -> Arc<[Stored]> {
        Arc::clone(&self.endpoints().stored.read())
    }

    fn endpoint(&self, id: EndpointId) -> Option<Stored> {
        self.all_endpoints().iter().find(|stored| stored.id == id).cloned()
    }

    /// Returns the settings and the key of an endpoint that a page configured, unless its key is lost.
    pub(crate) fn endpoint_with_key(&self, purpose: Purpose) -> Option<(Options, SecretText)> {
        let stored = self.endpoint_for(purpose)?;
        (!matches!(stored.key, StoredKey::Lost)).then(|| (stored.options.clone(), stored.api_key()))
    }

    fn endpoint_for(&self, purpose: Purpose) -> Option<Stored> {
        self.all_endpoints().iter().find(|stored| stored.purpose == purpose).cloned()
    }
}

/// Returns the text that binds a sealed key to its endpoint.
fn sealing_purpose(id: EndpointId) -> String {
    format!("the API key of the model endpoint {id}")
}

fn issue(kind: &'static str, field: &str) -> ApiError {
    let mut issues = Issues::body();
    issues.add(kind, field, "not possible");
    match issues.finish() {
        Err(error) => error,
        Ok(()) => Code::Unprocessable.into(),
    }
}

/// Starts the task that follows changes by other processes.
pub(crate) fn start(chat: &Chat, tasks: &Tasks) {
    let chat = chat.clone();
    tasks.follow(&chat.db().clone(), move |event| {
        let is_change = match event {
            NoticeEvent::Notice(notice) => notice.topic == TOPIC,
            NoticeEvent::Gap => true,
        };
        let chat = chat.clone();
        async move {
            if is_change {
                chat.reload_models().await;
            }
        }
    });
}
