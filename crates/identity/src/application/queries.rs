//! SQL about apps. An app of a disabled account is suspended.

pub(super) const LOCK_OWNER: &str = "UPDATE account SET key_count = key_count WHERE id = $1";

pub(super) const COUNT: &str =
    "SELECT COUNT(*) FROM application WHERE account_id = $1 AND id NOT LIKE 'https://%'";

pub(super) const COUNT_KIND: &str =
    "SELECT COUNT(*) FROM application WHERE account_id = $1 AND is_self_registered = $2";

pub(super) const INSERT: &str = "INSERT INTO application \
     (id, account_id, name, description, redirect_uris, scopes, status, secret_hash, person_key, created_at, \
     updated_at, \
     is_public, is_self_registered, icon_url, origin, auth_methods, jwks_uri, jwks, signing_alg, client_uri) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";

/// Stores an app that a document describes, or what its document says now.
pub(crate) const KEEP_DESCRIBED: &str = "INSERT INTO application \
     (id, account_id, name, description, redirect_uris, scopes, status, secret_hash, person_key, created_at, \
     updated_at, is_public, is_self_registered, icon_url, auth_methods, jwks_uri, jwks, signing_alg, \
     client_uri) VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $9, $10, 1, '', $11, $12, $13, $14, $15) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, redirect_uris = excluded.redirect_uris, \
     updated_at = excluded.updated_at, is_public = excluded.is_public, auth_methods = excluded.auth_methods, \
     jwks_uri = excluded.jwks_uri, jwks = excluded.jwks, signing_alg = excluded.signing_alg, \
     client_uri = excluded.client_uri";

/// Removes the oldest unused app of the address that registered most unused ones.
pub(super) const EVICT_UNUSED: &str = "DELETE FROM application WHERE id IN (SELECT a.id FROM application a \
     LEFT JOIN (SELECT u.origin, COUNT(*) AS unused FROM application u \
     WHERE u.account_id = $1 AND u.is_self_registered = 1 \
     AND NOT EXISTS (SELECT 1 FROM app_authorization z WHERE z.application_id = u.id) \
     GROUP BY u.origin) o ON o.origin = a.origin \
     WHERE a.account_id = $1 AND a.is_self_registered = 1 \
     AND NOT EXISTS (SELECT 1 FROM app_authorization z WHERE z.application_id = a.id) \
     ORDER BY COALESCE(o.unused, 0) DESC, a.created_at, a.id LIMIT 1)";

pub(super) const LIST: &str = "SELECT a.id, o.name, a.name, a.description, a.redirect_uris, a.scopes, \
     CASE WHEN o.disabled_at IS NULL THEN a.status ELSE 'suspended' END, a.created_at, a.updated_at, \
     a.is_public, a.is_self_registered, a.icon_url, a.webhook_url, a.webhook_enabled, \
     a.auth_methods, a.jwks_uri, a.jwks, a.signing_alg \
     FROM application a JOIN account o ON o.id = a.account_id \
     WHERE a.account_id = $1 AND a.id NOT LIKE 'https://%' \
     ORDER BY a.created_at DESC, a.id DESC LIMIT $2 OFFSET $3";

pub(super) const OWN: &str = "SELECT a.id, o.name, a.name, a.description, a.redirect_uris, a.scopes, \
     CASE WHEN o.disabled_at IS NULL THEN a.status ELSE 'suspended' END, a.created_at, a.updated_at, \
     a.is_public, a.is_self_registered, a.icon_url, a.webhook_url, a.webhook_enabled, \
     a.auth_methods, a.jwks_uri, a.jwks, a.signing_alg \
     FROM application a JOIN account o ON o.id = a.account_id WHERE a.id = $1 AND a.account_id = $2";

pub(super) const FIND: &str = "SELECT a.id, o.name, a.name, a.description, a.redirect_uris, a.scopes, \
     CASE WHEN o.disabled_at IS NULL THEN a.status ELSE 'suspended' END, a.created_at, a.updated_at, \
     a.is_public, a.is_self_registered, a.icon_url, a.webhook_url, a.webhook_enabled, \
     a.auth_methods, a.jwks_uri, a.jwks, a.signing_alg \
     FROM application a JOIN account o ON o.id = a.account_id WHERE a.id = $1";

pub(super) const OWNER: &str = "SELECT account_id FROM application WHERE id = $1";

pub(super) const CLIENT: &str = "SELECT a.id, a.secret_hash, a.scopes, \
     CASE WHEN o.disabled_at IS NULL THEN a.status ELSE 'suspended' END, a.is_public, a.is_self_registered, \
     a.auth_methods, a.jwks_uri, a.jwks, a.signing_alg \
     FROM application a JOIN account o ON o.id = a.account_id WHERE a.id = $1";

pub(super) const PERSON_KEY: &str = "SELECT person_key FROM application WHERE id = $1";

pub(super) const UPDATE: &str = "UPDATE application SET name = COALESCE($3, name), \
     description = COALESCE($4, description), redirect_uris = COALESCE($5, redirect_uris), \
     scopes = COALESCE($6, scopes), updated_at = $7, icon_url = COALESCE($8, icon_url) \
     WHERE id = $1 AND account_id = $2";

pub(super) const SET_SECRET: &str = "UPDATE application SET secret_hash = $3, updated_at = $4 \
     WHERE id = $1 AND account_id = $2 AND is_public = 0";

pub(super) const SET_STATUS: &str = "UPDATE application SET status = $2 WHERE id = $1";

pub(super) const DELETE: &str = "DELETE FROM application WHERE id = $1 AND account_id = $2";

pub(super) const DELETE_USAGE: &str = "DELETE FROM app_usage WHERE application_id = $1";
