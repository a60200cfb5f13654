//! Opening connections, set up alike everywhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;
use rusqlite::{
    Connection, OpenFlags,
    config::DbConfig,
    functions::{Context, FunctionFlags},
};

use super::errors::convert;
use super::watch::Watch;
use crate::durable;
use crate::error::{Error, Result};
use crate::health::Health;

/// Prepared statements kept per connection.
const STATEMENTS: usize = 128;

/// What every connection to one file shares.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub path: PathBuf,
    /// How long to wait for another process's lock.
    pub wait: Duration,
    /// Faults that end only with a restart.
    pub health: Arc<Health>,
    /// The files as they were opened.
    pub watch: Arc<Watch>,
}

/// Creates a directory for its owner only; see [`durable::create_directory`].
pub(crate) fn create_directory(path: &Path) -> Result<()> {
    durable::create_directory(path).map_err(|error| {
        Error::unavailable(format!("the directory {} cannot be made: {error}", path.display()))
    })
}

/// Creates a file that only its owner can read, unless it exists. SQLite gives its side files the same mode.
fn create_file(path: &Path) -> Result<()> {
    durable::create_empty(path)
        .map_err(|error| Error::unavailable(format!("the file {} cannot be made: {error}", path.display())))
}

/// The one connection that writes. Creates the file when there is none.
pub(super) fn open_writer(settings: &Settings) -> Result<Connection> {
    create_file(&settings.path)?;
    let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(convert)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Error::unavailable("the file system of the database cannot hold a write-ahead log"));
    }
    // What a person deletes is overwritten in the file, not only taken out of the tree.
    // Checkpoints are the writer's own business (see `writer`), so that no commit waits for one without need.
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -8000;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA wal_autocheckpoint = 0;",
        )
        .map_err(convert)?;
    Ok(connection)
}

/// What a connection reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// A few rows at a time. The file is not mapped: each commit would have it mapped anew, and the first read after one
    /// takes twice as long then. A cache of its own instead, for as many tokens as are seen between two commits.
    Few,
    /// What may take longer than a millisecond. Mapped pages are the system's to take back, and shared by all readers:
    /// twice the reads a second of a cache that each would have for itself.
    Many,
}

/// A connection for reading.
pub(super) fn open_reader(settings: &Settings, reads: Reads) -> Result<Connection> {
    let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;").map_err(convert)?;
    let cache = match reads {
        Reads::Few => "PRAGMA cache_size = -8000;",
        Reads::Many => "PRAGMA cache_size = -2000; PRAGMA mmap_size = 67108864;",
    };
    connection.execute_batch(cache).map_err(convert)?;
    Ok(connection)
}

fn open(settings: &Settings, mode: OpenFlags) -> Result<Connection> {
    // No mutex: a connection is used by one thread at a time, which the type system holds.
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&settings.path, flags).map_err(convert)?;
    connection.busy_timeout(settings.wait).map_err(convert)?;
    // A plan depends on the statement alone: else each new value of a parameter would have it prepared again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(convert)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("strpos", 2, flags, strpos).map_err(convert)?;
    Ok(connection)
}

/// PostgreSQL's `STRPOS`, by the name that both engines have then: the place of a text in another in characters, counted
/// from 1, or 0. SQLite's `INSTR` compares at each place, and takes ten times as long.
fn strpos(context: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let (Some(text), Some(part)) =
        (context.get_raw(0).as_bytes_or_null()?, context.get_raw(1).as_bytes_or_null()?)
    else {
        return Ok(None);
    };
    let before = memmem::find(text, part).and_then(|at| text.get(..at));
    // A character has one byte that is not a continuation.
    let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    Ok(Some(before.map_or(0, |before| i64::try_from(characters(before) + 1).unwrap_or(i64::MAX))))
}
