//! The MCP server by which people's agents use their memory: the layer in front of the transport, the tools,
//! resources and prompts, the limits, and the log that shows people what their agents read and wrote.
//!
//! Everything that a tool does is a method of another crate. A caller gets no more than their credential may
//! read or write there.

mod arguments;
mod challenge;
mod entry;
mod gate;
mod http;
mod hub;
mod limit;
pub mod log;
mod need;
mod prompts;
mod reply;
mod resources;
mod review;
mod schema;
mod server;
mod skill;
mod spec;
mod text;
mod tools;

use std::sync::{Arc, OnceLock};

use chat::Chat;
use identity::{Identity, ScopeSet};
use memory::Memory;
use store::Database;
use web::Tasks;

pub use entry::Entry;
pub use http::{Allowed, Hub, router};
pub use skill::router as skill_router;

/// The paths of the server. It is served at both without a redirect, which would turn a POST into a GET.
pub const PATH: &str = "/mcp";
/// The same path as some clients write it.
pub const PATH_WITH_SLASH: &str = "/mcp/";
/// The paths of the Hub's server for callers without a token.
pub const HUB_PATH: &str = "/mcp/hub";
/// The same path as some clients write it.
pub const HUB_PATH_WITH_SLASH: &str = "/mcp/hub/";

/// Routes that need no caller of the guard, because they authenticate callers themselves or are public.
pub const PUBLIC: &[&str] = &[
    PATH,
    PATH_WITH_SLASH,
    HUB_PATH,
    HUB_PATH_WITH_SLASH,
    skill::AGENT_INDEX,
    skill::AGENT_FILE,
    skill::INDEX,
    skill::FILE,
    skill::LLMS,
];

/// Routes whose response waits for the whole answer of a model.
pub const SLOW: &[&str] = &[PATH, PATH_WITH_SLASH];

/// The path of the page that shows a memory or note, before its id.
pub const ITEM_PATH: &str = "/agents/item/";

/// The settings of the MCP server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public base URL of the server, without a trailing slash.
    pub base_url: String,
    /// The scopes that the server asks for first.
    pub scopes: ScopeSet,
    /// Requests of a connected agent per minute.
    pub requests_per_minute: u32,
    /// Additions and changes of a connected agent per minute.
    pub writes_per_minute: u32,
    /// Questions of a connected agent to the assistant per minute.
    pub asks_per_minute: u32,
    /// Number of days for which calls are kept in the log.
    pub log_days: i64,
}

/// The state of this crate; cheap to clone.
#[derive(Clone)]
pub struct Agents(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    memory: Memory,
    chat: Chat,
    settings: Settings,
    limits: limit::Limits,
    recorder: log::Recorder,
    /// The actions of the Hub, if agents may call them.
    hub: OnceLock<Arc<dyn chat::tools::Tools>>,
}

impl Agents {
    /// Creates the state.
    pub fn new(db: Database, identity: Identity, memory: Memory, chat: Chat, settings: Settings) -> Self {
        let limits = limit::Limits::new(&settings);
        let recorder = log::Recorder::new("calls of agents");
        let hub = OnceLock::new();
        Self(Arc::new(Inner { db, identity, memory, chat, settings, limits, recorder, hub }))
    }

    /// Starts the background tasks, which write the call log and remove its old rows.
    pub fn start(&self, tasks: &Tasks) {
        log::start(self, tasks);
    }

    /// Returns the URL of the server as people paste it into their agents.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.settings().base_url)
    }

    fn db(&self) -> &Database {
        &self.0.db
    }

    fn identity(&self) -> &Identity {
        &self.0.identity
    }

    fn memory(&self) -> &Memory {
        &self.0.memory
    }

    fn chat(&self) -> &Chat {
        &self.0.chat
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn limits(&self) -> &limit::Limits {
        &self.0.limits
    }

    fn recorder(&self) -> &log::Recorder {
        &self.0.recorder
    }
}
