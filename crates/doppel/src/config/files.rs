//! `[files]`: uploaded files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check::limit;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "default.toml describes every key")]
pub struct Files {
    pub dir: PathBuf,
    pub max_upload_bytes: u64,
    pub max_import_bytes: u64,
    pub max_stored_bytes: u64,
}

impl Files {
    pub(super) fn check(&self) -> Result<(), String> {
        limit("files.max_upload_bytes", self.max_upload_bytes, 1024, 1 << 40)?;
        limit("files.max_import_bytes", self.max_import_bytes, 1024, 5 << 30)?;
        limit("files.max_stored_bytes", self.max_stored_bytes, 1024, 1 << 50)
    }

    /// Returns the directory of uploaded files; by default one in the data directory.
    pub(super) fn directory(&self, data_dir: &Path) -> PathBuf {
        if self.dir.as_os_str().is_empty() { data_dir.join("files") } else { self.dir.clone() }
    }
}
