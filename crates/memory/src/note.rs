//! Notes: longer texts, and links to read later.

pub mod model;
pub mod page;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;
mod snippet;

use std::collections::HashSet;

use search::{Document, Entry, EntryId, Hit, Index, Query};
use store::{AccountId, Timestamp, Tx, params};
use web::{
    ApiError, Code,
    paging::{
        Page, Paged,
        cursor::{Cursor, Position},
    },
};

pub use model::{Change, Kind, NewNote, Note, Status, Version};

use crate::{
    Memory, NoteId,
    cursor::CursorPage,
    meaning,
    quota::{self, Adder},
    ranked,
};

/// The kind of notes in the search index.
pub(crate) const KIND: i64 = 2;
/// Maximum number of earlier versions kept of a note, the latest ones.
pub(crate) const MAX_VERSIONS: usize = 100;
/// Maximum number of notes of a type among which a filtered search looks, the newest ones.
const MAX_FILTERED: i64 = 100_000;

/// Time within which a text that a draft replaces is not kept as a version, in milliseconds.
const DRAFT_MS: i64 = 10 * 60 * 1000;

/// A change of a note by somebody who has read it.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// The change.
    pub change: Change,
    /// The time of the last change that the person knows. `None` changes the note in any case.
    pub expected: Option<Timestamp>,
    /// True for a draft that is saved while the person is typing. The texts between are not kept as versions.
    pub is_draft: bool,
}

/// The result of an edit.
#[derive(Debug, Clone)]
pub enum Edited {
    /// It was saved, at this time.
    Saved(Timestamp),
    /// Somebody has changed it meanwhile. This is the note as it is now.
    Conflict(Box<Note>),
}

/// A filter of a person's notes.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The text to search for; empty for all notes.
    pub query: String,
    /// The type of the notes; `None` for all.
    pub kind: Option<Kind>,
}

/// Returns the notes with these ids, in the order of the ids.
pub(crate) async fn of_ids(tx: &Tx<'_>, account: AccountId, ids: &[EntryId]) -> store::Result<Vec<Note>> {
    ranked::rows(tx, &queries::BY_IDS, account, ids, |note: &Note| note.id.into()).await
}

/// Returns a page of notes, of one type or all, the latest first.
async fn list(
    tx: &mut Tx<'_>,
    account: AccountId,
    kind: Option<Kind>,
    cursor: Cursor,
) -> Result<CursorPage<Note>, ApiError> {
    let (newest, newer) = since(tx, account, cursor, kind).await?;
    let Position(time, id) = cursor.start();
    let (list, total) = match kind {
        None => {
            let values = params![account, cursor.limit, cursor.offset, time, id, cursor.newest()];
            let list = tx.fetch_all(queries::ALL, values).await?;
            (list, Index::new(account, KIND).count(tx, false).await?)
        }
        Some(kind) => {
            let values =
                params![account, cursor.limit, cursor.offset, time, id, cursor.newest(), kind.name()];
            let (total,) = tx.fetch_one(queries::COUNT_OF_TYPE, params![account, kind.name()]).await?;
            (tx.fetch_all(queries::OF_TYPE, values).await?, total)
        }
    };
    Ok(CursorPage::new(cursor, list, (total - newer).max(0), newest, Note::position))
}

/// Deletes a note with all its versions and the texts of its pages.
pub(crate) async fn delete(tx: &mut Tx<'_>, account: AccountId, id: NoteId) -> Result<(), ApiError> {
    Index::new(account, KIND).remove(tx, id.into()).await?;
    let found: Option<(i64,)> = tx.fetch_optional(queries::BYTES, params![id, account]).await?;
    let (bytes,) = found.ok_or(Code::NoteDeleteNotFound)?;
    tx.execute(queries::DELETE, params![id, account]).await?;
    Ok(quota::adjust(tx, account, quota::Kind::Note, quota::Change::remove(bytes)).await?)
}

/// Gives a note another title and text, and keeps the previous ones as a version if that has an id. Returns
/// the number of bytes by which the account's usage grows. The index has to be locked.
pub(crate) async fn rewrite(
    tx: &mut Tx<'_>,
    account: AccountId,
    note: Note,
    (title, content): (String, String),
    (version, now): (Option<i64>, Timestamp),
) -> Result<i64, ApiError> {
    if let Some(version) = version {
        let old = params![version, note.id, &note.title, &note.content, note.updated_at, now];
        tx.execute(queries::KEEP_VERSION, old).await?;
    }
    let kept = i64::try_from(MAX_VERSIONS).unwrap_or(i64::MAX);
    let dropped: Vec<(i64,)> = tx.fetch_all(queries::DROP_VERSIONS, params![note.id, kept]).await?;
    let hash = rules::hash(note.kind, &title, &content, &note.urls);
    tx.execute(queries::UPDATE, params![note.id, &title, &content, &hash, now]).await?;
    // The previous text still counts, as a version.
    let dropped: i64 = dropped.into_iter().map(|(bytes,)| bytes).sum();
    let gone = if version.is_some() { 0 } else { quota::size(&[&note.title, &note.content]) };
    let grown = quota::size(&[&title, &content]) - gone - dropped;
    page::refresh(tx, account, &Note { title, content, ..note }).await?;
    Ok(grown)
}

