//! SQL about key memories.

use store::InList;

use crate::ranked::IDS;

pub(crate) const ALL: &str = "SELECT id, actor, object, content, created_at, updated_at, visibility, \
    valid_from, valid_until, superseded_by FROM key_memory \
     WHERE account_id = $1 AND (created_at, id) < ($4, $5) AND id <= $6 \
     AND (CAST($7 AS BIGINT) IS NULL OR ((valid_from IS NULL OR valid_from <= CAST($7 AS BIGINT)) \
     AND (valid_until IS NULL OR valid_until > CAST($7 AS BIGINT)))) \
     ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";

pub(crate) const PUBLIC: &str = "SELECT id, actor, object, content, created_at, updated_at, visibility, \
    valid_from, valid_until, superseded_by FROM key_memory \
     WHERE account_id = $1 AND visibility = 1 AND (created_at, id) < ($4, $5) AND id <= $6 \
     AND (CAST($7 AS BIGINT) IS NULL OR ((valid_from IS NULL OR valid_from <= CAST($7 AS BIGINT)) \
     AND (valid_until IS NULL OR valid_until > CAST($7 AS BIGINT)))) \
     ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";

/// Selects the id of the last added memory. [`NEWER`] counts the memories added after it, of which there are
/// few.
pub(crate) const NEWEST: &str =
    "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM key_memory WHERE account_id = $1";

pub(crate) const NEWER: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN visibility = 1 THEN 1 ELSE 0 \
    END), 0) AS BIGINT) \
     FROM key_memory WHERE account_id = $1 AND id > $2";

pub(crate) static BY_IDS: InList = InList::new(1, IDS, |ids| {
    format!(
        "SELECT id, actor, object, content, created_at, updated_at, visibility, valid_from, valid_until, \
         superseded_by FROM key_memory WHERE account_id = $1 AND id IN ({ids})"
    )
});

pub(crate) const SAME: &str = "SELECT id FROM key_memory WHERE account_id = $1 AND hash = $2 LIMIT 1";

pub(crate) const INSERT: &str = "INSERT INTO key_memory \
     (id, account_id, actor, object, content, visibility, hash, created_at, updated_at, source, source_name) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)";

pub(crate) const FACT: &str = "SELECT actor, object, content, visibility, created_at, updated_at FROM \
    key_memory WHERE id = $1 AND account_id = $2";

pub(crate) const UPDATE: &str = "UPDATE key_memory SET content = $2, visibility = $3, hash = $4, \
     updated_at = $5, object = $6 WHERE id = $1";

pub(crate) const DELETE: &str = "DELETE FROM key_memory WHERE id = $1 AND account_id = $2";

pub(crate) const KEEP_VERSION: &str = "INSERT INTO key_memory_version \
     (id, memory_id, content, visibility, written_at, replaced_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// Returns no row if there is no such memory.
pub(crate) const COUNT_VERSIONS: &str = "SELECT (SELECT COUNT(*) FROM key_memory_version WHERE memory_id = \
    $1) \
     FROM key_memory WHERE id = $1 AND account_id = $2";

pub(crate) const VERSIONS: &str = "SELECT content, visibility, written_at, replaced_at FROM \
    key_memory_version \
     WHERE memory_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3";

/// Deletes all but a number of the latest versions, and returns the bytes of each deleted one.
pub(crate) const DROP_VERSIONS: &str = "DELETE FROM key_memory_version WHERE memory_id = $1 AND id NOT IN \
     (SELECT id FROM key_memory_version WHERE memory_id = $1 ORDER BY id DESC LIMIT $2) \
     RETURNING CAST(OCTET_LENGTH(content) AS BIGINT)";

/// Selects the bytes of a memory with its earlier versions.
pub(crate) const BYTES: &str = "SELECT CAST(OCTET_LENGTH(m.actor) + OCTET_LENGTH(m.object) + \
    OCTET_LENGTH(m.content) \
     + COALESCE((SELECT SUM(OCTET_LENGTH(v.content)) FROM key_memory_version v WHERE v.memory_id = m.id), 0) \
     AS BIGINT) FROM key_memory m WHERE m.id = $1 AND m.account_id = $2";

