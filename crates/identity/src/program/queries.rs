//! SQL about programs that people sign in.

pub(super) const INSERT_CODE: &str =
    "INSERT INTO program_code (hash, account_id, challenge, expires_at) VALUES ($1, $2, $3, $4)";

pub(super) const CODE: &str = "SELECT c.account_id, CASE WHEN u.disabled_at IS NULL THEN 0 ELSE 1 END, \
    c.challenge, \
     c.expires_at, c.program_id FROM program_code c JOIN account u ON u.id = c.account_id WHERE c.hash = $1";

pub(super) const USE_CODE: &str =
    "UPDATE program_code SET program_id = $2 WHERE hash = $1 AND program_id IS NULL";

pub(super) const END_OF_CODE: &str =
    "DELETE FROM program WHERE id IN (SELECT program_id FROM program_code WHERE hash = $1)";

pub(super) const INSERT: &str = "INSERT INTO program (id, hash, account_id, name, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const TRIM: &str = "DELETE FROM program WHERE account_id = $1 AND id <= \
     (SELECT id FROM program WHERE account_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";

pub(super) const LIST: &str = "SELECT id, name, created_at, expires_at, last_used_at FROM program \
     WHERE account_id = $1 AND expires_at > $2 ORDER BY id DESC";

pub(super) const END: &str = "DELETE FROM program WHERE id = $1 AND account_id = $2";

pub(super) const END_ALL: &str = "DELETE FROM program WHERE account_id = $1";

pub(super) const DELETE_CODES: &str = "DELETE FROM program_code WHERE account_id = $1";

pub(super) const DELETE_DEVICES: &str = "DELETE FROM device_sign_in WHERE account_id = $1";

pub(super) const BY_HASH: &str = "SELECT p.id, p.account_id, p.expires_at, p.name FROM program p \
     JOIN account u ON u.id = p.account_id WHERE p.hash = $1 AND p.expires_at > $2 AND u.disabled_at IS NULL";

/// Counts waiting programs. Those that expire after $2 were stored while the clock was wrong and do not
/// count.
pub(super) const WAITING: &str = "SELECT COUNT(*) FROM device_sign_in \
     WHERE account_id IS NULL AND expires_at > $1 AND expires_at <= $2";

/// Removes the waiting program that has waited longest of the address with most waiting programs.
pub(super) const EVICT_DEVICE: &str = "DELETE FROM device_sign_in WHERE hash IN (SELECT d.hash FROM \
    device_sign_in d \
     LEFT JOIN (SELECT origin, COUNT(*) AS waiting FROM device_sign_in \
     WHERE account_id IS NULL AND expires_at > $1 AND expires_at <= $2 GROUP BY origin) o ON o.origin = \
     d.origin \
     WHERE d.account_id IS NULL AND d.expires_at > $1 AND d.expires_at <= $2 \
     ORDER BY COALESCE(o.waiting, 0) DESC, d.created_at, d.hash LIMIT 1)";

pub(super) const INSERT_DEVICE: &str = "INSERT INTO device_sign_in (hash, user_code, created_at, expires_at, \
    origin) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

pub(super) const DEVICE: &str =
    "SELECT user_code, expires_at, account_id, salt, program_id FROM device_sign_in WHERE hash = $1";

pub(super) const FETCH_DEVICE: &str =
    "UPDATE device_sign_in SET program_id = $2 WHERE hash = $1 AND program_id IS NULL";

pub(super) const LET_IN: &str = "UPDATE device_sign_in SET account_id = $3, salt = $4 \
     WHERE user_code = $1 AND expires_at > $2 AND expires_at <= $5 AND account_id IS NULL";
