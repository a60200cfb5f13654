//! SQL about uploaded files.

pub(super) const USED: &str = "SELECT used FROM file_room WHERE account_id = $1";

pub(super) const OPEN_ROOM: &str =
    "INSERT INTO file_room (account_id, used) VALUES ($1, 0) ON CONFLICT (account_id) DO NOTHING";

pub(super) const TAKE_ROOM: &str =
    "UPDATE file_room SET used = used + $2 WHERE account_id = $1 AND used + $2 <= $3";

pub(super) const EMPTY_ROOM: &str = "UPDATE file_room SET used = 0 WHERE account_id = $1";

pub(super) const INSERT: &str =
    "INSERT INTO file (key, account_id, media_type, bytes, created_at) VALUES ($1, $2, $3, $4, $5)";

pub(super) const OF_ACCOUNT: &str = "SELECT key FROM file WHERE account_id = $1";

pub(super) const DELETE_OF_ACCOUNT: &str = "DELETE FROM file WHERE account_id = $1";

pub(super) const KNOWN: &str = "SELECT 1 FROM file WHERE key = $1";
