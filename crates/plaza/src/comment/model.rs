//! Comments: domain types and wire types.

use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, from_row};
use utoipa::ToSchema;

use super::names;
use crate::{
    CommentId, PostId,
    post::{Author, People},
};

/// A comment to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// The post's name.
    pub post: String,
    /// The text.
    pub content: String,
    /// The parent, if the comment is a reply.
    pub reply_to: Option<CommentId>,
    /// The name of the parent's author, if the client sent one.
    pub reply_to_name: Option<String>,
    /// The source: `user` for the person, anything else for their assistant.
    pub source: String,
    /// The URL of a sticker, or empty.
    pub sticker_url: String,
}

/// A stored comment, and the reader's like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The id; newer comments have greater ones.
    pub id: CommentId,
    /// The post's id.
    pub post: PostId,
    /// The account that wrote it.
    pub author: AccountId,
    /// The text; empty after a deletion.
    pub content: String,
    /// The parent, if the comment is a reply.
    pub reply_to: Option<CommentId>,
    /// The name of the parent's author.
    pub reply_to_name: Option<String>,
    /// The first comment of its chain of replies, if the comment is a reply.
    pub root: Option<CommentId>,
    /// The source: `user` for the person, anything else for their assistant.
    pub source: String,
    /// The URL of a sticker, or empty.
    pub sticker_url: String,
    /// The number of likes.
    pub likes: i64,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last edit.
    pub edited_at: Option<Timestamp>,
    /// False after a deletion.
    pub is_live: bool,
    /// True if the reader likes it.
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
    /// Returns true if a person wrote it, false if their assistant did.
    pub fn is_human(&self) -> bool {
        names::is_human(&self.source)
    }
}

/// A page of comments.
#[derive(Debug)]
pub struct Comments {
    /// The comments, oldest first.
    pub items: Vec<Comment>,
    /// Parents and first comments of their chains that are not among `items`.
    pub context: Vec<Comment>,
    /// True if there is another page.
    pub has_more: bool,
    /// The snapshot for the next page.
    pub snapshot: Option<String>,
    /// The authors of all of them.
    pub people: People,
}

/// Body of `POST /api/secondme/plaza/posts/comment`.
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
    /// At most 50 characters. Default: the name of the parent comment's author.
    #[schema(max_length = 50)]
    pub(super) reply_to_user_name: Option<String>,
    /// `user` (the default), or another name for the person's double. Comments of a double are marked,
    /// limited per day (`plaza.double_comments_per_day`), and refused if the person turned them off.
    #[schema(example = "user")]
    pub(super) source: Option<String>,
    pub(super) sticker_url: Option<String>,
}

impl CommentRequest {
    /// Returns the request of a form on a page.
    pub fn from_page(post: &str, content: &str, reply_to: &str) -> Self {
        Self {
            post_id: Some(post.to_owned()),
            content: Some(content.to_owned()),
            reply_to_comment_id: (!reply_to.is_empty()).then(|| reply_to.to_owned()),
            ..Self::default()
        }
    }
}

/// Response of `POST /api/secondme/plaza/posts/comment`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commented {
    #[schema(example = "comment_002")]
    pub(super) comment_id: String,
}

/// A comment on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CommentOut)]
pub struct CommentResponse {
    #[schema(example = "comment_001")]
    id: String,
    /// Empty if the comment was deleted and is listed only because of its replies.
    content: String,
    author: Author,
    /// ISO 8601, UTC.
    #[schema(example = "2024-01-20T16:00:00Z")]
    created_at: String,
    reply_to_comment_id: Option<String>,
    reply_to_user_name: Option<String>,
    /// The first comment of the chain of replies; null for a comment that is no reply.
    root_comment_id: Option<String>,
    likes: i64,
    /// True if the caller likes it.
    liked: bool,
    /// `user` for the person; anything else for their double.
    #[schema(example = "user")]
    source: String,
    sticker_url: Option<String>,
    /// ISO 8601, UTC; null if it was never edited.
    edited_at: Option<String>,
    deleted: bool,
}

impl CommentResponse {
    pub(super) fn new(comment: Comment, people: &People) -> Self {
        let author = Author::of(comment.author, people);
        // The author of a deleted comment is not named.
        let author = if comment.is_live { author } else { Author { name: String::new(), ..Author::gone() } };
        Self {
            id: names::name(comment.id),
            content: comment.content,
            author,
            created_at: comment.created_at.iso8601(),
            reply_to_comment_id: comment.reply_to.map(names::name),
            reply_to_user_name: comment.reply_to_name,
            root_comment_id: comment.root.map(names::name),
            likes: comment.likes,
            liked: comment.liked,
            source: comment.source,
            sticker_url: (!comment.sticker_url.is_empty()).then_some(comment.sticker_url),
            edited_at: comment.edited_at.map(Timestamp::iso8601),
            deleted: !comment.is_live,
        }
    }
}

/// Response of `GET /api/secondme/plaza/posts/{postId}/comments`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommentPage {
    /// Oldest first.
    pub(super) items: Vec<CommentResponse>,
    /// Parents, and first comments of the chains of replies, that are not on this page.
    pub(super) context_items: Vec<CommentResponse>,
    pub(super) page: i64,
    pub(super) page_size: i64,
    pub(super) has_more: bool,
    /// Send it with the request for the next page, which then begins exactly where this page ended.
    pub(super) snapshot: Option<String>,
}
