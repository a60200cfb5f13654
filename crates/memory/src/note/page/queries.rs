//! SQL about the pages of notes.

use store::InList;

pub(super) const INSERT: &str = "INSERT INTO note_page \
     (note_id, position, url, status, attempts, due_at, title, content, problem, account_id) \
     VALUES ($1, $2, $3, 'pending', 0, $4, '', '', '', $5)";

/// Inserts a page as an archive has it.
pub(crate) const RESTORE: &str = "INSERT INTO note_page \
     (note_id, position, url, status, attempts, due_at, title, content, problem, read_at, account_id) \
     VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10)";

/// Selects the accounts after one that have a due page, in the order of ids. Takes one step along the index
/// for each account with a pending page.
pub(super) const DUE_ACCOUNTS: &str = "WITH RECURSIVE turn (account_id) AS ( \
     SELECT MIN(account_id) FROM note_page WHERE status = 'pending' AND account_id > $1 \
     UNION ALL SELECT (SELECT MIN(p.account_id) FROM note_page p \
     WHERE p.status = 'pending' AND p.account_id > turn.account_id) FROM turn WHERE turn.account_id IS NOT \
     NULL) \
     SELECT account_id FROM turn WHERE account_id IS NOT NULL AND EXISTS (SELECT 1 FROM note_page p \
     WHERE p.status = 'pending' AND p.account_id = turn.account_id AND (p.due_at <= $2 OR p.due_at > $4)) \
     LIMIT $3";

/// A page that is due only after $4, the latest possible time, was put off by a clock that was wrong. The
/// condition is repeated outside, because PostgreSQL evaluates it again after waiting for another process
/// that claimed the row.
pub(super) const CLAIM: &str = "UPDATE note_page SET due_at = $3, attempts = attempts + 1 \
     WHERE status = 'pending' AND (due_at <= $2 OR due_at > $4) AND (note_id, position) IN \
     (SELECT note_id, position FROM note_page WHERE status = 'pending' AND account_id = $1 \
     AND (due_at <= $2 OR due_at > $4) \
     ORDER BY due_at LIMIT 1) RETURNING note_id, position, url, attempts";

pub(crate) const OWNER: &str = "SELECT account_id FROM note WHERE id = $1";

pub(super) const LATER: &str = "UPDATE note_page SET due_at = $4, problem = $5 \
     WHERE note_id = $1 AND position = $2 AND attempts = $3 AND status = 'pending'";

pub(super) const FAILED: &str = "UPDATE note_page SET status = 'failed', problem = $4, read_at = $5 \
     WHERE note_id = $1 AND position = $2 AND attempts = $3 AND status = 'pending'";

pub(super) const READ: &str = "UPDATE note_page SET status = 'ready', title = $4, content = $5, problem = \
    '', read_at = $6 \
     WHERE note_id = $1 AND position = $2 AND attempts = $3 AND status = 'pending'";

pub(super) const BYTES: &str = "SELECT CAST(OCTET_LENGTH(title) + OCTET_LENGTH(content) AS BIGINT) FROM \
    note_page \
     WHERE note_id = $1 AND position = $2";

pub(super) const RETRY: &str = "UPDATE note_page SET status = 'pending', attempts = 0, due_at = $2, problem \
    = '' \
     WHERE note_id = $1 AND status = 'failed'";

pub(super) const TEXTS: &str =
    "SELECT title, content FROM note_page WHERE note_id = $1 AND status = 'ready' ORDER BY position";

/// Counts the pages still to be read, and the pages that were read.
pub(super) const COUNTS: &str = "SELECT \
     CAST(COALESCE(SUM(CASE WHEN status = 'pending' THEN 1 ELSE 0 END), 0) AS BIGINT), \
     CAST(COALESCE(SUM(CASE WHEN status = 'ready' THEN 1 ELSE 0 END), 0) AS BIGINT) \
     FROM note_page WHERE note_id = $1";

/// Selects the pages with the beginning of each text, one character more than is shown.
pub(super) static OF_NOTES: InList = InList::new(0, 100, |ids| {
    format!(
        "SELECT note_id, url, status, title, SUBSTR(content, 1, 501), problem, read_at FROM note_page \
         WHERE note_id IN ({ids}) ORDER BY note_id, position"
    )
});

/// Selects the pages of an account's notes whose ids are after one and up to another.
pub(crate) const BETWEEN: &str = "SELECT p.note_id, p.url, p.status, p.title, p.content, p.problem, \
    p.read_at \
     FROM note n JOIN note_page p ON p.note_id = n.id \
     WHERE n.account_id = $1 AND n.id > $2 AND n.id <= $3 ORDER BY p.note_id, p.position";
