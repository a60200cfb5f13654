//! What became of the calls made with each key, counted in memory and written once a second, so that no
//! request waits for it.

mod queries;

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use axum::response::Response;
use parking_lot::Mutex;
use store::{Ids, Timestamp, Tx, from_row, params};
use web::{ApiError, ClientAddress, Tasks};

use crate::Identity;

/// How often counts are written.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Refusals kept per key.
const REFUSALS_PER_KEY: i64 = 50;
/// Refusals waiting to be written; more in one second are counted but not listed.
const REFUSALS_WAITING: usize = 1_000;
/// Keys (and sessions, and so on) written in one transaction.
const PART: usize = 100;
/// The last use of a session or an authorization is written at most this often.
const SESSION_EVERY_MS: i64 = 60_000;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Refused(&'static str),
    ClientError,
    ServerError,
}

impl Outcome {
    pub(crate) fn refused(error: &ApiError) -> Self {
        Self::Refused(error.code().sub_code())
    }

    pub(crate) fn of(response: &Response) -> Self {
        match response.status().as_u16() {
            401 | 403 | 429 => {
                let error = response.extensions().get::<ApiError>();
                Self::Refused(error.map_or("", |error| error.code().sub_code()))
            }
            400..=499 => Self::ClientError,
            500.. => Self::ServerError,
            _ => Self::Ok,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused(_) => "refused",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
        }
    }
}

/// One call made with a key.
pub(crate) struct Call<'r> {
    key: i64,
    endpoint: &'r str,
    address: IpAddr,
    outcome: Outcome,
}

impl<'r> Call<'r> {
    pub(crate) fn new(key: i64, route: &'r str, address: ClientAddress, outcome: Outcome) -> Self {
        // One name for an endpoint under either base path.
        let endpoint = route.strip_prefix("/gate/lab").unwrap_or(route);
        Self { key, endpoint, address: address.0, outcome }
    }
}

#[derive(Default)]
pub(crate) struct Recorder(Mutex<Pending>);

#[derive(Default)]
struct Pending {
    keys: HashMap<i64, KeyUse>,
    refusals: Vec<Refusal>,
    sessions: HashMap<i64, i64>,
    programs: HashMap<i64, i64>,
    authorizations: HashMap<i64, i64>,
}

/// What is written in one transaction: little enough that nobody else's write waits long for it, and in order,
/// so that two processes that write at once do not wait for each other in a circle.
#[derive(Default)]
struct Part {
    keys: Vec<(i64, KeyUse)>,
    refusals: Vec<Refusal>,
    sessions: Vec<(i64, i64)>,
    programs: Vec<(i64, i64)>,
    authorizations: Vec<(i64, i64)>,
}

impl Pending {
    fn parts(self) -> impl Iterator<Item = Part> {
        let mut keys = sorted(self.keys);
        let mut sessions = sorted(self.sessions);
        let mut programs = sorted(self.programs);
        let mut authorizations = sorted(self.authorizations);
        let mut refusals = self.refusals;
        std::iter::from_fn(move || {
            let part = Part {
                keys: take(&mut keys),
                refusals: take(&mut refusals),
                sessions: take(&mut sessions),
                programs: take(&mut programs),
                authorizations: take(&mut authorizations),
            };
            (!part.is_empty()).then_some(part)
        })
    }

    fn count_again(&mut self, older: Part) {
        for (id, mut used) in older.keys {
            match self.keys.entry(id) {
                Entry::Vacant(place) => {
                    place.insert(used);
                }
                Entry::Occupied(mut newer) => newer.get_mut().counts.append(&mut used.counts),
            }
        }
        let room = REFUSALS_WAITING.saturating_sub(self.refusals.len());
        self.refusals.extend(older.refusals.into_iter().take(room));
    }
}

fn sorted<V>(map: HashMap<i64, V>) -> Vec<(i64, V)> {
    let mut list: Vec<_> = map.into_iter().collect();
    list.sort_unstable_by_key(|(id, _)| *id);
    list
}

/// The first of a list, as many as belong in a part.
fn take<T>(list: &mut Vec<T>) -> Vec<T> {
    list.drain(..list.len().min(PART)).collect()
}

impl Part {
    fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.refusals.is_empty()
            && self.sessions.is_empty()
            && self.programs.is_empty()
            && self.authorizations.is_empty()
    }

    async fn write(&self, tx: &mut Tx<'_>, ids: &Ids) -> store::Result<()> {
        for (id, used) in &self.keys {
            for count in &used.counts {
                let values = params![*id, count.day, &count.endpoint, count.outcome, count.calls];
                tx.execute(queries::COUNT, values).await?;
            }
            let address = used.address.to_string();
            tx.execute(queries::KEY_USED, params![*id, used.at, &address]).await?;
        }
        for Refusal { key, at, endpoint, sub_code, address } in &self.refusals {
            let address = address.to_string();
            let values = params![ids.next(), *key, *at, endpoint, *sub_code, &address];
            tx.execute(queries::REFUSAL, values).await?;
            tx.execute(queries::TRIM_REFUSALS, params![*key, REFUSALS_PER_KEY]).await?;
        }
        for (id, at) in &self.sessions {
            tx.execute(queries::SESSION_USED, params![*id, *at, *at - SESSION_EVERY_MS]).await?;
        }
        for (id, at) in &self.programs {
            tx.execute(queries::PROGRAM_USED, params![*id, *at, *at - SESSION_EVERY_MS]).await?;
        }
        for (id, at) in &self.authorizations {
            tx.execute(queries::AUTHORIZATION_USED, params![*id, *at, *at - SESSION_EVERY_MS]).await?;
        }
        Ok(())
    }
}

