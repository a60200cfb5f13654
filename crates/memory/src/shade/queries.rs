//! SQL about interests.

pub(crate) const LIST: &str =
    "SELECT id, body FROM shade WHERE account_id = $1 AND has_public >= $2 ORDER BY id LIMIT $3";

pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM shade WHERE account_id = $1";

pub(crate) const INSERT: &str = "INSERT INTO shade (id, account_id, has_public, body, created_at, \
    updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5)";

pub(crate) const UPDATE: &str =
    "UPDATE shade SET has_public = $3, body = $4, updated_at = $5 WHERE id = $1 AND account_id = $2";

pub(crate) const DELETE: &str = "DELETE FROM shade WHERE id = $1 AND account_id = $2";

pub(crate) const TIMES: &str =
    "SELECT id, created_at, updated_at FROM shade WHERE account_id = $1 ORDER BY id LIMIT $2";

pub(crate) const TAKEN: &str = "SELECT id FROM shade WHERE id = $1";

/// Inserts an interest as an archive has it.
pub(crate) const RESTORE: &str = "INSERT INTO shade (id, account_id, has_public, body, created_at, \
    updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";
