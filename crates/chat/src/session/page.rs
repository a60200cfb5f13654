//! Conversations on the person's own pages: parts of them, names, pins, and deletion that can be undone.

use std::time::Duration;

use memory::{
    MessageId,
    quota::{self, Change, Kind},
};
use serde_json::Value;
use store::{AccountId, Row, Timestamp, Tx, params};
use web::{ApiError, Code, Issues};

use super::{Session, Speaker, State, queries};
use crate::{Chat, ConversationId, provider::Role, reason::Reason, talk::steps};

pub use steps::Step;

/// The time for which a deleted conversation can be restored.
pub const UNDO: Duration = Duration::from_secs(10);
/// Maximum length of a title in characters.
pub const MAX_TITLE: usize = 60;
/// Maximum number of pinned sessions in a list, and of sessions found by a search.
const MAX_PINNED: i64 = 50;
const MAX_FOUND: i64 = 100;
/// Maximum length of a search text in characters.
const MAX_QUERY: usize = 100;
/// Maximum number of deleted sessions that are removed at once.
const MAX_REMOVED: i64 = 100;

/// A message as the page shows it.
#[derive(Debug, Clone)]
pub struct PageMessage {
    /// The id.
    pub id: MessageId,
    /// The role of its author.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The state of an answer.
    pub state: State,
    /// The time of the message.
    pub created_at: Timestamp,
    /// The keys of its pictures among the person's files.
    pub pictures: Vec<String>,
    /// The data of an answer.
    pub sent: Option<PageSent>,
    /// The reason why the latest attempt to answer this message failed.
    pub failure: Option<Reason>,
    /// The ids of all versions of an answer, oldest first; empty if there is one only.
    pub versions: Vec<MessageId>,
}

/// The data of an answer as the page shows it.
#[derive(Debug, Clone)]
pub struct PageSent {
    /// The provider's name of the model; empty for the built-in responder.
    pub model: String,
    /// The provider's URL.
    pub provider: String,
    /// The memories in the prompt.
    pub memories: Vec<UsedMemory>,
    /// Thoughts and tool calls before the answer.
    pub steps: Vec<Step>,
    /// Tokens of prompt and answer together.
    pub tokens: i64,
}

/// A memory that was in a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct UsedMemory {
    /// `profile`, `shade`, `fact` or `note`.
    pub kind: String,
    /// The id of the row, unique among those of its kind.
    pub id: i64,
    /// The text.
    pub text: String,
    /// The relevance; 0 for what is in every prompt.
    pub score: f64,
    /// The approximate number of tokens.
    pub tokens: i64,
}

