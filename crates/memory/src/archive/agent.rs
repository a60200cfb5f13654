//! The archive section of agent memory.

use archive::{
    ImportId,
    runs::{ImportedId, Mark},
};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, Tx, params};
use web::ApiError;

use super::entries::{Entries, Lines};
use crate::{
    EventId, Memory,
    agent::{Event, StoredEvent, queries, rules},
    quota,
};

pub(crate) enum AgentMemory {}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    id: Option<EventId>,
    platform: Option<String>,
    event: Event,
}

/// A valid entry, ready to be written.
pub(crate) struct Ready {
    platform: String,
    key: String,
    event: Event,
    body: String,
    time: Timestamp,
    id: ImportId<EventId>,
}

impl Entries for AgentMemory {
    const NAME: &'static str = "agent-memory";
    const PART: i64 = 500;
    const INDEX: Option<i64> = None;
    type Entry = Entry;
    type Ready = Ready;

    fn ready(memory: &Memory, account: AccountId, entry: Entry) -> Result<Ready, ApiError> {
        ready(memory, account, entry)
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
        _now: Timestamp,
    ) -> BoxFuture<'t, Result<Option<(ImportedId, bool)>, ApiError>> {
        Box::pin(insert(tx, quota, account, entry))
    }

    fn mark<'t>(
        tx: &'t Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, store::Result<Option<Mark>>> {
        Box::pin(async move {
            let found: Option<(String, Timestamp)> =
                tx.fetch_optional(queries::MARK, params![id, account]).await?;
            Ok(found.map(|(text, at)| Mark { text, at }))
        })
    }

    fn remove<'t>(
        tx: &'t mut Tx<'_>,
        account: AccountId,
        id: ImportedId,
    ) -> BoxFuture<'t, Result<(), ApiError>> {
        Box::pin(async move {
            let deleted: Option<(i64,)> =
                tx.fetch_optional(queries::DELETE_ONE, params![id, account]).await?;
            let Some((bytes,)) = deleted else { return Ok(()) };
            let change = quota::Change::remove(bytes);
            Ok(quota::adjust(tx, account, quota::Kind::AgentEvent, change).await?)
        })
    }
}

/// Checks an entry.
fn ready(memory: &Memory, account: AccountId, entry: Entry) -> Result<Ready, ApiError> {
    let (ids, now) = (memory.db().ids(), memory.db().clock().now());
    let event = rules::check(entry.event)?;
    let mut issues = web::Issues::body();
    let platform = entry.platform.unwrap_or_else(|| rules::platform(&event));
    let platform = issues.required_text("platform", Some(&platform), rules::MAX_NAME);
    issues.line("platform", &platform, rules::MAX_NAME);
    issues.finish()?;
    Ok(Ready {
        // A derived key depends on the account, so it differs on another server.
        key: rules::idempotency_key(account, &platform, &event),
        body: super::line(&event)?,
        time: super::time(event.event_time, now),
        id: ImportId::new(entry.id, ids, EventId),
        platform,
        event,
    })
}

/// Returns lines of an archive for at most `limit` events whose ids are greater than `after`, and the last
/// id.
async fn lines(tx: &Tx<'_>, account: AccountId, after: i64, limit: i64) -> Result<Lines, ApiError> {
    let events: Vec<StoredEvent> = tx.fetch_all(queries::AFTER, params![account, after, limit]).await?;
    let next = events.last().map(|event| event.event_id.0);
    let mut lines = Vec::with_capacity(events.len());
    for StoredEvent { event_id, platform, event, .. } in events {
        lines.push(super::line(&Entry { id: Some(event_id), platform: Some(platform), event })?);
    }
    Ok((lines, next))
}

/// Writes an entry. Returns its id, and false if it exists already; `None` if the account has no room for it.
async fn insert(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    entry: &Ready,
) -> Result<Option<(ImportedId, bool)>, ApiError> {
    let id = match entry.id.choose(tx, queries::OWNER, account).await? {
        Some(id) => id,
        None => return Ok(entry.id.given().map(|id| (ImportedId(id.into()), false))),
    };
    let Ready { platform, key, event, body, time, .. } = entry;
    let label = event.action_label.as_deref().unwrap_or_default();
    let values = params![id, account, platform, key, *time, &event.action, label, event.importance, body];
    let known: Option<(i64,)> = tx.fetch_optional(queries::KNOWN, params![account, platform, key]).await?;
    if let Some((known,)) = known {
        return Ok(Some((ImportedId(known), false)));
    }
    if !quota.fits(tx, account, quota::Kind::AgentEvent, quota::Change::add(&[body])).await? {
        return Ok(None);
    }
    if tx.execute(queries::INSERT, values).await? > 0 {
        return Ok(Some((ImportedId(id.into()), true)));
    }
    // It was reported meanwhile.
    let back = quota::Change::remove(quota::size(&[body]));
    quota::adjust(tx, account, quota::Kind::AgentEvent, back).await?;
    Ok(Some((ImportedId(id.into()), false)))
}
