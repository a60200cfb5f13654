//! Import of posts and comments from elsewhere: many in one transaction, without the rate limits of accounts.

use store::{AccountId, Timestamp};
use web::ApiError;

use crate::{
    Plaza, PostId, comment,
    post::{self, NewPost, Prepared, Tally},
};

/// A post to import.
#[derive(Debug, Clone)]
pub struct OldPost {
    /// The id, which also orders posts by time. No other post has it.
    pub id: PostId,
    /// The account that wrote it.
    pub author: AccountId,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The number of likes it had.
    pub likes: i64,
    /// The post.
    pub post: NewPost,
    /// The comments, oldest first.
    pub comments: Vec<OldComment>,
}

/// A comment to import, written by a person.
#[derive(Debug, Clone)]
pub struct OldComment {
    /// The account that wrote it.
    pub author: AccountId,
    /// The text.
    pub content: String,
    /// The time of creation.
    pub created_at: Timestamp,
}

impl Plaza {
    /// Inserts posts and their comments, all or none.
    ///
    /// # Errors
    /// When the store fails, or an id is taken.
    pub async fn import(&self, posts: Vec<OldPost>) -> Result<(), ApiError> {
        let mut ready = Vec::with_capacity(posts.len());
        for OldPost { id, author, created_at, likes, post, comments } in posts {
            let count = i64::try_from(comments.len()).unwrap_or(i64::MAX);
            let tally = Tally { likes, comments: count, human_comments: count };
            let comments = comments
                .into_iter()
                .map(|old| comment::old(self.db(), id, old.author, old.content, old.created_at));
            let comments: Vec<comment::Comment> = comments.collect();
            ready.push(((id, author, created_at), tally, Prepared::new(post)?, comments));
        }
        let db = self.db().clone();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    for (place, tally, prepared, comments) in &ready {
                        post::insert(tx, &db, *place, *tally, prepared).await?;
                        for comment in comments {
                            comment::insert(tx, comment).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }
}