struct KeyUse {
    at: Timestamp,
    address: IpAddr,
    counts: Vec<Count>,
}

struct Count {
    day: i64,
    endpoint: String,
    outcome: &'static str,
    calls: i64,
}

struct Refusal {
    key: i64,
    at: Timestamp,
    endpoint: String,
    sub_code: &'static str,
    address: IpAddr,
}

/// Calls of one day to one endpoint with one outcome.
#[derive(Debug, Clone)]
pub struct UsageRow {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// The endpoint's path.
    pub endpoint: String,
    /// `ok`, `refused`, `client_error` or `server_error`.
    pub outcome: String,
    /// How many.
    pub calls: i64,
}

from_row!(UsageRow { day, endpoint, outcome, calls });

/// A call that was refused.
#[derive(Debug, Clone)]
pub struct RefusalRow {
    /// When.
    pub refused_at: Timestamp,
    /// The endpoint's path.
    pub endpoint: String,
    /// The `subCode` of the answer.
    pub sub_code: String,
    /// The client's address.
    pub address: String,
}

from_row!(RefusalRow { refused_at, endpoint, sub_code, address });

impl Identity {
    pub(crate) fn note_call(&self, call: Call<'_>) {
        let at = self.db().clock().now();
        let mut pending = self.0.usage.0.lock();
        if let Outcome::Refused(sub_code) = call.outcome
            && pending.refusals.len() < REFUSALS_WAITING
        {
            let endpoint = call.endpoint.to_owned();
            pending.refusals.push(Refusal { key: call.key, at, endpoint, sub_code, address: call.address });
        }
        let used = pending.keys.entry(call.key).or_insert_with(|| KeyUse {
            at,
            address: call.address,
            counts: Vec::new(),
        });
        used.at = at;
        used.address = call.address;
        let (day, outcome) = (at.day(), call.outcome.name());
        // A key calls a handful of endpoints within a second: looking along the list beats hashing.
        let is_same = |count: &&mut Count| {
            count.outcome == outcome && count.endpoint == call.endpoint && count.day == day
        };
        match used.counts.iter_mut().find(is_same) {
            Some(count) => count.calls += 1,
            None => used.counts.push(Count { day, endpoint: call.endpoint.to_owned(), outcome, calls: 1 }),
        }
    }

    pub(crate) fn note_session(&self, id: i64) {
        let at = self.db().clock().now().as_millis();
        self.0.usage.0.lock().sessions.entry(id).or_insert(at);
    }

    pub(crate) fn note_program(&self, id: i64) {
        let at = self.db().clock().now().as_millis();
        self.0.usage.0.lock().programs.entry(id).or_insert(at);
    }

    pub(crate) fn note_authorization(&self, id: i64) {
        let at = self.db().clock().now().as_millis();
        self.0.usage.0.lock().authorizations.entry(id).or_insert(at);
    }

    /// Writes down what was counted. Nothing is lost when it fails: it is counted again next time.
    pub async fn flush(&self) {
        let pending = std::mem::take(&mut *self.0.usage.0.lock());
        for part in pending.parts() {
            let part = Arc::new(part);
            let (writing, ids) = (Arc::clone(&part), self.db().ids().clone());
            let written =
                self.db().write(move |tx| Box::pin(async move { writing.write(tx, &ids).await })).await;
            if let Err(error) = written {
                tracing::warn!(%error, "usage not written yet");
                if let Some(part) = Arc::into_inner(part) {
                    self.0.usage.0.lock().count_again(part);
                }
            }
        }
    }

    /// The counts of a key since a day, newest day first. The key must be known to be the caller's.
    pub(crate) async fn usage_rows(&self, key: i64, since_day: i64) -> Result<Vec<UsageRow>, ApiError> {
        self.flush().await;
        Ok(self.db().fetch_all(queries::USAGE, params![key, since_day]).await?)
    }

    /// The latest refusals of a key, newest first. The key must be known to be the caller's.
    pub(crate) async fn refusal_rows(&self, key: i64) -> Result<Vec<RefusalRow>, ApiError> {
        Ok(self.db().fetch_all(queries::REFUSALS, params![key, REFUSALS_PER_KEY]).await?)
    }
}

pub(crate) fn start(identity: &Identity, tasks: &Tasks) {
    let identity = identity.clone();
    tasks.every(FLUSH_EVERY, move || {
        let identity = identity.clone();
        async move { identity.flush().await }
    });
}
