//! The double answers and decides: chat, act, their sessions, and the models behind them.

pub mod act;
mod archive;
mod doctor;
mod events;
pub mod invariants;
mod json;
mod openai;
pub mod person;
mod prompt;
pub mod provider;
mod responder;
mod search;
pub mod session;
mod talk;
pub mod tools;
mod work;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use memory::Memory;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use web::{ApiError, Code, Outgoing, Tasks, outgoing::Refused};

use provider::Models;
use search::Engine;
pub use talk::Said;
use talk::Streams;
use tools::{Tool, Tools};

/// Routes, relative to the API's base path, whose answer waits for a whole answer of a model.
pub const SLOW: &[&str] =
    &["/secondme/ws-chat/send", "/v1/chat/completions", "/v1/chat/completions/", "/v1//chat/completions"];

/// What the owner of the server decides about the double.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The models, in the order in which they are asked.
    pub providers: Vec<provider::Settings>,
    /// Most tokens of a prompt, and of what is recalled in it.
    pub prompt_tokens: usize,
    /// See `prompt_tokens`.
    pub recall_tokens: usize,
    /// Most answers in the making for an account.
    pub max_streams: usize,
    /// Most tokens an account may use in a day; 0: no limit.
    pub daily_tokens: i64,
    /// Whether facts are distilled from what people say to their own doubles, …
    pub distill: bool,
    /// … and how long after the last answer of a conversation.
    pub distill_after: Duration,
    /// Largest body with pictures in bytes.
    pub max_body: usize,
    /// A search engine that speaks SearXNG's protocol; empty: none.
    pub search_url: String,
    /// How long an answer may go on once the server was told to stop.
    pub drain: Duration,
}

/// What holds for everybody on a server.
#[derive(Debug, Clone, Copy)]
pub struct House {
    /// Most tokens an account may use in a day; 0: no limit.
    pub daily_tokens: i64,
    /// Whether facts are distilled from conversations.
    pub distills: bool,
    /// Whether a model knows tools.
    pub has_tools: bool,
}

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Chat(Arc<Inner>);

struct Inner {
    db: Database,
    memory: Memory,
    settings: Settings,
    models: Models,
    model_names: Vec<String>,
    search: Option<Engine>,
    streams: Arc<Streams>,
    tasks: OnceLock<Tasks>,
    tools: OnceLock<Arc<dyn Tools>>,
}

impl Chat {
    /// Opens the room.
    ///
    /// # Errors
    /// When this process cannot make calls.
    pub fn new(
        db: Database,
        memory: Memory,
        outgoing: &Outgoing,
        settings: Settings,
    ) -> Result<Self, Refused> {
        let models = Models::new(settings.providers.clone(), outgoing, db.clock().clone())?;
        let names = |provider: &provider::Settings| {
            let more = provider.names.iter().flat_map(|(asked, name)| [asked.clone(), name.clone()]);
            more.chain([provider.name.clone()]).collect::<Vec<_>>()
        };
        let mut model_names: Vec<String> = settings.providers.iter().flat_map(names).collect();
        model_names.sort_unstable();
        model_names.dedup();
        let search = match settings.search_url.as_str() {
            "" => None,
            url => Some(Engine::new(url, outgoing)?),
        };
        let (streams, tasks, tools) = (Arc::default(), OnceLock::new(), OnceLock::new());
        Ok(Self(Arc::new(Inner { db, memory, settings, models, model_names, search, streams, tasks, tools })))
    }

    /// Says who offers actions for doubles to use. Once, before the start.
    pub fn use_tools(&self, tools: Arc<dyn Tools>) {
        let _said_before = self.0.tools.set(tools);
    }

    /// The actions that a person may let their double use; none where no model knows tools.
    pub async fn offered_tools(&self, account: i64) -> Vec<Tool> {
        match self.0.tools.get().filter(|_| self.models().knows_tools()) {
            Some(tools) => tools.offered(account).await,
            None => Vec::new(),
        }
    }

    /// What holds for everybody on this server.
    pub fn house(&self) -> House {
        House {
            daily_tokens: self.settings().daily_tokens,
            distills: self.settings().distill && !self.models().is_empty(),
            has_tools: self.models().knows_tools(),
        }
    }

    /// Starts what this room does in the background.
    pub fn start(&self, tasks: &Tasks) {
        let _started_before = self.0.tasks.set(tasks.clone());
        work::start(self, tasks);
    }

    /// The routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        session::routes::router(self.clone()).merge(talk::routes::router(self.clone()))
    }

    /// The routes of OpenAI's protocol.
    pub fn openai(&self) -> axum::Router {
        openai::routes::router(self.clone())
    }

    /// Longest that an answer of a model may take.
    pub fn patience(&self) -> Duration {
        self.0.models.total() + provider::GRACE
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    fn memory(&self) -> &Memory {
        &self.0.memory
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn models(&self) -> &Models {
        &self.0.models
    }

    fn model_names(&self) -> &[String] {
        &self.0.model_names
    }

    fn search(&self) -> Option<&Engine> {
        self.0.search.as_ref()
    }

    fn tools(&self) -> Option<&Arc<dyn Tools>> {
        self.0.tools.get()
    }

    fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    fn tasks(&self) -> Result<&Tasks, ApiError> {
        self.0.tasks.get().ok_or_else(|| ApiError::new(Code::Unavailable).because("the chat has not started"))
    }

    /// Resolves when the server ends and answers have had their time to end, too.
    async fn cut_off(&self) {
        let Ok(tasks) = self.tasks() else { return std::future::pending().await };
        tasks.stopping().await;
        #[expect(clippy::disallowed_methods, reason = "the time that shutdown grants")]
        tokio::time::sleep(self.settings().drain).await;
    }
}
