//! SQL about key memories.

use std::sync::LazyLock;

use crate::ranked;

pub(super) const ALL: &str = "SELECT id, actor, object, content, created_at, updated_at, visibility FROM key_memory \
     WHERE account_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3";

pub(super) const PUBLIC: &str = "SELECT id, actor, object, content, created_at, updated_at, visibility FROM key_memory \
     WHERE account_id = $1 AND visibility = 1 ORDER BY id DESC LIMIT $2 OFFSET $3";

pub(crate) static BY_IDS: LazyLock<String> = LazyLock::new(|| {
    ranked::by_ids(
        "SELECT id, actor, object, content, created_at, updated_at, visibility FROM key_memory \
         WHERE account_id = $1 AND id IN",
    )
});

pub(super) const SAME: &str = "SELECT id FROM key_memory WHERE account_id = $1 AND hash = $2 LIMIT 1";

pub(super) const INSERT: &str = "INSERT INTO key_memory \
     (id, account_id, actor, object, content, visibility, hash, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";

pub(super) const FACT: &str =
    "SELECT actor, object, content, visibility, updated_at FROM key_memory WHERE id = $1 AND account_id = $2";

pub(super) const UPDATE: &str =
    "UPDATE key_memory SET content = $2, visibility = $3, hash = $4, updated_at = $5 WHERE id = $1";

pub(super) const DELETE: &str = "DELETE FROM key_memory WHERE id = $1 AND account_id = $2";

pub(super) const KEEP_VERSION: &str = "INSERT INTO key_memory_version \
     (id, memory_id, content, visibility, written_at, replaced_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// No row where there is no such memory.
pub(super) const COUNT_VERSIONS: &str = "SELECT (SELECT COUNT(*) FROM key_memory_version WHERE memory_id = $1) \
     FROM key_memory WHERE id = $1 AND account_id = $2";

pub(super) const VERSIONS: &str = "SELECT content, visibility, written_at, replaced_at FROM key_memory_version \
     WHERE memory_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3";
