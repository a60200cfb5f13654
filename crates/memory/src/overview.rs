//! Numbers about what people store.

use store::{AccountId, params};
use web::ApiError;

use crate::{Memory, quota::Kind};

const ROOM: &str = "SELECT kind, CAST(SUM(entries) AS BIGINT), CAST(SUM(bytes) AS BIGINT) \
     FROM account_room GROUP BY kind";

const COUNTS: &str = "SELECT kind, entries FROM account_room WHERE account_id = $1";

const FILES: &str = "SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM file_room";

/// The totals of all people.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Number of key memories, and their size in bytes.
    pub memories: (i64, i64),
    /// Number of notes, and their size in bytes.
    pub notes: (i64, i64),
    /// Number of chat messages, and their size in bytes.
    pub messages: (i64, i64),
    /// Size of uploaded files in bytes.
    pub files: i64,
    /// Free bytes of the disk with the files; `None` if that is not known.
    pub free: Option<u64>,
}

/// The number of entries of one person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Number of key memories.
    pub memories: i64,
    /// Number of notes.
    pub notes: i64,
}

impl Memory {
    /// Returns the number of a person's entries, from the counters of the quotas.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn counts(&self, account: AccountId) -> Result<Counts, ApiError> {
        let rows: Vec<(i64, i64)> = self.db().fetch_all(COUNTS, params![account]).await?;
        let of = |kind: Kind| {
            rows.iter().find(|(number, _)| *number == kind.number()).map_or(0, |(_, entries)| *entries)
        };
        Ok(Counts { memories: of(Kind::Memory), notes: of(Kind::Note) })
    }

    /// Adds up what all people store, from the counters of the quotas.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn overview(&self) -> Result<Overview, ApiError> {
        let rows: Vec<(i64, i64, i64)> = self.db().fetch_all(ROOM, params![]).await?;
        let (files,): (i64,) = self.db().fetch_one(FILES, params![]).await?;
        let of = |kind: Kind| {
            let row = rows.iter().find(|(number, ..)| *number == kind.number());
            row.map_or((0, 0), |(_, entries, bytes)| (*entries, *bytes))
        };
        Ok(Overview {
            memories: of(Kind::Memory),
            notes: of(Kind::Note),
            messages: of(Kind::Message),
            files,
            free: free(&self.settings().files),
        })
    }
}

/// Returns the free bytes of the disk with a directory, which may not exist yet.
#[cfg(target_os = "linux")]
fn free(directory: &std::path::Path) -> Option<u64> {
    let about = directory.ancestors().find_map(|directory| rustix::fs::statvfs(directory).ok())?;
    about.f_bavail.checked_mul(about.f_frsize)
}

#[cfg(not(target_os = "linux"))]
const fn free(_directory: &std::path::Path) -> Option<u64> {
    None
}
