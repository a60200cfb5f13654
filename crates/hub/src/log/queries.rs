//! SQL of the call log.

use std::sync::OnceLock;

/// Rows written by one statement, to save round trips.
pub(super) const ROWS: usize = 50;
const COLUMNS: usize = 15;

const INSERT: &str = "INSERT INTO hub_call (id, trace, at, took_us, key_id, account_id, typ, sub, api, \
    action, status, \
     code, bytes, address, origin) VALUES ";

/// Writes one row.
pub(super) fn insert_one() -> &'static str {
    static SQL: OnceLock<String> = OnceLock::new();
    SQL.get_or_init(|| insert(1))
}

/// Writes [`ROWS`] rows.
pub(super) fn insert_many() -> &'static str {
    static SQL: OnceLock<String> = OnceLock::new();
    SQL.get_or_init(|| insert(ROWS))
}

fn insert(rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
        format!("({})", places.join(", "))
    };
    format!("{INSERT}{}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
}

pub(super) const COUNT: &str = "INSERT INTO hub_usage (key_id, hour, api, outcome, calls, took_us) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, hour, api, outcome) DO UPDATE SET \
     calls = hub_usage.calls + excluded.calls, took_us = hub_usage.took_us + excluded.took_us";

pub(super) const KEY_USED: &str = "UPDATE hub_key SET last_used_at = $2 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)";

pub(super) const USAGE: &str = "SELECT hour, api, outcome, calls, took_us FROM hub_usage \
     WHERE key_id = $1 AND hour >= $2 ORDER BY hour DESC, api, outcome LIMIT $3";

macro_rules! usage {
    ($from:literal) => {
        concat!(
            "SELECT u.hour / $3, u.api, u.outcome, CAST(SUM(u.calls) AS BIGINT), \
             CAST(SUM(u.took_us) AS BIGINT) FROM hub_usage u ",
            $from,
            " AND u.hour >= $2 GROUP BY u.hour / $3, u.api, u.outcome ORDER BY 1 DESC, u.api, u.outcome \
             LIMIT $4"
        )
    };
}

pub(super) const USAGE_OF_KEY: &str = usage!("WHERE u.key_id = $1");
pub(super) const USAGE_OF_ACCOUNT: &str = usage!("JOIN hub_key k ON k.id = u.key_id WHERE k.account_id = $1");
/// For administrators. `$1` is there only so that all scopes take the same parameters.
pub(super) const USAGE_OF_ALL: &str = usage!("WHERE CAST($1 AS BIGINT) = 0");

macro_rules! durations {
    ($scope:literal) => {
        concat!("SELECT api, took_us FROM hub_call WHERE ", $scope, " AND id >= $2 ORDER BY id DESC LIMIT $3")
    };
}

pub(super) const DURATIONS_OF_ACCOUNT: &str = durations!("account_id = $1");
/// For administrators, as [`USAGE_OF_ALL`].
pub(super) const DURATIONS_OF_ALL: &str = durations!("CAST($1 AS BIGINT) = 0");

macro_rules! search {
    ($scope:literal) => {
        concat!(
            "SELECT id, trace, at, took_us, key_id, typ, sub, api, action, status, code, bytes, address, \
             origin \
             FROM hub_call WHERE ",
            $scope,
            " AND id < $2 AND id >= $3 AND at >= $4 AND at < $5 AND (CAST($6 AS TEXT) = '' OR api = $6) \
             AND (CAST($7 AS BIGINT) = 0 OR status = $7) AND (CAST($8 AS TEXT) = '' OR code = $8) \
             AND status >= $9 AND took_us >= $10 ORDER BY id DESC LIMIT $11"
        )
    };
}

/// The id after `$4` newer calls of the scope, if there are that many: the end of a page's scan. Answered
/// by an index.
macro_rules! reach {
    ($scope:literal) => {
        concat!(
            "SELECT id FROM hub_call WHERE ",
            $scope,
            " AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT 1 OFFSET $4"
        )
    };
}

/// The statements of a search among the calls of an account, of a key, or of all.
pub(super) struct Scope {
    pub(super) search: &'static str,
    pub(super) reach: &'static str,
}

macro_rules! scope {
    ($scope:literal) => {
        Scope { search: search!($scope), reach: reach!($scope) }
    };
}

pub(super) const OF_ACCOUNT: Scope = scope!("account_id = $1");
pub(super) const OF_KEY: Scope = scope!("key_id = $1");
/// For administrators. `$1` is there only so that all scopes take the same parameters.
pub(super) const OF_ALL: Scope = scope!("CAST($1 AS BIGINT) = 0");

pub(super) const BY_TRACE: &str = "SELECT id, trace, at, took_us, key_id, typ, sub, api, action, status, \
    code, bytes, \
     address, origin FROM hub_call WHERE trace = $1 AND (CAST($2 AS BIGINT) = 0 OR account_id = $2) ORDER BY \
     id LIMIT 10";

pub(super) const FORGET: &str = "DELETE FROM hub_call WHERE id IN \
     (SELECT id FROM hub_call WHERE id < $1 ORDER BY id LIMIT $2)";

/// The newest row to delete: the first one after the newest `$1` rows.
pub(super) const NEWEST_BEYOND: &str = "SELECT id FROM hub_call ORDER BY id DESC LIMIT 1 OFFSET $1";

/// The oldest rows, to find the last expired one.
pub(super) const OLDEST: &str = "SELECT id, at FROM hub_call ORDER BY id LIMIT $1";

pub(super) const FORGET_USAGE: &str = "DELETE FROM hub_usage WHERE (key_id, hour, api, outcome) IN \
     (SELECT key_id, hour, api, outcome FROM hub_usage WHERE hour < $1 LIMIT $2)";
