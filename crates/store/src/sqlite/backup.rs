//! A copy of the database while it is in use.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::errors::convert;
use crate::error::{Error, Result};

/// Copies what is committed now into a new file, and returns its size in bytes.
pub(super) fn backup(connection: &Connection, to: &Path) -> Result<u64> {
    let failed =
        |error: io::Error| Error::unavailable(format!("the backup {} failed: {error}", to.display()));
    refuse_existing(to)?;
    let partial = partial_name(to)?;
    // Made beforehand for its mode; SQLite takes an empty file for a new one.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial);
    let bytes = made.map_err(failed).and_then(|_file| {
        copy(connection, &partial)?;
        let file = File::open(&partial).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        refuse_existing(to)?;
        std::fs::rename(&partial, to).map_err(failed)?;
        sync_directory(to).map_err(failed)?;
        file.metadata().map(|about| about.len()).map_err(failed)
    });
    if bytes.is_err() {
        // It may not be there at all; then there is nothing to clean.
        let _ = std::fs::remove_file(&partial);
    }
    bytes
}

fn copy(connection: &Connection, to: &Path) -> Result<()> {
    let name = to.to_str().ok_or_else(|| Error::other("the path of a backup must be UTF-8"))?;
    // The connection is one for reading; only the copy is written to.
    connection.pragma_update(None, "query_only", false).map_err(convert)?;
    let copied = connection.execute("VACUUM INTO ?1", [name]).map_err(convert);
    connection.pragma_update(None, "query_only", true).map_err(convert)?;
    copied.map(|_changed| ())
}

fn refuse_existing(to: &Path) -> Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(Error::other(format!("{} exists already; a backup overwrites nothing", to.display())));
    }
    Ok(())
}

/// A name in the same directory that says that the backup is not done.
fn partial_name(to: &Path) -> Result<PathBuf> {
    let mut name =
        to.file_name().ok_or_else(|| Error::other("a backup needs the name of a file"))?.to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    Ok(to.with_file_name(name))
}

/// Makes the new name itself survive a power loss.
fn sync_directory(of: &Path) -> io::Result<()> {
    let parent = of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
