//! `[backup]`: scheduled copies of an SQLite database.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::limit;

/// The section. `default.toml` describes each key.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Backup {
    pub dir: PathBuf,
    pub every_hours: u64,
    pub keep: usize,
}

impl Backup {
    pub(super) fn check(&self, is_sqlite: bool) -> Result<(), String> {
        limit("backup.every_hours", self.every_hours, 1, 24 * 366)?;
        limit("backup.keep", u64::try_from(self.keep).unwrap_or(u64::MAX), 1, 10_000)?;
        if self.is_on() && !is_sqlite {
            return Err("backup.dir: only SQLite databases are backed up; use pg_dump for PostgreSQL".into());
        }
        Ok(())
    }

    /// Returns true if backups are scheduled.
    pub fn is_on(&self) -> bool {
        !self.dir.as_os_str().is_empty()
    }

    /// Returns the directory of the backups. A relative one is inside the data directory.
    pub fn directory(&self, data_dir: &Path) -> PathBuf {
        data_dir.join(&self.dir)
    }
}
