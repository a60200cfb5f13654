//! What a feed is, inside and on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::post::{Kind, People, Post, model::PostOut};

/// The order of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// What is voted for and talked about first, and the newer of equals.
    Featured,
    /// The newest first.
    #[default]
    Timeline,
}

/// Which kinds of posts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kinds {
    /// All.
    #[default]
    All,
    /// One.
    One(Kind),
    /// None: a kind was asked for that does not exist.
    Nothing,
}

/// Which posts are wanted, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// The order.
    pub sort: Sort,
    /// What is to be in them, or empty.
    pub keyword: String,
    /// Of which kind.
    pub kinds: Kinds,
    /// Of which circle, or empty.
    pub circle: String,
}

/// How many posts there are of each kind.
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

    /// Posts of the kinds.
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
    /// How many there are in all pages together.
    pub total: i64,
    /// How many of each kind, whatever kind was wanted.
    pub counts: Counts,
    /// Whether there is another page.
    pub has_more: bool,
    /// To go on with.
    pub snapshot: Option<String>,
    /// Who wrote them.
    pub people: People,
}

/// Query of `GET /api/secondme/plaza/feed` (contract C-18), beside its pages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// `featured` or `timeline`, the default.
    pub(super) sort_mode: Option<String>,
    /// What is to be in the posts, at most 200 characters: all of its words. Of a word that more than 1 000 posts hold,
    /// the newest 1 000 are looked at.
    #[param(max_length = 200)]
    pub(super) keyword: Option<String>,
    /// `discussion`, `ama` or `info`; `public` is every post.
    pub(super) r#type: Option<String>,
    /// The route of a circle.
    pub(super) circle_route: Option<String>,
}

/// Answer of `GET /api/secondme/plaza/feed`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedOut {
    items: Vec<PostOut>,
    /// Posts in all pages together.
    total: i64,
    page: i64,
    page_size: i64,
    has_more: bool,
    /// Posts of each kind, whatever `type` was asked for.
    content_type_counts: Counts,
    /// To be given with the next page, which then begins exactly where this one ended, whatever was posted meanwhile.
    snapshot: Option<String>,
}

impl FeedOut {
    pub(crate) fn new(feed: Feed, page: i64, page_size: i64) -> Self {
        let Feed { posts, total, counts, has_more, snapshot, people } = feed;
        Self {
            items: posts.into_iter().map(|post| PostOut::new(post, &people)).collect(),
            total,
            page,
            page_size,
            has_more,
            content_type_counts: counts,
            snapshot,
        }
    }
}
