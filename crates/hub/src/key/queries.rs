//! SQL about the Hub's keys.

/// Counts one more key of an account. Changes no row if the account has its maximum number.
pub(super) const TAKE_PLACE: &str = "INSERT INTO hub_owner (account_id, keys) VALUES ($1, 1) \
     ON CONFLICT (account_id) DO UPDATE SET keys = hub_owner.keys + 1 WHERE hub_owner.keys < $2";

pub(super) const FREE_PLACE: &str = "UPDATE hub_owner SET keys = keys - 1 WHERE account_id = $1";

pub(super) const INSERT: &str = "INSERT INTO hub_key \
     (id, ak, account_id, name, sk, version, is_enabled, created_at, expires_at, rules) \
     VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9)";

pub(super) const LIST: &str = "SELECT id, ak, name, is_enabled, created_at, expires_at, rules, old_until, \
    last_used_at \
     FROM hub_key WHERE account_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3";

pub(super) const COUNT: &str = "SELECT keys FROM hub_owner WHERE account_id = $1";

pub(super) const OWN: &str = "SELECT id, ak, name, is_enabled, created_at, expires_at, rules, old_until, \
    last_used_at \
     FROM hub_key WHERE id = $1 AND account_id = $2";

pub(super) const HOLD: &str = "UPDATE hub_key SET version = version WHERE id = $1 AND account_id = $2";

pub(super) const UPDATE: &str = "UPDATE hub_key SET name = $3, is_enabled = $4, expires_at = $5, rules = $6, \
     version = version + 1 WHERE id = $1 AND account_id = $2";

/// Replaces the secret and keeps the current one as the old one.
pub(super) const ROTATE: &str = "UPDATE hub_key SET old_sk = sk, old_until = $4, sk = $3, version = version \
    + 1 \
     WHERE id = $1 AND account_id = $2 RETURNING ak";

pub(super) const DELETE: &str = "DELETE FROM hub_key WHERE id = $1 AND account_id = $2 RETURNING ak";

/// Reads a key for token checks. A key of a disabled account counts as disabled.
pub(super) const BY_AK: &str = "SELECT k.id, k.account_id, k.version, k.sk, k.old_sk, k.old_until, \
     CASE WHEN k.is_enabled = 1 AND a.disabled_at IS NULL THEN 1 ELSE 0 END, k.expires_at, k.rules, \
     a.email, a.is_admin FROM hub_key k JOIN account a ON a.id = k.account_id WHERE k.ak = $1";
