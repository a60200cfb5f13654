//! Agent memory: events that agents report of what the person did elsewhere, and the overview of a day.

pub mod model;
pub(crate) mod queries;
pub(crate) mod routes;
pub mod rules;

use std::collections::BTreeMap;

use store::{AccountId, Ids, Timestamp, params};
use web::{
    ApiError,
    paging::{
        Page,
        cursor::{Cursor, Position},
    },
};

pub use model::{App, Event, Overview, StoredEvent};

use crate::{
    EventId, Memory,
    cursor::CursorPage,
    quota::{self, Adder},
};

/// Maximum number of groups (a platform and an action) that the overview of a day tells apart.
const MAX_GROUPS: i64 = 1000;
/// Maximum number of events that one request deletes.
const MAX_DELETED: i64 = 10_000;
/// Maximum number of important events that an overview shows of each platform, the latest ones.
const MAX_IMPORTANT: i64 = 10;

impl Memory {
    /// Stores an event and returns its id. Returns `None` for a duplicate: an event from the same platform
    /// with the same idempotency key.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] if the account has no room, [`Code::RateLimited`] if the key or app adds too
    /// much. The event has to be checked by [`rules`] before.
    pub async fn ingest(
        &self,
        adder: impl Into<Adder>,
        platform: String,
        event: Event,
    ) -> Result<Option<EventId>, ApiError> {
        let (adder, quota) = (adder.into(), *self.quota());
        let account = adder.account;
        let (id, now) = (EventId(self.db().ids().next()), self.db().clock().now());
        let time = event.event_time.map_or(now, Timestamp);
        let key = rules::idempotency_key(account, &platform, &event);
        let body = serde_json::to_string(&event).map_err(ApiError::internal)?;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let label = event.action_label.as_deref().unwrap_or_default();
                    let (action, importance) = (&event.action, event.importance);
                    let values =
                        params![id, account, &platform, &key, time, action, label, importance, &body];
                    if tx.execute(queries::INSERT, values).await? == 0 {
                        return Ok(None);
                    }
                    let change = quota::Change::add(&[&body]);
                    quota.add(tx, &adder, quota::Kind::AgentEvent, change, now).await?;
                    Ok(Some(id))
                })
            })
            .await
    }

    /// Deletes events of a platform, at most 10 000, and returns their number.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_agent_events(&self, account: AccountId, platform: String) -> Result<i64, ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let values = params![account, &platform, MAX_DELETED];
                    let gone: Vec<(i64,)> = tx.fetch_all(queries::DELETE, values).await?;
                    let entries = i64::try_from(gone.len()).unwrap_or(i64::MAX);
                    let bytes: i64 = gone.into_iter().map(|(bytes,)| bytes).sum();
                    let change = quota::Change { entries: -entries, bytes: -bytes };
                    quota::adjust(tx, account, quota::Kind::AgentEvent, change).await?;
                    Ok::<_, ApiError>(entries)
                })
            })
            .await
    }

    /// Returns a page of a person's events, or of those from one platform, the last stored first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn agent_events(
        &self,
        account: AccountId,
        platform: Option<&str>,
        cursor: impl Into<Cursor>,
    ) -> Result<CursorPage<StoredEvent>, ApiError> {
        let (cursor, db) = (cursor.into(), self.db());
        let newest = match cursor.newest {
            Some(newest) => newest,
            None => db.fetch_one::<(i64,)>(queries::NEWEST, params![account]).await?.0,
        };
        let (list, (total,)) = match platform {
            None => {
                let values = params![account, cursor.limit, cursor.offset, cursor.before_id()];
                let list = db.fetch_all(queries::ALL, values).await?;
                (list, db.fetch_one::<(i64,)>(queries::COUNT, params![account, newest]).await?)
            }
            Some(platform) => {
                let values = params![account, cursor.limit, cursor.offset, cursor.before_id(), platform];
                let list = db.fetch_all(queries::OF_PLATFORM, values).await?;
                let count = params![account, newest, platform];
                (list, db.fetch_one::<(i64,)>(queries::COUNT_OF_PLATFORM, count).await?)
            }
        };
        let position =
            |event: &StoredEvent| Position(Ids::time(event.event_id).as_millis(), event.event_id.0);
        Ok(CursorPage::new(cursor, list, total, newest, position))
    }

    /// Returns a page of platforms with the events between two moments, the busiest platform first, or only
    /// one platform.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn day_overview(
        &self,
        account: AccountId,
        platform: Option<&str>,
        (from, to): (Timestamp, Timestamp),
        page: Page,
    ) -> Result<Overview, ApiError> {
        let only = platform.unwrap_or_default();
        let values = params![account, from, to, rules::IMPORTANT, MAX_GROUPS, only];
        let groups: Vec<model::Group> = self.db().fetch_all(queries::GROUPS, values).await?;
        let mut apps = BTreeMap::<String, App>::new();
        let (mut total_count, mut important_count) = (0, 0);
        for group in groups {
            total_count += group.count;
            important_count += group.important;
            let new = || App::new(group.platform.clone());
            apps.entry(group.platform.clone()).or_insert_with(new).add(group);
        }
        let mut apps: Vec<App> = apps.into_values().collect();
        // Stable: platforms with equal numbers stay in the order of names.
        apps.sort_by_key(|app| std::cmp::Reverse(app.total_count));
        let (skip, count) = (usize::try_from(page.offset), usize::try_from(page.limit));
        let (skip, count) = (skip.unwrap_or(usize::MAX), count.unwrap_or(usize::MAX));
        let mut apps: Vec<App> = apps.into_iter().skip(skip).take(count).collect();
        for app in apps.iter_mut().filter(|app| app.important_count > 0) {
            let values = params![account, from, to, rules::IMPORTANT, &app.platform, MAX_IMPORTANT];
            app.important_events = self.db().fetch_all(queries::IMPORTANT, values).await?;
        }
        Ok(Overview { total_count, important_count, apps })
    }
}
