//! SQL about posts.

use std::{fmt::Write, sync::LazyLock};

use store::InList;

/// Numbers of search terms that one statement inserts, the largest first.
pub(super) const POSTINGS: [usize; 3] = [64, 8, 1];

macro_rules! columns {
    () => {
        "SELECT p.id, p.name, p.author_id, p.content, p.kind, p.circle, p.topic, p.extras, p.likes, \
         p.comments, \
         p.human_comments, p.hot, p.created_at, p.edited_at, \
         (SELECT COUNT(*) FROM plaza_like l WHERE l.target_id = p.id AND l.account_id = $1) FROM plaza_post \
         p "
    };
}

pub(super) const FIND: &str = concat!(columns!(), "WHERE p.name = $2 AND p.is_live = 1");

pub(crate) static BY_IDS: InList =
    InList::new(1, 100, |ids| format!("{}WHERE p.is_live = 1 AND p.id IN ({ids})", columns!()));

/// Inserts nothing if the name is taken.
pub(super) const INSERT: &str = "INSERT INTO plaza_post (id, name, author_id, content, kind, circle, topic, \
    extras, likes, \
     comments, human_comments, hot, created_at, is_live) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
     $11, $12, $13, 1) \
     ON CONFLICT (name) DO NOTHING";

pub(crate) const ID: &str = "SELECT id, author_id FROM plaza_post WHERE name = $1 AND is_live = 1";

/// Locks the row and returns the text that is about to be replaced.
pub(super) const BEGIN_EDIT: &str = "UPDATE plaza_post SET edited_at = $3 \
     WHERE name = $1 AND author_id = $2 AND is_live = 1 RETURNING id, content, extras";

pub(super) const EDIT: &str = "UPDATE plaza_post SET content = $2 WHERE id = $1";

/// Marks a post as deleted, if $2 is its author or $3 is 1.
pub(super) const DELETE: &str = "UPDATE plaza_post SET is_live = 0 \
     WHERE name = $1 AND is_live = 1 AND (author_id = $2 OR $3 = 1) \
     RETURNING id, author_id, content, kind, circle, topic, extras";

pub(super) const BLANK: &str = "UPDATE plaza_post SET content = '', extras = '{}' WHERE id = $1";

pub(super) const COUNT: &str = "INSERT INTO plaza_count (circle, kind, shard, posts) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (circle, kind, shard) DO UPDATE SET posts = plaza_count.posts + excluded.posts";

/// Changes the numbers of likes and comments, and returns the values from which the position in the featured
/// feed is computed.
pub(crate) const TALLY: &str = "UPDATE plaza_post SET likes = likes + $2, comments = comments + $3, \
     human_comments = human_comments + $4 WHERE id = $1 RETURNING created_at, likes, comments";

pub(crate) const SET_HOT: &str = "UPDATE plaza_post SET hot = $2 WHERE id = $1";

/// Statements that insert search terms of a post ($1), one for each number in [`POSTINGS`].
pub(super) static ADD_POSTINGS: LazyLock<[String; POSTINGS.len()]> = LazyLock::new(|| {
    POSTINGS.map(|rows| {
        let mut sql = "INSERT INTO plaza_posting (post_id, term) VALUES".to_owned();
        for row in 0..rows {
            // Writing to a string cannot fail.
            let _ = write!(sql, "{} ($1, ${})", if row == 0 { "" } else { "," }, row + 2);
        }
        sql
    })
});

pub(super) static REMOVE_POSTINGS: InList =
    InList::new(1, 32, |terms| format!("DELETE FROM plaza_posting WHERE post_id = $1 AND term IN ({terms})"));
