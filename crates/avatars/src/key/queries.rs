//! SQL about keys of avatars.

pub(super) const TAKE_PLACE: &str =
    "UPDATE avatar SET key_count = key_count + 1 WHERE id = $1 AND key_count < $2";

pub(super) const FREE_PLACE: &str = "UPDATE avatar SET key_count = key_count - 1 WHERE id = \
     (SELECT k.avatar_id FROM avatar_key k WHERE k.id = $1 AND k.account_id = $2)";

pub(super) const INSERT: &str = "INSERT INTO avatar_key (id, avatar_id, account_id, hash, name, hint, \
     is_enabled, \
     created_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)";

pub(super) const LIST: &str = "SELECT id, avatar_id, name, hint, is_enabled FROM avatar_key WHERE \
     avatar_id = $1 \
     ORDER BY id DESC LIMIT $2";

/// An empty name and -1 leave a column as it is.
pub(super) const UPDATE: &str = "UPDATE avatar_key SET name = CASE WHEN $3 = '' THEN name ELSE $3 END, \
     is_enabled = CASE WHEN $4 < 0 THEN is_enabled ELSE $4 END WHERE id = $1 AND account_id = $2";

pub(super) const DELETE: &str = "DELETE FROM avatar_key WHERE id = $1 AND account_id = $2";

pub(crate) const ID_OF: &str = "SELECT id FROM avatar_key WHERE hash = $1";
