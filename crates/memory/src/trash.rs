//! The trash: key memories and notes that a person deleted on the pages. They can be brought back for a time,
//! with their ids, earlier versions, links and pages.

pub(crate) mod limits;
pub(crate) mod queries;

use archive::{ImportLine, Section};
use search::Index;
use serde::{Deserialize, Serialize};
use store::{AccountId, Timestamp, Tx, from_row, params};
use web::{ApiError, Code, Tasks};

pub use limits::{DAYS, MAX_AT_ONCE, MAX_ENTRIES};
use limits::{MAX_BYTES, SHOWN};

use crate::{
    LinkId, Memory, MemoryId, MessageId, NoteId, TrashId,
    archive::{self as saved, entries::EntrySection},
    browse::Origin,
    key, note, quota,
};

/// Maximum number of links that are kept of a memory.
const MAX_LINKS: i64 = 200;
/// Rows deleted at a time.
const DELETED: i64 = 500;
const EVERY: std::time::Duration = std::time::Duration::from_secs(3600);
const DAY_MS: i64 = 86_400_000;

/// An entry that can be deleted into the trash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A key memory.
    Memory(MemoryId),
    /// A note.
    Note(NoteId),
}

impl Entry {
    const fn kind(self) -> i64 {
        match self {
            Self::Memory(_) => key::KIND,
            Self::Note(_) => note::KIND,
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Memory(id) => id.0,
            Self::Note(id) => id.0,
        }
    }
}

/// An entry in the trash.
#[derive(Debug, Clone)]
pub struct Trashed {
    /// The id in the trash.
    pub id: TrashId,
    /// 1: key memory; 2: note.
    kind: i64,
    entry: i64,
    /// The beginning of its text.
    pub shown: String,
    /// The time at which it was deleted.
    pub deleted_at: Timestamp,
}

from_row!(Trashed { id, kind, entry, shown, deleted_at });

impl Trashed {
    /// Returns the entry as it was.
    pub const fn entry(&self) -> Entry {
        if self.kind == note::KIND {
            Entry::Note(NoteId(self.entry))
        } else {
            Entry::Memory(MemoryId(self.entry))
        }
    }
}

/// A link of a memory as the trash keeps it.
#[derive(Serialize, Deserialize)]
struct KeptLink {
    id: i64,
    memory: i64,
    kind: String,
    other: Option<i64>,
    message: Option<i64>,
    time: i64,
    #[serde(default)]
    open: bool,
}

