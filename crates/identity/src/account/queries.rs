//! SQL about accounts and sign-up links.

use store::InList;

pub(super) const INSERT: &str = "INSERT INTO account (id, email, name, route, password_hash, is_admin, \
    key_count, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, 0, $7) ON CONFLICT DO NOTHING";

pub(super) const BY_ID: &str =
    "SELECT id, email, name, route, is_admin, created_at, disabled_at FROM account WHERE id = $1";

pub(super) static BY_IDS: InList = InList::new(0, 100, |ids| {
    format!(
        "SELECT id, email, name, route, is_admin, created_at, disabled_at FROM account WHERE id IN ({ids})"
    )
});

pub(super) const BY_EMAIL: &str =
    "SELECT id, email, name, route, is_admin, created_at, disabled_at FROM account WHERE email = $1";

/// An account that is not disabled.
pub(super) const BY_ROUTE: &str = "SELECT id, email, name, route, is_admin, created_at, disabled_at \
    FROM account WHERE route = $1 AND disabled_at IS NULL";

pub(super) const EMAIL_TAKEN: &str = "SELECT 1 FROM account WHERE email = $1";

pub(super) const PASSWORD_BY_EMAIL: &str =
    "SELECT id, password_hash, disabled_at FROM account WHERE email = $1";

pub(super) const PASSWORD_BY_ID: &str = "SELECT id, password_hash, disabled_at FROM account WHERE id = $1";

pub(super) const LIST: &str = "SELECT id, email, name, route, is_admin, created_at, disabled_at FROM account \
     WHERE id > $1 ORDER BY id LIMIT $2";

pub(super) const FIND: &str = "SELECT id, email, name, route, is_admin, created_at, disabled_at FROM account \
     WHERE id > $1 AND (CAST($2 AS TEXT) = '' OR STRPOS(email, CAST($2 AS TEXT)) > 0 \
     OR STRPOS(LOWER(name), CAST($2 AS TEXT)) > 0) ORDER BY id LIMIT $3";

/// Changes nothing, but locks the rows.
pub(super) const HOLD_ADMINS: &str = "UPDATE account SET is_admin = is_admin WHERE is_admin = 1";

pub(super) const SET_ADMIN: &str = "UPDATE account SET is_admin = $2 WHERE id = $1";

pub(super) const INSERT_PASSWORD_LINK: &str =
    "INSERT INTO password_link (hash, account_id, expires_at) VALUES ($1, $2, $3)";

pub(super) const DELETE_PASSWORD_LINKS: &str = "DELETE FROM password_link WHERE account_id = $1";

pub(super) const PASSWORD_LINK: &str = "SELECT a.id, a.email, a.name, a.route, a.is_admin, \
     a.created_at, a.disabled_at FROM password_link l JOIN account a ON a.id = l.account_id \
     WHERE l.hash = $1 AND l.expires_at > $2 AND a.disabled_at IS NULL";

pub(super) const TAKE_PASSWORD_LINK: &str = "DELETE FROM password_link WHERE hash = $1 AND expires_at > $2";

pub(super) const SETTING: &str = "SELECT value FROM server_setting WHERE name = $1";

pub(super) const SET_SETTING: &str = "INSERT INTO server_setting (name, value) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value";

pub(super) const ANY_ADMIN: &str = "SELECT id FROM account WHERE is_admin = 1 LIMIT 1";

pub(super) const FIRST_ADMIN: &str =
    "SELECT id FROM account WHERE is_admin = 1 AND disabled_at IS NULL ORDER BY id LIMIT 1";

pub(super) const SET_PASSWORD: &str = "UPDATE account SET password_hash = $2 WHERE id = $1";

pub(super) const SET_DISABLED: &str = "UPDATE account SET disabled_at = $2 WHERE id = $1";

pub(super) const SET_NAME: &str = "UPDATE account SET name = $2 WHERE id = $1";

pub(super) const SET_ROUTE: &str = "UPDATE account SET route = $2 WHERE id = $1 AND NOT EXISTS (SELECT 1 \
    FROM account WHERE route = $2 AND id <> $1)";

pub(super) const DELETE: &str = "DELETE FROM account WHERE id = $1";

pub(super) const INSERT_LINK: &str =
    "INSERT INTO sign_up_link (hash, makes_admin, created_at, expires_at) VALUES ($1, $2, $3, $4)";

pub(super) const LINK: &str = "SELECT makes_admin FROM sign_up_link WHERE hash = $1 AND expires_at > $2";

pub(super) const TAKE_LINK: &str =
    "DELETE FROM sign_up_link WHERE hash = $1 AND expires_at > $2 RETURNING makes_admin";

pub(super) const DELETE_SET_UP_LINKS: &str = "DELETE FROM sign_up_link WHERE makes_admin = 1";
