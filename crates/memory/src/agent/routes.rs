//! Agent memory over HTTP.

use axum::extract::State;
use identity::{Credential, Scoped, scope::UseAgentMemory};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{Answer, Data, Envelope, Json, Query, paging::PageQuery};

use super::{
    model::{DayQuery, Event, Events, Ingested, Overview, PlatformQuery},
    rules,
};
use crate::{
    Memory,
    walk::{SnapshotQuery, Walked},
};

/// Platforms on a page of a day's overview where no other number is asked for.
const OVERVIEW_SIZE: i64 = 10;

pub(crate) fn router(memory: Memory) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(ingest))
        .routes(routes!(list))
        .routes(routes!(overview))
        .with_state(memory)
}

/// Note what the person did elsewhere. The same event again is a duplicate. Scope agent_memory.
#[utoipa::path(post, path = "/secondme/agent_memory/ingest", operation_id = "ingestAgentMemory", tag = "Agent memory", security(("bearer" = []), ("session" = [])),
    request_body = Event,
    responses((status = 200, description = "The event's id", body = Envelope<Ingested>)))]
async fn ingest(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<UseAgentMemory>,
    Json(event): Json<Event>,
) -> Answer<Ingested> {
    let event = rules::check(event)?;
    let platform = match caller.credential() {
        Credential::Session { .. } | Credential::Program { .. } | Credential::ApiKey { .. } => {
            rules::platform(&event)
        }
        // What an app reports is filed under the app, whatever it says of itself.
        Credential::Token { application, .. } => application.clone(),
    };
    let id = memory.ingest(caller.account(), &platform, &event).await?;
    Ok(Data(Ingested { event_id: id.unwrap_or(0), is_duplicate: id.is_none() }))
}

/// List what was noted, the last first. Scope agent_memory.
#[utoipa::path(get, path = "/secondme/agent_memory/list", operation_id = "listAgentMemory", tag = "Agent memory", security(("bearer" = []), ("session" = [])),
    params(PlatformQuery, PageQuery, SnapshotQuery),
    responses((status = 200, description = "A page", body = Envelope<Events>)))]
async fn list(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<UseAgentMemory>,
    Query(PlatformQuery { platform }): Query<PlatformQuery>,
    Query(page): Query<PageQuery>,
    Query(snapshot): Query<SnapshotQuery>,
) -> Answer<Events> {
    let (walk, platform) = (snapshot.check(page.check()?)?, platform.filter(|platform| !platform.is_empty()));
    // No platform's name has a NUL character, and the store takes none.
    let platform = platform.map(|platform| platform.replace('\0', " "));
    let Walked { list, total, snapshot } =
        memory.agent_events(caller.account(), platform.as_deref(), walk).await?;
    Ok(Data(Events { items: list, total, snapshot }))
}

/// What happened on a day, platform by platform. Scope agent_memory.
#[utoipa::path(get, path = "/secondme/activity/day-overview", operation_id = "dayOverview", tag = "Agent memory", security(("bearer" = []), ("session" = [])),
    params(DayQuery, PageQuery),
    responses((status = 200, description = "The day", body = Envelope<Overview>)))]
async fn overview(
    State(memory): State<Memory>,
    Scoped { caller, .. }: Scoped<UseAgentMemory>,
    Query(DayQuery { date }): Query<DayQuery>,
    Query(page): Query<PageQuery>,
) -> Answer<Overview> {
    let page = PageQuery { page_size: page.page_size.or(Some(OVERVIEW_SIZE)), ..page }.check()?;
    let day = rules::day(date.as_deref(), memory.db().clock().now())?;
    Ok(Data(memory.day_overview(caller.account(), day, page).await?))
}
