//! Types of the call log: rows and wire.

use serde::{Deserialize, Serialize};
use store::{Timestamp, from_row};
use utoipa::{IntoParams, ToSchema};

use crate::{CallId, HubKeyId};

/// A recorded call.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// The id; ids follow the time of the calls.
    pub id: CallId,
    /// The trace, which identifies the call in its response and in logs.
    pub trace: String,
    /// The time at which the call came in.
    pub at: Timestamp,
    /// The duration in microseconds.
    pub took_us: i64,
    /// The key's id; 0: none.
    pub key_id: HubKeyId,
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
    /// The call with this trace.
    pub trace: Option<String>,
    /// Calls of one key, by its id.
    #[param(value_type = Option<i64>)]
    pub key: Option<HubKeyId>,
    /// Calls of the API with this code.
    pub api: Option<String>,
    /// Calls with this HTTP status.
    pub status: Option<i64>,
    /// Calls with this error code.
    pub code: Option<String>,
    /// True for failed calls: those with a status from 400 on.
    pub failed: Option<bool>,
    /// Calls that took at least this time in milliseconds.
    pub min_ms: Option<i64>,
    /// Calls since, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Calls before, in milliseconds since 1970.
    pub to: Option<i64>,
    /// Calls before this id: `next` of the previous page.
    #[param(value_type = Option<i64>)]
    pub before: Option<CallId>,
    /// Maximum number of calls, 1 to 100. Default 20.
    pub limit: Option<i64>,
    /// True for the calls of all keys. For administrators.
    pub all: Option<bool>,
}

/// A recorded call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallOut)]
pub struct CallResponse {
    /// The id; ids follow the time of the calls.
    #[schema(value_type = i64)]
    id: CallId,
    /// The trace, which identifies the call in its response and in logs.
    trace: String,
    /// The time at which the call came in, in milliseconds since 1970.
    time: i64,
    /// The duration in microseconds.
    took_us: i64,
    /// The key's id; null for none.
    #[schema(value_type = Option<i64>)]
    key: Option<HubKeyId>,
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
    /// The size of the response in bytes; 0 if its size was not known in advance.
    bytes: i64,
    /// The client's address.
    address: String,
    /// The page's origin; empty if there was none.
    origin: String,
}

impl From<CallRow> for CallResponse {
    fn from(row: CallRow) -> Self {
        Self {
            id: row.id,
            trace: row.trace,
            time: row.at.as_millis(),
            took_us: row.took_us,
            key: (row.key_id != HubKeyId(0)).then_some(row.key_id),
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

/// A page of calls, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallsOut)]
pub struct CallsResponse {
    /// The calls.
    pub(super) list: Vec<CallResponse>,
    /// The value for `before` of the next page; null at the end. A search by anything but trace, key and time
    /// scans 20 000 calls per page, so a page may be empty and have a next one.
    #[schema(value_type = Option<i64>)]
    pub(super) next: Option<CallId>,
}

/// Query of `…/usage`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsageParams {
    /// The number of hours, up to now. Default 24, at most 1000.
    #[param(minimum = 1, maximum = 1000, default = 24)]
    pub(super) hours: Option<i64>,
}

/// The counts of a key's calls to one API in one hour with one outcome.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HubKeyUsageOut)]
pub struct UsageResponse {
    /// The beginning of the hour, in milliseconds since 1970.
    time: i64,
    /// The API's code.
    api: String,
    /// `ok`, `refused`, `client_error` or `server_error`.
    outcome: String,
    /// The number of calls.
    calls: i64,
    /// The average duration of a call in microseconds.
    average_us: i64,
}

impl From<UsageRow> for UsageResponse {
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
