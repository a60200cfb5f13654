//! The feed: domain types and wire types.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::post::{Kind, People, Post, model::PostResponse};

/// The order of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By age, likes and comments (see [`crate::post::rules::hot`]); of equals the newer first.
    Featured,
    /// The newest first.
    #[default]
    Timeline,
}

/// A filter by kind of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kinds {
    /// All kinds.
    #[default]
    All,
    /// One kind.
    One(Kind),
    /// No post: the client named a kind that does not exist.
    Nothing,
}

/// Filters and order of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedFilter {
    /// The order.
    pub sort: Sort,
    /// Words that the posts must contain, or empty.
    pub keyword: String,
    /// The kinds of posts.
    pub kinds: Kinds,
    /// The route of the posts' circle, or empty for all posts.
    pub circle: String,
}

/// The number of posts of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Counts {
    /// Discussions.
    pub discussion: i64,
    /// Ask me anything.
    pub ama: i64,
    /// Looking for information.
    pub info: i64,
}

impl Counts {
    pub(super) fn add(&mut self, kind: Kind, posts: i64) {
        match kind {
            Kind::Discussion => self.discussion += posts,
            Kind::Ama => self.ama += posts,
            Kind::Info => self.info += posts,
        }
    }

    /// Returns the number of posts of the given kinds.
    pub fn of(self, kinds: Kinds) -> i64 {
        match kinds {
            Kinds::All => self.discussion + self.ama + self.info,
            Kinds::One(Kind::Discussion) => self.discussion,
            Kinds::One(Kind::Ama) => self.ama,
            Kinds::One(Kind::Info) => self.info,
            Kinds::Nothing => 0,
        }
    }
}

/// A page of a feed.
#[derive(Debug)]
pub struct Feed {
    /// The posts.
    pub posts: Vec<Post>,
    /// The number of posts in all pages together.
    pub total: i64,
    /// The number of posts of each kind, with no regard to the filter by kind.
    pub counts: Counts,
    /// True if there is another page.
    pub has_more: bool,
    /// The snapshot for the next page.
    pub snapshot: Option<String>,
    /// The authors.
    pub people: People,
}

/// Query of `GET /api/secondme/plaza/feed`, except for the paging parameters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct FeedParams {
    /// `featured` or `timeline`, the default.
    pub(super) sort_mode: Option<String>,
    /// Words, at most 200 characters. A post is found if it contains all of them. If more than 1 000 posts
    /// contain the rarest of them, only the newest 1 000 of these are searched.
    #[param(max_length = 200)]
    pub(super) keyword: Option<String>,
    /// `discussion`, `ama` or `info`; `public` is every post.
    pub(super) r#type: Option<String>,
    /// The route of a circle.
    pub(super) circle_route: Option<String>,
}

/// Response of `GET /api/secondme/plaza/feed`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FeedOut)]
pub struct FeedResponse {
    items: Vec<PostResponse>,
    /// The number of posts in all pages together.
    total: i64,
    page: i64,
    page_size: i64,
    has_more: bool,
    /// The number of posts of each kind, with no regard to `type`.
    content_type_counts: Counts,
    /// Send it with the request for the next page, which then begins exactly where this page ended, even if
    /// posts were added in the meantime.
    snapshot: Option<String>,
}

impl FeedResponse {
    pub(crate) fn new(feed: Feed, page: i64, page_size: i64) -> Self {
        let Feed { posts, total, counts, has_more, snapshot, people } = feed;
        Self {
            items: posts.into_iter().map(|post| PostResponse::new(post, &people)).collect(),
            total,
            page,
            page_size,
            has_more,
            content_type_counts: counts,
            snapshot,
        }
    }
}