/// Returns a page of search hits, in their order.
async fn page_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    mut found: Vec<Hit>,
    cursor: Cursor,
) -> Result<CursorPage<Note>, ApiError> {
    let (newest, _) = since(tx, account, cursor, None).await?;
    found.retain(|hit| hit.entry.0 <= newest);
    let list = of_ids(tx, account, &ranked::page(&found, cursor.page())).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(CursorPage::new(cursor, list, total, newest, Note::position))
}

/// Returns the last added note that belongs to the pages of a list, and the number of notes of a type that
/// were added since.
async fn since(
    tx: &mut Tx<'_>,
    account: AccountId,
    cursor: Cursor,
    kind: Option<Kind>,
) -> store::Result<(i64, i64)> {
    let Some(newest) = cursor.newest else {
        let (newest,) = tx.fetch_one(queries::NEWEST, params![account]).await?;
        return Ok((newest, 0));
    };
    let values = params![account, newest, kind.map_or("", Kind::name)];
    let (newer,) = tx.fetch_one(queries::NEWER, values).await?;
    Ok((newest, newer))
}

impl Memory {
    /// Adds a note and returns its id. If the person has the same note already, word for word, it stays as it
    /// is and its id is returned. Its pages that could not be read are then tried again.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] if the account has no room, [`Code::RateLimited`] if the key or app adds too
    /// much. The note has to be checked by [`rules`] before.
    pub async fn add_note(&self, adder: impl Into<Adder>, new: NewNote) -> Result<NoteId, ApiError> {
        let (adder, quota) = (adder.into(), *self.quota());
        let account = adder.account;
        let (ids, clock) = (self.db().ids().clone(), self.db().clock().clone());
        let document = Document::new(&rules::indexed(&new.title, &new.content, &new.urls));
        let hash = rules::hash(new.kind, &new.title, &new.content, &new.urls);
        let urls = serde_json::to_string(&new.urls).map_err(ApiError::internal)?;
        let has_links = !new.urls.is_empty();
        let id = self
            .db()
            .write_new(move |tx| {
                Box::pin(async move {
                    Index::new(account, KIND).lock(tx).await?;
                    let (id, now) = (NoteId(ids.next()), clock.now());
                    let known: Option<(NoteId,)> =
                        tx.fetch_optional(queries::SAME, params![account, &hash]).await?;
                    if let Some((known,)) = known {
                        page::retry(tx, known, now).await?;
                        return Ok::<_, ApiError>(known);
                    }
                    let (kind, status) = (new.kind.name(), rules::status(&new.urls).name());
                    let NewNote { title, content, .. } = &new;
                    let (source, name) = adder.origin();
                    let values = params![
                        id, account, kind, title, content, &urls, status, &hash, now, now, source, name
                    ];
                    tx.send(queries::INSERT, values).await?;
                    page::insert(tx, (account, id), &new.urls, now).await?;
                    let entry = Entry { id: id.into(), public: false, noted: now };
                    Index::new(account, KIND).add(tx, entry, &document).await?;
                    let change = quota::Change::add(&[title, content, &urls]);
                    quota.add(tx, &adder, quota::Kind::Note, change, now).await?;
                    Ok(id)
                })
            })
            .await?;
        self.changed(Index::new(account, KIND));
        if has_links {
            self.wake_reader();
        }
        Ok(id)
    }

