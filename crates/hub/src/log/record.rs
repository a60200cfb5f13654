//! Records of calls, on their way to the store.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use http::HeaderValue;
use parking_lot::Mutex;
use store::{AccountId, OwnedParam, Param, Timestamp, Tx, owned_params, params};

use super::{HOUR_MS, Level, queries};
use crate::{CallId, Hub, HubKeyId, catalogue::Api, token::Checked};

/// Maximum number of waiting records.
const MOST_WAITING: usize = 100_000;
/// Records written in one transaction. Few, so that no other write waits long.
const PART: usize = 500;
/// Minimum interval between writes of a key's last use, in milliseconds.
const USED_EVERY_MS: i64 = 60_000;
const MINUTE_MS: i64 = 60_000;

/// The record of a call.
pub(crate) struct Record {
    pub(crate) id: CallId,
    pub(crate) trace: HeaderValue,
    pub(crate) at: Timestamp,
    pub(crate) took_us: i64,
    pub(crate) who: Who,
    pub(crate) api: Option<Arc<Api>>,
    /// The first path segment, if no API has this code.
    pub(crate) unknown: Box<str>,
    pub(crate) action: Box<str>,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) bytes: i64,
    pub(crate) address: IpAddr,
    pub(crate) origin: Option<Box<str>>,
}

/// The caller, as far as known.
#[derive(Clone)]
pub(crate) enum Who {
    Anonymous,
    /// The key was found, but the token is invalid.
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
    /// Returns true if the call has a valid token and an existing API. Anybody can make any number of other
    /// calls.
    fn is_identified(&self) -> bool {
        matches!(self.who, Who::Known(_)) && self.api.is_some()
    }

