//! SQL of quotas.

/// Changes or creates a counter. Neither number may grow beyond its limit, but a counter beyond a lowered
/// limit may shrink. Limits are compared by difference, which cannot overflow.
pub(super) const TAKE: &str = "INSERT INTO account_room (account_id, kind, entries, bytes) \
     SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) \
     WHERE (CAST($3 AS BIGINT) <= 0 OR CAST($3 AS BIGINT) <= CAST($5 AS BIGINT)) \
     AND (CAST($4 AS BIGINT) <= 0 OR CAST($4 AS BIGINT) <= CAST($6 AS BIGINT)) \
     ON CONFLICT (account_id, kind) DO UPDATE \
     SET entries = account_room.entries + excluded.entries, bytes = account_room.bytes + excluded.bytes \
     WHERE (excluded.entries <= 0 OR account_room.entries <= CAST($5 AS BIGINT) - excluded.entries) \
     AND (excluded.bytes <= 0 OR account_room.bytes <= CAST($6 AS BIGINT) - excluded.bytes)";

pub(super) const USED: &str = "SELECT entries, bytes FROM account_room WHERE account_id = $1 AND kind = $2";

pub(super) const SET: &str = "INSERT INTO account_room (account_id, kind, entries, bytes) VALUES ($1, $2, \
    $3, $4) \
     ON CONFLICT (account_id, kind) DO UPDATE SET entries = excluded.entries, bytes = excluded.bytes";

/// Counts in the current window, or begins one. A window that begins in the future was made by a clock that
/// was wrong, and has ended.
pub(super) const COUNT: &str = "INSERT INTO account_rate (account_id, client, action, used, window_start) \
     SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($6 AS BIGINT) \
     WHERE CAST($4 AS BIGINT) <= CAST($7 AS BIGINT) \
     ON CONFLICT (account_id, client, action) DO UPDATE SET \
     used = excluded.used + CASE WHEN account_rate.window_start > CAST($5 AS BIGINT) \
     AND account_rate.window_start <= excluded.window_start THEN account_rate.used ELSE 0 END, \
     window_start = CASE WHEN account_rate.window_start > CAST($5 AS BIGINT) \
     AND account_rate.window_start <= excluded.window_start THEN account_rate.window_start \
     ELSE excluded.window_start END \
     WHERE account_rate.window_start <= CAST($5 AS BIGINT) OR account_rate.window_start > \
     excluded.window_start \
     OR account_rate.used <= CAST($7 AS BIGINT) - excluded.used";

pub(super) const FORGET_WINDOWS: &str = "DELETE FROM account_rate WHERE window_start <= $1";

pub(super) const WINDOW: &str =
    "SELECT window_start FROM account_rate WHERE account_id = $1 AND client = $2 AND action = $3";

/// Computes the counters from the entries.
pub(super) const MEMORIES: &str = "SELECT COUNT(*), \
     CAST(COALESCE(SUM(OCTET_LENGTH(actor) + OCTET_LENGTH(object) + OCTET_LENGTH(content)), 0) AS BIGINT), \
     CAST(COALESCE((SELECT SUM(OCTET_LENGTH(v.content)) FROM key_memory m \
     JOIN key_memory_version v ON v.memory_id = m.id WHERE m.account_id = $1), 0) AS BIGINT) \
     FROM key_memory WHERE account_id = $1";

pub(super) const NOTES: &str = "SELECT COUNT(*), \
     CAST(COALESCE(SUM(OCTET_LENGTH(title) + OCTET_LENGTH(content) + OCTET_LENGTH(urls)), 0) AS BIGINT), \
     CAST(COALESCE((SELECT SUM(OCTET_LENGTH(v.title) + OCTET_LENGTH(v.content)) FROM note n \
     JOIN note_version v ON v.note_id = n.id WHERE n.account_id = $1), 0) \
     + COALESCE((SELECT SUM(OCTET_LENGTH(p.title) + OCTET_LENGTH(p.content)) FROM note n \
     JOIN note_page p ON p.note_id = n.id WHERE n.account_id = $1), 0) AS BIGINT) \
     FROM note WHERE account_id = $1";

pub(super) const EVENTS: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(OCTET_LENGTH(body)), 0) AS BIGINT), \
     CAST(0 AS BIGINT) FROM agent_event WHERE account_id = $1";
