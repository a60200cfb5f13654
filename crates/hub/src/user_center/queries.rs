//! SQL of users. Every statement begins with the key, or checks it.

/// Adds new users to the counts. Changes no row if the key has its maximum number of users.
pub(super) const TAKE_PLACE: &str = "INSERT INTO hub_pool (key_id, members, admins) VALUES ($1, $2, $3) \
     ON CONFLICT (key_id) DO UPDATE SET members = hub_pool.members + excluded.members, \
     admins = hub_pool.admins + excluded.admins WHERE hub_pool.members + hub_pool.admins < $4";

/// Moves users from one count to the other, or removes them.
pub(super) const RECOUNT: &str =
    "UPDATE hub_pool SET members = members + $2, admins = admins + $3 WHERE key_id = $1";

pub(super) const COUNTS: &str = "SELECT members, admins FROM hub_pool WHERE key_id = $1";

pub(super) const POLICY: &str = "SELECT policy FROM hub_pool WHERE key_id = $1 AND policy IS NOT NULL";

pub(super) const SET_POLICY: &str = "INSERT INTO hub_pool (key_id, members, admins, policy) VALUES ($1, 0, \
    0, $2) \
     ON CONFLICT (key_id) DO UPDATE SET policy = excluded.policy";

pub(super) const NAME_TAKEN: &str = "SELECT 1 FROM hub_user WHERE key_id = $1 AND name_key = $2";

pub(super) const INSERT: &str = "INSERT INTO hub_user (key_id, id, username, name_key, password_hash, \
    is_admin, \
     is_enabled, created_at, roles, group_paths, attrs, sys_attrs, searched, is_self_registered) \
     VALUES ($1, $2, $3, $4, $5, $6, 1, $7, '[]', '[]', $8, $9, $10, $11) ON CONFLICT (key_id, name_key) DO \
     NOTHING";

macro_rules! user {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT id, username, is_admin, is_enabled, created_at, roles, group_paths, attrs, sys_attrs, \
             is_self_registered",
            $columns,
            " FROM hub_user WHERE key_id = $1 AND ",
            $rest
        )
    };
}

/// `$3` is 1 if administrators may be found.
pub(super) const BY_ID: &str = user!("", "id = $2 AND is_admin <= $3");

pub(super) const BY_NAME: &str = user!(", password_hash", "name_key = $2");

pub(super) const WITH_PASSWORD: &str = user!(", password_hash", "id = $2");

/// Locks the row, so that concurrent changes do not overwrite each other.
pub(super) const HOLD: &str = "UPDATE hub_user SET is_enabled = is_enabled WHERE key_id = $1 AND id = $2";

/// Locks the row if the password is still the one that was checked and the user is enabled.
pub(super) const HOLD_SIGNING_IN: &str = "UPDATE hub_user SET is_enabled = is_enabled \
     WHERE key_id = $1 AND id = $2 AND password_hash = $3 AND is_enabled = 1";

pub(super) const UPDATE: &str = "UPDATE hub_user SET username = $3, name_key = $4, is_admin = $5, is_enabled \
    = $6, \
     roles = $7, group_paths = $8, attrs = $9, sys_attrs = $10, searched = $11, is_self_registered = $12 \
     WHERE key_id = $1 AND id = $2";

pub(super) const SET_PASSWORD: &str =
    "UPDATE hub_user SET password_hash = $3 WHERE key_id = $1 AND id = $2 AND is_admin <= $4";

pub(super) const DELETE: &str =
    "DELETE FROM hub_user WHERE key_id = $1 AND id = $2 AND is_admin <= $3 RETURNING is_admin";

pub(super) const LIST: &str =
    user!("", "is_admin >= $2 AND is_admin <= $3 ORDER BY id DESC LIMIT $4 OFFSET $5");

/// As [`LIST`] for one type of users, which an index serves.
pub(super) const LIST_KIND: &str = user!("", "is_admin = $2 ORDER BY id DESC LIMIT $3 OFFSET $4");

pub(super) const SEARCH: &str = user!(
    "",
    "is_admin >= $2 AND is_admin <= $3 AND searched LIKE $6 ESCAPE '\\' ORDER BY id DESC LIMIT $4 OFFSET $5"
);

pub(super) const SEARCH_COUNT: &str = "SELECT COUNT(*) FROM hub_user WHERE key_id = $1 \
     AND is_admin >= $2 AND is_admin <= $3 AND searched LIKE $4 ESCAPE '\\'";

pub(super) const INSERT_SESSION: &str =
    "INSERT INTO hub_session (id, key_id, user_id, secret, expires_at) VALUES ($1, $2, $3, $4, $5)";

/// Ends the oldest sign-ins of a user beyond the newest `$3`.
pub(super) const TRIM_SESSIONS: &str = "DELETE FROM hub_session WHERE id IN (SELECT id FROM hub_session \
     WHERE key_id = $1 AND user_id = $2 ORDER BY expires_at DESC, id LIMIT 100 OFFSET $3)";

pub(super) const ROTATE: &str = "UPDATE hub_session SET secret = $4, expires_at = $5 \
     WHERE id = $1 AND key_id = $2 AND secret = $3 AND expires_at > $6 RETURNING user_id";

pub(super) const END_SESSION: &str = "DELETE FROM hub_session WHERE id = $1 AND key_id = $2";

pub(super) const END_SESSIONS: &str = "DELETE FROM hub_session WHERE key_id = $1 AND user_id = $2";

pub(super) const FORGET_SESSIONS: &str = "DELETE FROM hub_session WHERE id IN \
     (SELECT id FROM hub_session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
