//! What a comment is, inside and on the wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::ToSchema;

use super::rules;
use crate::post::{Author, People};

/// A comment to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// What the post is called.
    pub post: String,
    /// The text.
    pub content: String,
    /// The comment it answers.
    pub reply_to: Option<i64>,
    /// Whom the client says it answers.
    pub reply_to_name: Option<String>,
    /// Who speaks: `user`, or what else the client calls the person's double.
    pub source: String,
    /// URL of a sticker, or empty.
    pub sticker_url: String,
}

/// A comment as it is kept, and whether the reader likes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number; newer ones are greater.
    pub id: i64,
    /// The post's number.
    pub post: i64,
    /// Who wrote it.
    pub author: i64,
    /// The text; empty once it was deleted.
    pub content: String,
    /// The comment it answers.
    pub reply_to: Option<i64>,
    /// Whom it answers.
    pub reply_to_name: Option<String>,
    /// The top of its chain of replies.
    pub root: Option<i64>,
    /// Who speaks.
    pub source: String,
    /// URL of a sticker, or empty.
    pub sticker_url: String,
    /// How many like it.
    pub likes: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// False once it was deleted.
    pub is_live: bool,
    /// Whether the reader likes it.
    pub liked: bool,
}

from_row!(Comment {
    id,
    post,
    author,
    content,
    reply_to,
    reply_to_name,
    root,
    source,
    sticker_url,
    likes,
    created_at,
    edited_at,
    is_live,
    liked,
});

impl Comment {
    /// Whether a person wrote it rather than a double.
    pub fn is_human(&self) -> bool {
        rules::is_human(&self.source)
    }
}

/// A page of comments.
#[derive(Debug)]
pub struct Comments {
    /// The comments, oldest first.
    pub items: Vec<Comment>,
    /// What these answer and is not among them.
    pub context: Vec<Comment>,
    /// Whether there is another page.
    pub has_more: bool,
    /// To go on with.
    pub snapshot: Option<String>,
    /// Who wrote them.
    pub people: People,
}

/// Body of `POST /api/secondme/plaza/posts/comment` (contract C-19).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentRequest {
    /// Required.
    #[schema(example = "post_a1b2c3d4")]
    pub(super) post_id: Option<String>,
    /// The text, at most 2 000 characters. Required.
    #[schema(max_length = 2_000)]
    pub(super) content: Option<String>,
    pub(super) reply_to_comment_id: Option<String>,
    /// At most 50 characters; without it the name of whom the comment answers.
    #[schema(max_length = 50)]
    pub(super) reply_to_user_name: Option<String>,
    /// `user`, the default. Anything else is the person's double, who must have been allowed to speak.
    #[schema(example = "user")]
    pub(super) source: Option<String>,
    pub(super) sticker_url: Option<String>,
}

impl CommentRequest {
    /// A comment as a page sends it.
    pub fn from_page(post: &str, content: &str, reply_to: &str) -> Self {
        Self {
            post_id: Some(post.to_owned()),
            content: Some(content.to_owned()),
            reply_to_comment_id: (!reply_to.is_empty()).then(|| reply_to.to_owned()),
            ..Self::default()
        }
    }
}

/// Answer of `POST /api/secondme/plaza/posts/comment`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commented {
    #[schema(example = "comment_002")]
    pub(super) comment_id: String,
}

/// A comment on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentOut {
    #[schema(example = "comment_001")]
    id: String,
    /// Empty where the comment was deleted and stands here for its replies' sake.
    content: String,
    author: Author,
    /// ISO 8601, UTC.
    #[schema(example = "2024-01-20T16:00:00Z")]
    created_at: String,
    reply_to_comment_id: Option<String>,
    reply_to_user_name: Option<String>,
    /// The top of the chain of replies; null for a comment that answers none.
    root_comment_id: Option<String>,
    likes: i64,
    /// Whether the caller likes it.
    liked: bool,
    /// `user`, or what a double was called.
    #[schema(example = "user")]
    source: String,
    sticker_url: Option<String>,
    /// ISO 8601, UTC; null where it is as it was written.
    edited_at: Option<String>,
    deleted: bool,
}

impl CommentOut {
    pub(super) fn new(comment: Comment, people: &People) -> Self {
        let author = Author::of(comment.author, people);
        // Whoever deleted what they said is not named beside the gap.
        let author = if comment.is_live { author } else { Author { name: String::new(), ..Author::gone() } };
        Self {
            id: rules::name(comment.id),
            content: comment.content,
            author,
            created_at: comment.created_at.iso8601(),
            reply_to_comment_id: comment.reply_to.map(rules::name),
            reply_to_user_name: comment.reply_to_name,
            root_comment_id: comment.root.map(rules::name),
            likes: comment.likes,
            liked: comment.liked,
            source: comment.source,
            sticker_url: (!comment.sticker_url.is_empty()).then_some(comment.sticker_url),
            edited_at: comment.edited_at.map(Timestamp::iso8601),
            deleted: !comment.is_live,
        }
    }
}

/// Answer of `GET /api/secondme/plaza/posts/{postId}/comments` (contract C-17).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentPage {
    /// Oldest first.
    pub(super) items: Vec<CommentOut>,
    /// Comments that those on this page answer, and that are not on it.
    pub(super) context_items: Vec<CommentOut>,
    pub(super) page: i64,
    pub(super) page_size: i64,
    pub(super) has_more: bool,
    /// To be given with the next page, which then begins exactly where this one ended.
    pub(super) snapshot: Option<String>,
}
