//! SQL about uploaded files.

pub(crate) const USED: &str = "SELECT used FROM file_room WHERE account_id = $1";

pub(crate) const OPEN_ROOM: &str =
    "INSERT INTO file_room (account_id, used) VALUES ($1, 0) ON CONFLICT (account_id) DO NOTHING";

pub(crate) const TAKE_ROOM: &str =
    "UPDATE file_room SET used = used + $2 WHERE account_id = $1 AND used + $2 <= $3";

pub(crate) const EMPTY_ROOM: &str = "UPDATE file_room SET used = 0 WHERE account_id = $1";

pub(crate) const INSERT: &str = "INSERT INTO file (key, account_id, media_type, bytes, created_at, client) \
    VALUES ($1, $2, $3, $4, $5, $6)";

pub(crate) const OF_ACCOUNT: &str = "SELECT key FROM file WHERE account_id = $1";

pub(crate) const DELETE_OF_ACCOUNT: &str = "DELETE FROM file WHERE account_id = $1";

pub(crate) const KNOWN: &str = "SELECT 1 FROM file WHERE key = $1";

pub(crate) const ALL: &str =
    "SELECT key, media_type, bytes, created_at FROM file WHERE account_id = $1 ORDER BY key";

/// Selects the latest first.
pub(crate) const LIST: &str = "SELECT key, media_type, bytes, created_at FROM file WHERE account_id = $1 \
     ORDER BY created_at DESC, key DESC LIMIT $2 OFFSET $3";

pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM file WHERE account_id = $1";

pub(crate) const DELETE: &str = "DELETE FROM file WHERE key = $1 AND account_id = $2 RETURNING bytes, client";

pub(crate) const FREE_ROOM: &str = "UPDATE file_room SET used = used - $2 WHERE account_id = $1";

pub(crate) const OWNER: &str = "SELECT account_id FROM file WHERE key = $1";

pub(crate) const SIZE: &str = "SELECT bytes FROM file WHERE key = $1 AND account_id = $2";

pub(crate) const FORGET: &str = "DELETE FROM file WHERE key = $1";

pub(crate) const SET_ROOM: &str = "INSERT INTO file_room (account_id, used) VALUES ($1, $2) \
     ON CONFLICT (account_id) DO UPDATE SET used = excluded.used";

/// Creates the counter of the bytes that an app has uploaded.
pub(crate) const OPEN_SHARE: &str = "INSERT INTO file_share (account_id, client, used) VALUES ($1, $2, 0) \
     ON CONFLICT (account_id, client) DO NOTHING";

pub(crate) const TAKE_SHARE: &str =
    "UPDATE file_share SET used = used + $3 WHERE account_id = $1 AND client = $2 AND used + $3 <= $4";

pub(crate) const USED_SHARE: &str = "SELECT used FROM file_share WHERE account_id = $1 AND client = $2";

pub(crate) const FREE_SHARE: &str =
    "UPDATE file_share SET used = used - $3 WHERE account_id = $1 AND client = $2";

pub(crate) const DROP_SHARES: &str = "DELETE FROM file_share WHERE account_id = $1";

/// Selects the apps whose counter differs from the sum of their files, with that sum.
pub(crate) const WRONG_SHARES: &str = "SELECT c.client, CAST(COALESCE(SUM(f.bytes), 0) AS BIGINT) FROM \
     (SELECT client FROM file_share WHERE account_id = $1 \
     UNION SELECT client FROM file WHERE account_id = $1 AND client <> '') c \
     LEFT JOIN file f ON f.account_id = $1 AND f.client = c.client \
     LEFT JOIN file_share s ON s.account_id = $1 AND s.client = c.client \
     GROUP BY c.client, s.used HAVING COALESCE(SUM(f.bytes), 0) <> COALESCE(s.used, 0)";

pub(crate) const SET_SHARE: &str = "INSERT INTO file_share (account_id, client, used) VALUES ($1, $2, $3) \
     ON CONFLICT (account_id, client) DO UPDATE SET used = excluded.used";