    /// Returns a page of the notes that a keyword finds, best first, or without one of all notes, newest
    /// first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn search_notes(
        &self,
        account: AccountId,
        keyword: &str,
        cursor: impl Into<Cursor>,
    ) -> Result<CursorPage<Note>, ApiError> {
        let cursor = cursor.into();
        if keyword.trim().is_empty() {
            return self.list_notes(account, Filter::default(), cursor).await;
        }
        let query = Query::of(keyword, false, self.db().clock().now());
        let query = self.with_zone(account, query).await?;
        let index = Index::new(account, KIND);
        let similar = self.similar(index, &query).await;
        let search = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let found = meaning::find(tx, index, &query, similar).await?.hits;
                page_of(tx, account, found, cursor).await
            })
        });
        search.await
    }

    /// Returns a page of the notes that pass a filter, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list_notes(
        &self,
        account: AccountId,
        filter: Filter,
        cursor: impl Into<Cursor>,
    ) -> Result<CursorPage<Note>, ApiError> {
        let cursor = cursor.into();
        let Filter { query, kind } = filter;
        if query.trim().is_empty() {
            let list = self.db().read(move |tx| Box::pin(list(tx, account, kind, cursor)));
            return list.await;
        }
        let search = self.db().read_heavy(move |tx| {
            Box::pin(async move {
                let query = Query::keyword(&query, false);
                let mut found = Index::new(account, KIND).search(tx, &query).await?;
                if let Some(kind) = kind {
                    let values = params![account, kind.name(), MAX_FILTERED];
                    let rows: Vec<(EntryId,)> = tx.fetch_all(queries::IDS_OF_TYPE, values).await?;
                    let of_type: HashSet<EntryId> = rows.into_iter().map(|(id,)| id).collect();
                    found.retain(|hit| of_type.contains(&hit.entry));
                }
                found.sort_unstable_by_key(|hit| std::cmp::Reverse((hit.noted, hit.entry)));
                page_of(tx, account, found, cursor).await
            })
        });
        search.await
    }

    /// Changes a note, and keeps the previous version. Absent members and the type stay as they are.
    ///
    /// # Errors
    /// [`Code::NoteUpdateNotFound`] if the id is unknown or another person's, [`Code::NoteUpdateFailed`] if a
    /// text note would be left without content, [`Code::QuotaExceeded`] if the account has no room.
    pub async fn update_note(&self, account: AccountId, id: NoteId, change: Change) -> Result<(), ApiError> {
        self.edit_note(account, id, Edit { change, expected: None, is_draft: false }).await.map(|_edited| ())
    }

    /// Changes a note unless somebody has changed it since the person read it.
    ///
    /// # Errors
    /// Those of [`Memory::update_note`].
    pub async fn edit_note(&self, account: AccountId, id: NoteId, edit: Edit) -> Result<Edited, ApiError> {
        let Edit { change, expected, is_draft } = edit;
        let (version, clock) = (self.db().ids().next(), self.db().clock().clone());
        let quota = *self.quota();
        let edited = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let index = Index::new(account, KIND);
                    index.lock(tx).await?;
                    let found = tx.fetch_optional(queries::FIND, params![id, account]).await?;
                    let note: Note = found.ok_or(Code::NoteUpdateNotFound)?;
                    let title = change.title.unwrap_or_else(|| note.title.clone());
                    let content = change.content.unwrap_or_else(|| note.content.clone());
                    if note.kind == Kind::Text && content.trim().is_empty() {
                        return Err(ApiError::new(Code::NoteUpdateFailed).with("content"));
                    }
                    if title == note.title && content == note.content {
                        return Ok(Edited::Saved(note.updated_at));
                    }
                    if expected.is_some_and(|expected| expected != note.updated_at) {
                        return Ok(Edited::Conflict(Box::new(note)));
                    }
                    // Each change has a time of its own, which tells it from the one before.
                    let now = clock.now().max(note.updated_at.plus_ms(1));
                    let stood_ms = now.as_millis().saturating_sub(note.updated_at.as_millis());
                    // A text that a draft has replaced within minutes is no version of its own.
                    let is_kept = !is_draft || stood_ms >= DRAFT_MS || note.updated_at == note.created_at;
                    let version = is_kept.then_some(version);
                    let grown = rewrite(tx, account, note, (title, content), (version, now)).await?;
                    quota.take(tx, account, quota::Kind::Note, quota::Change::of_bytes(grown)).await?;
                    Ok::<_, ApiError>(Edited::Saved(now))
                })
            })
            .await?;
        self.changed(Index::new(account, KIND));
        Ok(edited)
    }

    /// Deletes a note with all its versions and the texts of its pages.
    ///
    /// # Errors
    /// [`Code::NoteDeleteNotFound`] if the id is unknown or another person's.
    pub async fn delete_note(&self, account: AccountId, id: NoteId) -> Result<(), ApiError> {
        self.db().write(move |tx| Box::pin(delete(tx, account, id))).await
    }

    /// Returns a page of the earlier versions of a note, the latest first.
    ///
    /// # Errors
    /// [`Code::NoteUpdateNotFound`] if the id is unknown or another person's.
    pub async fn note_versions(
        &self,
        account: AccountId,
        id: NoteId,
        page: Page,
    ) -> Result<Paged<Version>, ApiError> {
        let count = self.db().fetch_optional(queries::COUNT_VERSIONS, params![id, account]).await?;
        let (total,): (i64,) = count.ok_or(Code::NoteUpdateNotFound)?;
        let list = self.db().fetch_all(queries::VERSIONS, params![id, page.limit, page.offset]).await?;
        Ok(Paged { list, total })
    }

    /// Returns the name of the app that added a note; empty if the person did. `None` if the person has no
    /// such note.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn note_author(&self, account: AccountId, id: NoteId) -> Result<Option<String>, ApiError> {
        let found: Option<(String,)> =
            self.db().fetch_optional(queries::AUTHOR, params![id, account]).await?;
        Ok(found.map(|(name,)| name))
    }

    /// Returns a note.
    ///
    /// # Errors
    /// [`Code::NoteUpdateNotFound`] if the id is unknown or another person's.
    pub async fn note(&self, account: AccountId, id: NoteId) -> Result<Note, ApiError> {
        let found = self.db().fetch_optional(queries::FIND, params![id, account]).await?;
        Ok(found.ok_or(Code::NoteUpdateNotFound)?)
    }
}
