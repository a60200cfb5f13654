//! The assistant that speaks for a person: chat, `act`, their sessions, and the models behind them.

pub mod act;
mod archive;
mod doctor;
mod events;
mod id;
pub mod invariants;
mod json;
pub mod models;
mod openai;
pub mod person;
mod prompt;
mod provenance;
pub mod provider;
pub mod reason;
mod responder;
mod search;
pub mod session;
pub mod shared;
pub mod speech;
mod streams;
mod talk;
pub mod tools;
pub mod transcription;
pub mod visitor;
mod work;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use memory::Memory;
use outgoing::{Outgoing, Refused};
use parking_lot::RwLock;
use store::{AccountId, Database, Sealer};
use utoipa_axum::router::OpenApiRouter;
use web::{ApiError, Code, Tasks, redact::SecretUrl};

use self::search::Engine;
pub use id::{ConversationId, EndpointId};
use provider::Models;
use shared::SharedAvatars;
use streams::Streams;
pub use talk::{CompleteAnswer, live};
use tools::{Tool, Tools};

/// Routes, relative to the API's base path, that respond only after a model's whole answer.
pub const SLOW: &[&str] = &[
    "/secondme/ws-chat/send",
    "/secondme/tts/generate",
    "/v1/chat/completions",
    "/v1/chat/completions/",
    "/v1//chat/completions",
    "/v1/responses",
    "/v1/responses/",
    "/v1//responses",
    "/v1/embeddings",
    "/v1/embeddings/",
    "/v1//embeddings",
];

/// The settings of the assistant.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The models of the configuration, in the order in which they are asked.
    pub providers: Vec<provider::Settings>,
    /// Maximum number of tokens of a prompt.
    pub prompt_tokens: usize,
    /// Maximum number of tokens of the recalled memories in a prompt.
    pub recall_tokens: usize,
    /// Maximum number of concurrent answers of an account.
    pub max_streams: usize,
    /// Maximum number of tokens that an account may use per day; 0: no limit.
    pub daily_tokens: i64,
    /// True if facts are distilled from what people say to their own assistants.
    pub distill: bool,
    /// The time between the last answer of a conversation and its distillation.
    pub distill_after: Duration,
    /// True if facts are looked over at night.
    pub dream: bool,
    /// Maximum number of tokens of such a look.
    pub dream_tokens: usize,
    /// Maximum size of a request body with pictures, in bytes.
    pub max_body: usize,
    /// The URL of a search engine with SearXNG's API; empty: none.
    pub search_url: SecretUrl,
    /// The endpoint of the configuration that speaks.
    pub speech: speech::SpeechSettings,
    /// The endpoint that writes down what people say.
    pub transcription: transcription::TranscriptionSettings,
    /// Base URLs at which servers of models on this machine usually listen.
    pub look_for: Vec<String>,
    /// The time for which answers may go on after the server was told to stop.
    pub drain: Duration,
}

/// Limits and capabilities of this server.
#[derive(Debug, Clone, Copy)]
pub struct ServerPolicy {
    /// Maximum number of tokens that an account may use per day; 0: no limit.
    pub daily_tokens: i64,
    /// True if facts are distilled from conversations.
    pub distills: bool,
    /// True if a configured model supports tools.
    pub has_tools: bool,
    /// True if a configured model accepts pictures.
    pub has_pictures: bool,
}

/// The state of this crate; cheap to clone.
#[derive(Clone)]
pub struct Chat(Arc<Inner>);

struct Inner {
    db: Database,
    memory: Memory,
    settings: RwLock<Arc<Settings>>,
    models: Models,
    endpoints: models::Endpoints,
    outgoing: Outgoing,
    sealer: Sealer,
    search: Option<Engine>,
    streams: Arc<Streams>,
    tasks: OnceLock<Tasks>,
    tools: OnceLock<Arc<dyn Tools>>,
    avatars: OnceLock<Arc<dyn SharedAvatars>>,
    live: Arc<live::Running>,
}