pub(crate) const AFTER: &str = "SELECT id, actor, object, content, created_at, updated_at, \
     visibility, valid_from, valid_until, superseded_by, source, source_name FROM key_memory \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

/// Selects the versions of an account's memories whose ids are after one and up to another, the oldest first.
pub(crate) const VERSIONS_BETWEEN: &str = "SELECT v.memory_id, v.content, v.visibility, v.written_at, \
    v.replaced_at \
     FROM key_memory m JOIN key_memory_version v ON v.memory_id = m.id \
     WHERE m.account_id = $1 AND m.id > $2 AND m.id <= $3 ORDER BY v.memory_id, v.id";

pub(crate) const OWNER: &str = "SELECT account_id FROM key_memory WHERE id = $1";

/// Inserts a memory as an archive has it.
pub(crate) const RESTORE: &str = "INSERT INTO key_memory \
     (id, account_id, actor, object, content, visibility, hash, created_at, updated_at, source, source_name, \
     valid_from, valid_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

pub(crate) const ONE: &str = "SELECT id, actor, object, content, created_at, updated_at, visibility, \
    valid_from, valid_until, superseded_by FROM key_memory \
     WHERE id = $1 AND account_id = $2";

/// Selects memories that were stated in conversations, the newest first, among the newest 500.
pub(super) const LATEST_LEARNED: &str = "SELECT m.id, m.actor, m.object, m.content, m.created_at, \
    m.updated_at, m.visibility, m.valid_from, m.valid_until, m.superseded_by FROM \
     (SELECT id, actor, object, content, created_at, updated_at, visibility, valid_from, valid_until, \
     superseded_by FROM key_memory \
     WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT 500) m \
     WHERE EXISTS (SELECT 1 FROM key_memory_link l WHERE l.memory_id = m.id AND l.kind = 'said') \
     ORDER BY m.created_at DESC, m.id DESC LIMIT $2";

/// Selects what rules ask about a fact that a newer one contradicts.
pub(super) const CONTRADICTED: &str = "SELECT content, object, source, superseded_by FROM key_memory \
     WHERE id = $1 AND account_id = $2";

pub(crate) const SUPERSEDED_BY: &str =
    "SELECT superseded_by FROM key_memory WHERE id = $1 AND account_id = $2";

pub(super) const OWN: &str = "SELECT id FROM key_memory WHERE id = $1 AND account_id = $2";

pub(super) const ADD_LINK: &str = "INSERT INTO key_memory_link (id, memory_id, kind, other_id, message_id, \
    created_at) \
     VALUES ($1, $2, $3, $4, $5, $6)";

/// Marks a contradiction as one that the person has to decide.
pub(super) const OPEN_LINK: &str = "UPDATE key_memory_link SET open_for = $2 WHERE id = $1";

pub(super) const LINKS_AFTER: &str = "SELECT l.id, l.memory_id, l.kind, l.other_id, l.message_id, \
    l.created_at, CASE WHEN l.open_for IS NULL THEN 0 ELSE 1 END \
     FROM key_memory m JOIN key_memory_link l ON l.memory_id = m.id \
     WHERE m.account_id = $1 AND l.id > $2 ORDER BY l.id LIMIT $3";

/// Selects the links by which a memory is bound to others and to messages, for its restoration.
pub(crate) const LINKS_OF: &str = "SELECT id, memory_id, kind, other_id, message_id, created_at, \
     CASE WHEN open_for IS NULL THEN 0 ELSE 1 END FROM key_memory_link \
     WHERE memory_id = $1 OR other_id = $1 ORDER BY id LIMIT $2";

pub(super) const SAME_LINK: &str = "SELECT id FROM key_memory_link WHERE memory_id = $1 AND kind = $2 \
     AND COALESCE(other_id, 0) = COALESCE(CAST($3 AS BIGINT), 0) \
     AND COALESCE(message_id, 0) = COALESCE(CAST($4 AS BIGINT), 0) LIMIT 1";