impl UsedMemory {
    /// Parses the stored memories of an answer.
    pub(crate) fn parse(json: &str) -> Vec<Self> {
        let items: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
        let text = |item: &Value, member: &str| {
            item.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let number =
            |item: &Value, member: &str| item.get(member).and_then(Value::as_i64).unwrap_or_default();
        let memory = |item: &Value| Self {
            kind: text(item, "kind"),
            id: number(item, "id"),
            text: text(item, "text"),
            score: item.get("score").and_then(Value::as_f64).unwrap_or_default(),
            tokens: number(item, "tokens"),
        };
        items.iter().map(memory).collect()
    }
}

impl store::FromRow for PageMessage {
    fn from_row(row: &Row<'_>) -> store::Result<Self> {
        let (role, state, pictures): (String, String, String) = (row.get(1)?, row.get(3)?, row.get(5)?);
        let damaged = || store::Error::Other("message: unknown role or state".to_owned());
        let (model, failure): (Option<String>, String) = (row.get(6)?, row.get(12)?);
        let sent = match model {
            None => None,
            Some(model) => {
                let (memories, steps): (String, String) = (row.get(8)?, row.get(9)?);
                let (tokens_in, tokens_out): (i64, i64) = (row.get(10)?, row.get(11)?);
                Some(PageSent {
                    model,
                    provider: row.get(7)?,
                    memories: UsedMemory::parse(&memories),
                    steps: Step::parse(&steps),
                    tokens: tokens_in.saturating_add(tokens_out),
                })
            }
        };
        Ok(Self {
            id: row.get(0)?,
            role: Role::parse(&role).ok_or_else(damaged)?,
            content: row.get(2)?,
            state: State::parse(&state).ok_or_else(damaged)?,
            created_at: row.get(4)?,
            pictures: pictures.split_ascii_whitespace().map(str::to_owned).collect(),
            sent,
            failure: Reason::parse(&failure),
            versions: Vec::new(),
        })
    }
}

/// Returns a pattern of `LIKE` for a text anywhere, with `!` as the escape character.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars().filter(|c| *c != '\0').take(MAX_QUERY) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl Chat {
    /// Returns the newest messages of a session before an id, oldest first: at most `limit`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn page_messages(
        &self,
        session: ConversationId,
        before: Option<MessageId>,
        limit: i64,
    ) -> Result<Vec<PageMessage>, ApiError> {
        let before = before.unwrap_or(MessageId(i64::MAX));
        let mut list: Vec<PageMessage> =
            self.db().fetch_all(queries::PAGE, params![session, before, limit]).await?;
        list.reverse();
        if let Some(first) = list.first().map(|message| message.id) {
            add_versions(&mut list, &self.hidden_versions(session, first, before).await?);
        }
        Ok(list)
    }

    /// Returns the person's pinned sessions, latest activity first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn pinned_sessions(&self, account: AccountId) -> Result<Vec<Session>, ApiError> {
        Ok(self.db().fetch_all(queries::PINNED, params![account, MAX_PINNED]).await?)
    }

    /// Returns the person's sessions with a text in the title or the last message, latest activity first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn search_sessions(&self, account: AccountId, text: &str) -> Result<Vec<Session>, ApiError> {
        Ok(self.db().fetch_all(queries::FOUND, params![account, &pattern(text), MAX_FOUND]).await?)
    }

    /// Renames a session.
    ///
    /// # Errors
    /// [`Code::ChatSessionNotFound`], or 422 for an empty or a long title.
    pub async fn rename_session(&self, account: AccountId, id: &str, title: &str) -> Result<(), ApiError> {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut issues = Issues::body();
        issues.required_text("title", Some(&title), MAX_TITLE);
        issues.finish()?;
        let session = self.own(account, id).await?;
        self.db().execute(queries::RENAME, params![session.key, &title]).await?;
        Ok(())
    }

    /// Pins a session, or unpins it.
    ///
    /// # Errors
    /// [`Code::ChatSessionNotFound`].
    pub async fn pin_session(&self, account: AccountId, id: &str, is_pinned: bool) -> Result<(), ApiError> {
        let session = self.own(account, id).await?;
        self.db().execute(queries::PIN, params![session.key, i64::from(is_pinned)]).await?;
        Ok(())
    }

    /// Deletes a session so that it can be restored for [`UNDO`].
    ///
    /// # Errors
    /// [`Code::ChatSessionNotFound`].
    pub async fn hide_session(&self, account: AccountId, id: &str) -> Result<(), ApiError> {
        let session = self.own(account, id).await?;
        let now = self.db().clock().now();
        self.db().execute(queries::HIDE, params![session.key, now]).await?;
        let (chat, tasks) = (self.clone(), self.tasks()?.clone());
        self.tasks()?.spawn(async move {
            #[expect(clippy::disallowed_methods, reason = "the time that a person has to undo")]
            let undo = tokio::time::sleep(UNDO);
            tokio::select! {
                () = undo => {}
                // Removed at the next visit of the page.
                () = tasks.stopping() => return,
            }
            if let Err(error) = chat.remove_hidden(account).await {
                tracing::warn!(cause = error.cause(), "a deleted conversation could not be removed");
            }
        });
        Ok(())
    }

    /// Restores a session that was deleted less than [`UNDO`] ago. Returns false if it is too late.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn restore_session(&self, account: AccountId, id: &str) -> Result<bool, ApiError> {
        let since = self.undo_since();
        Ok(self.db().execute(queries::RESTORE, params![account, id, since]).await? > 0)
    }

    /// Removes the sessions of a person that can no longer be restored.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn remove_hidden(&self, account: AccountId) -> Result<(), ApiError> {
        let values = params![account, self.undo_since(), MAX_REMOVED];
        let expired: Vec<(ConversationId,)> = self.db().fetch_all(queries::EXPIRED, values).await?;
        for (key,) in expired {
            self.db()
                .write(move |tx| Box::pin(async move { Ok::<_, ApiError>(remove(tx, account, key).await?) }))
                .await?;
        }
        Ok(())
    }

    /// Returns the text and the pictures of a message that the person wrote.
    pub(crate) async fn said(
        &self,
        session: ConversationId,
        id: MessageId,
    ) -> Result<Option<(String, String)>, ApiError> {
        Ok(self.db().fetch_optional(queries::SAID, params![id, session]).await?)
    }

    /// Returns the time before which deleted sessions can no longer be restored.
    fn undo_since(&self) -> Timestamp {
        let undo = i64::try_from(UNDO.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.db().clock().now().as_millis().saturating_sub(undo))
    }

    pub(super) async fn own(&self, account: AccountId, id: &str) -> Result<Session, ApiError> {
        let session = self.find_session(&Speaker::person(account), id).await;
        // It looks as if another person's session did not exist.
        session.ok().flatten().ok_or_else(|| Code::ChatSessionNotFound.into())
    }
}

