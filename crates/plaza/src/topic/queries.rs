//! SQL about topics.

/// Adds a post to a topic. The first post sets the title and the description.
pub(super) const ADD: &str = "INSERT INTO plaza_topic (id, title, description, posts, created_at) VALUES \
    ($1, $2, $3, 1, $4) \
     ON CONFLICT (id) DO UPDATE SET posts = plaza_topic.posts + 1";

pub(super) const REMOVE: &str = "UPDATE plaza_topic SET posts = posts - 1 WHERE id = $1";

pub(super) const FIND: &str = "SELECT id, title, description, posts FROM plaza_topic WHERE id = $1";

pub(super) const LIST: &str = "SELECT id, title, description, posts FROM plaza_topic \
     WHERE posts > 0 ORDER BY posts DESC, id DESC LIMIT $1 OFFSET $2";
