//! Removal of files without an owner: files of deleted accounts and of interrupted uploads.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use store::params;
use web::{ApiError, Tasks};

use super::{queries, remove};
use crate::Memory;

const EVERY: Duration = Duration::from_secs(6 * 3600);
/// Age up to which a file may belong to an unfinished upload.
pub const YOUNG: Duration = Duration::from_secs(3600);

pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    let (memory, stopping) = (memory.clone(), tasks.clone());
    tasks.every(EVERY, move || {
        let (memory, stopping) = (memory.clone(), stopping.clone());
        async move {
            if !stopping.is_stopping()
                && let Err(error) = memory.sweep_files(YOUNG).await
            {
                tracing::warn!(cause = error.cause().unwrap_or_default(), "files of nobody not removed yet");
            }
        }
    });
}

impl Memory {
    /// Removes files on disk that the store does not know and that are older than `young`. Returns their
    /// number.
    ///
    /// # Errors
    /// If the store or the disk fails.
    pub async fn sweep_files(&self, young: Duration) -> Result<u64, ApiError> {
        let strays = self.stray_files(young).await?;
        let mut removed = 0;
        for path in strays {
            remove(path).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Returns the files on disk that the store does not know and that are older than `young`.
    ///
    /// # Errors
    /// If the store or the disk fails.
    pub async fn stray_files(&self, young: Duration) -> Result<Vec<PathBuf>, ApiError> {
        let mut strays = Vec::new();
        for folder in entries(&self.settings().files).await? {
            for path in entries(&folder).await? {
                let Some(key) = path.file_name().and_then(|name| name.to_str()) else { continue };
                let is_known =
                    self.db().fetch_optional::<(i64,)>(queries::KNOWN, params![key]).await?.is_some();
                if !is_known && age(&path).await >= young {
                    strays.push(path);
                }
            }
        }
        Ok(strays)
    }
}

async fn entries(folder: &Path) -> Result<Vec<PathBuf>, ApiError> {
    let mut reader = match tokio::fs::read_dir(folder).await {
        Ok(reader) => reader,
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(ApiError::internal(error)),
    };
    let mut paths = Vec::new();
    while let Some(entry) = reader.next_entry().await.map_err(ApiError::internal)? {
        paths.push(entry.path());
    }
    Ok(paths)
}

/// Returns the time since a file was written, by the clock of the disk.
async fn age(path: &Path) -> Duration {
    let written = tokio::fs::metadata(path).await.and_then(|about| about.modified());
    written.ok().and_then(|time| time.elapsed().ok()).unwrap_or_default()
}
