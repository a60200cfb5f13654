//! Detection of database files that were replaced or deleted while they are open.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// The device and inode of a file.
type Identity = (u64, u64);

/// The database file and its write-ahead log, as this process has them open.
#[derive(Debug)]
pub(super) struct Watch {
    file: PathBuf,
    log: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    file: Option<Identity>,
    log: Option<Identity>,
}

impl Watch {
    pub(super) fn new(file: &Path) -> Self {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Self { file: file.to_owned(), log: log.into(), seen: Mutex::default() }
    }

    /// Compares the files in the directory with those of the first calls. What is written to a file without a
    /// name is lost when the process ends. Costs two `stat` calls, some microseconds.
    ///
    /// # Errors
    /// [`Error::Damaged`] if a file was replaced or deleted.
    pub(super) fn check(&self) -> Result<()> {
        let seen = &mut *self.seen.lock();
        compare(&self.file, &mut seen.file)?;
        compare(&self.log, &mut seen.log)
    }
}

fn compare(path: &Path, seen: &mut Option<Identity>) -> Result<()> {
    let now = match fs::metadata(path) {
        Ok(about) => Some((about.dev(), about.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // It cannot be determined if the file is still there.
        Err(_) => return Ok(()),
    };
    match (now, *seen) {
        (now, None) => *seen = now,
        (now, before) if now == before => {}
        (now, _) => {
            let what = if now.is_some() { "replaced" } else { "deleted" };
            return Err(Error::damaged(format!(
                "{} was {what} while this process had it open; nothing is written any more: \
                 stop this process, put the right file in place, and start again",
                path.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_replaced_or_deleted_is_noticed() {
        for log in [false, true] {
            for replaced in [false, true] {
                let directory = tempfile::tempdir().unwrap();
                let file = directory.path().join("x.db");
                let watch = Watch::new(&file);
                crate::durable::write(&file, b"1").unwrap();
                watch.check().unwrap();
                crate::durable::write(&watch.log, b"1").unwrap();
                watch.check().unwrap();
                watch.check().unwrap();
                let path = if log { watch.log.clone() } else { file };
                if replaced {
                    crate::durable::write(&path, b"2").unwrap();
                } else {
                    fs::remove_file(&path).unwrap();
                }
                let expected = if replaced { "replaced" } else { "deleted" };
                assert!(matches!(watch.check(), Err(Error::Damaged(text)) if text.contains(expected)));
            }
        }
    }
}
