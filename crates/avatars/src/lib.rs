//! Avatars: faces of a person towards others, and the conversations of visitors with them.

mod archive;
pub mod avatar;
pub mod friend;
mod id;
pub mod insight;
pub mod invariants;
pub mod key;
mod lenient;
pub mod open;
pub mod skill;
mod token;
pub mod visit;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use chat::Chat;
use identity::Identity;
use memory::Memory;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use web::{ApiError, Code, Tasks};

pub use id::{AvatarId, AvatarKeyId, SkillId, VisitId, VisitMessageId};
use visit::sockets::Sockets;

/// Routes that need no caller: they read a token in the query, or a credential of their own.
pub const PUBLIC: &[&str] = &[
    "/api/secondme/visitor-chat/ws",
    "/gate/lab/api/secondme/visitor-chat/ws",
    "/api/secondme/avatar/conversations/export/{jobId}/download",
    "/gate/lab/api/secondme/avatar/conversations/export/{jobId}/download",
    "/gate/in/rest/open/avatar/auth",
    "/gate/in/rest/os/avatar/chat/init",
    "/gate/in/rest/os/avatar/chat/start",
    "/gate/in/rest/os/avatar/public/{shareCode}",
    "/gate/in/rest/general/ws/create",
    "/gate/in/rest/general/session/create",
    "/gate/in/rest/general/message/send",
];

/// Settings of avatars and visitors.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Most avatars of an account, the primary one included.
    pub max_avatars: i64,
    /// Most messages of a visitor to an avatar in an hour.
    pub visitor_messages_per_hour: i64,
    /// Most messages of all visitors to an avatar in a day.
    pub messages_per_day: i64,
    /// Most tokens that an avatar may use in a day; 0: only the account's limit applies.
    pub tokens_per_day: i64,
    /// Most messages from an address in an hour that have no account behind them.
    pub guest_messages_per_hour: i64,
    /// Most visitors of an avatar at once.
    pub visitors_at_once: i64,
    /// Most open sockets of this process.
    pub max_sockets: usize,
    /// Time without a message after which a conversation ends.
    pub session: Duration,
    /// Days for which conversations are kept.
    pub keep_days: i64,
    /// The public base URL of the server, without a trailing slash.
    pub public_url: String,
}

/// The state of this crate; cheap to clone.
#[derive(Clone)]
pub struct Avatars(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    memory: Memory,
    chat: Chat,
    settings: Settings,
    sockets: Arc<Sockets>,
    tasks: OnceLock<Tasks>,
}

impl Avatars {
    /// Creates the state.
    pub fn new(db: Database, identity: Identity, memory: Memory, chat: Chat, settings: Settings) -> Self {
        let sockets = Arc::new(Sockets::new(settings.max_sockets));
        Self(Arc::new(Inner { db, identity, memory, chat, settings, sockets, tasks: OnceLock::new() }))
    }

    /// Starts the background tasks, and makes avatars known to `ws-chat/send`.
    pub fn start(&self, tasks: &Tasks) {
        let _started_before = self.0.tasks.set(tasks.clone());
        self.chat().use_avatars(Arc::new(visit::shared::Shared(self.clone())));
        visit::socket::start(self, tasks);
        visit::sweep::start(self, tasks);
    }

    /// Returns the routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        avatar::routes::router(self.clone())
            .merge(key::routes::router(self.clone()))
            .merge(skill::routes::router(self.clone()))
            .merge(insight::routes::router(self.clone()))
            .merge(visit::routes::router(self.clone()))
            .merge(friend::routes::router(self.clone()))
    }

    /// Returns the routes of the older API of avatars, whose callers hold a key of an avatar.
    pub fn older_api(&self) -> axum::Router {
        open::router(self.clone())
    }

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
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

    fn sockets(&self) -> &Arc<Sockets> {
        &self.0.sockets
    }

    fn tasks(&self) -> Result<&Tasks, ApiError> {
        self.0.tasks.get().ok_or_else(|| ApiError::new(Code::Unavailable).because("avatars have not started"))
    }
}
