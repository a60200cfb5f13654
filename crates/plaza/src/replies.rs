//! Replies to a person: comments on their posts, and replies to their comments.

use store::{AccountId, Timestamp, from_row, params};
use web::ApiError;

use crate::{CommentId, Plaza, comment::rules, post::People};

/// Posts and comments of the person whose replies are looked for, the newest ones.
const POSTS: i64 = 300;
const COMMENTS: i64 = 300;

const NEWEST: &str = "SELECT c.id, p.name, c.author_id, c.content, c.source, c.created_at FROM ( \
     SELECT c.id FROM (SELECT id FROM plaza_post WHERE author_id = $1 AND is_live = 1 \
     ORDER BY id DESC LIMIT $3) \
     own JOIN plaza_comment c ON c.post_id = own.id AND c.is_live = 1 AND c.id > $2 WHERE c.author_id <> $1 \
     UNION SELECT c.id FROM (SELECT id, post_id FROM plaza_comment WHERE author_id = $1 AND is_live = 1 \
     ORDER BY id DESC LIMIT $4) own JOIN plaza_comment c ON c.post_id = own.post_id AND c.is_live = 1 \
     AND c.id > $2 AND c.reply_to = own.id WHERE c.author_id <> $1) \
     found JOIN plaza_comment c ON c.id = found.id JOIN plaza_post p ON p.id = c.post_id AND p.is_live = 1 \
     ORDER BY c.id DESC LIMIT $5";

/// A reply to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The comment.
    pub id: CommentId,
    /// The name of the post that it is on.
    pub post: String,
    /// The account that wrote it.
    pub author: AccountId,
    /// The text.
    pub content: String,
    /// The source: `user` for the person, anything else for their assistant.
    pub source: String,
    /// The time of creation.
    pub created_at: Timestamp,
}

from_row!(Reply { id, post, author, content, source, created_at });

impl Reply {
    /// Returns true if a person wrote it, false if their assistant did.
    pub fn is_human(&self) -> bool {
        rules::is_human(&self.source)
    }
}

impl Plaza {
    /// Returns the newest replies to a person that came after a comment, newest first, at most `most`, and
    /// their authors. Only the newest posts and comments of the person are considered. People whom the person
    /// blocked are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replies(
        &self,
        account: AccountId,
        after: CommentId,
        most: i64,
    ) -> Result<(Vec<Reply>, People), ApiError> {
        let values = params![account, after, POSTS, COMMENTS, most];
        let mut replies: Vec<Reply> = self.db().fetch_all(NEWEST, values).await?;
        let blocked = self.blocked(account).await?;
        replies.retain(|reply| !blocked.contains(&reply.author));
        let people = self.authors(replies.iter().map(|reply| reply.author)).await?;
        Ok((replies, people))
    }
}