/// Adds the ids of hidden versions to the answers that are shown instead: those between the same two messages
/// of the person.
fn add_versions(list: &mut [PageMessage], hidden: &[MessageId]) {
    let is_answer = |message: &PageMessage| message.role == Role::Assistant;
    for at in 0..list.len() {
        let Some((earlier, [message, later @ ..])) = list.split_at_checked(at) else { continue };
        if !is_answer(message) {
            continue;
        }
        let from = earlier.iter().rev().find(|other| other.role == Role::User).map_or(MessageId(0), |u| u.id);
        let to = later.iter().find(|other| other.role == Role::User).map_or(MessageId(i64::MAX), |u| u.id);
        let mut versions: Vec<MessageId> =
            hidden.iter().copied().filter(|id| *id > from && *id < to).collect();
        if versions.is_empty() {
            continue;
        }
        versions.push(message.id);
        versions.sort_unstable();
        if let Some(message) = list.get_mut(at) {
            message.versions = versions;
        }
    }
}

/// Removes a session with its messages.
pub(crate) async fn remove(tx: &mut Tx<'_>, account: AccountId, key: ConversationId) -> store::Result<()> {
    // Locks the session, so that no message arrives between counting and deletion.
    if tx.execute(queries::HOLD, params![key]).await? == 0 {
        return Ok(());
    }
    let (entries, bytes): (i64, i64) = tx.fetch_one(queries::ROOM, params![key]).await?;
    tx.execute(queries::DELETE, params![key]).await?;
    quota::adjust(tx, account, Kind::Message, Change { entries: -entries, bytes: -bytes }).await
}

/// Removes the messages of a session from an id on.
pub(crate) async fn remove_messages(
    tx: &mut Tx<'_>,
    account: AccountId,
    key: ConversationId,
    from: MessageId,
) -> store::Result<()> {
    if tx.execute(queries::HOLD, params![key]).await? == 0 {
        return Ok(());
    }
    remove_from(tx, account, key, from).await
}

/// Removes the messages of a session from an id on. The session's row has to be locked.
pub(super) async fn remove_from(
    tx: &mut Tx<'_>,
    account: AccountId,
    key: ConversationId,
    from: MessageId,
) -> store::Result<()> {
    let (entries, bytes, shown): (i64, i64, i64) =
        tx.fetch_one(queries::ROOM_FROM, params![key, from]).await?;
    tx.execute(queries::REMOVE_FROM, params![key, from]).await?;
    tx.execute(queries::UNCOUNT, params![key, shown, from]).await?;
    quota::adjust(tx, account, Kind::Message, Change { entries: -entries, bytes: -bytes }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_texts() {
        assert_eq!(pattern(" 50%_A! "), "%50!%!_a!!%");
    }

    #[test]
    fn memories_are_read_leniently() {
        let used = UsedMemory::parse(r#"[{"kind":"note","id":7,"text":"读书","score":1.0,"tokens":2},{}]"#);
        assert_eq!((used[0].kind.as_str(), used[0].id, used[0].tokens), ("note", 7, 2));
        assert_eq!(used[1].text, "");
        assert!(UsedMemory::parse("").is_empty());
    }
}
