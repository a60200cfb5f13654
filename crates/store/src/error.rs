//! Errors of the database.

/// The result of a database operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a database operation failed.
///
/// Messages never contain a parameter's value, a row's value or the connection string, so they may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// [`fetch_one`](crate::Database::fetch_one) found no row.
    #[error("no such row")]
    NotFound,
    /// A `UNIQUE` or `PRIMARY KEY` constraint refused the row.
    #[error("a row with this key exists already")]
    Unique,
    /// The id of a new row is taken. The next ids come after all stored ones, so the same call may succeed.
    #[error("a row with this id exists already")]
    IdTaken,
    /// A `FOREIGN KEY` constraint refused the row.
    #[error("the row refers to one that does not exist, or is still referred to")]
    ForeignKey,
    /// The database cannot serve now: it is unreachable, locked, out of space, out of connections, or out of
    /// time. The same call may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A parameter or a column has a different type than the statement or the program expects.
    #[error("{place} {number}: expected {expected}, found {found}")]
    Type {
        /// `"column"` (counted from 0) or `"parameter"` (counted from 1, as in `$1`).
        place: &'static str,
        /// The number of the column or parameter.
        number: usize,
        /// The expected type.
        expected: &'static str,
        /// The actual type.
        found: &'static str,
    },
    /// The schema and this program do not fit together. The text says what to do.
    #[error("{0}")]
    Migration(String),
    /// The database file is damaged or was replaced, or its write-ahead log was deleted. The text says what
    /// to do. Only a restart with an intact file helps.
    #[error("{0}")]
    Damaged(String),
    /// Any other error, such as wrong SQL or a violated constraint without its own variant.
    #[error("{0}")]
    Other(String),
}

/// Reasons of [`Error::Unavailable`] that last until somebody intervenes.
pub(crate) const DISK_FULL: &str = "the disk is full";
pub(crate) const READ_ONLY: &str = "the file is read-only";

impl Error {
    /// Returns the number of seconds after which a retry may succeed. It is greater if somebody has to free
    /// space first. `None` if the same call would fail again.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Unavailable(reason) if reason == DISK_FULL || reason == READ_ONLY => Some(5),
            Self::Unavailable(_) | Self::IdTaken => Some(1),
            _ => None,
        }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(reason.into())
    }

    pub(crate) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged(reason.into())
    }

    pub(crate) fn other(reason: impl Into<String>) -> Self {
        Self::Other(reason.into())
    }
}
