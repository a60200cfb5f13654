//! Secrets that must be readable again: sealed with XChaCha20-Poly1305 under a key that is not in the database.
//!
//! The key is 32 bytes as 64 hexadecimal digits, from the configuration or from the file `seal.key` in the data
//! directory, which is made at first need, for its owner alone. A sealed value names its key by four bytes, so that
//! a wrong key is told from a damaged value, and an older key can still open what it has sealed.

use std::{
    fmt,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{Random, sql::hex};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

const FILE: &str = "seal.key";
const KEY: usize = 32;
const ID: usize = 4;
const NONCE: usize = 24;

/// A key that seals; never shown.
#[derive(Clone)]
struct Key {
    id: [u8; ID],
    cipher: XChaCha20Poly1305,
}

/// Why something cannot be sealed or opened: a text for the log and for the one who runs the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealError(String);

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the keys come from.
#[derive(Clone, Default)]
pub struct SealSettings {
    /// 64 hexadecimal digits; empty: the file in the data directory.
    pub key: String,
    /// Keys of before, which still open what they have sealed.
    pub older: Vec<String>,
    /// The data directory.
    pub directory: PathBuf,
}

impl fmt::Debug for SealSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealSettings").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Seals and opens; the key is read when first needed.
pub struct Sealer {
    settings: SealSettings,
    random: Random,
    key: Mutex<Option<Key>>,
}

impl Sealer {
    /// A sealer that has not looked for its key yet.
    pub fn new(settings: SealSettings, random: Random) -> Self {
        Self { settings, random, key: Mutex::new(None) }
    }

    /// Seals a secret. `purpose` says what it belongs to; opening needs the same. `may_make` allows making the
    /// key file: true only where nothing sealed is in the database, for else the file was lost.
    ///
    /// # Errors
    /// When there is no key, or none that can be used.
    pub fn seal(&self, purpose: &str, secret: &[u8], may_make: bool) -> Result<Vec<u8>, SealError> {
        let key = self.key(may_make)?;
        let nonce = self.random.bytes::<NONCE>();
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_opaque| SealError("a secret could not be sealed".into()))?;
        Ok([&key.id[..], &nonce, &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] made for the same purpose.
    ///
    /// # Errors
    /// When there is no key, another one, or the value was changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let damaged = || SealError(format!("the sealed value for {purpose} is damaged"));
        let (id, rest) = sealed.split_first_chunk::<ID>().ok_or_else(damaged)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let key = self.key_for(*id)?;
        let payload = Payload { msg: text, aad: purpose.as_bytes() };
        key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_opaque| damaged())
    }

    /// The key that sealed a value, by its id.
    fn key_for(&self, id: [u8; ID]) -> Result<Key, SealError> {
        let current = self.key(false)?;
        if current.id == id {
            return Ok(current);
        }
        for text in &self.settings.older {
            let key = parse(text)?;
            if key.id == id {
                return Ok(key);
            }
        }
        let (wanted, found) = (hex(&id), hex(&current.id));
        Err(SealError(format!(
            "a secret was sealed with the key {wanted}, but the key in force is {found}: restore that key, \
             or add it to secrets.older_keys"
        )))
    }

    fn key(&self, may_make: bool) -> Result<Key, SealError> {
        let mut place = self.key.lock();
        if let Some(key) = &*place {
            return Ok(key.clone());
        }
        let key = if self.settings.key.is_empty() {
            from_file(&self.settings.directory.join(FILE), may_make, &self.random)?
        } else {
            parse(&self.settings.key)?
        };
        Ok(place.insert(key).clone())
    }
}

/// Checks a key of the configuration.
///
/// # Errors
/// A text that says what was expected.
pub fn check_key(text: &str) -> Result<(), String> {
    parse(text).map(|_| ()).map_err(|error| error.0)
}

fn parse(text: &str) -> Result<Key, SealError> {
    let wrong = || SealError("a sealing key is 64 hexadecimal digits".into());
    let bytes: [u8; KEY] = unhex(text.trim()).and_then(|bytes| bytes.try_into().ok()).ok_or_else(wrong)?;
    let hash = Sha256::digest([b"doppel key id ".as_slice(), &bytes].concat());
    let id = hash.first_chunk::<ID>().copied().ok_or_else(wrong)?;
    Ok(Key { id, cipher: XChaCha20Poly1305::new(&bytes.into()) })
}

fn from_file(path: &Path, may_make: bool, random: &Random) -> Result<Key, SealError> {
    let shown = path.display();
    if may_make && !path.exists() {
        make(path, random).map_err(|error| SealError(format!("cannot write {shown}: {error}")))?;
    }
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|error| SealError(format!("{shown}: {error}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(SealError(format!(
            "the sealing key is missing: {shown} does not exist, but secrets sealed with it are in the database; \
             restore the file, or set secrets.key"
        ))),
        Err(error) => Err(SealError(format!("cannot read {shown}: {error}"))),
    }
}

/// Writes a new key, whole or not at all; of several processes that do so at once, the first wins.
fn make(path: &Path, random: &Random) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("new-{}", random.hex(4)));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(random.hex(KEY).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
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

    fn sealer(directory: &Path, key: &str, older: &[&str]) -> Sealer {
        let older = older.iter().map(|key| (*key).to_owned()).collect();
        let settings = SealSettings { key: key.to_owned(), older, directory: directory.to_owned() };
        Sealer::new(settings, Random::system())
    }

    #[test]
    fn what_was_sealed_is_opened_again_and_by_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let sealed = sealer(directory.path(), "", &[]).seal("sk a", b"secret", true).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let mode = std::fs::metadata(directory.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = sealer(directory.path(), "", &[]);
        assert_eq!(again.open("sk a", &sealed).unwrap(), b"secret");
        assert!(again.open("sk b", &sealed).unwrap_err().0.contains("damaged"));
        let mut changed = sealed;
        *changed.last_mut().unwrap() ^= 1;
        assert!(again.open("sk a", &changed).unwrap_err().0.contains("damaged"));
        assert!(again.open("sk a", b"x").unwrap_err().0.contains("damaged"));
    }

    #[test]
    fn a_missing_or_wrong_key_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let (first, second) = ("11".repeat(32), "22".repeat(32));
        let sealed = sealer(directory.path(), &first, &[]).seal("x", b"y", false).unwrap();
        let missing = sealer(directory.path(), "", &[]).open("x", &sealed).unwrap_err().0;
        assert!(missing.contains("seal.key") && missing.contains("secrets.key"), "{missing}");
        let wrong = sealer(directory.path(), &second, &[]).open("x", &sealed).unwrap_err().0;
        assert!(wrong.contains(&hex(&sealed[..4])) && !wrong.contains(&second), "{wrong}");
        assert_eq!(sealer(directory.path(), &second, &[&first]).open("x", &sealed).unwrap(), b"y");
        assert!(sealer(directory.path(), "zz", &[]).seal("x", b"y", true).is_err());
    }

    #[test]
    fn of_many_that_make_the_file_one_wins() {
        let directory = tempfile::tempdir().unwrap();
        let sealed: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| sealer(directory.path(), "", &[]).seal("x", b"y", true).unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for one in sealed {
            assert_eq!(sealer(directory.path(), "", &[]).open("x", &one).unwrap(), b"y");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
