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
use store::{AccountId, BatchWriter, OwnedParam, Timestamp, owned_params};

use crate::{CallId, HubKeyId, catalog::Api, settings::Level, token::Checked};

/// Milliseconds in an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Maximum number of waiting records.
pub(super) const MOST_WAITING: usize = 100_000;
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
    pub(super) fn counted_in(&self) -> Counted {
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

    pub(super) fn row(&self) -> Vec<OwnedParam> {
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
pub(super) type Counted = (HubKeyId, i64, String, &'static str);

/// For each row of counts, the number of calls and their total duration in microseconds.
#[derive(Default)]
pub(super) struct Counts(pub(super) BTreeMap<Counted, (i64, i64)>);

impl Counts {
    pub(super) fn add(&mut self, counted: Counted, (calls, took_us): (i64, i64)) {
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

/// A record that waits, and whether it gets a row; the others are only counted.
pub(super) struct Noted {
    pub(super) record: Record,
    pub(super) has_row: bool,
}

/// Records and counts that wait to be written.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) records: Vec<Noted>,
    /// Counts of calls without a record.
    pub(super) counts: Counts,
}

/// Collects records of calls and holds them until they are written.
pub(crate) struct Recorder {
    level: Level,
    budget: Mutex<Budget>,
    pub(super) log: BatchWriter<Waiting>,
    pub(super) left_out: AtomicU64,
    /// Rows written since the rows were last counted.
    pub(super) written: AtomicI64,
}

impl Recorder {
    /// Creates a recorder that allows `per_minute` rows a minute for unidentified calls.
    pub(crate) fn new(level: Level, per_minute: u32) -> Self {
        let budget = Budget { per_minute, minute: 0, used: 0 };
        Self {
            level,
            budget: Mutex::new(budget),
            log: BatchWriter::new("calls"),
            left_out: AtomicU64::new(0),
            // Large, so that the first check counts the rows; halved, so that additions cannot overflow.
            written: AtomicI64::new(i64::MAX / 2),
        }
    }

    /// Adds the record of a call.
    pub(crate) fn note(&self, record: Record) {
        let has_row = self.keeps(&record);
        let is_noted = record.is_identified() || has_row && self.budget.lock().take(record.at);
        let mut waiting = self.log.waiting();
        if is_noted && waiting.records.len() < MOST_WAITING {
            waiting.records.push(Noted { record, has_row });
            return;
        }
        if is_noted && has_row {
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
}
