//! Conversion of PostgreSQL's errors.

use std::error::Error as StdError;
use std::io;

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

use crate::error::Error;

/// Converts an error, without repeating a value. The server's message is kept only if it names parts of the
/// schema or of the SQL.
pub(super) fn convert(error: tokio_postgres::Error) -> Error {
    if let Some(refusal) = error.as_db_error() {
        if *refusal.code() == SqlState::UNIQUE_VIOLATION && refusal.detail().is_some_and(is_id) {
            return Error::IdTaken;
        }
        return refused(refusal.code(), refusal.message());
    }
    if error.is_closed() {
        return Error::unavailable("the connection to PostgreSQL was lost");
    }
    let mut cause = StdError::source(&error);
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            if let Some(tls) = inner.get_ref().and_then(|tls| tls.downcast_ref::<rustls::Error>()) {
                return Error::unavailable(format!("TLS to PostgreSQL: {tls}"));
            }
            return Error::unavailable(format!("PostgreSQL cannot be reached: {}", inner.kind()));
        }
        cause = inner.source();
    }
    let text = error.to_string();
    if text.starts_with("error connecting to server") || text.starts_with("timeout") {
        return Error::unavailable("PostgreSQL cannot be reached");
    }
    // The first line of the remaining kinds (wrong protocol, wrong configuration) contains no values.
    Error::other(format!("PostgreSQL: {text}"))
}

/// Returns true if a detail names the column of an id, and no other: `Key (id)=(1) already exists.`
fn is_id(detail: &str) -> bool {
    detail.starts_with("Key (id)=") || detail.starts_with("Key (key)=")
}

/// Returns true if the server refused a connection because it has too many, or too little memory for another.
pub(super) fn has_no_room(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|state| state.code().starts_with("53"))
}

pub(super) fn convert_pool(error: PoolError) -> Error {
    match error {
        PoolError::Backend(error) => convert(error),
        PoolError::Timeout(TimeoutType::Wait) => {
            Error::unavailable("all connections to PostgreSQL are in use")
        }
        PoolError::Timeout(_) => Error::unavailable("PostgreSQL does not answer"),
        PoolError::Closed => Error::unavailable("it was closed"),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            Error::other("the pool of connections is set up wrongly")
        }
    }
}

fn refused(state: &SqlState, message: &str) -> Error {
    let code = state.code();
    match *state {
        SqlState::UNIQUE_VIOLATION => return Error::Unique,
        SqlState::FOREIGN_KEY_VIOLATION => return Error::ForeignKey,
        SqlState::QUERY_CANCELED => return Error::unavailable("the statement took too long"),
        SqlState::LOCK_NOT_AVAILABLE => return Error::unavailable("the row is locked"),
        SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => {
            return Error::unavailable("the transaction collided with another one");
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => return Error::unavailable("the server is read-only"),
        SqlState::INVALID_CATALOG_NAME => {
            return Error::unavailable("the server has no database of this name");
        }
        _ => {}
    }
    if matches!(*state, SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED) {
        return Error::damaged(format!(
            "PostgreSQL says that its files are damaged ({code}): restore a backup"
        ));
    }
    match code.get(..2).unwrap_or_default() {
        "08" | "53" | "57" | "58" => Error::unavailable(format!("PostgreSQL answers {code}")),
        "28" => Error::unavailable(format!("PostgreSQL refuses the user or the password ({code})")),
        // Messages about syntax, names and constraints consist of SQL and names of the schema.
        "23" | "42" => Error::other(format!("{message} ({code})")),
        _ => Error::other(format!("PostgreSQL answers {code}")),
    }
}
