//! The call log: one row for each call, written in batches that no call waits for.
//!
//! A call leaves its record in memory; four times a second what is there is written, so that a kill loses less than a
//! second also where the disk is slow.
//! More than the memory holds between two rounds is counted and left out, and the log says how much.

pub mod model;
mod queries;
pub mod routes;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderValue;
use parking_lot::Mutex;
use store::{Ids, OwnedParam, Param, Timestamp, Tx, owned_params, params};
use web::{ApiError, Issues, Tasks};

pub use model::{CallRow, Search, UsageRow};

use crate::{Hub, catalogue::Api, token::Checked};

/// How often records are written.
const FLUSH_EVERY: Duration = Duration::from_millis(250);
/// Most records that wait.
const WAITING: usize = 100_000;
/// Records written in one transaction, so that no other write waits long.
const PART: usize = 500;
/// A key's last use is written at most this often.
const USED_EVERY_MS: i64 = 60_000;
/// Hours that counts are kept: a year.
const USAGE_HOURS: i64 = 366 * 24;
/// Rows removed at a time.
const BATCH: i64 = 1000;
const CLEAN_EVERY: Duration = Duration::from_secs(60);
/// Most rows of counts in an answer.
const MAX_USAGE: i64 = 10_000;
const HOUR_MS: i64 = 3_600_000;
/// Most rows that one page of a search looks at.
pub const LOOKED_AT: i64 = 20_000;
/// How far an id may be from the time of its call.
const DRIFT_MS: i64 = 1000;

/// Which calls get a row. Counts are kept of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Every call.
    All,
    /// Calls that were answered with an error.
    Errors,
    /// None.
    Off,
}

/// The record of a call.
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) trace: HeaderValue,
    pub(crate) at: Timestamp,
    pub(crate) took_us: i64,
    pub(crate) who: Who,
    pub(crate) api: Option<Arc<Api>>,
    /// What was asked for where there is no such API.
    pub(crate) unknown: Box<str>,
    pub(crate) action: Box<str>,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) bytes: i64,
    pub(crate) address: IpAddr,
    pub(crate) origin: Option<Box<str>>,
}

/// Who called, as far as known.
#[derive(Clone)]
pub(crate) enum Who {
    Anonymous,
    /// A key was named, but its token is not good.
    Key(Arc<crate::key::LiveKey>),
    Known(Checked),
}

impl Who {
    fn key(&self) -> Option<&crate::key::LiveKey> {
        match self {
            Self::Anonymous => None,
            Self::Key(key) => Some(key),
            Self::Known(known) => Some(&known.key),
        }
    }
}

impl Record {
    fn outcome(&self) -> &'static str {
        match self.status {
            401 | 403 | 429 => "refused",
            400..=499 => "client_error",
            500.. => "server_error",
            _ => "ok",
        }
    }

    fn row(&self) -> Vec<OwnedParam> {
        let (typ, sub) = match &self.who {
            Who::Anonymous => ("anonymous", "anonymous"),
            Who::Key(key) => ("", key.ak.as_str()),
            Who::Known(known) => (known.token.identity.kind.name(), known.token.identity.sub.as_str()),
        };
        let key = self.who.key();
        let address = self.address.to_string();
        // In the spelling that is searched for.
        let api = match &self.api {
            Some(api) => Cow::from(api.spec.code.as_str()),
            None => self.unknown.replace('_', "-").into(),
        };
        owned_params![
            self.id,
            self.trace.to_str().unwrap_or_default(),
            self.at,
            self.took_us,
            key.map_or(0, |key| key.id),
            key.map_or(0, |key| key.account),
            typ,
            sub,
            &*api,
            &*self.action,
            i64::from(self.status),
            self.code,
            self.bytes,
            &address,
            self.origin.as_deref().unwrap_or_default()
        ]
    }
}

