//! Durable files: written completely or not at all, surviving a loss of power, readable by their owner only.
//!
//! A [`NewFile`] is written under a temporary name in the directory of its final one. It is flushed to the
//! disk, its length is compared with the number of bytes written, and it is renamed. Then the directory is
//! flushed. A failure at any step removes the temporary file. No other code of this program creates files
//! (`clippy.toml` forbids it).

#![expect(clippy::disallowed_methods, reason = "the one place that creates files and directories")]

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Suffix of temporary names.
const PARTIAL: &str = ".partial";
/// Bytes that [`AsyncNewFile`] collects before it passes them to a blocking thread.
const BUFFER_BYTES: usize = 256 << 10;

/// A file that is being written under a temporary name, with mode 0600.
#[derive(Debug)]
pub struct NewFile {
    file: NamedTempFile,
    /// Bytes written so far.
    bytes: u64,
}

impl NewFile {
    /// Creates an empty file in `directory`, which is created if it is missing.
    ///
    /// # Errors
    /// If the directory or the file cannot be created.
    pub fn create_in(directory: &Path) -> io::Result<Self> {
        create_directory(directory)?;
        let file = tempfile::Builder::new().prefix(".").suffix(PARTIAL).tempfile_in(directory)?;
        Ok(Self { file, bytes: 0 })
    }