/// Selects links by both of their ends.
pub(super) const LINKS: &str = "SELECT l.id, l.kind, COALESCE(o.id, 0), COALESCE(o.content, ''), \
    l.created_at, l.message_id \
     FROM key_memory_link l LEFT JOIN key_memory o ON o.id = l.other_id WHERE l.memory_id = $1 \
     UNION ALL SELECT l.id, CASE WHEN l.kind = 'supersedes' THEN 'superseded' ELSE 'newer' END, m.id, \
     m.content, l.created_at, l.message_id \
     FROM key_memory_link l JOIN key_memory m ON m.id = l.memory_id WHERE l.other_id = $1 \
     ORDER BY 1 DESC LIMIT $2";

/// Selects the memories of a person with known times, the newest first.
pub(super) const TIMED: &str = "SELECT id, valid_from, valid_until, superseded_by, \
     CASE WHEN visibility = 1 THEN 1 ELSE 0 END FROM key_memory \
     WHERE account_id = $1 AND (valid_from IS NOT NULL OR valid_until IS NOT NULL) ORDER BY id DESC LIMIT $2";

pub(super) const TIMES: &str = "SELECT created_at, valid_from, valid_until, superseded_by FROM key_memory \
     WHERE id = $1 AND account_id = $2";

/// NULL leaves a time as it is.
pub(super) const SET_TIMES: &str = "UPDATE key_memory SET \
     valid_from = COALESCE(CAST($2 AS BIGINT), valid_from), \
     valid_until = COALESCE(CAST($3 AS BIGINT), valid_until) WHERE id = $1";

/// Replaces both times, also by NULL.
pub(super) const REPLACE_TIMES: &str =
    "UPDATE key_memory SET valid_from = $2, valid_until = $3 WHERE id = $1";

pub(super) const SUPERSEDE: &str = "UPDATE key_memory SET superseded_by = $2, valid_until = $3 WHERE id = $1";

pub(super) const BEGIN: &str = "UPDATE key_memory SET valid_from = $2 WHERE id = $1 AND valid_from IS NULL";

pub(super) const DETACH: &str =
    "UPDATE key_memory SET superseded_by = NULL, valid_until = NULL WHERE id = $1";

pub(super) const DETACH_LINK: &str =
    "DELETE FROM key_memory_link WHERE other_id = $1 AND kind = 'supersedes'";

/// Lets the memories hold again whose place a memory took.
pub(super) const RELEASE: &str = "UPDATE key_memory SET superseded_by = NULL, valid_until = NULL \
     WHERE superseded_by = $1 AND id IN \
     (SELECT other_id FROM key_memory_link WHERE memory_id = $1 AND kind = 'supersedes')";

/// Lets one memory follow those whose place another took.
pub(super) const HAND_OVER: &str = "UPDATE key_memory SET superseded_by = $2 \
     WHERE superseded_by = $1 AND id IN \
     (SELECT other_id FROM key_memory_link WHERE memory_id = $1 AND kind = 'supersedes')";

pub(super) const HAND_OVER_LINKS: &str =
    "UPDATE key_memory_link SET memory_id = $2 WHERE memory_id = $1 AND kind = 'supersedes'";

/// Marks the contradictions of two memories as decided.
pub(super) const DECIDED: &str = "UPDATE key_memory_link SET open_for = NULL WHERE open_for IS NOT NULL AND \
     ((memory_id = $1 AND other_id = $2) OR (memory_id = $2 AND other_id = $1))";

pub(super) const CONFLICTS: &str = "SELECT l.id, n.id, n.content, n.created_at, o.id, o.content, \
     o.created_at, l.message_id FROM key_memory_link l JOIN key_memory n ON n.id = l.memory_id \
     JOIN key_memory o ON o.id = l.other_id WHERE l.open_for = $1 ORDER BY l.id DESC LIMIT $2";

pub(super) const CONFLICT: &str =
    "SELECT memory_id, other_id FROM key_memory_link WHERE open_for = $1 AND id = $2";

pub(super) const COUNT_CONFLICTS: &str = "SELECT COUNT(*) FROM key_memory_link WHERE open_for = $1";

pub(crate) const MARK: &str = "SELECT hash, updated_at FROM key_memory WHERE id = $1 AND account_id = $2";
