//! The API hub: keys that sign app- and person-tokens, allowlists, quotas, the catalogue of APIs and the proxy
//! in front of them, the call log, the user centre.

use std::sync::Arc;

use identity::Identity;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use web::{Outgoing, Tasks};

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    _db: Database,
    _identity: Identity,
    _outgoing: Outgoing,
}

impl Hub {
    /// Opens the room.
    pub fn new(db: Database, identity: Identity, outgoing: Outgoing) -> Self {
        Self(Arc::new(Inner { _db: db, _identity: identity, _outgoing: outgoing }))
    }

    /// Starts what this room does in the background.
    pub fn start(&self, _tasks: &Tasks) {}

    /// The routes, relative to the server's root.
    pub fn api(&self) -> OpenApiRouter {
        OpenApiRouter::new().with_state(Arc::clone(&self.0))
    }
}
