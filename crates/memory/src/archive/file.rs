//! The archive section of uploaded files: a line about each, and the file itself.

use std::path::{Path, PathBuf};

use archive::{ExportedFile, ImportLine, ImportSummary, Part, Section, read};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, params};
use tokio::io::AsyncReadExt;
use web::{ApiError, Code};

use crate::{
    Memory,
    file::{Kind, kind, queries},
};

pub(super) struct Files(pub(super) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    key: String,
    media_type: String,
    bytes: i64,
    create_time: i64,
}

impl Section for Files {
    fn name(&self) -> &'static str {
        "files"
    }

    fn export(&self, account: AccountId, _after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let rows: Vec<(String, String, i64, Timestamp)> =
                self.0.db().fetch_all(queries::ALL, params![account]).await?;
            let mut part = Part::default();
            for (key, media_type, bytes, created) in rows {
                part.files.push(ExportedFile { path: self.0.path(&key), name: key.clone() });
                part.lines.push(super::line(&Entry {
                    key,
                    media_type,
                    bytes,
                    create_time: created.as_millis(),
                })?);
            }
            Ok(part)
        })
    }

    /// Checks the lines. They are for people and other programs: the kind of a file follows from its content.
    fn import(
        &self,
        _account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            read(&given, &mut taken, |entry: Entry| match Kind::of_key(&entry.key) {
                Some(_) => Ok(()),
                None => Err(ApiError::new(Code::InvalidParam).with("key")),
            });
            Ok(taken)
        })
    }

    fn import_file(
        &self,
        account: AccountId,
        name: String,
        path: PathBuf,
    ) -> BoxFuture<'_, Result<bool, ApiError>> {
        Box::pin(async move {
            let named = Kind::of_key(&name).ok_or_else(|| ApiError::new(Code::InvalidParam).with("name"))?;
            let known: Option<(AccountId,)> =
                self.0.db().fetch_optional(queries::OWNER, params![&name]).await?;
            match known {
                Some((owner,)) if owner == account => return Ok(false),
                Some(_) => {
                    return Err(ApiError::new(Code::InvalidParam).with("the name is taken by somebody else"));
                }
                None => {}
            }
            let bytes = tokio::fs::metadata(&path).await.map_err(ApiError::internal)?.len();
            if bytes > self.0.settings().max_upload {
                return Err(ApiError::new(Code::BodyTooLarge).with(self.0.settings().max_upload.to_string()));
            }
            if Kind::of(&head(&path).await?) != Some(named) {
                return Err(ApiError::new(Code::UnsupportedMedia).with("PNG, JPEG, GIF, WebP, MP4, MP3"));
            }
            self.0.adopt(account, &name, &path, named, bytes).await?;
            Ok(true)
        })
    }
}

async fn head(path: &Path) -> Result<Vec<u8>, ApiError> {
    let file = tokio::fs::File::open(path).await.map_err(ApiError::internal)?;
    let mut head = Vec::new();
    let most = u64::try_from(kind::HEAD).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut head).await.map_err(ApiError::internal)?;
    Ok(head)
}
