//! SQL about blocks, reports, bans and the log of moderation actions.

pub(super) const BLOCK: &str = "INSERT INTO plaza_block (account_id, blocked_id, created_at) VALUES ($1, $2, \
    $3) \
     ON CONFLICT (account_id, blocked_id) DO NOTHING";

pub(super) const UNBLOCK: &str = "DELETE FROM plaza_block WHERE account_id = $1 AND blocked_id = $2";

pub(super) const BLOCKS: &str = "SELECT COUNT(*) FROM plaza_block WHERE account_id = $1";

pub(super) const BLOCKED: &str = "SELECT blocked_id FROM plaza_block WHERE account_id = $1";

pub(super) const HAS_BLOCKED: &str = "SELECT 1 FROM plaza_block WHERE account_id = $1 AND blocked_id = $2";

/// A second report by the same account replaces the first, and opens it again if it was closed.
pub(super) const REPORT: &str = "INSERT INTO plaza_report \
     (id, target_id, post_id, comment_id, author_id, reporter_id, reason, created_at, is_open) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT (target_id, reporter_id) \
     DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at, is_open = 1";

pub(super) const OPEN: &str = "SELECT r.id, r.comment_id, p.name, r.author_id, r.reporter_id, r.reason, \
    r.created_at, \
     COALESCE(c.content, p.content) FROM plaza_report r JOIN plaza_post p ON p.id = r.post_id \
     LEFT JOIN plaza_comment c ON c.id = r.comment_id WHERE r.is_open = 1 ORDER BY r.id LIMIT $1";

pub(super) const FIND: &str = "SELECT r.id, r.comment_id, p.name, r.author_id, r.reporter_id, r.reason, \
    r.created_at, \
     COALESCE(c.content, p.content) FROM plaza_report r JOIN plaza_post p ON p.id = r.post_id \
     LEFT JOIN plaza_comment c ON c.id = r.comment_id WHERE r.id = $1 AND r.is_open = 1";

pub(super) const CLOSE_ONE: &str = "UPDATE plaza_report SET is_open = 0 WHERE id = $1 AND is_open = 1";

pub(super) const CLOSE: &str = "UPDATE plaza_report SET is_open = 0 WHERE target_id = $1";

pub(super) const NOTE: &str = "INSERT INTO plaza_log (id, moderator_id, action, target, account_id, reason, \
    created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const LOG: &str = "SELECT id, moderator_id, action, target, account_id, reason, created_at FROM \
    plaza_log \
     WHERE id < $1 ORDER BY id DESC LIMIT $2";

pub(super) const BANNED: &str = "SELECT account_id, banned_until, ban_reason FROM plaza_certificate \
     WHERE banned_until > $1 ORDER BY banned_until LIMIT $2";
