//! Integrity checks of the file.

use rusqlite::Connection;

use super::errors::convert;
use crate::error::{Error, Result};

/// Maximum number of faults listed.
const MAX_FAULTS: usize = 20;

/// Returns faults in the structure of the file, such as damaged pages or indexes that differ from their
/// tables. The list is empty if there are none.
///
/// Reads the whole file.
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
        // A page that cannot be read ends the check.
        Err(Error::Damaged(text)) => faults.push(text),
        other => other?,
    }
    if faults.first().is_some_and(|first| first == "ok") {
        faults.clear();
    }
    Ok(faults)
}

/// Returns a line for each pair of tables of which one refers to missing rows of the other. The list is empty
/// if there are none.
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
