//! Messages that owners have not seen yet, and word of new ones as they come.

use std::collections::HashMap;

use store::{AccountId, params};
use web::{ApiError, Code};

use super::{
    Visit, queries,
    sockets::{Listener, Topic},
};
use crate::{Avatars, VisitId, insight};

/// A conversation in short.
#[derive(Debug, Clone, Default)]
pub struct Brief {
    /// The number of messages of the visitor that the owner has not seen.
    pub unread: i64,
    /// The beginning of the visitor's first message.
    pub begins: String,
    /// The beginning of the latest message of anybody.
    pub latest: String,
}

/// Word of new messages in the conversations with the avatars of a person.
#[derive(Debug)]
pub struct OwnerNews(Listener);

impl OwnerNews {
    /// Waits until there may be something new. Returns false if there is nothing to wait for any more.
    pub async fn next(&mut self) -> bool {
        self.0.news.changed().await.is_ok()
    }
}

impl Avatars {
    /// Listens to what is said to the avatars of a person, in any process.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if there are too many listeners.
    pub fn listen_as_owner(&self, owner: AccountId) -> Result<OwnerNews, ApiError> {
        self.sockets().listen(Topic::Owner(owner)).map(OwnerNews).ok_or_else(|| Code::RateLimited.into())
    }

    /// Returns the tasks of the server, by which long responses learn that it stops.
    ///
    /// # Errors
    /// [`Code::Unavailable`] before the start.
    pub fn tasks_of_server(&self) -> Result<web::Tasks, ApiError> {
        self.tasks().cloned()
    }

    /// Returns the latest conversations of a person in short, by their ids. At most `limit`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn briefs(&self, owner: AccountId, limit: i64) -> Result<HashMap<VisitId, Brief>, ApiError> {
        let rows: Vec<(VisitId, i64, Option<String>, Option<String>)> =
            self.db().fetch_all(queries::BRIEFS, params![owner, limit]).await?;
        let short =
            |text: Option<String>| text.map(|text| insight::rules::beginning(&text)).unwrap_or_default();
        let brief = |(id, unread, begins, latest)| {
            (id, Brief { unread, begins: short(begins), latest: short(latest) })
        };
        Ok(rows.into_iter().map(brief).collect())
    }

    /// Notes that the owner has seen all messages of a conversation.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn see_visit(&self, visit: &Visit) -> Result<(), ApiError> {
        self.db().execute(queries::SEE, params![visit.id]).await?;
        Ok(())
    }
}
