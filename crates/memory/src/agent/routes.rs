//! Agent memory over HTTP.

use axum::extract::State;
use identity::{
    Caller, Scoped,
    scope::{ReadAgentMemory, ReportAgentEvent, WriteProfile},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiResult, Data, Envelope, Issues, Json, Query, paging::PageParams};

use super::{
    model::{DayParams, DeleteRequest, Deleted, Event, Events, Ingested, Overview, PlatformParams},
    rules,
};
use crate::{
    EventId, Memory,
    cursor::{CursorPage, CursorParams},
    quota::Adder,
};

/// Default number of platforms on a page of a day's overview.
const OVERVIEW_SIZE: i64 = 10;

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(ingest))
        .routes(routes!(list))
        .routes(routes!(overview))
        .routes(routes!(delete))
        .with_state(memory)
}

/// Report an event on another platform. A repeated event is a duplicate.
///
/// A key needs scope agent_memory. Every app's token may report, regardless of its scopes; the platform is
/// the app.
#[utoipa::path(
    post,
    path = "/secondme/agent_memory/ingest",
    operation_id = "ingestAgentMemory",
    tag = "Agent memory",
    security(("bearer" = []), ("session" = [])),
    request_body = Event,
    responses((status = 200, description = "The event's id", body = Envelope<Ingested>)),
)]
async fn ingest(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReportAgentEvent>,
    Json(event): Json<Event>,
) -> ApiResult<Ingested> {
    let event = rules::check(event)?;
    let platform = own_platform(&caller).map_or_else(|| rules::platform(&event), str::to_owned);
    let id = memory.ingest(Adder::of(&caller), platform, event).await?;
    Ok(Data(Ingested { event_id: id.unwrap_or(EventId(0)), is_duplicate: id.is_none() }))
}

/// Returns the platform whose events an app reads and writes: its own, whatever it claims. `None` for the
/// person's keys and programs, which use every platform.
fn own_platform(caller: &Caller) -> Option<&str> {
    caller.application()
}

/// List the events, newest first. An app sees only those it reported. Scope agent_memory.
#[utoipa::path(
    get,
    path = "/secondme/agent_memory/list",
    operation_id = "listAgentMemory",
    tag = "Agent memory",
    security(("bearer" = []), ("session" = [])),
    params(PlatformParams, PageParams, CursorParams),
    responses((status = 200, description = "One page", body = Envelope<Events>)),
)]
async fn list(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadAgentMemory>,
    Query(PlatformParams { platform }): Query<PlatformParams>,
    Query(page): Query<PageParams>,
    Query(snapshot): Query<CursorParams>,
) -> ApiResult<Events> {
    let (cursor, platform) =
        (snapshot.check(page.check()?)?, platform.filter(|platform| !platform.is_empty()));
    // No platform's name has a NUL character, and the store takes none.
    let asked = platform.map(|platform| platform.replace('\0', " "));
    let platform = match (own_platform(&caller), asked.as_deref()) {
        (Some(own), Some(asked)) if own != asked => {
            return Ok(Data(Events { items: Vec::new(), total: 0, snapshot: None }));
        }
        (Some(own), _) => Some(own),
        (None, asked) => asked,
    };
    let CursorPage { list, total, snapshot } =
        memory.agent_events(caller.account(), platform, cursor).await?;
    Ok(Data(Events { items: list, total, snapshot }))
}

/// Delete the events of a platform, at most 10 000 per request. A key needs scope *. Not part of the
/// original API.
#[utoipa::path(
    post,
    path = "/secondme/agent_memory/delete",
    operation_id = "deleteAgentMemory",
    tag = "Agent memory",
    security(("bearer" = []), ("session" = [])),
    request_body = DeleteRequest,
    responses((status = 200, description = "The number of deleted events", body = Envelope<Deleted>)),
)]
async fn delete(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<WriteProfile>,
    Json(request): Json<DeleteRequest>,
) -> ApiResult<Deleted> {
    let mut issues = Issues::body();
    let platform = issues.required_text("platform", request.platform.as_deref(), rules::MAX_NAME);
    issues.line("platform", &platform, rules::MAX_NAME);
    issues.finish()?;
    let deleted_count = memory.delete_agent_events(caller.account(), platform).await?;
    Ok(Data(Deleted { deleted_count }))
}

/// Get an overview of the events of a day in the person's time zone, by platform.
///
/// An app sees only its own. Scope agent_memory.
#[utoipa::path(
    get,
    path = "/secondme/activity/day-overview",
    operation_id = "dayOverview",
    tag = "Agent memory",
    security(("bearer" = []), ("session" = [])),
    params(DayParams, PageParams),
    responses((status = 200, description = "The overview", body = Envelope<Overview>)),
)]
async fn overview(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<ReadAgentMemory>,
    Query(DayParams { date }): Query<DayParams>,
    Query(page): Query<PageParams>,
) -> ApiResult<Overview> {
    let page = PageParams { page_size: page.page_size.or(Some(OVERVIEW_SIZE)), ..page }.check()?;
    let zone = memory.zone(caller.account()).await?.unwrap_or_default();
    let day = rules::day(date.as_deref(), memory.db().clock().now(), &zone)?;
    Ok(Data(memory.day_overview(caller.account(), own_platform(&caller), day, page).await?))
}
