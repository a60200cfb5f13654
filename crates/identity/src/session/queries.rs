//! SQL about sign-in sessions.

pub(super) const INSERT: &str = "INSERT INTO session \
     (id, hash, account_id, created_at, last_used_at, expires_at, address, user_agent) \
     VALUES ($1, $2, $3, $4, $4, $5, $6, $7)";

pub(super) const BY_HASH: &str = "SELECT s.id, s.account_id, a.is_admin, s.expires_at \
     FROM session s JOIN account a ON a.id = s.account_id \
     WHERE s.hash = $1 AND s.expires_at > $2 AND a.disabled_at IS NULL";

pub(super) const LIST: &str = "SELECT id, created_at, last_used_at, expires_at, address, user_agent FROM \
    session \
     WHERE account_id = $1 AND expires_at > $2 ORDER BY id DESC LIMIT 100";

pub(super) const DELETE_BY_HASH: &str = "DELETE FROM session WHERE hash = $1 RETURNING id, account_id";

pub(super) const DELETE_OWN: &str = "DELETE FROM session WHERE id = $1 AND account_id = $2";

pub(super) const DELETE_OTHERS: &str = "DELETE FROM session WHERE account_id = $1 AND id <> $2";
