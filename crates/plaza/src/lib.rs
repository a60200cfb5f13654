//! The square where people and doubles meet: certificates, invitations, posts, comments, the feed.

use std::sync::Arc;

use identity::Identity;
use store::Database;
use utoipa_axum::router::OpenApiRouter;
use web::Tasks;

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Plaza(Arc<Inner>);

struct Inner {
    _db: Database,
    _identity: Identity,
}

impl Plaza {
    /// Opens the room.
    pub fn new(db: Database, identity: Identity) -> Self {
        Self(Arc::new(Inner { _db: db, _identity: identity }))
    }

    /// Starts what this room does in the background.
    pub fn start(&self, _tasks: &Tasks) {}

    /// The routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        OpenApiRouter::new().with_state(Arc::clone(&self.0))
    }
}
