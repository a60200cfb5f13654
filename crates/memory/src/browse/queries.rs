//! SQL of the list.

use store::InList;

use super::Sort;
use crate::ranked::IDS;

macro_rules! memories {
    ($time:literal, $after:literal, $order:literal, $category:literal) => {
        concat!(
            "SELECT id, '', content, object, visibility, source, source_name, created_at, updated_at, '', \
             valid_until, superseded_by FROM key_memory WHERE account_id = $1 AND (",
            $time,
            ", id) ",
            $after,
            " ($2, $3) AND ",
            $category,
            " AND (CAST($5 AS BIGINT) < 0 OR CAST($5 AS BIGINT) = \
             CASE WHEN visibility = 1 THEN 1 ELSE 0 END) \
             AND ($6 = '*' OR source = $6) AND created_at >= $7 AND created_at < $8 ORDER BY ",
            $time,
            $order,
            ", id",
            $order,
            " LIMIT $9"
        )
    };
}

macro_rules! notes {
    ($time:literal, $after:literal, $order:literal) => {
        concat!(
            "SELECT id, title, SUBSTR(content, 1, 400), urls, 0, source, source_name, created_at, \
             updated_at, status, NULL, NULL FROM note WHERE account_id = $1 AND (",
            $time,
            ", id) ",
            $after,
            " ($2, $3) AND ($4 = '*' OR source = $4) AND created_at >= $5 AND created_at < $6 ORDER BY ",
            $time,
            $order,
            ", id",
            $order,
            " LIMIT $7"
        )
    };
}

/// Selects key memories after a place, of one category or all.
pub(super) const fn memories(sort: Sort, is_of_category: bool) -> &'static str {
    match (sort, is_of_category) {
        (Sort::Newest, false) => memories!("created_at", "<", " DESC", "$4 = ''"),
        (Sort::Newest, true) => memories!("created_at", "<", " DESC", "object = $4"),
        (Sort::Oldest, false) => memories!("created_at", ">", " ASC", "$4 = ''"),
        (Sort::Oldest, true) => memories!("created_at", ">", " ASC", "object = $4"),
        (Sort::Updated, false) => memories!("updated_at", "<", " DESC", "$4 = ''"),
        (Sort::Updated, true) => memories!("updated_at", "<", " DESC", "object = $4"),
    }
}

/// Selects notes after a place.
pub(super) const fn notes(sort: Sort) -> &'static str {
    match sort {
        Sort::Newest => notes!("created_at", "<", " DESC"),
        Sort::Oldest => notes!("created_at", ">", " ASC"),
        Sort::Updated => notes!("updated_at", "<", " DESC"),
    }
}

pub(super) const EVENTS: &str = "SELECT id, account_id, platform, event_time, body FROM agent_event \
     WHERE account_id = $1 AND id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4";

pub(super) const EVENTS_OLDEST: &str = "SELECT id, account_id, platform, event_time, body FROM agent_event \
     WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";

pub(super) const COUNT_EVENTS: &str = "SELECT COUNT(*) FROM agent_event WHERE account_id = $1";

pub(super) const CATEGORIES: &str = "SELECT object, COUNT(*) FROM key_memory \
     WHERE account_id = $1 AND object <> '' GROUP BY object ORDER BY 2 DESC, 1 LIMIT $2";

pub(super) static MEMORY_TRAITS: InList = InList::new(1, IDS, |ids| {
    format!(
        "SELECT id, object, visibility, source, created_at, updated_at FROM key_memory \
         WHERE account_id = $1 AND id IN ({ids})"
    )
});

pub(super) static NOTE_TRAITS: InList = InList::new(1, IDS, |ids| {
    format!(
        "SELECT id, '', -1, source, created_at, updated_at FROM note WHERE account_id = $1 AND id IN ({ids})"
    )
});

pub(super) static MEMORIES_BY_ID: InList = InList::new(1, IDS, |ids| {
    format!(
        "SELECT id, '', content, object, visibility, source, source_name, created_at, updated_at, '', \
         valid_until, superseded_by FROM key_memory WHERE account_id = $1 AND id IN ({ids})"
    )
});

/// Selects notes with their whole texts, in which hits are marked.
pub(super) static NOTES_BY_ID: InList = InList::new(1, IDS, |ids| {
    format!(
        "SELECT id, title, content, urls, 0, source, source_name, created_at, updated_at, status, \
         NULL, NULL FROM note \
         WHERE account_id = $1 AND id IN ({ids})"
    )
});
