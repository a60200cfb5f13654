//! Uploaded files: pictures, short videos and sound, kept on disk beside the database.

pub mod kind;
pub(crate) mod queries;
pub(crate) mod routes;
pub(crate) mod sweep;
mod upload;

use std::path::{Path, PathBuf};

use serde::Serialize;
use store::{AccountId, Timestamp, Tx, params};
use utoipa::ToSchema;
use web::{
    ApiError, Code,
    paging::{Page, Paged},
};

pub use kind::Kind;
pub use routes::{UPLOAD_ROUTES, download};
pub use sweep::YOUNG;

use crate::{
    Memory,
    quota::{Action, Adder},
};

/// Random bytes in a file's name, each written as two hexadecimal digits.
const NAME_BYTES: usize = 20;
/// Maximum number of bytes of a picture that a model is shown.
pub const MAX_PICTURE: i64 = 8 << 20;

/// An uploaded file.
#[derive(Debug, Clone)]
pub struct File {
    /// The name: 40 random hexadecimal digits and the extension of its kind.
    pub key: String,
    /// The URL.
    pub url: String,
}

/// A file in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// Its name.
    pub key: String,
    /// Its public address.
    pub url: String,
    /// Its content type.
    pub media_type: String,
    /// Its size.
    pub bytes: i64,
    /// The time of the upload, in milliseconds since 1970-01-01 UTC.
    #[schema(value_type = i64)]
    pub create_time: Timestamp,
}

