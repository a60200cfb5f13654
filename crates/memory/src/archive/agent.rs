//! The archive section of agent memory.

use archive::{ImportLine, ImportSummary, Part, Section, read_lines};
use serde::{Deserialize, Serialize};
use store::{AccountId, BoxFuture, Timestamp, Tx, owned_params, params};
use web::ApiError;

use crate::{
    EventId, Memory,
    agent::{Event, StoredEvent, queries, rules},
    quota,
};

/// Number of entries in a part.
const PART: i64 = 500;

pub(super) struct AgentMemory(pub(super) Memory);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: Option<EventId>,
    platform: Option<String>,
    event: Event,
}

/// A valid entry, ready to be written.
struct Ready {
    platform: String,
    key: String,
    event: Event,
    body: String,
    time: Timestamp,
    given_id: Option<EventId>,
    new_id: EventId,
}

impl Section for AgentMemory {
    fn name(&self) -> &'static str {
        "agent-memory"
    }

    fn export(&self, account: AccountId, after: i64) -> BoxFuture<'_, Result<Part, ApiError>> {
        Box::pin(async move {
            let page = owned_params![account, after, PART];
            let events: Vec<StoredEvent> = self.0.db().fetch_all_heavy(queries::AFTER, page).await?;
            let next = events.last().map(|event| event.event_id.0);
            let mut lines = Vec::with_capacity(events.len());
            for StoredEvent { event_id, platform, event, .. } in events {
                lines.push(super::line(&Entry { id: Some(event_id), platform: Some(platform), event })?);
            }
            Ok(Part { lines, next, ..Part::default() })
        })
    }

    fn import(
        &self,
        account: AccountId,
        given: Vec<ImportLine>,
    ) -> BoxFuture<'_, Result<ImportSummary, ApiError>> {
        Box::pin(async move {
            let mut taken = ImportSummary::default();
            let ready = read_lines(&given, &mut taken, |entry: Entry| self.ready(account, entry));
            let quota = *self.0.quota();
            let written = self.0.db().write(move |tx| {
                Box::pin(async move {
                    let mut lines = Vec::with_capacity(ready.len());
                    for (line, entry) in &ready {
                        lines.push((*line, insert(tx, &quota, account, entry).await?));
                    }
                    Ok::<_, ApiError>(lines)
                })
            });
            taken.count(written.await?, quota::FULL);
            Ok(taken)
        })
    }
}

impl AgentMemory {
    fn ready(&self, account: AccountId, entry: Entry) -> Result<Ready, ApiError> {
        let (ids, now) = (self.0.db().ids(), self.0.db().clock().now());
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
            given_id: super::id(entry.id, ids),
            new_id: EventId(ids.next()),
            platform,
            event,
        })
    }
}

/// Writes an entry. Returns false if it exists already, and `None` if the account has no room for it.
async fn insert(
    tx: &mut Tx<'_>,
    quota: &quota::Settings,
    account: AccountId,
    entry: &Ready,
) -> store::Result<Option<bool>> {
    let mut id = entry.new_id;
    if let Some(own) = entry.given_id {
        match tx.fetch_optional::<(AccountId,)>(queries::OWNER, params![own]).await? {
            Some((owner,)) if owner == account => return Ok(Some(false)),
            Some(_) => {}
            None => id = own,
        }
    }
    let Ready { platform, key, event, body, time, .. } = entry;
    let label = event.action_label.as_deref().unwrap_or_default();
    let values = params![id, account, platform, key, *time, &event.action, label, event.importance, body];
    let known: Option<(i64,)> = tx.fetch_optional(queries::KNOWN, params![account, platform, key]).await?;
    if known.is_some() {
        return Ok(Some(false));
    }
    if !quota.fits(tx, account, quota::Kind::AgentEvent, quota::Change::add(&[body])).await? {
        return Ok(None);
    }
    if tx.execute(queries::INSERT, values).await? > 0 {
        return Ok(Some(true));
    }
    // It was reported meanwhile.
    let back = quota::Change::remove(quota::size(&[body]));
    quota::adjust(tx, account, quota::Kind::AgentEvent, back).await?;
    Ok(Some(false))
}
