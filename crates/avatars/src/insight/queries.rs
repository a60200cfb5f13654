//! SQL about visitors, for owners.

/// The first message of each of an avatar's latest conversations.
pub(super) const BEGINNINGS: &str = "SELECT s.id, (SELECT m.content FROM visitor_message m \
     WHERE m.session_id = s.id AND m.sender = 'visitor' ORDER BY m.number LIMIT 1) FROM visitor_session s \
     WHERE s.avatar_id = $1 AND s.messages > 0 ORDER BY s.active_at DESC, s.id DESC LIMIT $2";

/// Day, new visitors, returning visitors, visitors who wrote, and messages.
pub(super) const DAYS: &str = "SELECT day, CAST(SUM(is_new) AS BIGINT), CAST(SUM(1 - is_new) AS BIGINT), \
     CAST(SUM(CASE WHEN messages > 0 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(messages) AS BIGINT) \
     FROM avatar_visit WHERE avatar_id = $1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day";

/// Different visitors, and those of them who wrote.
pub(super) const TOTALS: &str = "SELECT COUNT(DISTINCT visitor), \
     COUNT(DISTINCT CASE WHEN messages > 0 THEN visitor END) \
     FROM avatar_visit WHERE avatar_id = $1 AND day >= $2 AND day <= $3";

/// Messages of an avatar's conversations since a time, up to a number.
pub(super) const COUNT_MESSAGES: &str = "SELECT COUNT(*) FROM (SELECT m.id FROM visitor_session s \
     JOIN visitor_message m ON m.session_id = s.id \
     WHERE s.avatar_id = $1 AND s.active_at >= $2 AND m.created_at >= $2 LIMIT $3) AS counted";

pub(super) const MESSAGES: &str = "SELECT s.name, s.visitor_name, m.sender, m.content, m.created_at \
     FROM visitor_session s JOIN visitor_message m ON m.session_id = s.id \
     WHERE s.avatar_id = $1 AND s.active_at >= $2 AND m.created_at >= $2 AND m.created_at <= $3 \
     ORDER BY s.id DESC, m.number DESC LIMIT $4";

pub(super) const OPEN_EXPORTS: &str =
    "SELECT COUNT(*) FROM visitor_export WHERE avatar_id = $1 AND expires_at > $2";

pub(super) const ADD_EXPORT: &str = "INSERT INTO visitor_export (id, account_id, avatar_id, language, \
     zone, messages, \
     is_truncated, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) const EXPORT: &str = "SELECT id, account_id, avatar_id, language, zone, messages, \
     is_truncated, created_at, \
     expires_at FROM visitor_export WHERE id = $1";
