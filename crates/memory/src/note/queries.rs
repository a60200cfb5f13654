//! SQL about notes.

use store::InList;

use crate::ranked::IDS;

pub(crate) const INSERT: &str = "INSERT INTO note \
     (id, account_id, memory_type, title, content, urls, status, hash, created_at, updated_at, \
     source, source_name) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Selects the oldest, if there are several.
pub(crate) const SAME: &str = "SELECT id FROM note WHERE account_id = $1 AND hash = $2 ORDER BY id LIMIT 1";

pub(crate) const ALL: &str = "SELECT id, memory_type, title, content, urls, status, created_at, updated_at \
    FROM note \
     WHERE account_id = $1 AND (created_at, id) < ($4, $5) AND id <= $6 ORDER BY created_at DESC, id DESC \
     LIMIT $2 OFFSET $3";

pub(crate) const NEWEST: &str = "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM note WHERE account_id = $1";

/// Counts the notes that were added after another, of one type or of any.
pub(crate) const NEWER: &str =
    "SELECT COUNT(*) FROM note WHERE account_id = $1 AND id > $2 AND ($3 = '' OR memory_type = $3)";

pub(crate) const OF_TYPE: &str = "SELECT id, memory_type, title, content, urls, status, created_at, \
    updated_at FROM note \
     WHERE account_id = $1 AND memory_type = $7 AND (created_at, id) < ($4, $5) AND id <= $6 \
     ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";

pub(crate) const COUNT_OF_TYPE: &str = "SELECT COUNT(*) FROM note WHERE account_id = $1 AND memory_type = $2";

pub(crate) const IDS_OF_TYPE: &str = "SELECT id FROM note WHERE account_id = $1 AND memory_type = $2 ORDER \
    BY created_at DESC, id DESC LIMIT $3";

pub(crate) static BY_IDS: InList = InList::new(1, IDS, |ids| {
    format!(
        "SELECT id, memory_type, title, content, urls, status, created_at, updated_at FROM note \
         WHERE account_id = $1 AND id IN ({ids})"
    )
});

pub(crate) const FIND: &str = "SELECT id, memory_type, title, content, urls, status, created_at, updated_at \
    FROM note \
     WHERE id = $1 AND account_id = $2";

pub(crate) const AUTHOR: &str = "SELECT source_name FROM note WHERE id = $1 AND account_id = $2";

pub(crate) const UPDATE: &str =
    "UPDATE note SET title = $2, content = $3, hash = $4, updated_at = $5 WHERE id = $1";

pub(crate) const DELETE: &str = "DELETE FROM note WHERE id = $1 AND account_id = $2";

pub(crate) const SET_STATUS: &str = "UPDATE note SET status = $2 WHERE id = $1";

pub(crate) const KEEP_VERSION: &str = "INSERT INTO note_version \
     (id, note_id, title, content, written_at, replaced_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// Returns no row if there is no such note.
pub(crate) const COUNT_VERSIONS: &str = "SELECT (SELECT COUNT(*) FROM note_version WHERE note_id = $1) \
     FROM note WHERE id = $1 AND account_id = $2";

pub(crate) const VERSIONS: &str = "SELECT title, content, written_at, replaced_at FROM note_version \
     WHERE note_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3";

/// Deletes all but a number of the latest versions, and returns the bytes of each deleted one.
pub(crate) const DROP_VERSIONS: &str = "DELETE FROM note_version WHERE note_id = $1 AND id NOT IN \
     (SELECT id FROM note_version WHERE note_id = $1 ORDER BY id DESC LIMIT $2) \
     RETURNING CAST(OCTET_LENGTH(title) + OCTET_LENGTH(content) AS BIGINT)";

/// Selects the bytes of a note with its earlier versions and its pages.
pub(crate) const BYTES: &str = "SELECT CAST(OCTET_LENGTH(n.title) + OCTET_LENGTH(n.content) + \
    OCTET_LENGTH(n.urls) \
     + COALESCE((SELECT SUM(OCTET_LENGTH(v.title) + OCTET_LENGTH(v.content)) FROM note_version v \
     WHERE v.note_id = n.id), 0) \
     + COALESCE((SELECT SUM(OCTET_LENGTH(p.title) + OCTET_LENGTH(p.content)) FROM note_page p \
     WHERE p.note_id = n.id), 0) AS BIGINT) FROM note n WHERE n.id = $1 AND n.account_id = $2";

pub(crate) const AFTER: &str = "SELECT id, memory_type, title, content, urls, status, created_at, \
     updated_at, source, source_name FROM note \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

/// Selects the versions of an account's notes whose ids are after one and up to another, the oldest first.
pub(crate) const VERSIONS_BETWEEN: &str = "SELECT v.note_id, v.title, v.content, v.written_at, v.replaced_at \
     FROM note n JOIN note_version v ON v.note_id = n.id \
     WHERE n.account_id = $1 AND n.id > $2 AND n.id <= $3 ORDER BY v.note_id, v.id";

pub(crate) const MARK: &str = "SELECT hash, updated_at FROM note WHERE id = $1 AND account_id = $2";

pub(crate) const LATEST_VERSION: &str = "SELECT id, title, content, written_at FROM note_version \
     WHERE note_id = $1 ORDER BY id DESC LIMIT 1";

pub(crate) const DROP_VERSION: &str = "DELETE FROM note_version WHERE id = $1";
