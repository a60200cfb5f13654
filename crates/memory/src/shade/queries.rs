//! SQL about shades.

pub(super) const LIST: &str =
    "SELECT id, body FROM shade WHERE account_id = $1 AND has_public >= $2 ORDER BY id LIMIT $3";

pub(super) const COUNT: &str = "SELECT COUNT(*) FROM shade WHERE account_id = $1";

pub(super) const INSERT: &str = "INSERT INTO shade (id, account_id, has_public, body, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5)";

pub(super) const UPDATE: &str =
    "UPDATE shade SET has_public = $3, body = $4, updated_at = $5 WHERE id = $1 AND account_id = $2";

pub(super) const DELETE: &str = "DELETE FROM shade WHERE id = $1 AND account_id = $2";
