//! Notes over HTTP.

use axum::extract::{Path, State};
use identity::{
    Scoped,
    scope::{AddNote, ReadNotes, WriteNotes},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, ApiResult, Code, Data, Envelope, Json, Nothing, Query, id_in,
    paging::{PageParams, Paged},
};

use super::{
    model::{Added, FoundNote, ListRequest, ListedNote, Note, NoteChange, NoteRequest, Version},
    page::Page,
    rules,
};
use crate::{
    Memory,
    cursor::{CursorPage, CursorParams},
    key::{model::Keyword, rules::check_keyword},
    quota::Adder,
};

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(search))
        .routes(routes!(list))
        .routes(routes!(update))
        .routes(routes!(delete))
        .routes(routes!(history))
        .with_state(memory)
}

/// Add a note. An identical note is not added again; its id is returned. Pages behind links are read in the
/// background, and searched with the note. Scope note.add or note.write.
#[utoipa::path(
    post,
    path = "/secondme/note/add",
    operation_id = "addNote",
    tag = "Notes",
    security(("bearer" = []), ("session" = [])),
    request_body = NoteRequest,
    responses((status = 200, description = "The note's id", body = Envelope<Added>)),
)]
async fn add(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<AddNote>,
    Json(request): Json<NoteRequest>,
) -> ApiResult<Added> {
    let id = memory.add_note(Adder::of(&caller), rules::check(request)?).await?;
    Ok(Data(Added { note_id: id, id }))
}

/// Search the notes, or list them newest first. Scope note.write or memory.read.
#[utoipa::path(
    get,
    path = "/secondme/note/search",
    operation_id = "searchNotes",
    tag = "Notes",
    security(("bearer" = []), ("session" = [])),
    params(Keyword, PageParams, CursorParams),
    responses((status = 200, description = "One page", body = Envelope<CursorPage<FoundNote>>)),
)]
async fn search(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadNotes>,
    Query(Keyword { keyword }): Query<Keyword>,
    Query(page): Query<PageParams>,
    Query(snapshot): Query<CursorParams>,
) -> ApiResult<CursorPage<FoundNote>> {
    let (cursor, keyword) = (snapshot.check(page.check()?)?, check_keyword(keyword)?);
    let CursorPage { list, total, snapshot } =
        memory.search_notes(caller.account(), &keyword, cursor).await?;
    Ok(Data(CursorPage { list: with_pages(&memory, list, FoundNote::new).await?, total, snapshot }))
}

/// List notes, newest first. Scope note.write or memory.read.
#[utoipa::path(
    post,
    path = "/secondme/note/list",
    operation_id = "listNotes",
    tag = "Notes",
    security(("bearer" = []), ("session" = [])),
    request_body = ListRequest,
    responses((status = 200, description = "One page", body = Envelope<CursorPage<ListedNote>>)),
)]
async fn list(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadNotes>,
    Json(request): Json<ListRequest>,
) -> ApiResult<CursorPage<ListedNote>> {
    let Some((filter, cursor)) = rules::check_list(request)? else {
        return Ok(Data(CursorPage { list: Vec::new(), total: 0, snapshot: None }));
    };
    let CursorPage { list, total, snapshot } = memory.list_notes(caller.account(), filter, cursor).await?;
    Ok(Data(CursorPage { list: with_pages(&memory, list, ListedNote::new).await?, total, snapshot }))
}

/// Change a note. The previous version is kept. Scope note.write.
#[utoipa::path(
    post,
    path = "/secondme/note/{id}/update",
    operation_id = "updateNote",
    tag = "Notes",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The note's id")),
    request_body = NoteChange,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn update(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteNotes>,
    Path(segment): Path<String>,
    Json(change): Json<NoteChange>,
) -> ApiResult<Nothing> {
    let id = id_in(&segment, Code::NoteUpdateNotFound)?;
    memory.update_note(caller.account(), id, rules::check_change(change)?).await?;
    Ok(Data(Nothing))
}

/// Delete a note with all its versions. Scope note.write.
#[utoipa::path(
    post,
    path = "/secondme/note/{id}/delete",
    operation_id = "deleteNote",
    tag = "Notes",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The note's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteNotes>,
    Path(segment): Path<String>,
) -> ApiResult<Nothing> {
    memory.delete_note(caller.account(), id_in(&segment, Code::NoteDeleteNotFound)?).await?;
    Ok(Data(Nothing))
}

/// List the earlier versions of a note, newest first. Scope note.write.
#[utoipa::path(
    get,
    path = "/secondme/note/{id}/history",
    operation_id = "noteHistory",
    tag = "Notes",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The note's id"), PageParams),
    responses((status = 200, description = "One page", body = Envelope<Paged<Version>>)),
)]
async fn history(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteNotes>,
    Path(segment): Path<String>,
    Query(page): Query<PageParams>,
) -> ApiResult<Paged<Version>> {
    let id = id_in(&segment, Code::NoteUpdateNotFound)?;
    Ok(Data(memory.note_versions(caller.account(), id, page.check()?).await?))
}

async fn with_pages<T>(
    memory: &Memory,
    notes: Vec<Note>,
    show: impl Fn(Note, Vec<Page>) -> T,
) -> Result<Vec<T>, ApiError> {
    let mut pages = memory.note_pages(&notes).await?;
    let mut shown = Vec::with_capacity(notes.len());
    for note in notes {
        let its = pages.remove(&note.id).unwrap_or_default();
        shown.push(show(note, its));
    }
    Ok(shown)
}
