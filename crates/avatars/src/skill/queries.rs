//! SQL about skills.

pub(super) const TAKE_PLACE: &str =
    "UPDATE avatar_owner SET skills = skills + 1 WHERE account_id = $1 AND skills < $2";

pub(super) const INSERT: &str = "INSERT INTO avatar_skill (id, account_id, skill_key, title, description, \
     when_to_use, version, scene_mode, content, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub(super) const LIST: &str = "SELECT id, skill_key, title, description, when_to_use, scene_mode, content \
     FROM avatar_skill WHERE account_id = $1 ORDER BY id DESC LIMIT $2";

/// Skills after one, for the archive.
pub(crate) const AFTER: &str = "SELECT id, skill_key, title, description, when_to_use, scene_mode, content \
     FROM avatar_skill WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(super) const KEYS: &str =
    "SELECT skill_key FROM avatar_skill WHERE account_id = $1 ORDER BY id DESC LIMIT $2";
