//! SQL about documents from apps' hosts.

pub(super) const READ: &str =
    "SELECT body, fetched_at, fresh_until FROM client_document WHERE kind = $1 AND url = $2";

pub(super) const STORE: &str = "INSERT INTO client_document \
     (kind, url, media_type, body, fetched_at, fresh_until) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, url) DO UPDATE SET media_type = excluded.media_type, \
     body = excluded.body, fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until";

/// Keeps using a document whose host cannot be reached.
pub(super) const POSTPONE: &str = "UPDATE client_document SET fresh_until = $3 WHERE kind = $1 AND url = $2";
