//! SQL about invitation codes.

pub(super) const INSERT: &str =
    "INSERT INTO plaza_invitation (code, id, account_id, note, created_at) VALUES ($1, $2, $3, $4, $5)";

/// Does not find a withdrawn code.
pub(super) const FIND: &str =
    "SELECT account_id, used_by FROM plaza_invitation WHERE code = $1 AND withdrawn_at IS NULL";

pub(super) const TAKE: &str = "UPDATE plaza_invitation SET used_by = $2, used_at = $3 \
     WHERE code = $1 AND used_by IS NULL AND withdrawn_at IS NULL";

pub(super) const OF_ACCOUNT: &str = "SELECT id, code, account_id, note, created_at, withdrawn_at, used_by, \
    used_at \
     FROM plaza_invitation WHERE account_id = $1 ORDER BY id DESC LIMIT $2";

pub(super) const ALL: &str = "SELECT id, code, account_id, note, created_at, withdrawn_at, used_by, used_at \
     FROM plaza_invitation WHERE id < $1 ORDER BY id DESC LIMIT $2";

pub(super) const WITHDRAW: &str = "UPDATE plaza_invitation SET withdrawn_at = $2 \
     WHERE id = $1 AND used_by IS NULL AND withdrawn_at IS NULL RETURNING code, account_id";

pub(super) const NOTE: &str = "UPDATE plaza_invitation SET note = $2 WHERE id = $1";
