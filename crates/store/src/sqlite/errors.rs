//! Conversion of SQLite's errors.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::error::{DISK_FULL, Error, READ_ONLY};

/// Converts an error, without repeating a value. SQLite's messages name only tables and columns; errors of
/// other kinds are described here.
pub(crate) fn convert(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => failed(failure, message),
        rusqlite::Error::SqlInputError { error, msg, .. } => failed(error, Some(msg)),
        rusqlite::Error::ExecuteReturnedResults => {
            Error::other("the statement gives rows: use one of the fetch functions")
        }
        rusqlite::Error::InvalidParameterName(_)
        | rusqlite::Error::InvalidParameterCount(..)
        | rusqlite::Error::MultipleStatement
        | rusqlite::Error::NulError(_) => Error::other(format!("the statement is not usable: {error}")),
        _ => Error::other("SQLite failed in an unexpected way"),
    }
}

/// Returns true if a message names the column of an id, and no other: `UNIQUE constraint failed: note.id`.
fn is_id(message: &str) -> bool {
    (message.ends_with(".id") || message.ends_with(".key")) && !message.contains(", ")
}

fn failed(failure: ffi::Error, message: Option<String>) -> Error {
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            return if message.is_some_and(|message| is_id(&message)) {
                Error::IdTaken
            } else {
                Error::Unique
            };
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return Error::ForeignKey,
        _ => {}
    }
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::unavailable("another process holds its lock")
        }
        ErrorCode::DiskFull => Error::unavailable(DISK_FULL),
        ErrorCode::ReadOnly => Error::unavailable(READ_ONLY),
        ErrorCode::CannotOpen => Error::unavailable("the file cannot be opened"),
        ErrorCode::PermissionDenied => Error::unavailable("access to the file is denied"),
        ErrorCode::OutOfMemory => Error::unavailable("out of memory"),
        ErrorCode::SystemIoFailure => {
            Error::unavailable(format!("the disk failed (SQLite code {})", failure.extended_code))
        }
        ErrorCode::DatabaseCorrupt => Error::damaged("the database file is damaged: restore a backup"),
        ErrorCode::NotADatabase => Error::damaged("the file is no SQLite database"),
        _ => Error::other(message.unwrap_or_else(|| format!("SQLite code {}", failure.extended_code))),
    }
}
