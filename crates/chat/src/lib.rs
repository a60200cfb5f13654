//! The double answers and decides: chat, act, their sessions, and the models behind them.

use std::sync::Arc;

use identity::Identity;
use memory::Memory;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use web::{Outgoing, Tasks};

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Chat(Arc<Inner>);

struct Inner {
    _db: Database,
    _identity: Identity,
    _memory: Memory,
    _outgoing: Outgoing,
}

impl Chat {
    /// Opens the room.
    pub fn new(db: Database, identity: Identity, memory: Memory, outgoing: Outgoing) -> Self {
        Self(Arc::new(Inner { _db: db, _identity: identity, _memory: memory, _outgoing: outgoing }))
    }

    /// Starts what this room does in the background.
    pub fn start(&self, _tasks: &Tasks) {}

    /// The routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        OpenApiRouter::new().with_state(Arc::clone(&self.0))
    }
}
