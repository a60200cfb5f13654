//! The square where people and doubles meet: certificates, invitations, posts, comments, the feed.

mod archive;
pub mod certificate;
pub mod circle;
pub mod comment;
pub mod feed;
#[cfg(test)]
mod fuzz_tests;
mod gate;
mod import;
pub mod invariants;
pub mod invitation;
pub mod like;
pub mod moderation;
pub mod post;
mod rate;
pub mod topic;
pub mod walk;

use std::sync::Arc;

use identity::Identity;
use memory::Memory;
use store::Database;
use utoipa_axum::router::OpenApiRouter;

pub use import::{OldComment, OldPost};

/// What the owner of the server decides about the square. Limits are for each person.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Invitation codes that a new resident receives.
    pub codes_per_resident: i64,
    /// Posts in an hour.
    pub posts_per_hour: i64,
    /// Comments in an hour.
    pub comments_per_hour: i64,
    /// Likes given and taken back in an hour.
    pub likes_per_hour: i64,
    /// Tries to redeem a code in an hour.
    pub redeems_per_hour: i64,
    /// Reports in an hour.
    pub reports_per_hour: i64,
    /// Circles made in a day.
    pub circles_per_day: i64,
    /// Comments of a double in a day.
    pub double_comments_per_day: i64,
}

/// The state of this room; cheap to clone.
#[derive(Clone)]
pub struct Plaza(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    memory: Memory,
    settings: Settings,
}

impl Plaza {
    /// Opens the room.
    pub fn new(db: Database, identity: Identity, memory: Memory, settings: Settings) -> Self {
        Self(Arc::new(Inner { db, identity, memory, settings }))
    }

    /// The routes, relative to the API's base path.
    pub fn api(&self) -> OpenApiRouter {
        certificate::routes::router(self.clone())
            .merge(invitation::routes::router(self.clone()))
            .merge(post::routes::router(self.clone()))
            .merge(feed::routes::router(self.clone()))
            .merge(comment::routes::router(self.clone()))
            .merge(like::routes::router(self.clone()))
            .merge(circle::routes::router(self.clone()))
            .merge(topic::routes::router(self.clone()))
            .merge(moderation::routes::router(self.clone()))
    }

    /// What the owner of the server decided.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn db(&self) -> &Database {
        &self.0.db
    }
}
