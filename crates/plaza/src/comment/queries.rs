//! SQL about comments.

use store::InList;

macro_rules! columns {
    () => {
        "SELECT c.id, c.post_id, c.author_id, c.content, c.reply_to, c.reply_to_name, c.root_id, c.source, \
         c.sticker_url, c.likes, c.created_at, c.edited_at, c.is_live, \
         (SELECT COUNT(*) FROM plaza_like l WHERE l.target_id = c.id AND l.account_id = $1) FROM \
         plaza_comment c "
    };
}

pub(super) const LIST: &str = concat!(
    columns!(),
    "WHERE c.post_id = $2 AND c.is_live = 1 AND c.id > $3 ORDER BY c.id LIMIT $4 OFFSET $5"
);

/// Takes as many as a page refers to: it has 100 comments, each with a parent and the first one of its chain.
pub(super) static BY_IDS: InList = InList::new(2, 200, |ids| {
    format!("{}WHERE c.post_id = $2 AND c.id IN ({ids}) ORDER BY c.id", columns!())
});

pub(super) const INSERT: &str = "INSERT INTO plaza_comment (id, post_id, author_id, content, reply_to, \
    reply_to_name, \
     root_id, source, sticker_url, likes, created_at, is_live) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
     $10, $11, 1)";

/// Reads the root and the author of a reply's parent.
pub(super) const PARENT: &str =
    "SELECT root_id, author_id FROM plaza_comment WHERE id = $1 AND post_id = $2 AND is_live = 1";

pub(super) const EDIT: &str = "UPDATE plaza_comment SET content = $3, edited_at = $4 \
     WHERE id = $1 AND author_id = $2 AND is_live = 1";

/// Reads the post of a comment and the comment's author, if neither is deleted.
pub(crate) const PLACE: &str = "SELECT c.post_id, c.author_id, p.name FROM plaza_comment c \
     JOIN plaza_post p ON p.id = c.post_id WHERE c.id = $1 AND c.is_live = 1 AND p.is_live = 1";

pub(super) const DELETE: &str = "UPDATE plaza_comment SET is_live = 0, content = '', sticker_url = '' \
     WHERE id = $1 AND is_live = 1 AND (author_id = $2 OR $3 = 1) RETURNING author_id, source";

pub(crate) const LIKE: &str = "UPDATE plaza_comment SET likes = likes + $2 WHERE id = $1 RETURNING likes";
