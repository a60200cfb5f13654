//! Topics of posts. The first post about a topic creates it.

mod queries;
pub(crate) mod routes;

use serde::Serialize;
use store::{AccountId, Timestamp, Tx, from_row, params};
use utoipa::ToSchema;
use web::{
    ApiError, Code,
    paging::cursor::{Cursor, Position},
};

use crate::{
    Plaza, cursor,
    feed::{self, Feed},
    post::NewPost,
};

/// A topic.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topic {
    /// The topic's id.
    #[serde(rename = "topicId")]
    pub id: String,
    /// The title.
    #[serde(rename = "topicTitle")]
    pub title: String,
    /// The description.
    #[serde(rename = "topicDescription")]
    pub description: String,
    /// The number of posts.
    pub posts: i64,
}

from_row!(Topic { id, title, description, posts });

/// Counts a new post for its topic, and creates the topic if needed.
pub(crate) async fn add(tx: &mut Tx<'_>, post: &NewPost, now: Timestamp) -> Result<(), ApiError> {
    let title = post.extras.topic_title.as_deref().unwrap_or(&post.topic);
    let description = post.extras.topic_description.as_deref().unwrap_or_default();
    tx.execute(queries::ADD, params![&post.topic, title, description, now]).await?;
    Ok(())
}

/// Counts a deleted post of a topic.
pub(crate) async fn remove(tx: &mut Tx<'_>, topic: &str) -> Result<(), ApiError> {
    tx.execute(queries::REMOVE, params![topic]).await?;
    Ok(())
}

impl Plaza {
    /// Returns a page of the topics, those with the most posts first, and true if there are more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn topics(&self, cursor: Cursor) -> Result<(Vec<Topic>, bool), ApiError> {
        let mut topics: Vec<Topic> =
            self.db().fetch_all(queries::LIST, params![cursor.limit + 1, cursor.offset]).await?;
        let (has_more, _) = cursor::end(&cursor, &mut topics, 0, |_| Position::START);
        Ok((topics, has_more))
    }

    /// Returns a topic and a page of its posts, newest first.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such topic.
    pub async fn topic(
        &self,
        reader: AccountId,
        id: &str,
        cursor: Cursor,
    ) -> Result<(Topic, Feed), ApiError> {
        if id.len() > 256 || id.contains(char::is_control) {
            return Err(Code::NotFound.into());
        }
        let topic: Option<Topic> = self.db().fetch_optional(queries::FIND, params![id]).await?;
        let topic = topic.ok_or(Code::NotFound)?;
        let newest = self.newest(cursor).await?;
        let before = cursor.start().1.min(newest.saturating_add(1));
        let values = params![before, cursor.limit + 1, cursor.offset, id];
        let keys = self.db().fetch_all(feed::queries::TIME_TOPIC, values).await?;
        let counts = feed::Counts::default();
        let page = self.page_of(reader, keys, cursor, newest, (topic.posts, counts)).await?;
        Ok((topic, page))
    }
}
