//! SQL of nightly looks over the facts.

/// Keeps a night that is planned already.
pub(super) const PLAN: &str = "INSERT INTO chat_dream (account_id, due_at, attempts, last_at, proposals, \
    tokens) \
     VALUES ($1, $2, 0, 0, 0, 0) ON CONFLICT (account_id) DO UPDATE SET \
     due_at = CASE WHEN chat_dream.due_at = 0 THEN excluded.due_at ELSE chat_dream.due_at END";

pub(super) const DUE: &str = "SELECT account_id FROM chat_dream \
     WHERE account_id > $1 AND due_at > 0 AND due_at <= $2 ORDER BY account_id LIMIT $3";

/// The condition is repeated, because another process may have been faster.
pub(super) const CLAIM: &str = "UPDATE chat_dream SET due_at = $3, attempts = attempts + 1 \
     WHERE account_id = $1 AND due_at > 0 AND due_at <= $2 RETURNING account_id, attempts, due_at";

pub(super) const DONE: &str = "UPDATE chat_dream SET due_at = 0, attempts = 0, last_at = $3, proposals = $4, \
     tokens = $5 WHERE account_id = $1 AND due_at = $2";

pub(super) const LATER: &str =
    "UPDATE chat_dream SET due_at = $3, attempts = $4 WHERE account_id = $1 AND due_at = $2";

pub(super) const LAST: &str =
    "SELECT last_at, proposals, tokens FROM chat_dream WHERE account_id = $1 AND last_at > 0";
