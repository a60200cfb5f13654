//! The node number of a process on a SQLite file: a lock on one of 64 small files in the data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::ids::NODES;

/// A node number. It belongs to this process as long as the value lives.
#[derive(Debug)]
pub(crate) struct Node {
    number: i64,
    directory: PathBuf,
    /// Holds the lock. The operating system releases it with the file, however the process ends.
    _lock: File,
}

impl Node {
    /// Takes the first free number.
    ///
    /// # Errors
    /// If the directory cannot be written, or if other processes use all numbers.
    pub(crate) fn take(data_dir: &Path) -> Result<Self> {
        let directory = data_dir.join("nodes");
        crate::sqlite::create_directory(&directory)?;
        for number in 0..NODES {
            let path = directory.join(format!("{number:02}"));
            let failed = |error: std::io::Error| {
                Error::unavailable(format!("{} cannot be used: {error}", path.display()))
            };
            #[expect(clippy::disallowed_methods, reason = "a lock file: it has no content")]
            let file =
                OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => return Ok(Self { number, directory, _lock: file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(Error::unavailable(format!(
            "{NODES} processes use this data directory already; stop one of them"
        )))
    }

    pub(crate) const fn number(&self) -> i64 {
        self.number
    }

    /// Returns the number of other processes that hold numbers of the same data directory.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub(crate) fn others(&self) -> Result<usize> {
        let mut others = 0;
        for number in (0..NODES).filter(|number| *number != self.number) {
            let path = self.directory.join(format!("{number:02}"));
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(Error::unavailable(format!("{} cannot be read: {error}", path.display())));
                }
            };
            // The lock ends with the file, at the end of this round.
            others += usize::from(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        }
        Ok(others)
    }

    /// Returns a probe that tests if the data directory can be written.
    pub(crate) fn probe(&self) -> Probe {
        Probe(self.directory.join(format!("{:02}.probe", self.number)))
    }
}

/// The size of a probe: room for a transaction of ordinary size.
const PROBE_BYTES: usize = 256 * 1024;

/// A test that writes a file and removes it.
#[derive(Debug)]
pub(crate) struct Probe(PathBuf);

impl Probe {
    /// Writes the file and removes it.
    ///
    /// # Errors
    /// If the disk is full, read-only or broken.
    pub(crate) fn write(&self) -> Result<()> {
        let attempt = || -> std::io::Result<()> {
            #[expect(clippy::disallowed_methods, reason = "removed at once")]
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&self.0)?;
            file.write_all(&vec![b'.'; PROBE_BYTES])?;
            drop(file);
            std::fs::remove_file(&self.0)
        };
        attempt()
            .map_err(|error| Error::unavailable(format!("the data directory cannot be written: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exclusive_and_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut nodes: Vec<Node> = (0..NODES).map(|_| Node::take(dir.path()).unwrap()).collect();
        let numbers: Vec<i64> = nodes.iter().map(Node::number).collect();
        assert_eq!(numbers, (0..NODES).collect::<Vec<_>>());
        assert!(matches!(Node::take(dir.path()), Err(Error::Unavailable(text)) if text.contains("64")));
        assert_eq!(nodes[3].others().unwrap(), nodes.len() - 1);
        drop(nodes.remove(7));
        assert_eq!(nodes[3].others().unwrap(), nodes.len() - 1);
        assert_eq!(Node::take(dir.path()).unwrap().number(), 7);
    }

    #[test]
    fn the_probe_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let node = Node::take(dir.path()).unwrap();
        let probe = node.probe();
        probe.write().unwrap();
        assert!(!probe.0.exists());
        std::fs::remove_dir_all(dir.path()).unwrap();
        assert!(matches!(probe.write(), Err(Error::Unavailable(_))));
    }
}
