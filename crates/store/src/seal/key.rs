//! The sealing key: 32 bytes as 64 hexadecimal digits, from a text or a file.

use std::{io::Write, path::Path};

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use sha2::{Digest, Sha256};

use super::error::SealError;
use crate::{Random, durable::NewFile, sql::hex};

pub(super) const FILE: &str = "seal.key";
const KEY: usize = 32;
pub(super) const ID: usize = 8;

/// A sealing key. It is never displayed.
#[derive(Clone)]
pub(super) struct Key {
    /// Identifies the key without revealing anything of it. Every sealed value begins with it.
    pub(super) id: [u8; ID],
    pub(super) cipher: XChaCha20Poly1305,
}

impl Key {
    /// Returns the id as people see it, in hexadecimal.
    pub(super) fn name(&self) -> String {
        name(&self.id)
    }
}

pub(super) fn name(id: &[u8; ID]) -> String {
    hex(id)
}

/// Checks the format of a key in the configuration.
///
/// # Errors
/// A message that names the expected format.
pub fn check_key(text: &str) -> Result<(), String> {
    parse(text).map(|_| ()).map_err(|error| error.text)
}

pub(super) fn parse(text: &str) -> Result<Key, SealError> {
    let wrong = || SealError::new("a sealing key is 64 hexadecimal digits".into());
    let bytes: [u8; KEY] = unhex(text.trim()).and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
    let hash = Sha256::digest([b"doppel key id ".as_slice(), &bytes].concat());
    let id = hash.first_chunk::<ID>().copied().ok_or_else(wrong)?;
    Ok(Key { id, cipher: XChaCha20Poly1305::new(&bytes.into()) })
}

/// Reads the key from a file. If the file is missing and `may_make` is true, it is created first.
pub(super) fn from_file(path: &Path, may_make: bool, random: &Random) -> Result<Key, SealError> {
    let shown = path.display();
    if may_make && !path.exists() {
        make(path, random).map_err(|error| SealError::new(format!("cannot write {shown}: {error}")))?;
    }
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|error| SealError::new(format!("{shown}: {error}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(SealError::new(format!("{shown} is missing")))
        }
        Err(error) => Err(SealError::new(format!("cannot read {shown}: {error}"))),
    }
}

/// Writes a new key completely or not at all, readable by its owner only. Of several processes that do so at
/// once, the first wins.
fn make(path: &Path, random: &Random) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = NewFile::create_in(directory)?;
    file.write_all(random.hex(KEY).as_bytes())?;
    file.write_all(b"\n")?;
    match file.create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(|_bytes| ()),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn of_many_that_make_the_file_one_wins() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let names: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| from_file(&path, true, &Random::system()).unwrap().name()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_is_64_digits() {
        let good = "1f".repeat(32);
        assert_eq!(check_key(&format!(" {good}\n")), Ok(()));
        for wrong in ["", "zz", &good[1..], &format!("{good}00"), &"é".repeat(32)] {
            assert!(check_key(wrong).is_err(), "{wrong}");
        }
        assert!(!parse(&good).unwrap().name().contains("1f1f"));
    }
}
