//! A backup of the database while it is in use.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::check;
use super::errors::convert;
use crate::durable::NewFile;
use crate::error::{Error, Result};

/// Copies the committed state into a new file, and returns its size in bytes. The database and the copy are
/// both checked before the copy gets its name. So no backup is made of a damaged database.
pub(super) fn backup(connection: &Connection, to: &Path) -> Result<u64> {
    let failed =
        |error: io::Error| Error::unavailable(format!("the backup {} failed: {error}", to.display()));
    refuse_existing(to)?;
    let directory = directory_of(to)?;
    if let Some(fault) = check::integrity(connection)?.first() {
        return Err(Error::damaged(format!("the database is damaged, so no backup was made: {fault}")));
    }
    // Created beforehand for its mode. SQLite treats an empty file as a new database.
    let mut file = NewFile::create_in(&directory).map_err(failed)?;
    copy(connection, file.temporary_path())?;
    verify(file.temporary_path())?;
    file.take_as_written().map_err(failed)?;
    match file.create(to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(to)),
        written => written.map_err(failed),
    }
}

fn copy(connection: &Connection, to: &Path) -> Result<()> {
    let name = to.to_str().ok_or_else(|| Error::other("the path of a backup must be UTF-8"))?;
    // The connection is read-only; only the copy is written to.
    connection.pragma_update(None, "query_only", false).map_err(convert)?;
    let copied = connection.execute("VACUUM INTO ?1", [name]).map_err(convert);
    connection.pragma_update(None, "query_only", true).map_err(convert)?;
    copied.map(|_changed| ())
}

/// Checks the integrity of the copy.
fn verify(copy: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(convert)?;
    match check::integrity(&connection)?.first() {
        Some(fault) => Err(Error::damaged(format!("the copy is damaged, so it was removed: {fault}"))),
        None => Ok(()),
    }
}

fn refuse_existing(to: &Path) -> Result<()> {
    if to.symlink_metadata().is_ok() { Err(exists(to)) } else { Ok(()) }
}

fn exists(to: &Path) -> Error {
    Error::other(format!("{} exists already; a backup overwrites nothing", to.display()))
}

/// Returns the directory of the backup. It must exist: a wrong path is a mistake and creates nothing.
fn directory_of(to: &Path) -> Result<PathBuf> {
    if to.file_name().is_none() {
        return Err(Error::other("a backup needs the name of a file"));
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if parent.is_dir() {
        return Ok(parent.to_owned());
    }
    Err(Error::unavailable(format!("the directory {} of the backup does not exist", parent.display())))
}
