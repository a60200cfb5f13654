//! Receiving files of a form into a directory that is removed with the upload.

use std::{path::PathBuf, time::Duration};

use axum::extract::{FromRequest, Multipart, Request, multipart::Field};
use identity::credential;
use tokio::io::AsyncWriteExt;
use web::{ApiError, Code};

/// Maximum number of files.
const MAX_FILES: usize = 500;
/// Maximum length of a file's name in characters.
const MAX_NAME: usize = 80;
/// Maximum length of the CSRF token.
const MAX_TOKEN: usize = 200;
/// Maximum time without data from the client.
const SILENCE: Duration = Duration::from_secs(15);
/// Endings of the names of files that can be imported.
const ENDINGS: [&str; 22] = [
    "md", "markdown", "txt", "csv", "tsv", "json", "jsonl", "ndjson", "tar", "gz", "tgz", "zip", "html",
    "htm", "enex", "notes", "js", "jex", "lakebook", "af", "xml", "log",
];
/// Endings of files that are imported one at a time.
const ALONE: [&str; 7] = ["csv", "tsv", "jsonl", "ndjson", "tar", "gz", "tgz"];
/// The name of a text that was pasted, and its maximum length in bytes.
const PASTED: &str = "pasted.txt";
const MAX_PASTED: usize = 1 << 20;

/// The reason why an upload is refused.
pub(super) enum Refusal {
    Error(ApiError),
    NoFile,
    Several,
    UnknownKind,
    TooLarge,
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

/// Received files, which are removed when this is dropped.
pub(crate) struct Upload {
    directory: tempfile::TempDir,
    names: Vec<String>,
    is_pasted: bool,
}

impl Upload {
    /// True for a text that was pasted.
    pub(super) const fn is_pasted(&self) -> bool {
        self.is_pasted
    }

