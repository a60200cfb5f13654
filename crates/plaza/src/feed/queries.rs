//! SQL of the feed. Each combination of order and filters has its own statement, which reads one index only.

use std::{fmt::Write, sync::LazyLock};

/// Most terms of a keyword that are looked up.
pub(super) const MAX_TERMS: usize = 8;

/// Reads the id of the newest post. Later posts do not belong to a cursor that begins now.
pub(super) const NEWEST: &str = "SELECT id FROM plaza_post WHERE is_live = 1 ORDER BY id DESC LIMIT 1";

pub(super) const COUNTS: &str =
    "SELECT kind, CAST(SUM(posts) AS BIGINT) FROM plaza_count WHERE circle = $1 GROUP BY kind";

/// By time: posts before $1; skips $3 rows and returns $2.
macro_rules! by_time {
    ($filter:literal) => {
        concat!(
            "SELECT id, id FROM plaza_post WHERE is_live = 1 ",
            $filter,
            "AND id < $1 ORDER BY id DESC LIMIT $2 OFFSET $3"
        )
    };
}

/// By position in the featured feed: posts after ($1, $2) and not newer than $3; skips $5 rows and returns
/// $4.
macro_rules! by_hot {
    ($filter:literal) => {
        concat!(
            "SELECT hot, id FROM plaza_post WHERE is_live = 1 ",
            $filter,
            "AND (hot, id) < ($1, $2) AND id <= $3 ORDER BY hot DESC, id DESC LIMIT $4 OFFSET $5"
        )
    };
}

pub(super) const TIME: &str = by_time!("");
pub(super) const TIME_KIND: &str = by_time!("AND kind = $4 ");
pub(super) const TIME_CIRCLE: &str = by_time!("AND circle = $4 AND circle <> '' ");
pub(super) const TIME_CIRCLE_KIND: &str = by_time!("AND circle = $4 AND circle <> '' AND kind = $5 ");
pub(super) const TIME_AUTHOR: &str = by_time!("AND author_id = $4 ");
pub(crate) const TIME_TOPIC: &str = by_time!("AND topic = $4 AND topic <> '' ");

pub(super) const HOT: &str = by_hot!("");
pub(super) const HOT_KIND: &str = by_hot!("AND kind = $6 ");
pub(super) const HOT_CIRCLE: &str = by_hot!("AND circle = $6 AND circle <> '' ");
pub(super) const HOT_CIRCLE_KIND: &str = by_hot!("AND circle = $6 AND circle <> '' AND kind = $7 ");

/// Counts the posts that contain a term ($1), up to $2.
pub(super) const RARITY: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM plaza_posting WHERE term = $1 LIMIT $2) AS few";

/// Of the newest $2 posts that contain the rarest term ($1), selects those that contain all other terms as
/// well. An empty term is ignored. The columns are those by which posts are filtered, counted and sorted.
pub(super) static HOLDING: LazyLock<String> = LazyLock::new(|| {
    let mut sql =
        "SELECT p.hot, p.id, p.kind, p.circle FROM (SELECT post_id FROM plaza_posting WHERE term = $1 \
                   ORDER BY post_id DESC LIMIT $2) AS newest JOIN plaza_post p ON p.id = newest.post_id \
                   WHERE p.is_live = 1"
            .to_owned();
    for number in 3..MAX_TERMS + 2 {
        // Writing to a string cannot fail.
        let _ = write!(
            sql,
            " AND (${number} = '' OR EXISTS (SELECT 1 FROM plaza_posting t WHERE t.term = ${number} \
             AND t.post_id = newest.post_id))"
        );
    }
    sql
});
