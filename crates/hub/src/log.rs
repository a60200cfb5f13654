//! The call log: one row per call, written in batches. No call waits for a write.
//!
//! Records are collected in memory and written four times a second, so that a kill loses less than a second
//! of them, even on a slow disk. Records beyond the memory's capacity are counted but get no row; the
//! server's log says how many. Calls without a valid token or an existing API get a limited number of rows
//! per minute; the others are counted.

mod flush;
pub mod model;
mod queries;
mod record;
pub mod routes;
pub mod usage;

use std::{sync::atomic::Ordering, time::Duration};

use store::{AccountId, Ids, Timestamp, owned_params, params};
use web::{ApiError, Issues, Tasks};

pub use model::{CallRow, Search, UsageRow};
pub(crate) use record::{Record, Recorder, Who};

use record::HOUR_MS;

pub use crate::settings::Level;
use crate::{CallId, Hub, HubKeyId};

/// Interval between writes.
const FLUSH_EVERY: Duration = Duration::from_millis(250);
/// Hours for which counts are kept: a year.
const USAGE_HOURS: i64 = 366 * 24;
/// Rows deleted at a time.
const BATCH: i64 = 1000;
const CLEAN_EVERY: Duration = Duration::from_secs(60);
/// Maximum number of rows of counts in a response.
const MAX_USAGE: i64 = 10_000;
/// Maximum number of rows that one page of a search scans.
pub const LOOKED_AT: i64 = 20_000;
/// The least status of a failed call.
const FAILED: i64 = 400;
/// Longest duration that can be searched for, in milliseconds.
const MAX_MS: i64 = 86_400_000;
/// Maximum difference between an id's time and the time of its call, in milliseconds.
const DRIFT_MS: i64 = 1000;

/// The calls that a viewer may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Calls with keys of this account.
    Account(AccountId),
    /// All calls.
    Everybody,
}

impl Hub {
    /// Returns a page of calls, newest first, and where the next page begins. A search by anything but trace,
    /// key and time scans at most [`LOOKED_AT`] calls of the key or viewer: a page may be empty and still
    /// have a next one.
    ///
    /// # Errors
    /// 422 for an invalid search; `HUB_KEY_NOT_FOUND` if the key belongs to another account.
    pub async fn calls(
        &self,
        viewer: Viewer,
        search: &Search,
    ) -> Result<(Vec<CallRow>, Option<CallId>), ApiError> {
        let mut issues = Issues::query();
        let limit = issues.range("limit", search.limit.unwrap_or(20), 1..=100);
        for (field, text) in [("trace", &search.trace), ("api", &search.api), ("code", &search.code)] {
            issues.line(field, text.as_deref().unwrap_or_default(), 64);
        }
        let min_ms = issues.range("minMs", search.min_ms.unwrap_or(0), 0..=MAX_MS);
        issues.finish()?;
        self.flush_calls().await;
        let account = match viewer {
            Viewer::Account(account) => account,
            Viewer::Everybody => AccountId(0),
        };
        if let Some(trace) = search.trace.as_deref().filter(|trace| !trace.is_empty()) {
            let rows = self.db().fetch_all(queries::BY_TRACE, params![trace, account]).await?;
            return Ok((rows, None));
        }
        let (scope, of) = match (search.key, viewer) {
            (Some(key), Viewer::Account(account)) => (queries::OF_KEY, self.key(account, key).await?.id.0),
            (Some(key), Viewer::Everybody) => (queries::OF_KEY, key.0),
            (None, Viewer::Account(account)) => (queries::OF_ACCOUNT, account.0),
            (None, Viewer::Everybody) => (queries::OF_ALL, 0),
        };
        let api = search.api.as_deref().unwrap_or_default().replace('_', "-");
        let (status, code) = (search.status.unwrap_or(0), search.code.as_deref().unwrap_or_default());
        let (from, to) = (search.from.unwrap_or(0), search.to.unwrap_or(i64::MAX));
        // Ids follow the time, so that the range of ids bounds the scan.
        let before =
            search.before.map_or(i64::MAX, |id| id.0).min(Ids::first(Timestamp(to).plus_ms(DRIFT_MS)));
        let mut since = Ids::first(Timestamp(from).plus_ms(-DRIFT_MS));
        let mut reach = None;
        let least = if search.failed == Some(true) { FAILED } else { 0 };
        if status + least + min_ms != 0 || !api.is_empty() || !code.is_empty() {
            let values = owned_params![of, before, since, LOOKED_AT];
            let rows: Vec<(CallId,)> = self.db().fetch_all_heavy(scope.reach, values).await?;
            reach = rows.first().map(|(id,)| *id);
            since = reach.map_or(since, |id| id.0);
        }
        let values =
            owned_params![of, before, since, from, to, &api, status, code, least, min_ms * 1000, limit];
        let rows: Vec<CallRow> = self.db().fetch_all_heavy(scope.search, values).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        let next = rows.last().filter(|_| is_full).map(|row| row.id).or(reach);
        Ok((rows, next))
    }

