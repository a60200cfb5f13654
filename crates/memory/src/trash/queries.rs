//! SQL of the trash.

pub(crate) const INSERT: &str = "INSERT INTO memory_trash \
     (id, account_id, kind, entry_id, batch, shown, body, links, bytes, deleted_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub(crate) const LIST: &str = "SELECT id, kind, entry_id, shown, deleted_at FROM memory_trash \
     WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM memory_trash WHERE account_id = $1";

pub(crate) const OF_BATCH: &str =
    "SELECT id FROM memory_trash WHERE account_id = $1 AND batch = $2 ORDER BY id LIMIT $3";

pub(crate) const ONE: &str = "SELECT kind, body, links FROM memory_trash WHERE account_id = $1 AND id = $2";

pub(crate) const DELETE: &str = "DELETE FROM memory_trash WHERE account_id = $1 AND id = $2";

pub(crate) const EMPTY: &str = "DELETE FROM memory_trash WHERE account_id = $1";

pub(crate) const EXPIRE: &str = "DELETE FROM memory_trash WHERE id IN \
     (SELECT id FROM memory_trash WHERE deleted_at < $1 ORDER BY deleted_at LIMIT $2)";

/// Deletes all but the latest entries. The sum of bytes counts from the latest on.
pub(crate) const BOUND: &str = "DELETE FROM memory_trash WHERE account_id = $1 AND batch <> $4 AND id IN ( \
     SELECT id FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id DESC) AS place, \
     CAST(SUM(bytes) OVER (ORDER BY id DESC) AS BIGINT) AS total FROM memory_trash \
     WHERE account_id = $1) AS counted \
     WHERE place > $2 OR total > $3)";

/// Selects key memories (1) and notes (2) that an app of a name wrote, in the order of ids.
pub(crate) const WRITTEN_BY: &str = "SELECT 1, id FROM key_memory \
     WHERE account_id = $1 AND source = 'app' AND source_name = $2 \
     UNION ALL SELECT 2, id FROM note WHERE account_id = $1 AND source = 'app' AND source_name = $2 \
     ORDER BY 2 LIMIT $3";

pub(crate) const COUNT_WRITTEN_BY: &str = "SELECT (SELECT COUNT(*) FROM key_memory \
     WHERE account_id = $1 AND source = 'app' AND source_name = $2) \
     + (SELECT COUNT(*) FROM note WHERE account_id = $1 AND source = 'app' AND source_name = $2)";

/// Selects the app that wrote a key memory.
pub(crate) const WRITER: &str =
    "SELECT source, source_name FROM key_memory WHERE account_id = $1 AND id = $2";

/// Selects a message, to which a link refers.
pub(crate) const MESSAGE: &str = "SELECT id FROM chat_message WHERE id = $1";

pub(crate) const AFTER: &str = "SELECT id, kind, entry_id, batch, shown, body, links, deleted_at \
     FROM memory_trash WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

/// An entry that was deleted at the same time.
pub(crate) const SAME: &str = "SELECT id FROM memory_trash \
     WHERE account_id = $1 AND kind = $2 AND entry_id = $3 AND deleted_at = $4 LIMIT 1";
