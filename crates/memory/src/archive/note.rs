//! The archive section of notes, with their pages and earlier versions.

use std::collections::HashMap;

use archive::{
    ImportId, LineOutcome,
    runs::{ImportedId, Mark},
};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, FromRow, Timestamp, Tx, from_row, params};
use web::ApiError;

use super::entries::{Entries, Lines, hashed};
use crate::{
    Memory, NoteId,
    browse::Origin,
    note::{
        self, KIND, MAX_VERSIONS, NewNote, Note, Status,
        model::NoteRequest,
        page::{self, PageStatus, Problem, extract},
        queries, rules,
    },
    quota,
};

pub(crate) enum Notes {}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: Option<NoteId>,
    memory_type: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    urls: Vec<String>,
    create_time: Option<i64>,
    update_time: Option<i64>,
    /// The origin; absent in files of other programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Origin>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    source_name: String,
    /// In the order of the links.
    #[serde(default)]
    pages: Vec<PageEntry>,
    #[serde(default)]
    history: Vec<Earlier>,
}

/// A note with its origin.
struct Saved {
    note: Note,
    source: String,
    source_name: String,
}

impl FromRow for Saved {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        Ok(Self { note: Note::from_row(row)?, source: row.get(8)?, source_name: row.get(9)? })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageEntry {
    status: PageStatus,
    title: String,
    content: String,
    problem: Option<Problem>,
    read_time: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Earlier {
    title: String,
    content: String,
    written_time: i64,
    replaced_time: i64,
}

struct Row {
    note: NoteId,
    title: String,
    content: String,
    written: i64,
    replaced: i64,
}

from_row!(Row { note, title, content, written, replaced });

/// A valid entry, ready to be written.
pub(crate) struct Ready {
    new: NewNote,
    hash: [u8; 32],
    id: ImportId<NoteId>,
    created: Timestamp,
    updated: Timestamp,
    origin: (Origin, String),
    pages: Vec<PageEntry>,
    history: Vec<(i64, Earlier)>,
}

impl Ready {
    /// Returns what the entry adds to the usage of the account. `links` are as they are stored.
    fn room(&self, links: &str) -> quota::Change {
        let pages = self.pages.iter().map(|page| quota::size(&[&page.title, &page.content]));
        let history =
            self.history.iter().map(|(_, earlier)| quota::size(&[&earlier.title, &earlier.content]));
        let more = quota::Change::of_bytes(pages.chain(history).sum());
        quota::Change::add(&[&self.new.title, &self.new.content, links]).and(more)
    }
}

impl Entries for Notes {
    const NAME: &'static str = "notes";
    const PART: i64 = 50;
    const INDEX: Option<i64> = Some(KIND);
    type Entry = Entry;
    type Ready = Ready;

    fn ready(memory: &Memory, _account: AccountId, entry: Entry) -> Result<Ready, ApiError> {
        ready(memory, entry)
    }

    fn same(entry: &Ready) -> Option<(&'static str, &[u8; 32])> {
        Some((queries::SAME, &entry.hash))
    }

    fn lines<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        after: i64,
        limit: i64,
    ) -> BoxFuture<'t, Result<Lines, ApiError>> {
        Box::pin(lines(tx, account, after, limit))
    }

