//! News about a person's posts and comments: likes, and decisions of administrators. Replies are in
//! [`crate::replies`].

use store::{AccountId, Timestamp, from_row, params};
use web::ApiError;

use crate::{CommentId, LogEntryId, Plaza, ReportId, post::People};

/// Posts and comments of the person whose likes are looked for, the newest ones.
const OWN: i64 = 100;
/// The age up to which likes are news, in milliseconds: 30 days.
const NEWS_MS: i64 = 30 * 86_400_000;

const LIKED: &str = "SELECT COALESCE(p.name, cp.name), c.id, COALESCE(c.content, p.content), found.number, \
     found.at, (SELECT MIN(l.account_id) FROM plaza_like l WHERE l.target_id = found.target \
     AND l.created_at = found.at AND l.account_id <> $1) FROM ( \
     SELECT l.target_id AS target, COUNT(*) AS number, MAX(l.created_at) AS at FROM ( \
     SELECT id FROM (SELECT id FROM plaza_post WHERE author_id = $1 AND is_live = 1 \
     ORDER BY id DESC LIMIT $3) x \
     UNION ALL SELECT id FROM (SELECT id FROM plaza_comment WHERE author_id = $1 AND is_live = 1 \
     ORDER BY id DESC LIMIT $3) y) own \
     JOIN plaza_like l ON l.target_id = own.id AND l.created_at > $2 WHERE l.account_id <> $1 \
     GROUP BY l.target_id ORDER BY MAX(l.created_at) DESC, l.target_id DESC LIMIT $4) found \
     LEFT JOIN plaza_post p ON p.id = found.target LEFT JOIN plaza_comment c ON c.id = found.target \
     LEFT JOIN plaza_post cp ON cp.id = c.post_id ORDER BY found.at DESC, found.target DESC";

const DECISIONS: &str = "SELECT id, action, reason, created_at FROM plaza_log WHERE account_id = $1 \
     AND moderator_id <> $1 AND id > $2 AND action IN ('post.delete', 'comment.delete', 'resident.ban', \
     'resident.unban') \
     ORDER BY id DESC LIMIT $3";

const REPORTS: &str = "SELECT COUNT(*), COALESCE(MAX(id), 0) FROM plaza_report WHERE is_open = 1";

/// The likes of a post or comment of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likes {
    /// The name of the post.
    pub post: String,
    /// The comment; `None` if the post itself is liked.
    pub comment: Option<CommentId>,
    /// The text of the post or comment.
    pub content: String,
    /// The number of people who liked it lately.
    pub number: i64,
    /// The time of the newest like.
    pub at: Timestamp,
    /// One of those who liked it last.
    pub account: AccountId,
}

from_row!(Likes { post, comment, content, number, at, account });

/// A decision of an administrator about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The id; newer decisions have greater ones.
    pub id: LogEntryId,
    /// `post.delete`, `comment.delete`, `resident.ban` or `resident.unban`.
    pub action: String,
    /// The reason, or an empty text.
    pub reason: String,
    /// The time.
    pub at: Timestamp,
}

from_row!(Decision { id, action, reason, at });

impl Plaza {
    /// Returns the likes of a person's posts and comments after a time, at most those of the last 30 days,
    /// latest first, at most `most`, and who gave them. Only the newest posts and comments are considered.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn likes_of(
        &self,
        account: AccountId,
        after: Timestamp,
        most: i64,
    ) -> Result<(Vec<Likes>, People), ApiError> {
        let oldest = self.db().clock().now().plus_ms(-NEWS_MS);
        let after = if after.0 > oldest.0 { after } else { oldest };
        let likes: Vec<Likes> = self.db().fetch_all(LIKED, params![account, after, OWN, most]).await?;
        let people = self.authors(likes.iter().map(|likes| likes.account)).await?;
        Ok((likes, people))
    }

    /// Returns the decisions of administrators about a person after another one, newest first, at most
    /// `most`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn decisions_about(
        &self,
        account: AccountId,
        after: LogEntryId,
        most: i64,
    ) -> Result<Vec<Decision>, ApiError> {
        Ok(self.db().fetch_all(DECISIONS, params![account, after, most]).await?)
    }

    /// Returns the number of open reports and the newest one, for administrators.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_reports(&self) -> Result<(i64, ReportId), ApiError> {
        Ok(self.db().fetch_one(REPORTS, params![]).await?)
    }
}