    /// Returns the file, or the folder of several ones.
    pub(super) fn path(&self) -> PathBuf {
        match self.names.as_slice() {
            [name] => self.folder().join(name),
            _ => self.folder(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.directory.path().join("files")
    }

    /// Returns the name of the first file.
    pub(super) fn name(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }
}

/// Receives a form: the CSRF token first, then the files.
pub(super) async fn receive(request: Request, token: &str, max_bytes: u64) -> Result<Upload, Refusal> {
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|refused| ApiError::new(Code::Unprocessable).because(refused))?;
    let first = next(&mut form).await?.ok_or_else(|| ApiError::new(Code::CsrfRejected))?;
    if first.name() != Some("csrf") || !is_token(first, token).await? {
        return Err(Refusal::Error(Code::CsrfRejected.into()));
    }
    let directory = tempfile::tempdir().map_err(unavailable)?;
    let mut upload = Upload { directory, names: Vec::new(), is_pasted: false };
    store::durable::create_directory(&upload.folder()).map_err(unavailable)?;
    let mut left = max_bytes;
    while let Some(field) = next(&mut form).await? {
        let given = field.file_name().unwrap_or_default().to_owned();
        if field.name() == Some("text") && upload.names.is_empty() {
            let path = upload.folder().join(PASTED);
            if pasted(field, path).await? {
                upload.names.push(PASTED.to_owned());
                upload.is_pasted = true;
                break;
            }
            continue;
        }
        if field.name() != Some("file") || given.is_empty() {
            continue;
        }
        if upload.names.len() >= MAX_FILES {
            return Err(Refusal::TooLarge);
        }
        let name = safe_name(&given, upload.names.len()).ok_or(Refusal::UnknownKind)?;
        left = write(field, upload.folder().join(&name), left).await?;
        upload.names.push(name);
    }
    let is_alone = upload.names.iter().any(|name| ending(name).is_some_and(|ending| ALONE.contains(&ending)));
    match upload.names.len() {
        0 => Err(Refusal::NoFile),
        2.. if is_alone => Err(Refusal::Several),
        _ => Ok(upload),
    }
}

async fn next(form: &mut Multipart) -> Result<Option<Field<'_>>, ApiError> {
    let field =
        tokio::time::timeout(SILENCE, form.next_field()).await.map_err(|_silent| Code::RequestTimeout)?;
    field.map_err(|error| ApiError::new(Code::Unprocessable).because(error))
}

async fn is_token(mut field: Field<'_>, expected: &str) -> Result<bool, ApiError> {
    let mut given = Vec::new();
    while let Some(chunk) = chunk(&mut field).await? {
        given.extend_from_slice(&chunk);
        if given.len() > MAX_TOKEN {
            return Ok(false);
        }
    }
    let given = String::from_utf8(given).unwrap_or_default();
    Ok(!expected.is_empty() && credential::equal(&given, expected))
}

async fn chunk(field: &mut Field<'_>) -> Result<Option<axum::body::Bytes>, ApiError> {
    let chunk = tokio::time::timeout(SILENCE, field.chunk()).await.map_err(|_silent| Code::RequestTimeout)?;
    chunk.map_err(|error| ApiError::new(Code::Unprocessable).because(error))
}

/// Writes a file. Returns the number of bytes that further ones may have.
#[expect(clippy::disallowed_methods, reason = "a temporary file in a directory that only this user may read")]
async fn write(mut field: Field<'_>, path: PathBuf, mut left: u64) -> Result<u64, Refusal> {
    let mut file = tokio::fs::File::create(path).await.map_err(unavailable)?;
    while let Some(chunk) = chunk(&mut field).await? {
        let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(bytes).ok_or(Refusal::TooLarge)?;
        file.write_all(&chunk).await.map_err(unavailable)?;
    }
    file.flush().await.map_err(unavailable)?;
    Ok(left)
}

/// Writes a text that was pasted. Returns false if there is none.
async fn pasted(mut field: Field<'_>, path: PathBuf) -> Result<bool, Refusal> {
    let mut text = Vec::new();
    while let Some(chunk) = chunk(&mut field).await? {
        text.extend_from_slice(&chunk);
        if text.len() > MAX_PASTED {
            return Err(Refusal::TooLarge);
        }
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(false);
    }
    store::durable::write(&path, &text).map_err(unavailable)?;
    Ok(true)
}

fn unavailable(error: std::io::Error) -> ApiError {
    ApiError::new(Code::Unavailable).because(error)
}

fn ending(name: &str) -> Option<&'static str> {
    let (_, given) = name.rsplit_once('.')?;
    ENDINGS.iter().find(|known| known.eq_ignore_ascii_case(given)).copied()
}

/// Returns a name for a file on this machine: letters, digits and a few marks of the given one. `None` if its
/// kind is not known. Files of the same name get different ones.
fn safe_name(given: &str, place: usize) -> Option<String> {
    let ending = ending(given)?;
    let given = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = given.rsplit_once('.').map_or("", |(stem, _)| stem);
    // `a.tar.gz` keeps both endings.
    let kept =
        |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '，' | '（' | '）' | '(' | ')');
    let stem: String = stem.chars().filter(kept).take(MAX_NAME).collect();
    let stem = stem.trim_matches(['.', ' ']);
    let stem = if stem.is_empty() { "file" } else { stem };
    Some(if place == 0 { format!("{stem}.{ending}") } else { format!("{stem} {}.{ending}", place + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files_are_harmless() {
        assert_eq!(safe_name("读书.md", 0).as_deref(), Some("读书.md"));
        assert_eq!(safe_name("../../etc/x.CSV", 1).as_deref(), Some("x 2.csv"));
        assert_eq!(safe_name(".md", 0).as_deref(), Some("file.md"));
        assert_eq!(safe_name("a.tar.gz", 0).as_deref(), Some("a.tar.gz"));
        for unknown in ["a.exe", "a", "", "a.md/"] {
            assert_eq!(safe_name(unknown, 0), None, "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere(given in ".{0,40}\\.md") {
            let name = safe_name(&given, 0).unwrap();
            prop_assert!(!name.contains('/') && !name.contains('\\') && !name.starts_with('.'), "{name}");
        }
    }
}