    /// Returns the counts of a key's calls by hour, API, and outcome, newest hour first.
    ///
    /// # Errors
    /// [`web::Code::HubKeyNotFound`] if the key is unknown or belongs to another account.
    pub async fn key_usage(
        &self,
        account: AccountId,
        id: HubKeyId,
        hours: i64,
    ) -> Result<Vec<UsageRow>, ApiError> {
        self.key(account, id).await?;
        self.flush_calls().await;
        let since = self.db().clock().now().as_millis().div_euclid(HOUR_MS) - hours + 1;
        Ok(self.db().fetch_all(queries::USAGE, params![id, since, MAX_USAGE]).await?)
    }

    /// Deletes one batch of the oldest rows beyond `most`; returns how many were deleted. Rows are counted
    /// only after this process has written a hundredth of `most` since the last count.
    async fn forget_calls_beyond(&self, most: i64) -> store::Result<u64> {
        let written = &self.recorder().written;
        if written.load(Ordering::Relaxed) < most / 100 {
            return Ok(0);
        }
        let before = written.swap(0, Ordering::Relaxed);
        let newest_to_go: Vec<(i64,)> =
            self.db().fetch_all_heavy(queries::NEWEST_BEYOND, owned_params![most]).await?;
        let Some((id,)) = newest_to_go.first() else { return Ok(0) };
        let removed = self.db().execute(queries::FORGET, params![*id + 1, BATCH]).await?;
        if removed >= BATCH.unsigned_abs() {
            // There may be more: the next batch counts again.
            written.fetch_max(before, Ordering::Relaxed);
        }
        Ok(removed)
    }

    /// Deletes one batch of expired rows, counts, and limits. Returns true if there may be more.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_old_calls(&self) -> store::Result<bool> {
        let now = self.db().clock().now();
        let before = now.plus_secs(-self.settings().log_days.saturating_mul(86_400));
        let oldest: Vec<(i64, Timestamp)> = self.db().fetch_all(queries::OLDEST, params![BATCH]).await?;
        // Ids follow the time: everything up to the last expired one goes.
        let last = oldest.iter().take_while(|(_, at)| *at < before).last();
        let mut removed = 0;
        if let Some((last, _)) = last {
            removed = self.db().execute(queries::FORGET, params![*last + 1, BATCH]).await?;
        }
        removed = removed.max(self.forget_calls_beyond(self.settings().log_rows).await?);
        let hour = now.as_millis().div_euclid(HOUR_MS) - USAGE_HOURS;
        removed = removed.max(self.db().execute(queries::FORGET_USAGE, params![hour, BATCH]).await?);
        let more = self.forget_old_limits().await?;
        Ok(more || removed >= BATCH.unsigned_abs())
    }
}

pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let writer = hub.clone();
    tasks.every(FLUSH_EVERY, move || {
        let hub = writer.clone();
        async move { hub.flush_calls().await }
    });
    let (cleaner, stopping) = (hub.clone(), tasks.clone());
    tasks.every(CLEAN_EVERY, move || {
        let (hub, stopping) = (cleaner.clone(), stopping.clone());
        async move {
            while !stopping.is_stopping() {
                match hub.forget_old_calls().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return tracing::warn!(%error, "old calls not removed yet"),
                }
            }
        }
    });
}
