//! SQL about agent memory.

pub(crate) const INSERT: &str = "INSERT INTO agent_event \
     (id, account_id, platform, idempotency_key, event_time, action, action_label, importance, body) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (account_id, platform, idempotency_key) DO \
     NOTHING";

pub(crate) const ALL: &str = "SELECT id, account_id, platform, event_time, body FROM agent_event \
     WHERE account_id = $1 AND id < $4 ORDER BY id DESC LIMIT $2 OFFSET $3";

pub(crate) const NEWEST: &str =
    "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM agent_event WHERE account_id = $1";

pub(crate) const OF_PLATFORM: &str = "SELECT id, account_id, platform, event_time, body FROM agent_event \
     WHERE account_id = $1 AND platform = $5 AND id < $4 ORDER BY id DESC LIMIT $2 OFFSET $3";

pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM agent_event WHERE account_id = $1 AND id <= $2";

pub(crate) const COUNT_OF_PLATFORM: &str =
    "SELECT COUNT(*) FROM agent_event WHERE account_id = $1 AND id <= $2 AND platform = $3";

pub(crate) const GROUPS: &str = "SELECT platform, action, COUNT(*), \
     CAST(SUM(CASE WHEN importance >= $4 THEN 1 ELSE 0 END) AS BIGINT), MAX(action_label) FROM agent_event \
     WHERE account_id = $1 AND event_time >= $2 AND event_time < $3 AND ($6 = '' OR platform = $6) \
     GROUP BY platform, action ORDER BY platform, action LIMIT $5";

pub(crate) const IMPORTANT: &str = "SELECT id, account_id, platform, event_time, body FROM agent_event \
     WHERE account_id = $1 AND event_time >= $2 AND event_time < $3 AND importance >= $4 AND platform = $5 \
     ORDER BY event_time DESC, id DESC LIMIT $6";

pub(crate) const AFTER: &str = "SELECT id, account_id, platform, event_time, body FROM agent_event \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(crate) const OWNER: &str = "SELECT account_id FROM agent_event WHERE id = $1";

/// Returns the bytes of each deleted event.
pub(crate) const DELETE: &str = "DELETE FROM agent_event WHERE id IN \
     (SELECT id FROM agent_event WHERE account_id = $1 AND platform = $2 ORDER BY id LIMIT $3) \
     RETURNING CAST(OCTET_LENGTH(body) AS BIGINT)";

pub(crate) const KNOWN: &str =
    "SELECT id FROM agent_event WHERE account_id = $1 AND platform = $2 AND idempotency_key = $3";

/// Events do not change: their key stands for the text.
pub(crate) const MARK: &str = "SELECT idempotency_key, event_time FROM agent_event \
     WHERE id = $1 AND account_id = $2";

/// Returns the bytes of the deleted event.
pub(crate) const DELETE_ONE: &str = "DELETE FROM agent_event WHERE id = $1 AND account_id = $2 \
     RETURNING CAST(OCTET_LENGTH(body) AS BIGINT)";
