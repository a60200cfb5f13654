//! Scheduled backups of an SQLite database: one file each, checked after it was written. The latest are kept.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use store::Database;
use web::Tasks;

use crate::config::Config;

/// Interval between checks if a backup is due.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// The name of a backup carries its time in UTC.
const NAME: &str = "doppel-%Y%m%dT%H%M%SZ.db";

/// A schedule of backups.
#[derive(Clone)]
pub struct Backups {
    db: Database,
    directory: PathBuf,
    every: jiff::SignedDuration,
    keep: usize,
}

impl Backups {
    /// Returns the schedule of a configuration, or `None` if there is none.
    #[must_use]
    pub fn of(config: &Config, db: &Database) -> Option<Self> {
        let backup = &config.backup;
        backup.is_on().then(|| Self {
            db: db.clone(),
            directory: backup.directory(&config.data_dir),
            every: jiff::SignedDuration::from_hours(i64::try_from(backup.every_hours).unwrap_or(i64::MAX)),
            keep: backup.keep,
        })
    }

    /// Makes backups in the background until shutdown. The first check is at once.
    pub(super) fn start(self, tasks: &Tasks) {
        let first = self.clone();
        tasks.spawn(async move { first.check().await });
        tasks.every(CHECK_EVERY, move || {
            let backups = self.clone();
            async move { backups.check().await }
        });
    }

    async fn check(&self) {
        match self.run_due().await {
            Ok(None) => {}
            Ok(Some(path)) => tracing::info!(path = %path.display(), "made a backup"),
            Err(error) => tracing::error!(%error, "a scheduled backup failed"),
        }
    }

    /// Makes a backup if the newest one is older than the interval, then removes the oldest beyond the number
    /// to keep. Returns the path of the new backup.
    ///
    /// # Errors
    /// If the directory cannot be read or written, or the database or the copy is damaged. Existing backups
    /// are removed only after a new one was made.
    pub async fn run_due(&self) -> Result<Option<PathBuf>, String> {
        self.run(true).await
    }

    /// Makes a backup now, then removes the oldest beyond the number to keep.
    ///
    /// # Errors
    /// As for [`Backups::run_due`].
    pub async fn run_now(&self) -> Result<(), String> {
        self.run(false).await.map(|_path| ())
    }

    /// Returns time and size in bytes of each backup, newest first.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn made(&self) -> Result<Vec<(store::Timestamp, u64)>, String> {
        let at = |error: io::Error| format!("{}: {error}", self.directory.display());
        if !self.directory.exists() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (time, path) in list(&self.directory).map_err(at)? {
            let size = std::fs::metadata(&path).map_err(at)?.len();
            found.push((store::Timestamp(time.as_millisecond()), size));
        }
        found.sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
        Ok(found)
    }

    async fn run(&self, only_if_due: bool) -> Result<Option<PathBuf>, String> {
        let at = |error: io::Error| format!("{}: {error}", self.directory.display());
        store::durable::create_directory(&self.directory).map_err(at)?;
        let now = Timestamp::from_millisecond(self.db.clock().now().as_millis())
            .map_err(|error| error.to_string())?;
        let mut existing = list(&self.directory).map_err(at)?;
        if only_if_due && !is_due(existing.iter().map(|(time, _)| *time), now, self.every) {
            return Ok(None);
        }
        let path = self.directory.join(now.strftime(NAME).to_string());
        self.db.backup(&path).await.map_err(|error| error.to_string())?;
        existing.push((now, path.clone()));
        for old in beyond(existing, self.keep) {
            std::fs::remove_file(&old).map_err(at)?;
        }
        Ok(Some(path))
    }
}

/// Returns the backups of a directory with their times. Other files are ignored.
fn list(directory: &Path) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let parsed = jiff::civil::DateTime::strptime(NAME, name);
        if let Some(time) = parsed.ok().and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok()) {
            found.push((time.timestamp(), path));
        }
    }
    Ok(found)
}

/// Returns true if no backup was made within the interval before `now`. Times in the future are of a clock
/// that was wrong, and do not count.
fn is_due(times: impl Iterator<Item = Timestamp>, now: Timestamp, every: jiff::SignedDuration) -> bool {
    times.filter(|time| *time <= now).max().is_none_or(|newest| now.duration_since(newest) >= every)
}

/// Returns the paths of all but the latest `keep` backups.
fn beyond(mut backups: Vec<(Timestamp, PathBuf)>, keep: usize) -> Vec<PathBuf> {
    backups.sort();
    backups.truncate(backups.len().saturating_sub(keep));
    backups.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(hours: i64) -> jiff::SignedDuration {
        jiff::SignedDuration::from_hours(hours)
    }

    #[test]
    fn a_backup_is_due_after_the_interval() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let due = |ages: &[i64]| is_due(ages.iter().map(|age| now - hours(*age)), now, hours(24));
        assert!(due(&[]) && due(&[24]) && due(&[100, 25]));
        assert!(!due(&[23]) && !due(&[100, 0]));
        assert!(due(&[-5]) && due(&[-5, 30]), "a time in the future does not count");
        assert!(!due(&[-5, 3]));
    }

    proptest! {
        /// The newest are kept, however many there are.
        #[test]
        fn the_oldest_are_removed(
            seconds in prop::collection::btree_set(0_i64..4_000_000_000, 0..40),
            keep in 1_usize..20,
        ) {
            let all: Vec<_> = seconds
                .iter()
                .map(|second| (Timestamp::from_second(*second).unwrap(), PathBuf::from(second.to_string())))
                .collect();
            let removed = beyond(all.clone(), keep);
            prop_assert_eq!(removed.len(), all.len().saturating_sub(keep));
            let kept = all.iter().skip(removed.len());
            prop_assert!(kept.clone().all(|(_, path)| !removed.contains(path)));
        }

        /// Every name that is written is read again, and carries its time to the second.
        #[test]
        fn names_carry_their_time(second in 0_i64..4_000_000_000) {
            let directory = tempfile::tempdir().unwrap();
            let time = Timestamp::from_second(second).unwrap();
            let path = directory.path().join(time.strftime(NAME).to_string());
            testkit::write_file(&path, "");
            testkit::write_file(directory.path().join("doppel-other.db"), "");
            prop_assert_eq!(list(directory.path()).unwrap(), vec![(time, path)]);
        }
    }
}
