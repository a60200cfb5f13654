//! SQL about avatars.

macro_rules! columns {
    () => {
        "SELECT a.id, a.account_id, a.title, a.cover_url, a.scenario_prompt, a.opening, a.welcome_note, \
         a.body, \
         a.share_code, a.paused_at, a.usage_count, a.view_count, a.created_at, \
         CASE WHEN o.primary_id = a.id THEN 1 ELSE 0 END, CASE WHEN o.default_id = a.id THEN 1 ELSE 0 END \
         FROM avatar a JOIN avatar_owner o ON o.account_id = a.account_id "
    };
}

/// The primary avatar comes first, because it is the oldest.
pub(super) const LIST: &str = concat!(columns!(), "WHERE a.account_id = $1 ORDER BY a.id LIMIT $2 OFFSET $3");

/// Avatars after one, for the archive.
pub(crate) const AFTER: &str =
    concat!(columns!(), "WHERE a.account_id = $1 AND a.id > $2 ORDER BY a.id LIMIT $3");

pub(crate) const OWN: &str = concat!(columns!(), "WHERE a.id = $1 AND a.account_id = $2");

pub(crate) const BY_ID: &str = concat!(columns!(), "WHERE a.id = $1");

pub(crate) const BY_SHARE_CODE: &str = concat!(columns!(), "WHERE a.share_code = $1");

pub(crate) const BY_KEY: &str =
    concat!(columns!(), "JOIN avatar_key k ON k.avatar_id = a.id WHERE k.hash = $1 AND k.is_enabled = 1");

pub(super) const COUNT: &str = "SELECT avatars FROM avatar_owner WHERE account_id = $1";

pub(super) const BEGIN: &str = "INSERT INTO avatar_owner (account_id, avatars, skills, primary_id, \
     default_id) \
     VALUES ($1, 1, 0, $2, $2) ON CONFLICT (account_id) DO NOTHING";

pub(super) const TAKE_PLACE: &str =
    "UPDATE avatar_owner SET avatars = avatars + 1 WHERE account_id = $1 AND avatars < $2";

pub(super) const INSERT: &str = "INSERT INTO avatar (id, account_id, title, cover_url, scenario_prompt, \
     opening, \
     welcome_note, body, share_code, paused_at, usage_count, view_count, key_count, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, $11, $11)";

pub(super) const UPDATE: &str = "UPDATE avatar SET title = $3, cover_url = $4, scenario_prompt = $5, \
     opening = $6, \
     welcome_note = $7, body = $8, paused_at = $9, updated_at = $10 WHERE id = $1 AND account_id = $2";

/// The default avatar becomes the primary one again if it is deleted.
pub(crate) const FREE_PLACE: &str = "UPDATE avatar_owner SET avatars = avatars - 1, \
     default_id = CASE WHEN default_id = $2 THEN primary_id ELSE default_id END WHERE account_id = $1";

pub(crate) const DELETE: &str = "DELETE FROM avatar WHERE id = $1 AND account_id = $2";

pub(super) const SET_DEFAULT: &str = "UPDATE avatar_owner SET default_id = $2 WHERE account_id = $1 \
     AND EXISTS (SELECT 1 FROM avatar a WHERE a.id = $2 AND a.account_id = $1)";

pub(super) const DEFAULT: &str = concat!(columns!(), "WHERE a.id = o.default_id AND o.account_id = $1");

pub(super) const SEEN: &str = "UPDATE avatar SET view_count = view_count + 1 WHERE id = $1";

/// Locks the row, so that visitors are counted one after the other.
pub(crate) const USED: &str = "UPDATE avatar SET usage_count = usage_count + $2 WHERE id = $1";
