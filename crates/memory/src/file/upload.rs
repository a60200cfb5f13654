//! Receiving a file. It is streamed to disk under a temporary name, and renamed once it is complete.

use std::time::Duration;

use axum::extract::multipart::Field;
use store::{AccountId, durable::AsyncNewFile};
use web::{ApiError, Code};

use super::{File, Kind, NAME_BYTES, kind, remove};
use crate::{Memory, quota::Adder};

/// Maximum time without data from the client during an upload.
const SILENCE: Duration = Duration::from_secs(15);

impl Memory {
    /// Stores a picture that a person uploads for their profile.
    ///
    /// # Errors
    /// [`Code::UnsupportedMedia`] if it is not a picture, and as for every upload if it is too large or
    /// cannot be read.
    pub async fn receive_picture(&self, account: AccountId, field: Field<'_>) -> Result<File, ApiError> {
        let file = self.receive(&Adder::from(account), field).await?;
        match Kind::of_key(&file.key) {
            Some(Kind::Png | Kind::Jpeg | Kind::Gif | Kind::Webp) => Ok(file),
            Some(Kind::Mp4 | Kind::Mp3) | None => {
                self.delete_file(account, &file.key).await?;
                Err(ApiError::new(Code::UnsupportedMedia).with("PNG, JPEG, GIF, WebP"))
            }
        }
    }

    /// Stores a picture or a video that a person uploads for a post. Returns it, and true if it is a video.
    ///
    /// # Errors
    /// As [`Memory::receive_picture`].
    pub async fn receive_media(
        &self,
        account: AccountId,
        field: Field<'_>,
    ) -> Result<(File, bool), ApiError> {
        let file = self.receive(&Adder::from(account), field).await?;
        match Kind::of_key(&file.key) {
            Some(Kind::Png | Kind::Jpeg | Kind::Gif | Kind::Webp) => Ok((file, false)),
            Some(Kind::Mp4) => Ok((file, true)),
            Some(Kind::Mp3) | None => {
                self.delete_file(account, &file.key).await?;
                Err(ApiError::new(Code::UnsupportedMedia).with("PNG, JPEG, GIF, WebP, MP4"))
            }
        }
    }

    /// Stores sound that the server made for a person.
    ///
    /// # Errors
    /// [`Code::UnsupportedMedia`] if it is not MP3; [`Code::BodyTooLarge`] if the person has no room for it.
    pub async fn save_sound(&self, account: AccountId, sound: Vec<u8>) -> Result<File, ApiError> {
        if Kind::of(sound.get(..kind::HEAD).unwrap_or(&sound)) != Some(Kind::Mp3) {
            return Err(ApiError::new(Code::UnsupportedMedia).with("MP3"));
        }
        let name = self.db().random().hex(NAME_BYTES);
        let file = AsyncNewFile::create_in(self.folder(&name)).await.map_err(unavailable)?;
        let file = file.write(&sound).await.map_err(unavailable)?;
        self.store(&Adder::from(account), file, &name, Kind::Mp3).await
    }

    /// Stores the content of a multipart field.
    ///
    /// # Errors
    /// [`Code::BodyTooLarge`] if the file exceeds the limit, [`Code::UnsupportedMedia`] if its kind is not
    /// accepted, [`Code::RequestTimeout`] if the client stalls. [`Code::QuotaExceeded`] or
    /// [`Code::RateLimited`] if the key or app uploads too much.
    pub(super) async fn receive(&self, adder: &Adder, field: Field<'_>) -> Result<File, ApiError> {
        let limit = self.settings().max_upload.min(self.room(adder.account).await?);
        let name = self.db().random().hex(NAME_BYTES);
        let file = AsyncNewFile::create_in(self.folder(&name)).await.map_err(unavailable)?;
        let (file, kind) = receive_into(file, field, limit).await?;
        self.store(adder, file, &name, kind).await
    }

    /// Gives a complete file its name, and registers it.
    async fn store(
        &self,
        adder: &Adder,
        file: AsyncNewFile,
        name: &str,
        kind: Kind,
    ) -> Result<File, ApiError> {
        let key = format!("{name}.{}", kind.ending());
        let path = self.path(&key);
        // The file and its name are on the disk before the store knows of it.
        let bytes = file.replace(path.clone()).await.map_err(unavailable)?;
        let registered = self.register(adder, &key, kind, bytes).await;
        if registered.is_err() {
            remove(path).await?;
        }
        registered
    }
}

async fn receive_into(
    mut file: AsyncNewFile,
    mut field: Field<'_>,
    limit: u64,
) -> Result<(AsyncNewFile, Kind), ApiError> {
    let too_large = || ApiError::new(Code::BodyTooLarge).with(limit.to_string());
    let mut head = Vec::with_capacity(kind::HEAD);
    let mut bytes = 0_u64;
    loop {
        let chunk =
            tokio::time::timeout(SILENCE, field.chunk()).await.map_err(|_silent| Code::RequestTimeout)?;
        let Some(chunk) = chunk.map_err(super::routes::broken)? else { break };
        bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if bytes > limit {
            return Err(too_large());
        }
        if head.len() < kind::HEAD {
            head.extend(chunk.iter().take(kind::HEAD - head.len()));
            // Refused as soon as its kind is known, not after megabytes of it.
            if head.len() >= kind::HEAD && Kind::of(&head).is_none() {
                return Err(unsupported());
            }
        }
        file = file.write(&chunk).await.map_err(unavailable)?;
    }
    let kind = Kind::of(&head).ok_or_else(unsupported)?;
    Ok((file, kind))
}

fn unsupported() -> ApiError {
    ApiError::new(Code::UnsupportedMedia).with("PNG, JPEG, GIF, WebP, MP4, MP3")
}

/// Returns the error for a disk that is full or missing, which is not the client's fault and may pass.
fn unavailable(error: std::io::Error) -> ApiError {
    ApiError::new(Code::Unavailable).because(error)
}