    fn insert<'t>(
        tx: &'t mut Tx<'_>,
        quota: &'t quota::Settings,
        account: AccountId,
        entry: &'t Ready,
        now: Timestamp,
    ) -> BoxFuture<'t, Result<Option<(ImportedId, bool)>, ApiError>> {
        Box::pin(insert(tx, quota, account, entry, now))
    }

    fn mark<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, store::Result<Option<Mark>>> {
        Box::pin(hashed(tx, queries::MARK, account, id))
    }

    fn remove<'t>(
        tx: &'t mut Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, Result<(), ApiError>> {
        Box::pin(note::delete(tx, account, NoteId(id.0)))
    }

    fn renew<'t>(
        tx: &'t mut Tx<'_>,
        quota: &'t quota::Settings,
        account: AccountId,
        (id, entry): (ImportedId, &'t Ready),
        (version, now): (i64, Timestamp),
    ) -> BoxFuture<'t, Result<LineOutcome, ApiError>> {
        Box::pin(async move {
            let found = tx.fetch_optional(queries::FIND, params![NoteId(id.0), account]).await?;
            let Some(old): Option<Note> = found else { return Ok(LineOutcome::Removed) };
            let now = now.max(old.updated_at.plus_ms(1));
            let text = (entry.new.title.clone(), entry.new.content.clone());
            if (&old.title, &old.content) == (&text.0, &text.1) {
                return Ok(LineOutcome::Known);
            }
            let grown = note::rewrite(tx, account, old, text, (Some(version), now)).await?;
            let change = quota::Change::of_bytes(grown);
            quota.take(tx, account, quota::Kind::Note, change).await?;
            Ok(LineOutcome::Changed)
        })
    }

    fn revert<'t>(
        tx: &'t mut Tx<'_>,
        _quota: &'t quota::Settings,
        account: AccountId,
        id: ImportedId,
        _new: (i64, Timestamp),
    ) -> BoxFuture<'t, Result<(), ApiError>> {
        Box::pin(async move {
            let found = tx.fetch_optional(queries::FIND, params![NoteId(id.0), account]).await?;
            let Some(now): Option<Note> = found else { return Ok(()) };
            // The version is the note again, with the time that it had.
            let latest: Option<(i64, String, String, Timestamp)> =
                tx.fetch_optional(queries::LATEST_VERSION, params![NoteId(id.0)]).await?;
            let Some((version, title, content, written)) = latest else { return Ok(()) };
            let same = quota::size(&[&title, &content]);
            tx.execute(queries::DROP_VERSION, params![version]).await?;
            let grown = note::rewrite(tx, account, now, (title, content), (None, written)).await?;
            let change = quota::Change::of_bytes(grown - same);
            Ok(quota::adjust(tx, account, quota::Kind::Note, change).await?)
        })
    }
}

/// Returns lines of an archive for at most `limit` notes whose ids are greater than `after`, and the last
/// id.
pub(crate) async fn lines(
    tx: &Tx<'_>,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Lines, ApiError> {
    let notes: Vec<Saved> = tx.fetch_all(queries::AFTER, params![account, after, limit]).await?;
    let Some(last) = notes.last().map(|saved| saved.note.id) else { return Ok((Vec::new(), None)) };
    let mut pages = HashMap::<NoteId, Vec<PageEntry>>::new();
    let found: Vec<page::Page> = tx.fetch_all(page::queries::BETWEEN, params![account, after, last]).await?;
    for page in found {
        pages.entry(page.note).or_default().push(PageEntry {
            status: page.status,
            title: page.title,
            content: page.content,
            problem: page.problem,
            read_time: page.read_at.map(Timestamp::as_millis),
        });
    }
    let mut versions = HashMap::<NoteId, Vec<Earlier>>::new();
    let found: Vec<Row> = tx.fetch_all(queries::VERSIONS_BETWEEN, params![account, after, last]).await?;
    for row in found {
        versions.entry(row.note).or_default().push(Earlier {
            title: row.title,
            content: row.content,
            written_time: row.written,
            replaced_time: row.replaced,
        });
    }
    let mut lines = Vec::with_capacity(notes.len());
    for Saved { note, source, source_name } in notes {
        lines.push(super::line(&Entry {
            id: Some(note.id),
            memory_type: Some(note.kind.name().to_owned()),
            title: note.title,
            content: note.content,
            urls: note.urls,
            create_time: Some(note.created_at.as_millis()),
            update_time: Some(note.updated_at.as_millis()),
            source: Some(Origin::of(&source)),
            source_name,
            pages: pages.remove(&note.id).unwrap_or_default(),
            history: versions.remove(&note.id).unwrap_or_default(),
        })?);
    }
    Ok((lines, Some(last.0)))
}

