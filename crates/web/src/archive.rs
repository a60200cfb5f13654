//! A person's archive: everything rooms have of them, in one tar file of JSON Lines and files.
//!
//! ```text
//! doppel.json                     format, version, when it was made, and whose it is
//! {section}/0001.jsonl            one entry a line, in the section's own terms; as many parts as it takes
//! {section}/data/{name}           files that belong to the section's entries
//! ```
//!
//! Each room describes what it keeps as [`Section`]s; the binary puts them together, so that no room knows another's.

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{Stream, TryStreamExt, future::BoxFuture, stream};
use serde::{Deserialize, Serialize};
use store::{Ids, Timestamp};
use tokio::io::AsyncReadExt;

use crate::{ApiError, Code};

/// What an archive says it is.
pub const FORMAT: &str = "doppel-archive";
/// The version that is written, and the latest that is read.
pub const VERSION: u32 = 1;
/// The entry that says what the archive is; the first one.
pub const ABOUT: &str = "doppel.json";
/// The folder of a section's files.
pub const DATA: &str = "data";
/// Longest line in bytes: a note of the largest size with all its pages and versions has room in it.
pub const MAX_LINE: usize = 64 << 20;

/// The last millisecond of the year 9999.
const LAST_TIME: i64 = 253_402_300_799_999;
/// Blocks of a tar file are this long.
const BLOCK: usize = 512;
/// How much of a file is read at a time.
const CHUNK: usize = 64 << 10;

/// What stands in [`ABOUT`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// When it was made, in ISO 8601.
    pub exported_at: String,
    /// Whose it is.
    pub email: String,
    /// What they are called.
    pub name: String,
}

impl About {
    /// What a new archive says.
    pub fn new(email: &str, name: &str, now: Timestamp) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            exported_at: now.iso8601(),
            email: email.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Some entries of a section on their way out.
#[derive(Debug, Default)]
pub struct Part {
    /// An entry each, as JSON on one line.
    pub lines: Vec<String>,
    /// Files that belong to them.
    pub files: Vec<Attached>,
    /// What to ask for next; `None` after the last.
    pub next: Option<i64>,
}

/// A file on its way out.
#[derive(Debug)]
pub struct Attached {
    /// Its name within the section.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// An entry on its way in.
#[derive(Debug, Clone)]
pub struct Given {
    /// The number of its line.
    pub line: u64,
    /// JSON.
    pub text: String,
}

/// What became of entries on their way in.
#[derive(Debug, Default)]
pub struct Taken {
    /// Entries that are new.
    pub added: u64,
    /// Entries that were there already.
    pub known: u64,
    /// Lines that were refused, and why.
    pub refused: Vec<(u64, String)>,
}

impl Taken {
    /// Counts what became of lines: whether each was new, and nothing for one that is refused, for this reason.
    pub fn count(&mut self, lines: Vec<(u64, Option<bool>)>, why: &str) {
        for (line, is_new) in lines {
            match is_new {
                Some(true) => self.added += 1,
                Some(false) => self.known += 1,
                None => self.refused.push((line, why.to_owned())),
            }
        }
    }
}

/// What a room has of a person, as an archive holds it. Entries that are there already, by their id or word for word,
/// are left as they are, so that the same archive can be taken in again.
pub trait Section: Send + Sync {
    /// The section's name: lower-case letters and hyphens.
    fn name(&self) -> &'static str;

    /// Whether it is exported for its person to read, and passed over by an import.
    fn is_for_reading(&self) -> bool {
        false
    }

    /// The next part of a person's entries, after what an earlier part said (at first 0).
    fn export(&self, account: i64, after: i64) -> BoxFuture<'_, Result<Part, ApiError>>;

    /// Takes in some entries, all of those that are valid or, when it fails, none.
    fn import(&self, account: i64, given: Vec<Given>) -> BoxFuture<'_, Result<Taken, ApiError>>;

    /// Takes in a file. It lies at `path`, which may be moved away. Answers false where it was there already.
    fn import_file(
        &self,
        account: i64,
        name: String,
        path: PathBuf,
    ) -> BoxFuture<'_, Result<bool, ApiError>> {
        let _ = (account, name, path);
        Box::pin(async { Err(ApiError::new(Code::UnsupportedMedia).with("a section without files")) })
    }
}

/// The sections of all rooms; cheap to clone.
#[derive(Clone, Default)]
pub struct Archive(Arc<[Box<dyn Section>]>);

impl Archive {
    /// An archive of these sections, in this order.
    pub fn new(sections: Vec<Box<dyn Section>>) -> Self {
        Self(sections.into())
    }

    /// The section of a name.
    pub fn section(&self, name: &str) -> Option<&dyn Section> {
        self.0.iter().map(AsRef::as_ref).find(|section| section.name() == name)
    }

    /// A person's archive as the bytes of a tar file, made while it is read.
    pub fn stream(
        &self,
        account: i64,
        about: &About,
        now: Timestamp,
    ) -> impl Stream<Item = Result<Bytes, ApiError>> + Send + use<> {
        let first = serde_json::to_vec_pretty(about).unwrap_or_default();
        let mut out = Out {
            archive: self.clone(),
            account,
            seconds: u64::try_from(now.as_millis() / 1000).unwrap_or(0),
            section: 0,
            after: 0,
            parts: 0,
            files: VecDeque::new(),
            open: None,
            ready: None,
            ended: false,
        };
        out.ready = Some(out.entry(ABOUT, &first));
        stream::try_unfold(out, |mut out| async move { Ok(out.next().await?.map(|bytes| (bytes, out))) })
    }

