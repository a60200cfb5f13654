//! Types of the call log: rows and wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

/// A recorded call.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// The id; ids follow the time of the calls.
    pub id: i64,
    /// The trace, which identifies the call in its response and in logs.
    pub trace: String,
    /// The time at which the call came in.
    pub at: Timestamp,
    /// The duration in microseconds.
    pub took_us: i64,
    /// The key's id; 0: none.
    pub key_id: i64,
    /// `app_token`, `person_token` or `anonymous`.
    pub typ: String,
    /// The person, or the AK.
    pub sub: String,
    /// The API's code.
    pub api: String,
    /// The action.
    pub action: String,
    /// The HTTP status (the real one, also where all responses are sent with 200).
    pub status: i64,
    /// The error's code; empty for a success.
    pub code: String,
    /// The size of the response in bytes; 0 if its size was not known in advance.
    pub bytes: i64,
    /// The client's address.
    pub address: String,
    /// The page's origin; empty if there was none.
    pub origin: String,
}

from_row!(CallRow {
    id,
    trace,
    at,
    took_us,
    key_id,
    typ,
    sub,
    api,
    action,
    status,
    code,
    bytes,
    address,
    origin
});

/// Counts of a key's calls to one API in one hour with one outcome.
#[derive(Debug, Clone)]
pub struct UsageRow {
    /// Hours since 1970, UTC.
    pub hour: i64,
    /// The API's code.
    pub api: String,
    /// `ok`, `refused`, `client_error` or `server_error`.
    pub outcome: String,
    /// The number of calls.
    pub calls: i64,
    /// Their total duration in microseconds.
    pub took_us: i64,
}

from_row!(UsageRow { hour, api, outcome, calls, took_us });

/// Filters of a search for calls.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// One call by its trace.
    pub trace: Option<String>,
    /// Calls of one key, by its id.
    pub key: Option<i64>,
    /// Calls of one API.
    pub api: Option<String>,
    /// Calls with this HTTP status.
    pub status: Option<i64>,
    /// Calls with this error code.
    pub code: Option<String>,
    /// Calls since, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Calls before, in milliseconds since 1970.
    pub to: Option<i64>,
    /// Calls before this id: the last one of the page before.
    pub before: Option<i64>,
    /// How many, 1 to 100. Default 20.
    pub limit: Option<i64>,
    /// Calls of everybody. For administrators.
    pub all: Option<bool>,
}

/// A call on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallOut {
    /// In order of time.
    id: i64,
    /// Its name in the answer and in logs.
    trace: String,
    /// When it came, in milliseconds since 1970.
    time: i64,
    /// How long the answer took, in microseconds.
    took_us: i64,
    /// The key's id; null for none.
    key: Option<i64>,
    /// `app_token`, `person_token` or `anonymous`.
    typ: String,
    /// The person, or the AK.
    sub: String,
    /// The API's code.
    api: String,
    /// The action.
    action: String,
    /// The HTTP status.
    status: i64,
    /// The error's code; empty for a success.
    code: String,
    /// The size of the answer.
    bytes: i64,
    /// The client's address.
    address: String,
    /// The page's origin, if one was named.
    origin: String,
}

impl From<CallRow> for CallOut {
    fn from(row: CallRow) -> Self {
        Self {
            id: row.id,
            trace: row.trace,
            time: row.at.as_millis(),
            took_us: row.took_us,
            key: (row.key_id != 0).then_some(row.key_id),
            typ: row.typ,
            sub: row.sub,
            api: row.api,
            action: row.action,
            status: row.status,
            code: row.code,
            bytes: row.bytes,
            address: row.address,
            origin: row.origin,
        }
    }
}

/// Some calls, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallsOut {
    /// The calls.
    pub(super) list: Vec<CallOut>,
    /// For `before` of the next page; null at the end. One page of a search by API, status or code looks at 20 000 calls:
    /// its list may be empty and the next one's not.
    pub(super) next: Option<i64>,
}

/// Query of `…/usage`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// How many hours back. Default 24, at most 1000.
    #[param(minimum = 1, maximum = 1000, default = 24)]
    pub(super) hours: Option<i64>,
}

/// Calls of an hour on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HubKeyUsageOut)]
pub struct UsageOut {
    /// The hour's beginning, in milliseconds since 1970.
    time: i64,
    /// The API's code.
    api: String,
    /// `ok`, `refused`, `client_error` or `server_error`.
    outcome: String,
    /// How many.
    calls: i64,
    /// How long one took on average, in microseconds.
    average_us: i64,
}

impl From<UsageRow> for UsageOut {
    fn from(row: UsageRow) -> Self {
        Self {
            time: row.hour * 3_600_000,
            api: row.api,
            outcome: row.outcome,
            calls: row.calls,
            average_us: row.took_us / row.calls.max(1),
        }
    }
}
