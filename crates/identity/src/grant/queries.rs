//! SQL about authorizations, codes, and tokens.

pub(super) const STANDING: &str = "SELECT id, scopes, asked, COALESCE(answered_at, created_at) FROM \
    app_authorization \
     WHERE account_id = $1 AND application_id = $2 AND revoked_at IS NULL";

pub(super) const OPEN: &str = "INSERT INTO app_authorization (id, account_id, application_id, scopes, asked, \
    created_at) \
     VALUES ($1, $2, $3, '', '', $4) \
     ON CONFLICT (account_id, application_id) WHERE revoked_at IS NULL DO NOTHING";

/// Locks an authorization. Every change of its codes and tokens locks it first, so that changes are
/// serialized.
pub(super) const HOLD: &str = "UPDATE app_authorization SET asked = asked \
     WHERE account_id = $1 AND application_id = $2 AND revoked_at IS NULL RETURNING id, scopes, asked, \
     COALESCE(answered_at, created_at)";

pub(super) const HOLD_BY_ID: &str =
    "UPDATE app_authorization SET asked = asked WHERE id = $1 AND revoked_at IS NULL";

/// Locks an authorization of an account.
pub(super) const HOLD_OWN: &str = "UPDATE app_authorization SET asked = asked \
     WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL RETURNING id, scopes, asked, \
     COALESCE(answered_at, created_at)";

/// Agents are apps with a token for the tools, and all that registered themselves.
pub(super) const AGENTS: &str = "SELECT z.id, p.id, p.name, p.is_self_registered, z.scopes, z.asked, \
     z.created_at, z.last_used_at \
     FROM app_authorization z JOIN application p ON p.id = z.application_id \
     WHERE z.account_id = $1 AND z.revoked_at IS NULL AND (p.is_self_registered = 1 OR EXISTS \
     (SELECT 1 FROM oauth_token t WHERE t.authorization_id = z.id AND t.audience = 'mcp')) \
     ORDER BY z.id DESC LIMIT 100";

pub(super) const SET_SCOPES: &str = "UPDATE app_authorization SET scopes = $2, asked = $3, \
     answered_at = $4 WHERE id = $1";

pub(super) const LIST: &str = "SELECT z.id, p.id, p.name, p.description, z.scopes, z.created_at, \
    z.last_used_at \
     FROM app_authorization z JOIN application p ON p.id = z.application_id \
     WHERE z.account_id = $1 AND z.revoked_at IS NULL ORDER BY z.id DESC LIMIT 100";

pub(super) const REVOKE: &str = "UPDATE app_authorization SET revoked_at = $3 \
     WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL RETURNING application_id";

pub(super) const REVOKE_ALL: &str = "UPDATE app_authorization SET revoked_at = $2 \
     WHERE account_id = $1 AND revoked_at IS NULL RETURNING application_id";

pub(super) const INSERT_CODE: &str = "INSERT INTO oauth_code \
     (hash, authorization_id, scopes, redirect_uri, challenge, expires_at, audience) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const CODE: &str = "SELECT z.application_id, z.id, z.account_id, c.scopes, c.redirect_uri, \
    c.challenge, \
     c.expires_at, c.used_at, CASE WHEN z.revoked_at IS NULL AND u.disabled_at IS NULL THEN 0 ELSE 1 END, \
     c.audience, z.scopes \
     FROM oauth_code c JOIN app_authorization z ON z.id = c.authorization_id \
     JOIN account u ON u.id = z.account_id WHERE c.hash = $1";

pub(super) const USE_CODE: &str = "UPDATE oauth_code SET used_at = $2 WHERE hash = $1 AND used_at IS NULL";

pub(super) const REVOKE_CODE: &str =
    "UPDATE oauth_token SET revoked_at = $2 WHERE code_hash = $1 AND revoked_at IS NULL";

pub(super) const INSERT_TOKEN: &str = "INSERT INTO oauth_token \
     (hash, kind, application_id, authorization_id, code_hash, scopes, created_at, expires_at, audience) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) const REFRESH: &str = "SELECT t.application_id, z.id, t.scopes, z.scopes, t.code_hash, \
    t.expires_at, \
     CASE WHEN t.revoked_at IS NULL AND z.revoked_at IS NULL AND u.disabled_at IS NULL THEN 0 ELSE 1 END, \
     z.account_id, t.rotated_at, t.salt, t.audience \
     FROM oauth_token t JOIN app_authorization z ON z.id = t.authorization_id \
     JOIN account u ON u.id = z.account_id WHERE t.hash = $1 AND t.kind = 'refresh'";

/// Without an authorization the token is the app's own.
pub(super) const ACCESS: &str = "SELECT t.expires_at, p.id, p.name, p.is_self_registered, p.scopes, \
     CASE WHEN o.disabled_at IS NULL THEN p.status ELSE 'suspended' END, t.scopes, z.id, z.account_id, \
     z.scopes, \
     z.asked, t.audience \
     FROM oauth_token t JOIN application p ON p.id = t.application_id JOIN account o ON o.id = p.account_id \
     LEFT JOIN app_authorization z ON z.id = t.authorization_id LEFT JOIN account u ON u.id = z.account_id \
     WHERE t.hash = $1 AND t.kind = 'access' AND t.expires_at > $2 AND t.revoked_at IS NULL \
     AND (t.authorization_id IS NULL OR (z.revoked_at IS NULL AND u.disabled_at IS NULL))";

/// Extends the lifetime of a refresh token.
pub(super) const PROLONG: &str = "UPDATE oauth_token SET expires_at = $2 WHERE hash = $1";

pub(super) const ROTATE: &str = "UPDATE oauth_token SET rotated_at = $2, salt = $3 WHERE hash = $1";

/// Returns the access token for which a refresh token was exchanged, if the new refresh token has not been
/// used yet.
pub(super) const SUCCESSOR: &str = "SELECT a.expires_at, a.scopes FROM oauth_token a, oauth_token r \
     WHERE r.hash = $1 AND r.rotated_at IS NULL AND r.revoked_at IS NULL \
     AND a.hash = $2 AND a.revoked_at IS NULL AND a.expires_at > $3";

pub(super) const TOKEN: &str = "SELECT t.kind, t.scopes, t.created_at, t.expires_at, \
     CASE WHEN t.revoked_at IS NULL AND t.rotated_at IS NULL AND t.expires_at > $2 \
     AND (t.authorization_id IS NULL OR (z.revoked_at IS NULL AND u.disabled_at IS NULL)) THEN 1 ELSE 0 END, \
     p.id, p.secret_hash, p.is_public, CASE WHEN o.disabled_at IS NULL THEN p.status ELSE 'suspended' END, \
     p.scopes, p.person_key, z.account_id, z.scopes, t.audience, p.is_self_registered \
     FROM oauth_token t JOIN application p ON p.id = t.application_id JOIN account o ON o.id = p.account_id \
     LEFT JOIN app_authorization z ON z.id = t.authorization_id LEFT JOIN account u ON u.id = z.account_id \
     WHERE t.hash = $1";

pub(super) const OWNED: &str = "SELECT t.kind, t.application_id, t.authorization_id, z.account_id, \
    t.code_hash \
     FROM oauth_token t LEFT JOIN app_authorization z ON z.id = t.authorization_id WHERE t.hash = $1";

pub(super) const REVOKE_TOKEN: &str =
    "UPDATE oauth_token SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL";
