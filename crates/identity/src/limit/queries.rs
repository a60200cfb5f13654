//! SQL about limits.

pub(super) const READ: &str = "SELECT free_at FROM rate_limit WHERE subject = $1";

/// Locks the row without changing it.
pub(super) const LOCK: &str = "INSERT INTO rate_limit (subject, free_at) VALUES ($1, $2) \
     ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject RETURNING free_at";

pub(super) const SAVE: &str = "UPDATE rate_limit SET free_at = $2 WHERE subject = $1";
