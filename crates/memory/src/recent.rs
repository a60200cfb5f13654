//! Key memories and notes that were added or changed lately.

use store::{AccountId, Timestamp, params};
use web::ApiError;

use crate::{Memory, MemoryId, NoteId, recall::Access};

const MEMORIES: &str = "SELECT id, '', SUBSTR(content, 1, 200), created_at, updated_at FROM key_memory \
     WHERE account_id = $1 AND updated_at >= $2 ORDER BY updated_at DESC, id DESC LIMIT $3";

const PUBLIC_MEMORIES: &str = "SELECT id, '', SUBSTR(content, 1, 200), created_at, updated_at \
     FROM key_memory WHERE account_id = $1 AND updated_at >= $2 AND visibility = 1 \
     ORDER BY updated_at DESC, id DESC LIMIT $3";

const NOTES: &str = "SELECT id, title, SUBSTR(content, 1, 200), created_at, updated_at FROM note \
     WHERE account_id = $1 AND updated_at >= $2 ORDER BY updated_at DESC, id DESC LIMIT $3";

/// An entry that was added or changed; `I` is the type of its id.
#[derive(Debug, Clone)]
pub struct Changed<I> {
    /// The id of the memory or note.
    pub id: I,
    /// The title of a note; else empty.
    pub title: String,
    /// The first 200 characters.
    pub text: String,
    /// The time at which it was added.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
}

impl<I: store::Column> store::FromRow for Changed<I> {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            text: row.get(2)?,
            created_at: row.get(3)?,
            updated_at: row.get(4)?,
        })
    }
}

/// A query for entries that were added or changed.
#[derive(Debug, Clone, Copy)]
pub struct RecentQuery {
    /// The person's account.
    pub account: AccountId,
    /// The key memories that the reader may read.
    pub memories: Access,
    /// True if the reader may read notes.
    pub notes: bool,
    /// The time since which entries changed.
    pub since: Timestamp,
    /// Maximum number of entries of each kind.
    pub limit: i64,
}

/// The entries of both kinds, the latest first.
#[derive(Debug, Clone, Default)]
pub struct RecentChanges {
    /// Key memories.
    pub memories: Vec<Changed<MemoryId>>,
    /// Notes.
    pub notes: Vec<Changed<NoteId>>,
}

impl Memory {
    /// Returns the entries that were added or changed since a time.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn recent_changes(&self, query: RecentQuery) -> Result<RecentChanges, ApiError> {
        let RecentQuery { account, memories, notes, since, limit } = query;
        let mut recent = RecentChanges::default();
        let values = params![account, since, limit];
        recent.memories = match memories {
            Access::All => self.db().fetch_all(MEMORIES, values).await?,
            Access::Public => self.db().fetch_all(PUBLIC_MEMORIES, values).await?,
            Access::Nothing => Vec::new(),
        };
        if notes {
            recent.notes = self.db().fetch_all(NOTES, params![account, since, limit]).await?;
        }
        Ok(recent)
    }
}
