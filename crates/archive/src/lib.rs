//! The archive of a person: all their data, in one tar file of JSON Lines and files.
//!
//! ```text
//! doppel.json                     format, version, when it was made, and whose it is
//! {section}/0001.jsonl            one entry a line, in the section's own terms; as many parts as it takes
//! {section}/data/{name}           files that belong to the section's entries
//! ```
//!
//! Each crate describes its data as [`Section`]s. The binary combines them, so that no crate knows another's.

mod import;
pub mod runs;

use std::{collections::VecDeque, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{Stream, TryStreamExt, future::BoxFuture, stream};
use serde::{Deserialize, Serialize};
use store::{AccountId, Database, Ids, Timestamp, Tx, params};
use tokio::io::AsyncReadExt;

use web::{ApiError, Code};

pub use import::{ImportLine, ImportSummary, LineOutcome};
use runs::{RunId, Undone};

/// The `format` of every archive.
pub const FORMAT: &str = "doppel-archive";
/// The version that is written, and the latest that can be read.
pub const VERSION: u32 = 1;
/// The name of the first entry, which describes the archive.
pub const ABOUT: &str = "doppel.json";
/// The folder of a section's files.
pub const DATA: &str = "data";
/// Longest line in bytes. The largest possible note fits, with all its pages and versions.
pub const MAX_LINE: usize = 64 << 20;

/// The last millisecond of the year 9999, since 1970.
const LAST_TIME: i64 = 253_402_300_799_999;
/// The block size of a tar file in bytes.
const BLOCK: usize = 512;
/// Most bytes of a file that are read at once.
const CHUNK: usize = 64 << 10;

/// The content of [`ABOUT`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// The time of the export, in ISO 8601.
    pub exported_at: String,
    /// The e-mail address of the person.
    pub email: String,
    /// The name of the person.
    pub name: String,
}

impl Manifest {
    /// Creates the description of a new archive.
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

/// A part of a section's entries in an export.
#[derive(Debug, Default)]
pub struct Part {
    /// The entries, each as JSON on one line.
    pub lines: Vec<String>,
    /// The files of these entries.
    pub files: Vec<ExportedFile>,
    /// The `after` of the next part; `None` after the last part.
    pub next: Option<i64>,
}

/// A file in an export.
#[derive(Debug)]
pub struct ExportedFile {
    /// The name of the file within the section.
    pub name: String,
    /// The path of the file on this machine.
    pub path: PathBuf,
}

/// A section of an archive: one kind of data of a person. Import leaves entries alone that exist already, by
/// their id or with the same content, so that an archive can be imported again.
pub trait Section: Send + Sync {
    /// Returns the name of the section: lower-case letters and hyphens.
    fn name(&self) -> &'static str;

    /// True if the section is exported for people to read only; an import skips it.
    fn is_for_reading(&self) -> bool {
        false
    }

    /// Returns the next part of a person's entries. `after` is 0 at first, then [`Part::next`] of the part
    /// before.
    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>>;

    /// Imports the valid ones of some entries, or none if it fails.
    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>>;

    /// Does the same as a part of a run, which can be undone. Sections that cannot be undone do not know of
    /// runs.
    fn import_in(
        &self,
        account: AccountId,
        _run: RunId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        self.import(account, given)
    }

    /// Undoes some of the entries that a run made. Nothing undone means that none are left.
    fn undo(&self, _account: AccountId, _run: RunId) -> BoxFuture<'_, Result<Undone, ApiError>> {
        Box::pin(std::future::ready(Ok(Undone::default())))
    }

    /// Examines entries as an import would, without writing any. Sections that cannot tell count all of them
    /// as new.
    fn check(
        &self,
        _account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        let added = u64::try_from(given.len()).unwrap_or(u64::MAX);
        Box::pin(std::future::ready(Ok(ImportSummary { added, ..ImportSummary::default() })))
    }

    /// Imports the file at `path`, which may be moved away. Returns false if the file existed already.
    fn import_file(
        &self,
        account: AccountId,
        name: String,
        path: PathBuf,
    ) -> BoxFuture<'_, Result<bool, ApiError>> {
        let _ = (account, name, path);
        Box::pin(async { Err(ApiError::new(Code::UnsupportedMedia).with("a section without files")) })
    }
}

/// The sections of all crates. Cheap to clone.
#[derive(Clone, Default)]
pub struct Archive(Arc<[Box<dyn Section>]>);

impl Archive {
    /// Creates an archive with these sections, in this order.
    pub fn new(sections: Vec<Box<dyn Section>>) -> Self {
        Self(sections.into())
    }

    /// Returns the sections of the runs of imports.
    pub fn runs(db: &Database) -> Vec<Box<dyn Section>> {
        runs::sections(db)
    }

