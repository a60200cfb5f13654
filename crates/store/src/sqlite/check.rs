//! Looking for damage in the file.

use rusqlite::Connection;

use super::errors::convert;
use crate::error::{Error, Result};

/// Faults that are listed at most.
const MAX_FAULTS: usize = 20;

/// Faults in the structure of the file: damaged pages, indexes that differ from their tables. Empty: none.
///
/// Reads all of the file.
pub(super) fn integrity(connection: &Connection) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut run = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MAX_FAULTS})"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            faults.push(row.get::<_, String>(0)?);
        }
        Ok(())
    };
    match run().map_err(convert) {
        // A page that cannot be read at all ends the check.
        Err(Error::Damaged(text)) => faults.push(text),
        other => other?,
    }
    if faults.first().is_some_and(|first| first == "ok") {
        faults.clear();
    }
    Ok(faults)
}

/// Rows that refer to rows that are not there, as a line for each table and the one it refers to. Empty: none.
pub(super) fn references(connection: &Connection) -> Result<Vec<String>> {
    let query = "SELECT \"table\", \"parent\", COUNT(*) FROM pragma_foreign_key_check GROUP BY 1, 2";
    let mut statement = connection.prepare(query).map_err(convert)?;
    let line = |row: &rusqlite::Row<'_>| {
        let (table, parent, rows): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{rows} rows of {table} refer to rows of {parent} that do not exist"))
    };
    let rows = statement.query_map([], line).map_err(convert)?;
    rows.take(MAX_FAULTS).map(|row| row.map_err(convert)).collect()
}
