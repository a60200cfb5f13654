//! Bringing in posts and comments that were written elsewhere: many in one transaction, under no limit of a person.

use store::Timestamp;
use web::ApiError;

use crate::{
    Plaza, comment,
    post::{self, NewPost, Prepared, Tally},
};

/// A post from elsewhere.
#[derive(Debug, Clone)]
pub struct OldPost {
    /// Its number, which is its place in time; never one that is taken.
    pub id: i64,
    /// Who wrote it.
    pub author: i64,
    /// When.
    pub created_at: Timestamp,
    /// How many liked it there.
    pub likes: i64,
    /// The post.
    pub post: NewPost,
    /// Its comments, oldest first.
    pub comments: Vec<OldComment>,
}

/// A comment from elsewhere, written by a person.
#[derive(Debug, Clone)]
pub struct OldComment {
    /// Who wrote it.
    pub author: i64,
    /// What.
    pub content: String,
    /// When.
    pub created_at: Timestamp,
}

impl Plaza {
    /// Writes posts and their comments, all of them or none.
    ///
    /// # Errors
    /// When the store fails, or a number is taken.
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
