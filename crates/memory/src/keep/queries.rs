//! SQL about what is never kept.

pub(super) const RULES: &str =
    "SELECT id, phrase, created_at FROM memory_never WHERE account_id = $1 ORDER BY id DESC LIMIT $2";

pub(crate) const COUNT_RULES: &str = "SELECT COUNT(*) FROM memory_never WHERE account_id = $1";

pub(crate) const ADD_RULE: &str = "INSERT INTO memory_never (id, account_id, phrase, created_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, phrase) DO NOTHING";

pub(super) const DELETE_RULE: &str = "DELETE FROM memory_never WHERE account_id = $1 AND id = $2";

pub(super) const COUNT_REFUSED: &str = "INSERT INTO memory_refused (account_id, reason, count, last_at) \
     VALUES ($1, $2, 1, $3) ON CONFLICT (account_id, reason) DO UPDATE SET \
     count = memory_refused.count + 1, last_at = excluded.last_at";

pub(super) const REFUSED: &str =
    "SELECT reason, count, last_at FROM memory_refused WHERE account_id = $1 ORDER BY count DESC, reason";