impl Chat {
    /// Creates the state. [`Chat::reload_models`] adds the models of the store.
    ///
    /// # Errors
    /// If the HTTP client cannot be created, or a URL is invalid.
    pub fn new(
        db: Database,
        memory: Memory,
        outgoing: &Outgoing,
        sealer: Sealer,
        settings: Settings,
    ) -> Result<Self, Refused> {
        let models = Models::new(settings.providers.clone(), outgoing, db.clock().clone())?;
        let search = match &*settings.search_url {
            "" => None,
            url => Some(Engine::new(url, outgoing)?),
        };
        Ok(Self(Arc::new(Inner {
            db,
            memory,
            settings: RwLock::new(Arc::new(settings)),
            models,
            endpoints: models::Endpoints::default(),
            outgoing: outgoing.clone(),
            sealer,
            search,
            streams: Arc::default(),
            tasks: OnceLock::new(),
            tools: OnceLock::new(),
            avatars: OnceLock::new(),
            live: Arc::default(),
        })))
    }

    /// Sets the source of tools. Call it once, before [`Chat::start`].
    pub fn use_tools(&self, tools: Arc<dyn Tools>) {
        let _said_before = self.0.tools.set(tools);
    }

    /// Sets the source of other people's avatars. Call it once.
    pub fn use_avatars(&self, avatars: Arc<dyn SharedAvatars>) {
        let _said_before = self.0.avatars.set(avatars);
    }

    /// Returns the tools that a person may allow their assistant; none if no model supports tools.
    pub async fn offered_tools(&self, account: AccountId) -> Vec<Tool> {
        match self.0.tools.get().filter(|_| self.models().knows_tools()) {
            Some(tools) => tools.offered(account).await,
            None => Vec::new(),
        }
    }

    /// Returns the limits and capabilities of this server.
    pub fn house(&self) -> ServerPolicy {
        ServerPolicy {
            daily_tokens: self.settings().daily_tokens,
            distills: self.settings().distill && !self.models().is_empty(),
            has_tools: self.models().knows_tools(),
            has_pictures: self.models().knows_pictures(),
        }
    }

    /// Starts the background tasks.
    pub fn start(&self, tasks: &Tasks) {
        let _started_before = self.0.tasks.set(tasks.clone());
        models::start(self, tasks);
        talk::elsewhere::start(self, tasks);
        work::start(self, tasks);
    }

    /// Returns the routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        session::routes::router(self.clone())
            .merge(talk::routes::router(self.clone()))
            .merge(speech::routes::router(self.clone()))
    }

    /// Returns the routes of the OpenAI-compatible API.
    pub fn openai(&self) -> axum::Router {
        openai::routes::router(self.clone())
    }

    /// Returns the maximum duration of a model's answer, also of a model that a page adds later.
    pub fn patience(&self) -> Duration {
        self.0.models.total().max(models::rules::LONGEST) + provider::GRACE
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    fn memory(&self) -> &Memory {
        &self.0.memory
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.0.settings.read())
    }

    /// Uses other settings from now on. The search engine and the size of request bodies stay as they were,
    /// and models only change with [`Chat::reload_models`].
    pub fn replace_settings(&self, settings: Settings) {
        *self.0.settings.write() = Arc::new(settings);
    }

    fn models(&self) -> &Models {
        &self.0.models
    }

    fn endpoints(&self) -> &models::Endpoints {
        &self.0.endpoints
    }

    fn outgoing(&self) -> &Outgoing {
        &self.0.outgoing
    }

    fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    fn model_names(&self) -> Arc<[String]> {
        self.0.models.names()
    }

    fn search(&self) -> Option<&Engine> {
        self.0.search.as_ref()
    }

    fn tools(&self) -> Option<&Arc<dyn Tools>> {
        self.0.tools.get()
    }

    fn avatars(&self) -> Option<&Arc<dyn SharedAvatars>> {
        self.0.avatars.get()
    }

    fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    fn running(&self) -> &Arc<live::Running> {
        &self.0.live
    }

    fn tasks(&self) -> Result<&Tasks, ApiError> {
        self.0.tasks.get().ok_or_else(|| ApiError::new(Code::Unavailable).because("the chat has not started"))
    }

    /// Resolves when the server is stopping and the time for running answers is over.
    async fn cut_off(&self) {
        let Ok(tasks) = self.tasks() else { return std::future::pending().await };
        tasks.stopping().await;
        #[expect(clippy::disallowed_methods, reason = "the time that shutdown grants")]
        tokio::time::sleep(self.settings().drain).await;
    }
}
