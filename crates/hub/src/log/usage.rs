//! Counts and durations of calls, for charts.

use store::{AccountId, Ids, Timestamp, params};
use web::ApiError;

use super::{DRIFT_MS, MAX_USAGE, UsageRow, Viewer, queries, record::HOUR_MS};
use crate::{CallId, Hub, HubKeyId};

/// Maximum number of calls whose durations are returned.
pub const LATEST: i64 = 5_000;

/// A period that ends now, divided into spans of whole hours. Spans begin at multiples of their length since
/// 1970, so that a span of 24 hours is a day (UTC). The last span is not over yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The number of spans.
    pub spans: i64,
    /// The length of a span in hours.
    pub hours: i64,
}

impl Period {
    /// Returns the number of the span in which a time is.
    pub fn span_of(self, time: Timestamp) -> i64 {
        time.as_millis().div_euclid(HOUR_MS * self.hours.max(1))
    }

    /// Returns the beginning of a span.
    pub fn beginning(self, span: i64) -> Timestamp {
        Timestamp(span * self.hours.max(1) * HOUR_MS)
    }
}

impl Hub {
    /// Returns the counts of a viewer's calls by span, API, and outcome. The field `hour` of a row is the
    /// number of its span.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn usage(&self, viewer: Viewer, period: Period) -> Result<Vec<UsageRow>, ApiError> {
        self.flush_calls().await;
        let (since, hours) = self.beginning(period);
        let (sql, account) = match viewer {
            Viewer::Account(account) => (queries::USAGE_OF_ACCOUNT, account),
            Viewer::Everybody => (queries::USAGE_OF_ALL, AccountId(0)),
        };
        Ok(self.db().fetch_all(sql, params![account, since, hours, MAX_USAGE]).await?)
    }

    /// Returns the counts of a key's calls by span, API, and outcome, as [`Hub::usage`] does.
    ///
    /// # Errors
    /// [`web::Code::HubKeyNotFound`] if the key is unknown or belongs to another account.
    pub async fn usage_of_key(
        &self,
        account: AccountId,
        id: HubKeyId,
        period: Period,
    ) -> Result<Vec<UsageRow>, ApiError> {
        self.key(account, id).await?;
        self.flush_calls().await;
        let (since, hours) = self.beginning(period);
        Ok(self.db().fetch_all(queries::USAGE_OF_KEY, params![id, since, hours, MAX_USAGE]).await?)
    }

    /// Returns the first hour of a period, and the length of its spans.
    fn beginning(&self, period: Period) -> (i64, i64) {
        let now = period.span_of(self.db().clock().now());
        ((now - period.spans + 1) * period.hours.max(1), period.hours.max(1))
    }

    /// Returns API and duration in microseconds of a viewer's latest calls since a time, at most [`LATEST`].
    ///
    /// # Errors
    /// If the store fails.
    pub async fn latest_durations(
        &self,
        viewer: Viewer,
        since: Timestamp,
    ) -> Result<Vec<(String, i64)>, ApiError> {
        let (sql, account) = match viewer {
            Viewer::Account(account) => (queries::DURATIONS_OF_ACCOUNT, account),
            Viewer::Everybody => (queries::DURATIONS_OF_ALL, AccountId(0)),
        };
        let first = CallId(Ids::first(since.plus_ms(-DRIFT_MS)));
        Ok(self.db().fetch_all(sql, params![account, first, LATEST]).await?)
    }
}
