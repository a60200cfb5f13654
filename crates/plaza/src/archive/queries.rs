//! SQL that reads a person's data on the Plaza, ordered by id: `$1` is the account, `$2` the id to begin
//! after, `$3` the most rows.

pub(super) const CERTIFICATE: &str = "SELECT id, number, issued_at, double_speaks FROM plaza_certificate \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(super) const INVITATIONS: &str = "SELECT id, code, note, created_at, withdrawn_at, used_at FROM \
    plaza_invitation \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(super) const CIRCLES: &str = "SELECT c.id, c.route, c.name, \
     CASE WHEN c.owner_id = $1 THEN 1 ELSE 0 END FROM plaza_member m \
     JOIN plaza_circle c ON c.route = m.circle WHERE m.account_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3";

pub(super) const POSTS: &str = "SELECT id, name, content, kind, circle, extras, likes, comments, created_at, \
    edited_at \
     FROM plaza_post WHERE author_id = $1 AND id > $2 AND is_live = 1 ORDER BY id LIMIT $3";

pub(super) const COMMENTS: &str = "SELECT c.id, p.name, c.content, c.reply_to, c.reply_to_name, c.source, \
    c.sticker_url, \
     c.likes, c.created_at, c.edited_at FROM plaza_comment c JOIN plaza_post p ON p.id = c.post_id \
     WHERE c.author_id = $1 AND c.id > $2 AND c.is_live = 1 ORDER BY c.id LIMIT $3";

/// The post's name is null where the like is of a comment.
pub(super) const LIKES: &str = "SELECT l.target_id, p.name FROM plaza_like l \
     LEFT JOIN plaza_post p ON p.id = l.target_id WHERE l.account_id = $1 AND l.target_id > $2 \
     ORDER BY l.target_id LIMIT $3";

pub(super) const BLOCKS: &str = "SELECT blocked_id, created_at FROM plaza_block \
     WHERE account_id = $1 AND blocked_id > $2 ORDER BY blocked_id LIMIT $3";
