//! Key memory and soft memory over HTTP.

use axum::extract::{Path, State};
use identity::{
    Scoped,
    scope::{ReadMemory, WriteMemory},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiResult, Code, Data, Envelope, Json, Nothing, Query, id_in,
    paging::{PageParams, Paged},
};

use super::{
    model::{
        AsOf, Batch, Done, Inserted, KeyMemory, Keyword, MemoryChange, NewMemory, SoftMemory,
        SupersedeRequest, Version,
    },
    rules,
};
use crate::{
    Memory,
    cursor::{CursorPage, CursorParams},
    quota::Adder,
    recall::{Access, Reader},
};

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(soft))
        .routes(routes!(search))
        .routes(routes!(add))
        .routes(routes!(add_batch))
        .routes(routes!(update))
        .routes(routes!(delete))
        .routes(routes!(history))
        .routes(routes!(supersede))
        .with_state(memory)
}

/// List the public memories, newest first or by keyword. Scope user.info.softmemory or memory.read.
#[utoipa::path(
    get,
    path = "/secondme/user/softmemory",
    operation_id = "softMemory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(Keyword, AsOf, PageParams, CursorParams),
    responses((status = 200, description = "One page", body = Envelope<CursorPage<SoftMemory>>)),
)]
async fn soft(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadMemory>,
    Query(Keyword { keyword }): Query<Keyword>,
    Query(AsOf { as_of }): Query<AsOf>,
    Query(page): Query<PageParams>,
    Query(snapshot): Query<CursorParams>,
) -> ApiResult<CursorPage<SoftMemory>> {
    let (cursor, keyword) = (snapshot.check(page.check()?)?, rules::check_keyword(keyword)?);
    let as_of = memory.as_of(caller.account(), as_of.as_deref()).await?;
    let found = memory.key_memories_at(caller.account(), &keyword, cursor, true, as_of).await?;
    Ok(Data(found.map(SoftMemory::from)))
}

/// Search the key memories, or list them newest first. Scope memory.read or user.info.softmemory.
#[utoipa::path(
    get,
    path = "/secondme/memory/key/search",
    operation_id = "searchKeyMemory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(Keyword, AsOf, PageParams, CursorParams),
    responses((status = 200, description = "One page", body = Envelope<CursorPage<KeyMemory>>)),
)]
async fn search(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadMemory>,
    Query(Keyword { keyword }): Query<Keyword>,
    Query(AsOf { as_of }): Query<AsOf>,
    Query(page): Query<PageParams>,
    Query(snapshot): Query<CursorParams>,
) -> ApiResult<CursorPage<KeyMemory>> {
    let (cursor, keyword) = (snapshot.check(page.check()?)?, rules::check_keyword(keyword)?);
    let only_public = Reader::of(&caller).memories < Access::All;
    let as_of = memory.as_of(caller.account(), as_of.as_deref()).await?;
    Ok(Data(memory.key_memories_at(caller.account(), &keyword, cursor, only_public, as_of).await?))
}

/// Add a key memory. An identical one is not added again. Scope memory.write.
#[utoipa::path(
    post,
    path = "/secondme/memory/key",
    operation_id = "addKeyMemory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    request_body = NewMemory,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Done>)),
)]
async fn add(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteMemory>,
    Json(new): Json<NewMemory>,
) -> ApiResult<Done> {
    memory.add_valid_key_memories(Adder::of(&caller), vec![rules::check_valid(new)?]).await?;
    Ok(Data(Done {}))
}

/// Add up to 100 key memories, all or none. Scope memory.write.
#[utoipa::path(
    post,
    path = "/secondme/memory/key/batch",
    operation_id = "addKeyMemories",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    request_body = Batch,
    responses((status = 200, description = "The number of new memories", body = Envelope<Inserted>)),
)]
async fn add_batch(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteMemory>,
    Json(batch): Json<Batch>,
) -> ApiResult<Inserted> {
    let facts = rules::check_batch(batch)?;
    Ok(Data(Inserted { inserted_count: memory.add_valid_key_memories(Adder::of(&caller), facts).await? }))
}

/// Change a memory. The previous version is kept. Scope memory.write.
#[utoipa::path(
    post,
    path = "/secondme/memory/key/{id}/update",
    operation_id = "updateKeyMemory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The memory's id")),
    request_body = MemoryChange,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn update(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteMemory>,
    Path(segment): Path<String>,
    Json(change): Json<MemoryChange>,
) -> ApiResult<Nothing> {
    memory
        .update_key_memory(
            caller.account(),
            id_in(&segment, Code::MemoryNotFound)?,
            rules::check_change(change)?,
        )
        .await?;
    Ok(Data(Nothing))
}

/// Delete a memory with all its versions. Scope memory.write.
#[utoipa::path(
    post,
    path = "/secondme/memory/key/{id}/delete",
    operation_id = "deleteKeyMemory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The memory's id")),
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn delete(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteMemory>,
    Path(segment): Path<String>,
) -> ApiResult<Nothing> {
    memory.delete_key_memory(caller.account(), id_in(&segment, Code::MemoryNotFound)?).await?;
    Ok(Data(Nothing))
}

/// List the earlier versions of a memory, newest first. Scope memory.write.
#[utoipa::path(
    get,
    path = "/secondme/memory/key/{id}/history",
    operation_id = "keyMemoryHistory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The memory's id"), PageParams),
    responses((status = 200, description = "One page", body = Envelope<Paged<Version>>)),
)]
async fn history(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteMemory>,
    Path(segment): Path<String>,
    Query(page): Query<PageParams>,
) -> ApiResult<Paged<Version>> {
    Ok(Data(
        memory
            .key_memory_versions(caller.account(), id_in(&segment, Code::MemoryNotFound)?, page.check()?)
            .await?,
    ))
}

/// Let a newer memory take the place of one, or let it hold again. It stays, as one that held until then.
/// Scope memory.write.
#[utoipa::path(
    post,
    path = "/secondme/memory/key/{id}/supersede",
    operation_id = "supersedeKeyMemory",
    tag = "Memory",
    security(("bearer" = []), ("session" = [])),
    params(("id" = i64, Path, description = "The older memory's id")),
    request_body = SupersedeRequest,
    responses((status = 200, description = "Done; `data` is null", body = Envelope<Nothing>)),
)]
async fn supersede(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteMemory>,
    Path(segment): Path<String>,
    Json(SupersedeRequest { by, since }): Json<SupersedeRequest>,
) -> ApiResult<Nothing> {
    let (older, since) = (id_in(&segment, Code::MemoryNotFound)?, rules::check_since(since)?);
    memory.supersede_key_memory(caller.account(), older, by, since).await?;
    Ok(Data(Nothing))
}