/// Checks an entry.
fn ready(memory: &Memory, entry: Entry) -> Result<Ready, ApiError> {
    let (ids, now) = (memory.db().ids(), memory.db().clock().now());
    let new = rules::check(NoteRequest {
        content: Some(entry.content),
        title: Some(entry.title),
        urls: Some(entry.urls),
        memory_type: entry.memory_type,
    })?;
    let latest = entry.history.len().saturating_sub(MAX_VERSIONS);
    let mut history = Vec::new();
    for earlier in entry.history.into_iter().skip(latest) {
        // The rules of notes, except that the content of a link note may be empty.
        rules::check(NoteRequest {
            content: Some(format!("x{}", earlier.content.chars().skip(1).collect::<String>())),
            title: Some(earlier.title.clone()),
            ..NoteRequest::default()
        })?;
        history.push((ids.next(), earlier));
    }
    let mut pages = entry.pages;
    pages.truncate(new.urls.len());
    for page in &mut pages {
        page.title = extract::tidy_title(&page.title);
        page.content = extract::tidy(&page.content);
    }
    let created = super::time(entry.create_time, now);
    Ok(Ready {
        hash: rules::hash(new.kind, &new.title, &new.content, &new.urls),
        new,
        id: ImportId::new(entry.id, ids, NoteId),
        created,
        updated: super::time(entry.update_time, created),
        origin: super::origin(entry.source, entry.source_name),
        pages,
        history,
    })
}

/// Writes an entry. Returns its id, and false if it exists already; `None` if the account has no room for
/// it. The index has to be locked.
async fn insert(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    entry: &Ready,
    now: Timestamp,
) -> Result<Option<(ImportedId, bool)>, ApiError> {
    if let Some((id,)) = tx.fetch_optional(queries::SAME, params![account, &entry.hash]).await? {
        return Ok(Some((id, false)));
    }
    let id = match entry.id.choose(tx, page::queries::OWNER, account).await? {
        Some(id) => id,
        None => return Ok(entry.id.given().map(|id| (ImportedId(id.into()), false))),
    };
    let NewNote { kind, title, content, urls } = &entry.new;
    let links = super::line(urls)?;
    if !quota.fits(tx, account, quota::Kind::Note, entry.room(&links)).await? {
        return Ok(None);
    }
    let status = Status::Ready.name();
    let (created, updated) = (entry.created, entry.updated);
    let (kind_name, (origin, name)) = (kind.name(), &entry.origin);
    let values = params![
        id,
        account,
        kind_name,
        title,
        content,
        &links,
        status,
        &entry.hash,
        created,
        updated,
        origin.name(),
        name
    ];
    tx.execute(queries::INSERT, values).await?;
    for (position, url) in (0_i64..).zip(urls) {
        let page = usize::try_from(position).ok().and_then(|position| entry.pages.get(position));
        let status = page.map_or(PageStatus::Pending, |page| page.status).name();
        let text = |of: fn(&PageEntry) -> &str| page.map_or("", of);
        let problem = page.and_then(|page| page.problem).map_or("", Problem::name);
        let read_at = page.and_then(|page| page.read_time).map(|time| super::time(Some(time), now));
        let (title, content) = (text(|page| &page.title), text(|page| &page.content));
        let values = params![id, position, url, status, now, title, content, problem, read_at, account];
        tx.execute(page::queries::RESTORE, values).await?;
    }
    for (version, earlier) in &entry.history {
        let Earlier { title, content, written_time, replaced_time } = earlier;
        let values = params![*version, id, title, content, *written_time, *replaced_time];
        tx.execute(queries::KEEP_VERSION, values).await?;
    }
    let note = Note {
        id,
        kind: *kind,
        title: title.clone(),
        content: content.clone(),
        urls: urls.clone(),
        status: Status::Ready,
        created_at: created,
        updated_at: updated,
    };
    page::refresh(tx, account, &note).await?;
    Ok(Some((ImportedId(id.into()), true)))
}
