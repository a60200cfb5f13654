//! SQL about uploaded files.

pub(super) const USED: &str =
    "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM file WHERE account_id = $1";

pub(super) const INSERT: &str = "INSERT INTO file (key, account_id, media_type, bytes, created_at) \
     SELECT CAST($1 AS TEXT), id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM account \
     WHERE id = $2 AND (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM file WHERE account_id = $2) + $4 <= $6";

pub(super) const OF_ACCOUNT: &str = "SELECT key FROM file WHERE account_id = $1";

pub(super) const DELETE_OF_ACCOUNT: &str = "DELETE FROM file WHERE account_id = $1";

pub(super) const KNOWN: &str = "SELECT 1 FROM file WHERE key = $1";
