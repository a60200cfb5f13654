//! SQL about the review inbox.

pub(super) const INSERT: &str = "INSERT INTO memory_review \
     (id, account_id, kind, memory_id, title, content, visibility, client, client_name, hash, bytes, \
     created_at, message_id, quote, against) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

pub(super) const SAME: &str = "SELECT id FROM memory_review WHERE account_id = $1 AND hash = $2";

pub(super) const ROOM: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) \
     FROM memory_review WHERE account_id = $1";

pub(super) const COUNT_OF: &str = "SELECT COUNT(*) FROM memory_review WHERE account_id = $1 AND client = $2";

/// Selects entries, each with the present text of the memory that it would change or delete.
pub(super) const LIST: &str = "SELECT r.id, r.kind, r.memory_id, r.title, r.content, r.visibility, r.client, \
     r.client_name, r.created_at, COALESCE(m.content, ''), r.message_id, r.quote, r.against \
     FROM memory_review r LEFT JOIN key_memory m ON m.id = r.memory_id AND m.account_id = r.account_id \
     WHERE r.account_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3";

pub(super) const ONE: &str = "SELECT r.id, r.kind, r.memory_id, r.title, r.content, r.visibility, r.client, \
     r.client_name, r.created_at, COALESCE(m.content, ''), r.message_id, r.quote, r.against \
     FROM memory_review r LEFT JOIN key_memory m ON m.id = r.memory_id AND m.account_id = r.account_id \
     WHERE r.account_id = $1 AND r.id = $2";

pub(super) const AFTER: &str = "SELECT id, kind, memory_id, title, content, visibility, client, client_name, \
     created_at, '', message_id, quote, against FROM memory_review \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(super) const DELETE: &str = "DELETE FROM memory_review WHERE account_id = $1 AND id = $2";

pub(super) const DELETE_OF: &str = "DELETE FROM memory_review WHERE account_id = $1 AND client = $2";

pub(super) const HAS_MEMORY: &str = "SELECT id FROM key_memory WHERE id = $1 AND account_id = $2";