/// Records that wait to be written.
#[derive(Default)]
pub(crate) struct Recorder {
    waiting: Mutex<Vec<Record>>,
    /// One round at a time: whoever asks for one to read afterwards waits for those that are being written, too.
    writing: tokio::sync::Mutex<()>,
    left_out: AtomicU64,
}

impl Recorder {
    pub(crate) fn note(&self, record: Record) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < WAITING {
            waiting.push(record);
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// By key, hour, API and outcome: how many calls, and how long they took.
type Counts<'r> = BTreeMap<(i64, i64, &'r str, &'static str), (i64, i64)>;

/// What is written in one transaction.
struct Part {
    records: Vec<Record>,
    level: Level,
}

impl Part {
    async fn write(&self, tx: &mut Tx<'_>) -> store::Result<()> {
        let rows: Vec<Vec<OwnedParam>> =
            self.records.iter().filter(|record| self.is_kept(record)).map(Record::row).collect();
        for chunk in rows.chunks(queries::ROWS) {
            let values: Vec<Param<'_>> = chunk.iter().flatten().map(OwnedParam::as_param).collect();
            if chunk.len() == queries::ROWS {
                tx.execute(queries::insert_many(), &values).await?;
                continue;
            }
            for row in chunk {
                let values: Vec<Param<'_>> = row.iter().map(OwnedParam::as_param).collect();
                tx.execute(queries::insert_one(), &values).await?;
            }
        }
        // In order, so that two processes that write at once do not wait for each other in a circle.
        let mut counts = Counts::new();
        let mut used: BTreeMap<i64, Timestamp> = BTreeMap::new();
        for record in &self.records {
            let key = record.who.key().map_or(0, |key| key.id);
            let api = record.api.as_ref().map_or("", |api| api.spec.code.as_str());
            let place = counts
                .entry((key, record.at.as_millis().div_euclid(HOUR_MS), api, record.outcome()))
                .or_default();
            *place = (place.0 + 1, place.1.saturating_add(record.took_us));
            if matches!(record.who, Who::Known(_)) {
                used.insert(key, record.at);
            }
        }
        for ((key, hour, api, outcome), (calls, took)) in &counts {
            tx.execute(queries::COUNT, params![*key, *hour, *api, *outcome, *calls, *took]).await?;
        }
        for (key, at) in used {
            tx.execute(queries::KEY_USED, params![key, at, at.plus_ms(-USED_EVERY_MS)]).await?;
        }
        Ok(())
    }

    fn is_kept(&self, record: &Record) -> bool {
        match self.level {
            Level::All => true,
            Level::Errors => record.status >= 400,
            Level::Off => false,
        }
    }
}

/// Whose calls may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Those made with the keys of an account.
    Account(i64),
    /// All.
    Everybody,
}

impl Hub {
    /// Writes down what waits. Nothing is lost when it fails: it is written next time.
    pub async fn flush_calls(&self) {
        let recorder = self.recorder();
        let _one_at_a_time = recorder.writing.lock().await;
        let left_out = recorder.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(calls = left_out, "more calls than the log could take; these have no row");
        }
        let mut waiting = std::mem::take(&mut *recorder.waiting.lock()).into_iter();
        loop {
            let records: Vec<Record> = waiting.by_ref().take(PART).collect();
            if records.is_empty() {
                return;
            }
            let part = Arc::new(Part { records, level: self.settings().log });
            let writing = Arc::clone(&part);
            let written = self.db().write(move |tx| Box::pin(async move { writing.write(tx).await })).await;
            if let Err(error) = written {
                tracing::warn!(%error, "calls not written yet");
                let mut place = recorder.waiting.lock();
                let failed = Arc::into_inner(part).map(|part| part.records).unwrap_or_default();
                let room = WAITING.saturating_sub(place.len());
                place.extend(failed.into_iter().chain(waiting).take(room));
                return;
            }
        }
    }