    /// Returns the row of counts that the call belongs to.
    fn counted_in(&self) -> Counted {
        let key = self.who.key().map_or(HubKeyId(0), |key| key.id);
        let api = self.api.as_ref().map(|api| api.spec.code.as_str()).unwrap_or_default();
        (key, self.at.as_millis().div_euclid(HOUR_MS), api.to_owned(), self.outcome())
    }

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
        // Spelled as searches expect it.
        let api = match &self.api {
            Some(api) => Cow::from(api.spec.code.as_str()),
            None => self.unknown.replace('_', "-").into(),
        };
        owned_params![
            self.id,
            self.trace.to_str().unwrap_or_default(),
            self.at,
            self.took_us,
            key.map_or(HubKeyId(0), |key| key.id),
            key.map_or(AccountId(0), |key| key.account),
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

/// The key of a row of counts: key id, hour, API, and outcome.
type Counted = (HubKeyId, i64, String, &'static str);

/// For each row of counts, the number of calls and their total duration in microseconds.
#[derive(Default)]
struct Counts(BTreeMap<Counted, (i64, i64)>);

impl Counts {
    fn add(&mut self, counted: Counted, (calls, took_us): (i64, i64)) {
        let place = self.0.entry(counted).or_default();
        *place = (place.0.saturating_add(calls), place.1.saturating_add(took_us));
    }
}

/// Limits the rows of unidentified calls per minute.
struct Budget {
    per_minute: u32,
    minute: i64,
    used: u32,
}

impl Budget {
    /// Takes one row of the minute's budget. Returns false if none is left.
    fn take(&mut self, at: Timestamp) -> bool {
        let minute = at.as_millis().div_euclid(MINUTE_MS);
        // Concurrent calls may be recorded out of order. An earlier minute counts into the current one.
        if minute > self.minute {
            (self.minute, self.used) = (minute, 0);
        }
        let has_room = self.used < self.per_minute;
        self.used += u32::from(has_room);
        has_room
    }
}

/// Records and counts that wait to be written.
struct Waiting {
    records: Vec<Record>,
    /// Counts of calls without a row.
    counts: Counts,
    budget: Budget,
}

/// Collects records of calls and holds them until they are written.
pub(crate) struct Recorder {
    level: Level,
    waiting: Mutex<Waiting>,
    /// Serializes writes. A reader that asks for a flush also waits for records that are being written.
    writing: tokio::sync::Mutex<()>,
    left_out: AtomicU64,
    /// Rows written since the rows were last counted.
    pub(super) written: AtomicI64,
}

impl Recorder {
    /// Creates a recorder that allows `per_minute` rows a minute for unidentified calls.
    pub(crate) fn new(level: Level, per_minute: u32) -> Self {
        let budget = Budget { per_minute, minute: 0, used: 0 };
        Self {
            level,
            waiting: Mutex::new(Waiting { records: Vec::new(), counts: Counts::default(), budget }),
            writing: tokio::sync::Mutex::new(()),
            left_out: AtomicU64::new(0),
            // Large, so that the first check counts the rows; halved, so that additions cannot overflow.
            written: AtomicI64::new(i64::MAX / 2),
        }
    }

    /// Adds the record of a call.
    pub(crate) fn note(&self, record: Record) {
        let is_kept = self.keeps(&record);
        let mut waiting = self.waiting.lock();
        let has_row = record.is_identified() || is_kept && waiting.budget.take(record.at);
        if has_row && waiting.records.len() < MOST_WAITING {
            waiting.records.push(record);
            return;
        }
        if has_row && is_kept {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        waiting.counts.add(record.counted_in(), (1, record.took_us));
    }

    /// Returns true if the log level keeps a row of a call.
    fn keeps(&self, record: &Record) -> bool {
        match self.level {
            Level::All => true,
            Level::Errors => record.status >= 400,
            Level::Off => false,
        }
    }

    /// Takes out everything that waits.
    fn take(&self) -> (Vec<Record>, Counts) {
        let mut waiting = self.waiting.lock();
        (std::mem::take(&mut waiting.records), std::mem::take(&mut waiting.counts))
    }

    /// Puts back what could not be written, as far as there is room.
    fn put_back(&self, records: impl Iterator<Item = Record>, counts: Counts) {
        let mut waiting = self.waiting.lock();
        let room = MOST_WAITING.saturating_sub(waiting.records.len());
        waiting.records.extend(records.take(room));
        for (counted, calls) in counts.0 {
            waiting.counts.add(counted, calls);
        }
    }
}

/// A part of the log that is written in one transaction.
struct Part {
    records: Vec<Record>,
    counts: Counts,
}

impl Part {
    /// Writes rows and counts. Returns the number of rows.
    async fn write(&self, tx: &mut Tx<'_>, recorder: &Recorder) -> store::Result<i64> {
        let rows: Vec<Vec<OwnedParam>> =
            self.records.iter().filter(|record| recorder.keeps(record)).map(Record::row).collect();
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
        // Sorted, so that two processes lock rows in the same order and never deadlock.
        let mut counts = Counts(self.counts.0.clone());
        let mut used: BTreeMap<HubKeyId, Timestamp> = BTreeMap::new();
        for record in &self.records {
            counts.add(record.counted_in(), (1, record.took_us));
            if let Who::Known(known) = &record.who {
                used.insert(known.key.id, record.at);
            }
        }
        for ((key, hour, api, outcome), (calls, took)) in &counts.0 {
            tx.execute(queries::COUNT, params![*key, *hour, api, *outcome, *calls, *took]).await?;
        }
        for (key, at) in used {
            tx.execute(queries::KEY_USED, params![key, at, at.plus_ms(-USED_EVERY_MS)]).await?;
        }
        Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
    }
}

impl Hub {
    /// Writes everything that waits. What cannot be written is kept for the next time.
    pub async fn flush_calls(&self) {
        let recorder = self.recorder();
        let _one_at_a_time = recorder.writing.lock().await;
        let left_out = recorder.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(calls = left_out, "more calls than the log could take; these have no row");
        }
        let (records, mut counts) = recorder.take();
        let mut records = records.into_iter();
        loop {
            let part =
                Part { records: records.by_ref().take(PART).collect(), counts: std::mem::take(&mut counts) };
            if part.records.is_empty() && part.counts.0.is_empty() {
                return;
            }
            let part = Arc::new(part);
            let (writing, hub) = (Arc::clone(&part), self.clone());
            let written =
                self.db().write(move |tx| Box::pin(async move { writing.write(tx, hub.recorder()).await }));
            match written.await {
                Ok(rows) => {
                    recorder.written.fetch_add(rows, Ordering::Relaxed);
                }
                Err(error) => {
                    let error: store::Error = error;
                    tracing::warn!(%error, "calls not written yet");
                    if let Some(part) = Arc::into_inner(part) {
                        recorder.put_back(part.records.into_iter().chain(records), part.counts);
                    }
                    return;
                }
            }
        }
    }
}