impl Memory {
    /// Deletes entries into the trash. Returns the number under which they can be brought back together, and
    /// how many there were. Entries that the person does not have are skipped.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_to_trash(
        &self,
        account: AccountId,
        entries: Vec<Entry>,
    ) -> Result<(i64, usize), ApiError> {
        let (ids, clock) = (self.db().ids().clone(), self.db().clock().clone());
        let batch = ids.next();
        let deleted = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let mut deleted = 0;
                    for entry in entries.iter().take(MAX_AT_ONCE) {
                        let row = (ids.next(), batch, clock.now());
                        deleted += usize::from(trash(tx, account, *entry, row).await?);
                    }
                    tx.execute(queries::BOUND, params![account, MAX_ENTRIES, MAX_BYTES, batch]).await?;
                    Ok::<_, ApiError>(deleted)
                })
            })
            .await?;
        Ok((batch, deleted))
    }

    /// Returns the name of the app that wrote a key memory, and the number of memories and notes that it
    /// wrote. `None` if no app wrote it, or if its name is not known.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn writer_of(
        &self,
        account: AccountId,
        id: MemoryId,
    ) -> Result<Option<(String, i64)>, ApiError> {
        let found: Option<(String, String)> =
            self.db().fetch_optional(queries::WRITER, params![account, id]).await?;
        let is_app =
            |(source, name): &(String, String)| Origin::of(source) == Origin::App && !name.is_empty();
        let Some((_, name)) = found.filter(is_app) else { return Ok(None) };
        let (count,) = self.db().fetch_one(queries::COUNT_WRITTEN_BY, params![account, &name]).await?;
        Ok(Some((name, count)))
    }

    /// Deletes memories and notes that an app of this name wrote into the trash, [`MAX_AT_ONCE`] at a time.
    /// Returns the number under which they can be brought back together, and how many there were.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_written_by(&self, account: AccountId, name: &str) -> Result<(i64, usize), ApiError> {
        let most = i64::try_from(MAX_AT_ONCE).unwrap_or(i64::MAX);
        let rows: Vec<(i64, i64)> =
            self.db().fetch_all(queries::WRITTEN_BY, params![account, name, most]).await?;
        let entry = |(kind, id): (i64, i64)| match kind {
            note::KIND => Entry::Note(NoteId(id)),
            _ => Entry::Memory(MemoryId(id)),
        };
        self.delete_to_trash(account, rows.into_iter().map(entry).collect()).await
    }

    /// Returns entries of the trash with ids less than one, the latest deleted first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn trash(&self, account: AccountId, before: i64, limit: i64) -> Result<Vec<Trashed>, ApiError> {
        Ok(self.db().fetch_all(queries::LIST, params![account, before, limit]).await?)
    }

    /// Returns the number of entries in the trash.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn trash_count(&self, account: AccountId) -> Result<i64, ApiError> {
        let (count,) = self.db().fetch_one(queries::COUNT, params![account]).await?;
        Ok(count)
    }

    /// Returns the ids in the trash of entries that were deleted together.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn trash_batch(&self, account: AccountId, batch: i64) -> Result<Vec<TrashId>, ApiError> {
        let most = i64::try_from(MAX_AT_ONCE).unwrap_or(i64::MAX);
        let rows: Vec<(TrashId,)> =
            self.db().fetch_all(queries::OF_BATCH, params![account, batch, most]).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Brings an entry back from the trash. If the person has the same one meanwhile, it only leaves the
    /// trash.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's, [`Code::QuotaExceeded`] if the account
    /// has no room.
    pub async fn restore(&self, account: AccountId, id: TrashId) -> Result<(), ApiError> {
        let found: Option<(i64, String, String)> =
            self.db().fetch_optional(queries::ONE, params![account, id]).await?;
        let (kind, text, links) = found.ok_or(Code::NotFound)?;
        let given = vec![ImportLine::new(1, text)];
        let taken = match kind {
            note::KIND => EntrySection::<saved::note::Notes>::new(self).import(account, given).await?,
            _ => EntrySection::<saved::key::KeyMemories>::new(self).import(account, given).await?,
        };
        if let Some((_, why)) = taken.refused.first() {
            // An imported archive may have brought anything into the trash.
            let code = if why == quota::FULL { Code::QuotaExceeded } else { Code::InvalidParam };
            return Err(ApiError::new(code).with(why.clone()));
        }
        let links: Vec<KeptLink> = serde_json::from_str(&links).unwrap_or_default();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    for link in &links {
                        let link = key::SavedLink {
                            id: LinkId(link.id),
                            memory: MemoryId(link.memory),
                            kind: link.kind.clone(),
                            other: link.other.map(MemoryId),
                            message: link.message.map(MessageId),
                            time: Timestamp(link.time),
                            is_open: link.open,
                        };
                        restore_link(tx, account, link).await?;
                    }
                    tx.execute(queries::DELETE, params![account, id]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Deletes an entry of the trash for good.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the id is unknown or another person's.
    pub async fn delete_for_good(&self, account: AccountId, id: TrashId) -> Result<(), ApiError> {
        match self.db().execute(queries::DELETE, params![account, id]).await? {
            0 => Err(Code::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// Deletes all entries of the trash for good.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn empty_trash(&self, account: AccountId) -> Result<(), ApiError> {
        self.db().execute(queries::EMPTY, params![account]).await?;
        Ok(())
    }

    /// Deletes entries that were in the trash long enough. Returns their number.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sweep_trash(&self) -> Result<u64, ApiError> {
        let before = self.db().clock().now().plus_ms(-DAYS * DAY_MS);
        let mut all = 0;
        loop {
            let deleted = self.db().execute(queries::EXPIRE, params![before, DELETED]).await?;
            all += deleted;
            if deleted < DELETED.unsigned_abs() {
                return Ok(all);
            }
        }
    }
}

/// Brings a link back unless its message or other memory is gone.
async fn restore_link(tx: &mut Tx<'_>, account: AccountId, mut link: key::SavedLink) -> Result<(), ApiError> {
    if let Some(message) = link.message
        && tx.fetch_optional::<(i64,)>(queries::MESSAGE, params![message]).await?.is_none()
    {
        link.message = None;
    }
    key::restore_link(tx, account, &link).await?;
    Ok(())
}

/// Moves an entry into the trash. Returns false if the person does not have it.
async fn trash(
    tx: &mut Tx<'_>,
    account: AccountId,
    entry: Entry,
    (id, batch, now): (i64, i64, Timestamp),
) -> Result<bool, ApiError> {
    Index::new(account, entry.kind()).lock(tx).await?;
    let number = entry.number();
    let (lines, last) = match entry {
        Entry::Memory(_) => saved::key::lines(tx, account, number.saturating_sub(1), 1).await?,
        Entry::Note(_) => saved::note::lines(tx, account, number.saturating_sub(1), 1).await?,
    };
    let Some(body) = lines.into_iter().next().filter(|_| last == Some(number)) else { return Ok(false) };
    let links = match entry {
        Entry::Memory(id) => links(tx, id).await?,
        Entry::Note(_) => "[]".to_owned(),
    };
    let shown = shown(&body);
    let bytes = quota::size(&[&body, &links]);
    let values = params![id, account, entry.kind(), number, batch, &shown, &body, &links, bytes, now];
    tx.execute(queries::INSERT, values).await?;
    match entry {
        Entry::Memory(id) => key::delete(tx, account, id).await?,
        Entry::Note(id) => note::delete(tx, account, id).await?,
    }
    Ok(true)
}

/// Puts an entry that never was in use into the trash: its kind, and its line of an archive.
pub(crate) async fn put(
    tx: &mut Tx<'_>,
    account: AccountId,
    (kind, body): (i64, &str),
    (id, batch, now): (i64, i64, Timestamp),
) -> Result<(), ApiError> {
    const NO_LINKS: &str = "[]";
    let shown = shown(body);
    let bytes = quota::size(&[body, NO_LINKS]);
    let values = params![id, account, kind, id, batch, &shown, body, NO_LINKS, bytes, now];
    tx.execute(queries::INSERT, values).await?;
    tx.execute(queries::BOUND, params![account, MAX_ENTRIES, MAX_BYTES, batch]).await?;
    Ok(())
}

async fn links(tx: &Tx<'_>, id: MemoryId) -> Result<String, ApiError> {
    let links: Vec<key::SavedLink> = tx.fetch_all(key::queries::LINKS_OF, params![id, MAX_LINKS]).await?;
    let kept = |link: key::SavedLink| KeptLink {
        id: link.id.0,
        memory: link.memory.0,
        kind: link.kind,
        other: link.other.map(i64::from),
        message: link.message.map(i64::from),
        time: link.time.as_millis(),
        open: link.is_open,
    };
    serde_json::to_string(&links.into_iter().map(kept).collect::<Vec<_>>()).map_err(ApiError::internal)
}

/// Returns the beginning of the text of a line of an archive.
fn shown(body: &str) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
    struct Texts {
        fact_content: String,
        title: String,
        content: String,
        urls: Vec<String>,
    }
    let texts: Texts = serde_json::from_str(body).unwrap_or_default();
    let first = texts.urls.into_iter().next().unwrap_or_default();
    let all = [texts.fact_content, texts.title, texts.content, first];
    let text = all.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    text.chars().take(SHOWN).collect()
}

pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    let memory = memory.clone();
    tasks.every(EVERY, move || {
        let memory = memory.clone();
        async move {
            if let Err(error) = memory.sweep_trash().await {
                tracing::warn!(cause = error.cause().unwrap_or_default(), "the trash not emptied yet");
            }
        }
    });
}