    /// Calls, newest first, and where the next page begins. Of those that a filter is about, the newest [`LOOKED_AT`] are
    /// looked at, whoever made them: a page may be empty and have a next one all the same.
    ///
    /// # Errors
    /// 422 for a search that cannot be understood; `HUB_KEY_NOT_FOUND` for a key that is not the viewer's.
    pub async fn calls(
        &self,
        viewer: Viewer,
        search: &Search,
    ) -> Result<(Vec<CallRow>, Option<i64>), ApiError> {
        let limit = search.limit.unwrap_or(20);
        let mut issues = Issues::query();
        if !(1..=100).contains(&limit) {
            issues.add("value_error", "limit", "Input should be from 1 to 100");
        }
        for (field, text) in [("trace", &search.trace), ("api", &search.api), ("code", &search.code)] {
            issues.line(field, text.as_deref().unwrap_or_default(), 64);
        }
        issues.finish()?;
        self.flush_calls().await;
        let account = match viewer {
            Viewer::Account(account) => account,
            Viewer::Everybody => 0,
        };
        if let Some(trace) = search.trace.as_deref().filter(|trace| !trace.is_empty()) {
            let rows = self.db().fetch_all(queries::BY_TRACE, params![trace, account]).await?;
            return Ok((rows, None));
        }
        let (scope, of) = match (search.key, viewer) {
            (Some(key), Viewer::Account(account)) => (queries::OF_KEY, self.key(account, key).await?.id),
            (Some(key), Viewer::Everybody) => (queries::OF_KEY, key),
            (None, Viewer::Account(account)) => (queries::OF_ACCOUNT, account),
            (None, Viewer::Everybody) => (queries::OF_ALL, 0),
        };
        let api = search.api.as_deref().unwrap_or_default().replace('_', "-");
        let (status, code) = (search.status.unwrap_or(0), search.code.as_deref().unwrap_or_default());
        let (from, to) = (search.from.unwrap_or(0), search.to.unwrap_or(i64::MAX));
        // Ids follow the time, so that what is too new or too old need not be looked at.
        let before = search.before.unwrap_or(i64::MAX).min(Ids::first(Timestamp(to).plus_ms(DRIFT_MS)));
        let mut since = Ids::first(Timestamp(from).plus_ms(-DRIFT_MS));
        let mut reach = None;
        if status != 0 || !api.is_empty() || !code.is_empty() {
            let values = owned_params![of, before, since, LOOKED_AT];
            let rows: Vec<(i64,)> = self.db().fetch_all_heavy(scope.reach, values).await?;
            reach = rows.first().map(|(id,)| *id);
            since = reach.unwrap_or(since);
        }
        let values = owned_params![of, before, since, from, to, &api, status, code, limit];
        let rows: Vec<CallRow> = self.db().fetch_all_heavy(scope.search, values).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
        let next = rows.last().filter(|_| is_full).map(|row| row.id).or(reach);
        Ok((rows, next))
    }

    /// Calls of a key by hour, API and outcome, newest hour first.
    ///
    /// # Errors
    /// As [`Hub::key`].
    pub async fn key_usage(&self, account: i64, id: i64, hours: i64) -> Result<Vec<UsageRow>, ApiError> {
        self.key(account, id).await?;
        self.flush_calls().await;
        let since = self.db().clock().now().as_millis().div_euclid(HOUR_MS) - hours + 1;
        Ok(self.db().fetch_all(queries::USAGE, params![id, since, MAX_USAGE]).await?)
    }

    /// Removes one batch of what is older than is kept; true when there may be more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_old_calls(&self) -> store::Result<bool> {
        let now = self.db().clock().now();
        let before = now.plus_secs(-self.settings().log_days.saturating_mul(86_400));
        let oldest: Vec<(i64, Timestamp)> = self.db().fetch_all(queries::OLDEST, params![BATCH]).await?;
        // Ids follow the time: the last one that is too old ends what goes.
        let last = oldest.iter().take_while(|(_, at)| *at < before).last();
        let mut removed = 0;
        if let Some((last, _)) = last {
            removed = self.db().execute(queries::FORGET, params![*last + 1, BATCH]).await?;
        }
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