    /// Returns the section with a name.
    pub fn section(&self, name: &str) -> Option<&dyn Section> {
        self.0.iter().map(AsRef::as_ref).find(|section| section.name() == name)
    }

    /// Returns a person's archive as a stream of the bytes of a tar file, which is created while it is read.
    pub fn stream(
        &self,
        account: AccountId,
        about: &Manifest,
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

    /// Returns the same stream as the body of a response. An error ends the body early.
    pub fn body(&self, account: AccountId, about: &Manifest, now: Timestamp) -> axum::body::Body {
        axum::body::Body::from_stream(self.stream(account, about, now).map_err(|error| {
            tracing::error!(cause = error.cause().unwrap_or_default(), "an archive broke off");
            std::io::Error::other("the archive broke off")
        }))
    }
}

/// The state of an export in progress.
struct Out {
    archive: Archive,
    account: AccountId,
    seconds: u64,
    section: usize,
    after: i64,
    /// Number of parts of the current section so far.
    parts: u32,
    /// Files of the last part that are still to be written, with their names in the archive.
    files: VecDeque<(String, PathBuf)>,
    /// The file that is being written, its remaining bytes, and the padding after it.
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
                // The file may be missing or deleted meanwhile; the entry shows that it existed.
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
            let inside = |file: ExportedFile| (format!("{name}/{DATA}/{}", file.name), file.path);
            self.files.extend(part.files.into_iter().map(inside));
            match part.next {
                Some(next) => self.after = next,
                None => (self.section, self.after, self.parts) = (self.section + 1, 0, 0),
            }
        }
    }

    /// Returns the next bytes of the open file, and after its end the padding of its last block.
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

/// Writes an entry as a line of JSON.
///
/// # Errors
/// [`Code::Internal`] if the entry cannot be written as JSON.
pub fn line(entry: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(entry).map_err(ApiError::internal)
}

/// Returns a time from an archive if it lies between 1970 and the year 9999.
pub fn given_time(given: Option<i64>) -> Option<Timestamp> {
    given.filter(|time| (0..=LAST_TIME).contains(time)).map(Timestamp)
}

/// Returns an id from an archive if it can exist already. An id that this server may still issue is not
/// accepted.
pub fn given_id<T: Copy + Into<i64>>(given: Option<T>, ids: &Ids) -> Option<T> {
    given.filter(|id| (1..ids.next()).contains(&(*id).into()))
}

/// The id of an imported entry: the one that it had, unless somebody else has it here, or a new one.
#[derive(Debug, Clone, Copy)]
pub struct ImportId<T> {
    given: Option<T>,
    new: T,
}

impl<T: Copy + Into<i64>> ImportId<T> {
    /// Takes the id of an entry in an archive, as far as it [can exist](given_id), and generates another.
    pub fn new(given: Option<T>, ids: &Ids, make: impl FnOnce(i64) -> T) -> Self {
        Self { given: given_id(given, ids), new: make(ids.next()) }
    }

    /// Returns the id that the entry had, if it can exist here.
    pub const fn given(self) -> Option<T> {
        self.given
    }

    /// Chooses the id inside the transaction that writes the entry. `owner` is a statement that finds the
    /// account of an id. `None` if the account has an entry with the given id.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn choose(
        self,
        tx: &Tx<'_>,
        owner: &'static str,
        account: AccountId,
    ) -> store::Result<Option<T>> {
        let Some(given) = self.given else { return Ok(Some(self.new)) };
        let id: i64 = given.into();
        let found: Option<(AccountId,)> = tx.fetch_optional(owner, params![id]).await?;
        Ok(match found {
            None => Some(given),
            Some((other,)) if other != account => Some(self.new),
            Some(_) => None,
        })
    }
}

/// Parses and checks entries of one kind. Entries that fail are added to `taken` as refused.
pub fn read<T: serde::de::DeserializeOwned, U>(
    given: &[ImportLine],
    taken: &mut ImportSummary,
    check: impl FnMut(T) -> Result<U, ApiError>,
) -> Vec<U> {
    read_lines(given, taken, check).into_iter().map(|(_line, entry)| entry).collect()
}

/// Does the same as [`read`] and returns each entry with its line number, for entries that may be refused
/// later.
pub fn read_lines<T: serde::de::DeserializeOwned, U>(
    given: &[ImportLine],
    taken: &mut ImportSummary,
    mut check: impl FnMut(T) -> Result<U, ApiError>,
) -> Vec<(u64, U)> {
    let mut valid = Vec::with_capacity(given.len());
    for ImportLine { line, text, .. } in given {
        let entry = web::strict::from_slice(text.as_bytes()).map_err(|error| error.to_string());
        match entry.and_then(|entry| check(entry).map_err(|error| error.message(web::Language::En))) {
            Ok(entry) => valid.push((*line, entry)),
            Err(why) => taken.refused.push((*line, why)),
        }
    }
    valid
}
