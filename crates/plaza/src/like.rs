//! Likes of posts and comments. A second like of the same thing by the same person changes nothing.

mod queries;
pub(crate) mod routes;

use store::{AccountId, Tx, params};
use web::{ApiError, Code};

use crate::{
    CommentId, Plaza, PostId, TargetId, comment,
    post::{self, Tally},
    rate::{self, Action},
};

/// The post or comment that is liked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Post(PostId),
    Comment(CommentId),
}

impl Target {
    fn id(self) -> TargetId {
        match self {
            Self::Post(id) => id.into(),
            Self::Comment(id) => id.into(),
        }
    }

    /// Adds to the number of likes, and returns it.
    async fn add(self, tx: &mut Tx<'_>, likes: i64) -> Result<i64, ApiError> {
        match self {
            Self::Post(id) => post::tally(tx, id, Tally { likes, ..Tally::default() }).await,
            Self::Comment(id) => {
                let (all,): (i64,) = tx.fetch_one(comment::queries::LIKE, params![id, likes]).await?;
                Ok(all)
            }
        }
    }
}

impl Plaza {
    /// Likes a post, or takes the like back. Returns the number of likes.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such post; [`Code::PlazaBlocked`] if its author has blocked the
    /// account; [`Code::RateLimited`].
    pub async fn like_post(&self, account: AccountId, name: &str, likes: bool) -> Result<i64, ApiError> {
        let name = post::rules::check_name(name)?;
        let found = self.db().fetch_optional(post::queries::ID, params![name]).await?;
        let (id, author): (PostId, AccountId) = found.ok_or(Code::NotFound)?;
        self.check_welcome(account, author).await?;
        self.like(account, Target::Post(id), likes).await
    }

    /// Likes a comment, or takes the like back. Returns the number of likes.
    ///
    /// # Errors
    /// As [`Plaza::like_post`].
    pub async fn like_comment(
        &self,
        account: AccountId,
        id: CommentId,
        likes: bool,
    ) -> Result<i64, ApiError> {
        let (_, author, _) = self.place(id).await?;
        self.check_welcome(account, author).await?;
        self.like(account, Target::Comment(id), likes).await
    }

    async fn like(&self, account: AccountId, target: Target, likes: bool) -> Result<i64, ApiError> {
        let (now, most) = (self.db().clock().now(), self.settings().likes_per_hour);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    rate::count(tx, account, Action::Like, most, now).await?;
                    let changed = if likes {
                        tx.execute(queries::LIKE, params![target.id(), account, now]).await?
                    } else {
                        tx.execute(queries::UNLIKE, params![target.id(), account]).await?
                    };
                    let step = if changed == 0 {
                        0
                    } else if likes {
                        1
                    } else {
                        -1
                    };
                    target.add(tx, step).await
                })
            })
            .await
    }
}
