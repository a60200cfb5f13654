//! Opening connections, all with the same settings.

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

/// Prepared statements cached per connection.
const STATEMENTS: usize = 128;

/// The settings that all connections to one file share.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub path: PathBuf,
    /// Time limit of the wait for another process's lock.
    pub wait: Duration,
    /// Faults that last until a restart.
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

/// Opens the one connection that writes, and creates the file if there is none.
pub(super) fn open_writer(settings: &Settings) -> Result<Connection> {
    create_file(&settings.path)?;
    let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(convert)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Error::unavailable("the file system of the database cannot hold a write-ahead log"));
    }
    // With `secure_delete`, deleted content is overwritten in the file and not only unlinked. The writer
    // itself runs the checkpoints (see `writer`), so that no commit waits for one needlessly.
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

/// The kind of reads that a connection serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Reads of a few rows. The file is not memory-mapped: each commit would invalidate the mapping, and the
    /// first read after it would take twice as long. The page cache is large enough for the tokens that are
    /// looked up between two commits.
    Few,
    /// Reads that may take longer than a millisecond. The file is memory-mapped: the system can reclaim
    /// mapped pages, and all readers share them. This serves twice the reads per second of a page cache per
    /// reader.
    Many,
}

/// Opens a connection for reading.
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
    // No mutex: the type system ensures that a connection is used by one thread at a time.
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&settings.path, flags).map_err(convert)?;
    connection.busy_timeout(settings.wait).map_err(convert)?;
    // QPSG: a plan depends on the statement alone. Otherwise a new value of a parameter could prepare it
    // again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(convert)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("strpos", 2, flags, strpos).map_err(convert)?;
    Ok(connection)
}

/// Implements PostgreSQL's `STRPOS`, so that both engines have it. Returns the position of a text in another
/// in characters, counted from 1, or 0. SQLite's `INSTR` compares at each position, and is ten times as slow.
fn strpos(context: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let (Some(text), Some(part)) =
        (context.get_raw(0).as_bytes_or_null()?, context.get_raw(1).as_bytes_or_null()?)
    else {
        return Ok(None);
    };
    let before = memmem::find(text, part).and_then(|at| text.get(..at));
    // Each character has exactly one byte that is not a continuation byte.
    let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    Ok(Some(before.map_or(0, |before| i64::try_from(characters(before) + 1).unwrap_or(i64::MAX))))
}