    /// The same as the body of an answer. What goes wrong midway breaks it off.
    pub fn body(&self, account: i64, about: &About, now: Timestamp) -> axum::body::Body {
        axum::body::Body::from_stream(self.stream(account, about, now).map_err(|error| {
            tracing::error!(cause = error.cause().unwrap_or_default(), "an archive broke off");
            std::io::Error::other("the archive broke off")
        }))
    }
}

/// How far an archive has been written.
struct Out {
    archive: Archive,
    account: i64,
    seconds: u64,
    section: usize,
    after: i64,
    /// Parts of the section so far.
    parts: u32,
    /// Files of the last part still to be written, with their names in the archive.
    files: VecDeque<(String, PathBuf)>,
    /// The file that is being written, and how much of it is still to come.
    open: Option<(tokio::fs::File, u64, usize)>,
    ready: Option<Result<Bytes, ApiError>>,
    ended: bool,
}

impl Out {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            if let Some(ready) = self.ready.take() {
                return ready.map(Some);
            }
            if self.open.is_some() {
                return self.chunk().await.map(Some);
            }
            if let Some((name, path)) = self.files.pop_front() {
                // Deleted meanwhile, or missing: the entry says that it was there.
                if let Ok(file) = tokio::fs::File::open(&path).await {
                    let length = file.metadata().await.map_err(ApiError::internal)?.len();
                    let padding = usize::try_from(length).unwrap_or(0).next_multiple_of(BLOCK);
                    let padding = padding - usize::try_from(length).unwrap_or(0);
                    self.open = Some((file, length, padding));
                    return self.header(&name, length).map(Some);
                }
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            let archive = self.archive.clone();
            let Some(section) = archive.0.get(self.section) else {
                self.ended = true;
                return Ok(Some(Bytes::from_static(&[0; 2 * BLOCK])));
            };
            let part = section.export(self.account, self.after).await?;
            let name = section.name();
            if !part.lines.is_empty() {
                self.parts += 1;
                let mut text = part.lines.join("\n");
                text.push('\n');
                self.ready = Some(self.entry(&format!("{name}/{:04}.jsonl", self.parts), text.as_bytes()));
            }
            let inside = |file: Attached| (format!("{name}/{DATA}/{}", file.name), file.path);
            self.files.extend(part.files.into_iter().map(inside));
            match part.next {
                Some(next) => self.after = next,
                None => (self.section, self.after, self.parts) = (self.section + 1, 0, 0),
            }
        }
    }

    /// The next piece of the open file, and after the last of it what fills its block.
    async fn chunk(&mut self) -> Result<Bytes, ApiError> {
        let Some((mut file, left, padding)) = self.open.take() else { return Ok(Bytes::new()) };
        if left == 0 {
            return Ok(Bytes::from(vec![0; padding]));
        }
        let mut buffer = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
        let read = file.read(&mut buffer).await.map_err(ApiError::internal)?;
        if read == 0 {
            return Err(ApiError::internal("a file became shorter while it was written to an archive"));
        }
        buffer.truncate(read);
        self.open = Some((file, left - u64::try_from(read).unwrap_or(0), padding));
        Ok(buffer.into())
    }

    fn entry(&self, name: &str, content: &[u8]) -> Result<Bytes, ApiError> {
        let header = self.header(name, u64::try_from(content.len()).unwrap_or(u64::MAX))?;
        let mut bytes = header.to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        Ok(bytes.into())
    }

    fn header(&self, name: &str, length: u64) -> Result<Bytes, ApiError> {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).map_err(ApiError::internal)?;
        header.set_size(length);
        header.set_mode(0o600);
        header.set_mtime(self.seconds);
        header.set_cksum();
        Ok(Bytes::copy_from_slice(header.as_bytes()))
    }
}

/// An entry as a line.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn line(entry: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(entry).map_err(ApiError::internal)
}

/// A time from an archive, if it is one.
pub fn given_time(given: Option<i64>) -> Option<Timestamp> {
    given.filter(|time| (0..=LAST_TIME).contains(time)).map(Timestamp)
}

/// An id from an archive, if it may be one: none that is still to be made.
pub fn given_id(given: Option<i64>, ids: &Ids) -> Option<i64> {
    given.filter(|id| (1..ids.next()).contains(id))
}

/// Reads entries of a kind; what cannot be read, or is not valid, is refused line by line.
pub fn read<T: serde::de::DeserializeOwned, U>(
    given: &[Given],
    taken: &mut Taken,
    check: impl FnMut(T) -> Result<U, ApiError>,
) -> Vec<U> {
    read_lines(given, taken, check).into_iter().map(|(_line, entry)| entry).collect()
}

/// Like [`read`], each entry with its line: for entries that may turn out to be nobody's.
pub fn read_lines<T: serde::de::DeserializeOwned, U>(
    given: &[Given],
    taken: &mut Taken,
    mut check: impl FnMut(T) -> Result<U, ApiError>,
) -> Vec<(u64, U)> {
    let mut valid = Vec::with_capacity(given.len());
    for Given { line, text } in given {
        let entry = crate::strict::from_slice(text.as_bytes()).map_err(|error| error.to_string());
        match entry.and_then(|entry| check(entry).map_err(|error| error.message(crate::Language::En))) {
            Ok(entry) => valid.push((*line, entry)),
            Err(why) => taken.refused.push((*line, why)),
        }
    }
    valid
}
