//! The Plaza, the public part of a server: certificates, invitations, posts, comments, the feed, circles,
//! topics and moderation.

mod archive;
pub mod certificate;
pub mod circle;
pub mod comment;
pub mod cursor;
pub mod feed;
#[cfg(test)]
mod fuzz_tests;
mod gate;
mod id;
mod import;
pub mod invariants;
pub mod invitation;
pub mod like;
pub mod moderation;
pub mod news;
pub mod post;
mod rate;
pub mod replies;
pub mod topic;

use std::sync::Arc;

use identity::Identity;
use memory::Memory;
use store::Database;
use utoipa_axum::router::OpenApiRouter;

pub use id::{CertificateId, CircleId, CommentId, InvitationId, LogEntryId, PostId, ReportId, TargetId};
pub use import::{OldComment, OldPost};

/// Settings of the Plaza. All limits are per account.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Invitation codes issued with a certificate.
    pub codes_per_resident: i64,
    /// Most posts in an hour.
    pub posts_per_hour: i64,
    /// Most comments in an hour.
    pub comments_per_hour: i64,
    /// Most likes given or taken back in an hour.
    pub likes_per_hour: i64,
    /// Most attempts to redeem a code in an hour.
    pub redeems_per_hour: i64,
    /// Most reports in an hour.
    pub reports_per_hour: i64,
    /// Most circles created in a day.
    pub circles_per_day: i64,
    /// Most comments by the person's assistant in a day.
    pub double_comments_per_day: i64,
}

/// The state of this crate; cheap to clone.
#[derive(Clone)]
pub struct Plaza(Arc<Inner>);

struct Inner {
    db: Database,
    identity: Identity,
    memory: Memory,
    settings: Settings,
}

impl Plaza {
    /// Creates the state.
    pub fn new(db: Database, identity: Identity, memory: Memory, settings: Settings) -> Self {
        Self(Arc::new(Inner { db, identity, memory, settings }))
    }

    /// Returns the routes, relative to the API's base path.
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

    /// Returns the settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn db(&self) -> &Database {
        &self.0.db
    }
}