    /// Returns the number of bytes written so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the temporary path, for programs and libraries that write to a path.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        self.file.path()
    }

    /// Counts what others wrote to [`temporary_path`](Self::temporary_path) as written.
    ///
    /// # Errors
    /// If the file's size cannot be read.
    pub fn take_as_written(&mut self) -> io::Result<()> {
        self.bytes = std::fs::metadata(self.file.path())?.len();
        Ok(())
    }

    /// Renames the file to its final name, replacing an existing file. Returns its size in bytes. On return,
    /// content and name are on the disk.
    ///
    /// # Errors
    /// If the disk did not accept all bytes, or if the file cannot be renamed.
    pub fn replace(self, to: &Path) -> io::Result<u64> {
        self.sync()?;
        self.file.persist(to).map_err(|failed| failed.error)?;
        sync_parent(to)?;
        Ok(self.bytes)
    }

    /// Like [`replace`](Self::replace), but fails if the name is taken.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is such a file; those of [`replace`](Self::replace).
    pub fn create(self, to: &Path) -> io::Result<u64> {
        self.sync()?;
        self.file.persist_noclobber(to).map_err(|failed| failed.error)?;
        sync_parent(to)?;
        Ok(self.bytes)
    }

    /// Flushes the content to the disk, and checks that all of it is there.
    fn sync(&self) -> io::Result<()> {
        let file = self.file.as_file();
        file.sync_all()?;
        let length = file.metadata()?.len();
        if length == self.bytes {
            return Ok(());
        }
        let text = format!("the file has {length} bytes of the {} that were written to it", self.bytes);
        Err(io::Error::new(io::ErrorKind::WriteZero, text))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A [`NewFile`] for async code. Blocking threads do the work. An error is returned by the call that caused
/// it or by a later one, at the latest by [`replace`](Self::replace).
#[derive(Debug)]
pub struct AsyncNewFile {
    file: NewFile,
    buffer: Vec<u8>,
}

impl AsyncNewFile {
    /// Creates an empty file; see [`NewFile::create_in`].
    ///
    /// # Errors
    /// Those of [`NewFile::create_in`].
    pub async fn create_in(directory: PathBuf) -> io::Result<Self> {
        let file = blocking(move || NewFile::create_in(&directory)).await?;
        Ok(Self { file, buffer: Vec::new() })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// If the disk does not accept them. The file is then removed.
    pub async fn write(mut self, bytes: &[u8]) -> io::Result<Self> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER_BYTES { Ok(self) } else { self.write_out().await }
    }

    /// Renames the file to its final name; see [`NewFile::replace`].
    ///
    /// # Errors
    /// Those of [`NewFile::replace`].
    pub async fn replace(self, to: PathBuf) -> io::Result<u64> {
        let Self { mut file, buffer } = self;
        blocking(move || {
            file.write_all(&buffer)?;
            file.replace(&to)
        })
        .await
    }

    async fn write_out(self) -> io::Result<Self> {
        let Self { mut file, mut buffer } = self;
        blocking(move || {
            file.write_all(&buffer)?;
            buffer.clear();
            Ok(Self { file, buffer })
        })
        .await
    }
}

/// Runs blocking work on a thread for it. The work runs to its end even if the caller is dropped.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Writes a small file as a whole, replacing an existing one.
///
/// # Errors
/// Those of [`NewFile::replace`].
pub fn write(to: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create_in(parent(to))?;
    file.write_all(content)?;
    file.replace(to).map(|_bytes| ())
}

/// Copies a file, replacing an existing one, and returns its size in bytes.
///
/// # Errors
/// If the source cannot be read; those of [`NewFile::replace`].
pub async fn copy(from: PathBuf, to: PathBuf) -> io::Result<u64> {
    let work = move || {
        let mut file = NewFile::create_in(parent(&to))?;
        io::copy(&mut File::open(from)?, &mut file)?;
        file.replace(&to)
    };
    blocking(work).await
}

/// Creates an empty file unless it exists, for programs and libraries that then write to it.
///
/// # Errors
/// If the directory or the file cannot be created.
pub(crate) fn create_empty(path: &Path) -> io::Result<()> {
    create_directory(parent(path))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_file) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates a directory with mode 0700, including missing parents. An existing one stays as it is.
///
/// # Errors
/// If a directory cannot be created or flushed to the disk.
pub fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    create_directory(above)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => File::open(above)?.sync_all(),
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns the permissions of a directory, as in `0755`, if users outside its group may enter or read it.
#[must_use]
pub fn open_to_others(directory: &Path) -> Option<String> {
    let mode = std::fs::metadata(directory).ok()?.permissions().mode() & 0o777;
    (mode & 0o007 != 0).then(|| format!("{mode:04o}"))
}

fn parent(of: &Path) -> &Path {
    of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Flushes the parent directory of a file, so that its name survives a loss of power.
fn sync_parent(of: &Path) -> io::Result<()> {
    File::open(parent(of))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(directory: &Path) -> Vec<String> {
        std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn files_and_directories_are_their_owners() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = directory.path().join("a/b/file");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!((mode(&path), mode(&directory.path().join("a"))), (0o600, 0o700));
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(names(path.parent().unwrap()), ["file"]);
        assert_eq!(open_to_others(directory.path()).as_deref(), Some("0755"));
        assert_eq!(open_to_others(path.parent().unwrap()), None);
    }

    #[test]
    fn a_new_name_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write(&path, b"first").unwrap();
        let mut second = NewFile::create_in(directory.path()).unwrap();
        second.write_all(b"second").unwrap();
        assert_eq!(second.create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(names(directory.path()), ["file"], "nothing temporary is left");
    }

    #[test]
    fn a_file_that_is_shorter_than_what_was_written_gets_no_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut file = NewFile::create_in(directory.path()).unwrap();
        file.write_all(&[7; 1000]).unwrap();
        file.file.as_file().set_len(999).unwrap();
        let error = file.replace(&path).unwrap_err();
        assert!(error.to_string().contains("999 bytes of the 1000"), "{error}");
        assert!(names(directory.path()).is_empty());
    }

    #[tokio::test]
    async fn async_writes_add_up_and_leave_nothing_when_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut file = AsyncNewFile::create_in(directory.path().to_owned()).await.unwrap();
        let mut expected = Vec::new();
        for piece in 0..100_u8 {
            let bytes = vec![piece; 7919];
            file = file.write(&bytes).await.unwrap();
            expected.extend(bytes);
        }
        assert_eq!(file.replace(path.clone()).await.unwrap(), 791_900);
        assert_eq!(std::fs::read(&path).unwrap(), expected);
        let given_up = AsyncNewFile::create_in(directory.path().to_owned()).await.unwrap();
        drop(given_up.write(&[0; 10]).await.unwrap());
        assert_eq!(names(directory.path()), ["file"]);
        let copied = directory.path().join("deeper/copy");
        assert_eq!(copy(path, copied.clone()).await.unwrap(), 791_900);
        assert_eq!(std::fs::read(copied).unwrap(), expected);
    }
}
