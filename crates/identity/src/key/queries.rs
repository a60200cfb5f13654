//! SQL about API keys.

pub(super) const TAKE_PLACE: &str =
    "UPDATE account SET key_count = key_count + 1 WHERE id = $1 AND key_count < $2";

pub(super) const FREE_PLACE: &str = "UPDATE account SET key_count = key_count - 1 WHERE id = $1";

pub(super) const INSERT: &str = "INSERT INTO api_key (id, hash, account_id, name, hint, scopes, created_at, \
    expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const BY_HASH: &str = "SELECT k.id, k.account_id, k.scopes, k.expires_at, \
     CASE WHEN a.disabled_at IS NULL THEN 0 ELSE 1 END, a.is_admin, k.name \
     FROM api_key k JOIN account a ON a.id = k.account_id WHERE k.hash = $1";

pub(super) const LIST: &str = "SELECT id, name, hint, scopes, created_at, expires_at, replaced_by, \
    last_used_at, \
     last_used_address FROM api_key WHERE account_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3";

pub(super) const COUNT: &str = "SELECT key_count FROM account WHERE id = $1";

pub(super) const OWN: &str = "SELECT id, name, hint, scopes, created_at, expires_at, replaced_by, \
    last_used_at, \
     last_used_address FROM api_key WHERE id = $1 AND account_id = $2";

pub(super) const OWNER: &str = "SELECT account_id FROM api_key WHERE id = $1";

pub(super) const REPLACE: &str = "UPDATE api_key SET replaced_by = $3, \
     expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END \
     WHERE id = $1 AND account_id = $2 AND replaced_by IS NULL";

pub(super) const DELETE: &str = "DELETE FROM api_key WHERE id = $1 AND account_id = $2";

pub(super) const DELETE_ALL: &str = "DELETE FROM api_key WHERE account_id = $1";

pub(super) const FREE_ALL_PLACES: &str = "UPDATE account SET key_count = 0 WHERE id = $1";
