//! What a person said on the square, as sections of their archive. It is written there to be read: another square has other
//! people, and nothing to answer.
//!
//! No index has the author: an export reads the posts and the comments once from one end to the other.

use serde::Serialize;
use store::{BoxFuture, Timestamp, from_row, owned_params};
use web::{
    ApiError, Code,
    archive::{Given, Part, Section, Taken, line},
};

use crate::{
    Plaza,
    comment::rules,
    post::{Extras, Kind, model},
};

/// Entries of a part.
const PART: i64 = 500;

const POSTS: &str = "SELECT id, name, content, kind, circle, extras, likes, comments, created_at, edited_at \
     FROM plaza_post WHERE author_id = $1 AND id > $2 AND is_live = 1 ORDER BY id LIMIT $3";

const COMMENTS: &str = "SELECT c.id, p.name, c.content, c.reply_to, c.reply_to_name, c.source, c.sticker_url, c.likes, \
     c.created_at, c.edited_at FROM plaza_comment c JOIN plaza_post p ON p.id = c.post_id \
     WHERE c.author_id = $1 AND c.id > $2 AND c.is_live = 1 ORDER BY c.id LIMIT $3";

impl Plaza {
    /// The sections of an archive that are this room's.
    pub fn sections(&self) -> Vec<Box<dyn Section>> {
        vec![Box::new(Posts(self.clone())), Box::new(Comments(self.clone()))]
    }
}

struct Posts(Plaza);
struct Comments(Plaza);

struct PostRow {
    id: i64,
    name: String,
    content: String,
    kind: i64,
    circle: String,
    extras: String,
    likes: i64,
    comments: i64,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
}

from_row!(PostRow { id, name, content, kind, circle, extras, likes, comments, created_at, edited_at });

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostEntry {
    post_id: String,
    content: String,
    #[serde(rename = "contentType")]
    kind: Kind,
    circle: String,
    #[serde(flatten)]
    extras: Extras,
    likes: i64,
    comments: i64,
    create_time: i64,
    edit_time: Option<i64>,
}

struct CommentRow {
    id: i64,
    post: String,
    content: String,
    reply_to: Option<i64>,
    reply_to_name: Option<String>,
    source: String,
    sticker_url: String,
    likes: i64,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
}

from_row!(CommentRow {
    id,
    post,
    content,
    reply_to,
    reply_to_name,
    source,
    sticker_url,
    likes,
    created_at,
    edited_at
});

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommentEntry {
    comment_id: String,
    post_id: String,
    content: String,
    reply_to_comment_id: Option<String>,
    reply_to_user_name: Option<String>,
    source: String,
    sticker_url: String,
    likes: i64,
    create_time: i64,
    edit_time: Option<i64>,
}

impl Section for Posts {
    fn name(&self) -> &'static str {
        "plaza-posts"
    }

    fn is_for_reading(&self) -> bool {
        true
    }

    fn export(&self, account: i64, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let posts: Vec<PostRow> = self.0.db().fetch_all_heavy(POSTS, page).await?;
            let next = posts.last().map(|post| post.id);
            let mut lines = Vec::with_capacity(posts.len());
            for post in posts {
                lines.push(line(&PostEntry {
                    post_id: post.name,
                    content: post.content,
                    kind: Kind::of(post.kind)?,
                    circle: post.circle,
                    extras: model::extras(&post.extras)?,
                    likes: post.likes,
                    comments: post.comments,
                    create_time: post.created_at.as_millis(),
                    edit_time: post.edited_at.map(Timestamp::as_millis),
                })?);
            }
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(&self, _: i64, _: Vec<Given>) -> BoxFuture<'_, Result<Taken, ApiError>> {
        Box::pin(async { Err(Code::InvalidParam.into()) })
    }
}

impl Section for Comments {
    fn name(&self) -> &'static str {
        "plaza-comments"
    }

    fn is_for_reading(&self) -> bool {
        true
    }

    fn export(&self, account: i64, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let comments: Vec<CommentRow> = self.0.db().fetch_all_heavy(COMMENTS, page).await?;
            let next = comments.last().map(|comment| comment.id);
            let mut lines = Vec::with_capacity(comments.len());
            for comment in comments {
                lines.push(line(&CommentEntry {
                    comment_id: rules::name(comment.id),
                    post_id: comment.post,
                    content: comment.content,
                    reply_to_comment_id: comment.reply_to.map(rules::name),
                    reply_to_user_name: comment.reply_to_name,
                    source: comment.source,
                    sticker_url: comment.sticker_url,
                    likes: comment.likes,
                    create_time: comment.created_at.as_millis(),
                    edit_time: comment.edited_at.map(Timestamp::as_millis),
                })?);
            }
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(&self, _: i64, _: Vec<Given>) -> BoxFuture<'_, Result<Taken, ApiError>> {
        Box::pin(async { Err(Code::InvalidParam.into()) })
    }
}
