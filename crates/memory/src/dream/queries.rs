//! SQL about nightly proposals.

pub(super) const STANDING: &str = "SELECT id, actor, object, content, created_at, updated_at, visibility, \
     valid_from, valid_until, superseded_by FROM key_memory \
     WHERE account_id = $1 AND superseded_by IS NULL AND valid_until IS NULL \
     ORDER BY created_at DESC, id DESC LIMIT $2";

pub(super) const DREAMT: &str =
    "INSERT INTO memory_dreamt (account_id, hash) VALUES ($1, $2) ON CONFLICT (account_id, hash) DO NOTHING";

/// Selects a link between two memories, whichever is the newer one.
pub(super) const LINKED: &str = "SELECT id FROM key_memory_link WHERE (memory_id = $1 AND other_id = $2) \
     OR (memory_id = $2 AND other_id = $1) LIMIT 1";
