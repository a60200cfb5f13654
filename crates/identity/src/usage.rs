//! Usage records of API keys and apps. Calls are counted in memory and written once a second, so that no
//! request waits for a write.

mod pending;
mod queries;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::response::Response;
use store::{AccountId, BatchWriter, Timestamp, from_row, params};
use web::{ApiError, ClientAddress, Tasks};

use self::pending::{Counts, KeyUse, Pending, REFUSALS_PER_KEY, REFUSALS_WAITING, Refusal};
use crate::{AuthorizationId, Identity, KeyId, ProgramId, SessionId};

/// Interval at which counts are written.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// The outcome of a call.
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

/// The key or the app whose calls are counted.
#[derive(Debug, Clone)]
pub(crate) enum Counted {
    Key(KeyId),
    App(Arc<str>),
}

/// A call that was made with a key, or by an app.
pub(crate) struct Call<'r> {
    of: Counted,
    endpoint: &'r str,
    address: IpAddr,
    outcome: Outcome,
    took: Duration,
}

impl<'r> Call<'r> {
    /// Describes a call. `took` is the time until the response began.
    pub(crate) fn new(
        of: Counted,
        route: &'r str,
        address: ClientAddress,
        outcome: Outcome,
        took: Duration,
    ) -> Self {
        // An endpoint has the same name under both base paths.
        let endpoint = route.strip_prefix("/gate/lab").unwrap_or(route);
        Self { of, endpoint, address: address.0, outcome, took }
    }
}

/// Collects the uses of credentials, and writes them.
pub(crate) type Recorder = BatchWriter<Pending>;

/// The calls of one day to one endpoint with one outcome.
#[derive(Debug, Clone)]
pub struct UsageRow {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// The endpoint's path.
    pub endpoint: String,
    /// `ok`, `refused`, `client_error`, or `server_error`.
    pub outcome: String,
    /// Number of calls.
    pub calls: i64,
    /// The sum of the times until their responses began, in microseconds.
    pub took_us: i64,
}

from_row!(UsageRow { day, endpoint, outcome, calls, took_us });

/// A call that was refused.
#[derive(Debug, Clone)]
pub struct RefusalRow {
    /// The time of the refusal.
    pub refused_at: Timestamp,
    /// The endpoint's path.
    pub endpoint: String,
    /// The `subCode` of the response.
    pub sub_code: String,
    /// The client's address.
    pub address: String,
}

from_row!(RefusalRow { refused_at, endpoint, sub_code, address });

impl Identity {
    pub(crate) fn note_call(&self, call: Call<'_>) {
        let at = self.db().clock().now();
        let took_us = i64::try_from(call.took.as_micros()).unwrap_or(i64::MAX);
        let mut pending = self.0.usage.waiting();
        let key = match call.of {
            Counted::Key(key) => key,
            Counted::App(app) => {
                let counts = pending.apps.entry(app).or_default();
                counts.add(at.day(), call.endpoint, call.outcome.name(), (1, took_us));
                return;
            }
        };
        if let Outcome::Refused(sub_code) = call.outcome
            && pending.refusals.len() < REFUSALS_WAITING
        {
            let endpoint = call.endpoint.to_owned();
            pending.refusals.push(Refusal { key, at, endpoint, sub_code, address: call.address });
        }
        let used = pending.keys.entry(key).or_insert_with(|| KeyUse {
            at,
            address: call.address,
            counts: Counts::default(),
        });
        used.at = at;
        used.address = call.address;
        used.counts.add(at.day(), call.endpoint, call.outcome.name(), (1, took_us));
    }

    pub(crate) fn note_session(&self, id: SessionId) {
        let at = self.db().clock().now().as_millis();
        self.0.usage.waiting().sessions.entry(id).or_insert(at);
    }

    pub(crate) fn note_program(&self, id: ProgramId) {
        let at = self.db().clock().now().as_millis();
        self.0.usage.waiting().programs.entry(id).or_insert(at);
    }

    pub(crate) fn note_authorization(&self, id: AuthorizationId) {
        let at = self.db().clock().now().as_millis();
        self.0.usage.waiting().authorizations.entry(id).or_insert(at);
    }

    /// Writes the counts. Those that cannot be written are kept for the next time. Returns the number of
    /// transactions that are left.
    pub async fn flush(&self) -> usize {
        self.0.usage.flush(self.db()).await.failed
    }

    /// Returns the counts of a key since a day, newest day first. The caller must own the key.
    pub(crate) async fn usage_rows(&self, key: KeyId, since_day: i64) -> Result<Vec<UsageRow>, ApiError> {
        self.flush().await;
        Ok(self.db().fetch_all(queries::USAGE, params![key, since_day]).await?)
    }

    /// Returns the calls of an account's app over the last `days` by day, endpoint, and outcome, newest day
    /// first.
    ///
    /// # Errors
    /// The errors of [`Identity::own_application`].
    pub async fn app_usage(
        &self,
        account: AccountId,
        application: &str,
        days: i64,
    ) -> Result<Vec<UsageRow>, ApiError> {
        self.own_application(account, application).await?;
        self.flush().await;
        let since = self.db().clock().now().day() - days + 1;
        Ok(self.db().fetch_all(queries::USAGE_OF_APP, params![application, since]).await?)
    }

    /// Returns the latest refusals of a key, newest first. The caller must own the key.
    pub(crate) async fn refusal_rows(&self, key: KeyId) -> Result<Vec<RefusalRow>, ApiError> {
        Ok(self.db().fetch_all(queries::REFUSALS, params![key, REFUSALS_PER_KEY]).await?)
    }
}

pub(crate) fn start(identity: &Identity, tasks: &Tasks) {
    let identity = identity.clone();
    tasks.every(FLUSH_EVERY, move || {
        let identity = identity.clone();
        async move {
            identity.flush().await;
        }
    });
}
