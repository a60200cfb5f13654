//! SQL about friends.

/// Friends of a person ($1), whose key as a visitor is $2. The conversation is that with the friend's
/// preferred avatar.
pub(super) const LIST: &str = "SELECT f.other_id, f.source, f.changed_at, s.name, \
     (SELECT m.content FROM visitor_message m WHERE m.session_id = s.id ORDER BY m.number DESC LIMIT 1), \
     (SELECT m.created_at FROM visitor_message m WHERE m.session_id = s.id ORDER BY m.number DESC LIMIT 1) \
     FROM friend f LEFT JOIN avatar_owner o ON o.account_id = f.other_id \
     LEFT JOIN visitor_session s ON s.avatar_id = o.default_id AND s.visitor = $2 AND s.is_current = 1 \
     WHERE f.account_id = $1 AND f.state = $3 \
     AND NOT EXISTS (SELECT 1 FROM visitor_block b WHERE b.account_id = f.other_id AND b.visitor = $2) \
     AND NOT EXISTS (SELECT 1 FROM visitor_block b WHERE b.account_id = $1 \
     AND b.visitor = 'account:' || f.other_id) \
     ORDER BY f.changed_at DESC, f.other_id DESC LIMIT $4 OFFSET $5";

/// People who stand to a person in a state, without those whom either of the two blocked.
pub(super) const COUNT: &str = "SELECT COUNT(*) FROM friend f WHERE f.account_id = $1 AND f.state = $3 \
     AND NOT EXISTS (SELECT 1 FROM visitor_block b WHERE b.account_id = f.other_id AND b.visitor = $2) \
     AND NOT EXISTS (SELECT 1 FROM visitor_block b WHERE b.account_id = $1 \
     AND b.visitor = 'account:' || f.other_id)";

/// People who are not to be discovered by a person: those whom they know, and those who blocked them or are
/// blocked.
pub(super) const HIDDEN: &str = "SELECT other_id FROM friend WHERE account_id = $1 \
     UNION SELECT account_id FROM visitor_block WHERE visitor = $2 \
     UNION SELECT CAST(SUBSTR(visitor, 9) AS BIGINT) FROM visitor_block \
     WHERE account_id = $1 AND visitor LIKE 'account:%'";

pub(super) const STATE: &str = "SELECT state FROM friend WHERE account_id = $1 AND other_id = $2";

/// Locks a row, if it is there.
pub(super) const LOCK: &str = "UPDATE friend SET state = state WHERE account_id = $1 AND other_id = $2";

pub(super) const WAITING: &str = "SELECT COUNT(*) FROM friend WHERE account_id = $1 AND state = $2";

pub(super) const ADD: &str = "INSERT INTO friend (account_id, other_id, state, greeting, source, changed_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, other_id) DO NOTHING";

pub(super) const SET_STATE: &str =
    "UPDATE friend SET state = $3, changed_at = $4 WHERE account_id = $1 AND other_id = $2";

pub(super) const IS_BLOCKED: &str = "SELECT 1 FROM visitor_block WHERE account_id = $1 AND visitor = $2";