impl Memory {
    /// Returns the path of a file. There are two levels, so that no directory grows very large.
    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.folder(key).join(key)
    }

    /// Returns the directory of a file, by its key or the beginning of it.
    fn folder(&self, key: &str) -> PathBuf {
        let folder: String = key.chars().take(2).collect();
        self.settings().files.join(folder)
    }

    /// Returns the number of bytes that an account may still upload.
    async fn room(&self, account: AccountId) -> Result<u64, ApiError> {
        let used: Option<(i64,)> = self.db().fetch_optional(queries::USED, params![account]).await?;
        let used = used.map_or(0, |(used,)| u64::try_from(used).unwrap_or(0));
        Ok(self.settings().max_stored.saturating_sub(used))
    }

    /// Copies a file from elsewhere on this machine, and registers it under its key.
    ///
    /// # Errors
    /// [`Code::BodyTooLarge`] if the account has no room for it, [`Code::Unavailable`] if it cannot be
    /// copied.
    pub(crate) async fn adopt(
        &self,
        account: AccountId,
        key: &str,
        from: &Path,
        kind: Kind,
        bytes: u64,
    ) -> Result<(), ApiError> {
        let path = self.path(key);
        let copied = store::durable::copy(from.to_owned(), path.clone()).await;
        copied.map_err(|error| ApiError::new(Code::Unavailable).because(error))?;
        let registered = self.register(&Adder::from(account), key, kind, bytes).await;
        if registered.is_err() {
            remove(path).await?;
        }
        registered.map(|_file| ())
    }

    /// Registers a file that is on the disk already.
    ///
    /// # Errors
    /// [`Code::BodyTooLarge`] if the account has no room, [`Code::QuotaExceeded`] if the app has none,
    /// [`Code::RateLimited`] if the key or app uploads too much.
    async fn register(&self, adder: &Adder, key: &str, kind: Kind, bytes: u64) -> Result<File, ApiError> {
        let (adder, quota) = (adder.clone(), *self.quota());
        let bytes = i64::try_from(bytes).map_err(ApiError::internal)?;
        let most = i64::try_from(self.settings().max_stored).unwrap_or(i64::MAX);
        let now = self.db().clock().now();
        let row_key = key.to_owned();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let (account, client) = (adder.account, adder.application());
                    quota.count(tx, &adder, Action::Upload, 1, now).await?;
                    if !client.is_empty() {
                        take_share(tx, &adder, bytes, quota.app_upload_bytes).await?;
                    }
                    tx.execute(queries::OPEN_ROOM, params![account]).await?;
                    if tx.execute(queries::TAKE_ROOM, params![account, bytes, most]).await? == 0 {
                        return Err(ApiError::new(Code::BodyTooLarge).with(most.to_string()));
                    }
                    let values = params![&row_key, account, kind.media_type(), bytes, now, client];
                    tx.execute(queries::INSERT, values).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(File { key: key.to_owned(), url: self.file_url(key) })
    }

    /// Returns the URL of a file by its key.
    pub fn file_url(&self, key: &str) -> String {
        format!("{}/cdn/{key}", self.settings().public_url)
    }

    /// Returns a page of a person's files, the latest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn files(&self, account: AccountId, page: Page) -> Result<Paged<Stored>, ApiError> {
        let rows: Vec<(String, String, i64, Timestamp)> =
            self.db().fetch_all(queries::LIST, params![account, page.limit, page.offset]).await?;
        let (total,) = self.db().fetch_one(queries::COUNT, params![account]).await?;
        let stored = |(key, media_type, bytes, create_time): (String, String, i64, Timestamp)| Stored {
            url: self.file_url(&key),
            key,
            media_type,
            bytes,
            create_time,
        };
        Ok(Paged { list: rows.into_iter().map(stored).collect(), total })
    }

    /// Returns the media type and the content of a person's picture.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the name is unknown, another person's, or not a picture's;
    /// [`Code::BodyTooLarge`] if it has more than [`MAX_PICTURE`] bytes.
    pub async fn picture(&self, account: AccountId, key: &str) -> Result<(&'static str, Vec<u8>), ApiError> {
        let kind = Kind::of_key(key).filter(|kind| kind.media_type().starts_with("image/"));
        let kind = kind.ok_or(Code::NotFound)?;
        let size: Option<(i64,)> = self.db().fetch_optional(queries::SIZE, params![key, account]).await?;
        let (bytes,) = size.ok_or(Code::NotFound)?;
        if bytes > MAX_PICTURE {
            return Err(ApiError::new(Code::BodyTooLarge).with(MAX_PICTURE.to_string()));
        }
        let content = tokio::fs::read(self.path(key)).await.map_err(|_missing| Code::NotFound)?;
        Ok((kind.media_type(), content))
    }

    /// Deletes a file. Its URL no longer works then.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the name is unknown or another person's. If the disk fails, nothing is deleted.
    pub async fn delete_file(&self, account: AccountId, key: &str) -> Result<(), ApiError> {
        let (row_key, path) = (key.to_owned(), self.path(key));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found: Option<(i64, String)> =
                        tx.fetch_optional(queries::DELETE, params![&row_key, account]).await?;
                    let (bytes, client) = found.ok_or(Code::NotFound)?;
                    if !client.is_empty() {
                        tx.execute(queries::FREE_SHARE, params![account, &client, bytes]).await?;
                    }
                    tx.execute(queries::FREE_ROOM, params![account, bytes]).await?;
                    // Removed before the commit, so that a file that stays keeps the row with its owner.
                    match std::fs::remove_file(&path) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            Err(ApiError::internal(error))
                        }
                        Ok(()) | Err(_) => Ok(()),
                    }
                })
            })
            .await
    }

    /// Removes all files of an account from the store and from the disk. Called before an account is deleted.
    ///
    /// # Errors
    /// If the store or the disk fails. The sweep then removes the rest.
    pub async fn remove_files(&self, account: AccountId) -> Result<(), ApiError> {
        let keys: Vec<(String,)> = self.db().fetch_all(queries::OF_ACCOUNT, params![account]).await?;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::DELETE_OF_ACCOUNT, params![account]).await?;
                    tx.execute(queries::DROP_SHARES, params![account]).await?;
                    tx.execute(queries::EMPTY_ROOM, params![account]).await?;
                    Ok::<_, ApiError>(())
                })
            })
            .await?;
        for (key,) in keys {
            remove(self.path(&key)).await?;
        }
        Ok(())
    }
}

/// Counts the bytes of a file for the app that uploads it.
async fn take_share(tx: &mut Tx<'_>, adder: &Adder, bytes: i64, most: i64) -> Result<(), ApiError> {
    let (account, client) = (adder.account, adder.application());
    let most = if most == 0 { i64::MAX } else { most };
    tx.execute(queries::OPEN_SHARE, params![account, client]).await?;
    if tx.execute(queries::TAKE_SHARE, params![account, client, bytes, most]).await? > 0 {
        return Ok(());
    }
    let (used,): (i64,) = tx.fetch_one(queries::USED_SHARE, params![account, client]).await?;
    Err(ApiError::new(Code::QuotaExceeded).with(format!("files of the application: {used}/{most} bytes")))
}

async fn remove(path: PathBuf) -> Result<(), ApiError> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ApiError::internal(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
