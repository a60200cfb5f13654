//! Sealed secrets: values that must be readable again, encrypted with XChaCha20-Poly1305 under a key that is
//! not in the database.
//!
//! The key comes from the configuration, or from the file `seal.key` in the data directory. The file is
//! created when the first secret is sealed. The database stores the key's id. So a lost file, or another
//! process with another key, is noticed before anything is sealed that the others cannot open. No key is ever
//! replaced silently.

mod error;
mod key;

use std::{path::PathBuf, sync::Arc};

use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
use parking_lot::Mutex;

use crate::{Database, SecretText, params};
pub use error::SealError;
pub use key::check_key;
use key::{ID, Key};

const NONCE: usize = 24;

const KNOWN: &str = "SELECT key_id FROM sealing_key WHERE id = 1";
const FIRST: &str = "INSERT INTO sealing_key (id, key_id) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
const REPLACE: &str = "UPDATE sealing_key SET key_id = $2 WHERE id = 1 AND key_id = $1";

/// The configured sealing keys.
#[derive(Debug, Clone, Default)]
pub struct SealSettings {
    /// The current key as 64 hexadecimal digits. If empty, the file in the data directory is used.
    pub key: SecretText,
    /// Previous keys. They still open what they have sealed.
    pub older: Vec<SecretText>,
    /// Ids of keys that are lost for good. What they have sealed is given up, and another key may replace
    /// them.
    pub lost: Vec<String>,
    /// The data directory.
    pub directory: PathBuf,
}

/// Seals and opens secrets, for all crates. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    settings: SealSettings,
    db: Database,
    key: Mutex<Option<Key>>,
}

impl Sealer {
    /// Creates a sealer. The key is loaded when it is first needed.
    pub fn new(settings: SealSettings, db: Database) -> Self {
        Self(Arc::new(Inner { settings, db, key: Mutex::new(None) }))
    }

    /// Checks, at the start of a server, that the current key is the one that the database's secrets are
    /// sealed with. If that one is configured as an older or a lost key, the current key replaces it.
    ///
    /// # Errors
    /// If the key is missing or a different one (the message says what to restore), or if the store fails.
    pub async fn check(&self) -> Result<(), SealError> {
        match self.known().await? {
            Some(known) => self.agreed(&known).await.map(|_key| ()),
            None => Ok(()),
        }
    }

    /// Seals a secret. `purpose` names what it belongs to, and [`Sealer::open`] needs the same text. The
    /// first secret ever creates the key file, unless a key is configured.
    ///
    /// # Errors
    /// Those of [`Sealer::check`].
    pub async fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = match self.known().await? {
            Some(known) => self.agreed(&known).await?,
            None => self.first().await?,
        };
        let nonce = self.0.db.random().bytes::<NONCE>();
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_opaque| SealError::new("a secret could not be sealed".into()))?;
        Ok([&key.id[..], &nonce, &sealed].concat())
    }

    /// Opens a value that [`Sealer::seal`] made for the same purpose.
    ///
    /// # Errors
    /// If there is no key or a different one, or if the value was changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let damaged = || SealError::new(format!("the sealed value for {purpose} is damaged"));
        let (id, rest) = sealed.split_first_chunk::<ID>().ok_or_else(damaged)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let key = self.key_for(*id)?;
        let payload = Payload { msg: text, aad: purpose.as_bytes() };
        key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_opaque| damaged())
    }

    /// Returns the id of the key that the database's secrets are sealed with.
    async fn known(&self) -> Result<Option<String>, SealError> {
        let row: Option<(String,)> = self.0.db.fetch_optional(KNOWN, params![]).await?;
        Ok(row.map(|(id,)| id))
    }

    /// Returns the current key, if it is the known one or may replace it.
    async fn agreed(&self, known: &str) -> Result<Key, SealError> {
        let is_lost = self.is_lost(known);
        let key = self.key(is_lost).map_err(|error| self.explained(&error, known))?;
        if key.name() == known {
            return Ok(key);
        }
        let is_older = self.older()?.iter().any(|older| older.name() == known);
        if !is_older && !is_lost {
            let found = format!("the key in force is {}", key.name());
            return Err(self.explained(&SealError::new(found), known));
        }
        self.0.db.execute(REPLACE, params![known, &key.name()]).await?;
        // Of several processes that replace the key by different ones, the first wins.
        match self.known().await? {
            Some(now) if now != key.name() => {
                let found = format!("the key in force is {}", key.name());
                Err(self.explained(&SealError::new(found), &now))
            }
            _ => Ok(key),
        }
    }

    /// Registers the current key as the first one, and returns it. Of several processes that do so, the first
    /// wins. The key file is on the disk before the key's id is in the database.
    async fn first(&self) -> Result<Key, SealError> {
        let key = self.key(true)?;
        self.0.db.execute(FIRST, params![&key.name()]).await?;
        match self.known().await? {
            Some(known) => self.agreed(&known).await,
            None => Ok(key),
        }
    }

    /// Adds the possible remedies to an error.
    fn explained(&self, error: &SealError, known: &str) -> SealError {
        let place = if self.0.settings.key.is_empty() {
            format!(
                "restore {} from where it was made or from your backup, or set secrets.key to its 64 digits",
                self.path().display()
            )
        } else {
            "set secrets.key to that key, or add it to secrets.older_keys".to_owned()
        };
        SealError::new(format!(
            "the secrets in the database are sealed with the key {known}, but {error}: {place} (all \
             processes need \
             the same). If it is lost for good, add {known:?} to secrets.lost_keys"
        ))
    }

    fn is_lost(&self, name: &str) -> bool {
        self.0.settings.lost.iter().any(|lost| lost.eq_ignore_ascii_case(name))
    }

    fn older(&self) -> Result<Vec<Key>, SealError> {
        self.0.settings.older.iter().map(|text| key::parse(text.expose())).collect()
    }

    /// Returns the key that sealed a value, by its id.
    fn key_for(&self, id: [u8; ID]) -> Result<Key, SealError> {
        let wanted = key::name(&id);
        if self.is_lost(&wanted) {
            let text = format!("a secret was sealed with the key {wanted}, which is lost: set it anew");
            return Err(SealError { text, is_lost: true });
        }
        let current = self.key(false).map_err(|error| self.explained(&error, &wanted))?;
        if current.id == id {
            return Ok(current);
        }
        let older = self.older()?.into_iter().find(|key| key.id == id);
        older.ok_or_else(|| {
            let found = format!("the key in force is {}", current.name());
            self.explained(&SealError::new(found), &wanted)
        })
    }

    fn path(&self) -> PathBuf {
        self.0.settings.directory.join(key::FILE)
    }

    /// Returns the current key. `may_make` allows the creation of its file.
    fn key(&self, may_make: bool) -> Result<Key, SealError> {
        let mut place = self.0.key.lock();
        if let Some(key) = &*place {
            return Ok(key.clone());
        }
        let key = if self.0.settings.key.is_empty() {
            key::from_file(&self.path(), may_make, self.0.db.random())?
        } else {
            key::parse(self.0.settings.key.expose())?
        };
        Ok(place.insert(key).clone())
    }
}
