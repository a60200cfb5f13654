//! SQL about the use of keys.

/// Counts nothing if the key was deleted meanwhile.
pub(super) const COUNT: &str = "INSERT INTO api_key_usage (key_id, day, endpoint, outcome, calls, \
     took_us) SELECT id, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), \
     CAST($6 AS BIGINT) FROM api_key WHERE id = $1 \
     ON CONFLICT (key_id, day, endpoint, outcome) DO UPDATE SET \
     calls = api_key_usage.calls + excluded.calls, took_us = api_key_usage.took_us + excluded.took_us";

/// Counts nothing if the app was deleted meanwhile.
pub(super) const COUNT_OF_APP: &str = "INSERT INTO app_usage (application_id, day, endpoint, outcome, calls, \
     took_us) SELECT id, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), \
     CAST($6 AS BIGINT) FROM application WHERE id = $1 \
     ON CONFLICT (application_id, day, endpoint, outcome) DO UPDATE SET \
     calls = app_usage.calls + excluded.calls, took_us = app_usage.took_us + excluded.took_us";

pub(super) const KEY_USED: &str =
    "UPDATE api_key SET last_used_at = $2, last_used_address = $3 WHERE id = $1";

pub(super) const REFUSAL: &str = "INSERT INTO api_key_refusal (id, key_id, refused_at, endpoint, sub_code, \
    address) \
     SELECT CAST($1 AS BIGINT), id, CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT) \
     FROM api_key WHERE id = $2";

pub(super) const TRIM_REFUSALS: &str = "DELETE FROM api_key_refusal WHERE key_id = $1 AND id <= \
     (SELECT id FROM api_key_refusal WHERE key_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";

/// Replaces a last use in the future, which was stored while the clock was wrong.
pub(super) const SESSION_USED: &str =
    "UPDATE session SET last_used_at = $2 WHERE id = $1 AND (last_used_at < $3 OR last_used_at > $2)";

pub(super) const PROGRAM_USED: &str = "UPDATE program SET last_used_at = $2 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3 OR last_used_at > $2)";

pub(super) const AUTHORIZATION_USED: &str = "UPDATE app_authorization SET last_used_at = $2 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3 OR last_used_at > $2)";

pub(super) const USAGE: &str = "SELECT day, endpoint, outcome, calls, took_us FROM api_key_usage \
     WHERE key_id = $1 AND day >= $2 ORDER BY day DESC, endpoint, outcome";

pub(super) const USAGE_OF_APP: &str = "SELECT day, endpoint, outcome, calls, took_us FROM app_usage \
     WHERE application_id = $1 AND day >= $2 ORDER BY day DESC, endpoint, outcome";

pub(super) const REFUSALS: &str = "SELECT refused_at, endpoint, sub_code, address FROM api_key_refusal \
     WHERE key_id = $1 ORDER BY id DESC LIMIT $2";
