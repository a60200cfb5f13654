//! SQL of background jobs.

/// Puts a job off: a conversation that goes on is left alone.
pub(super) const DELAY: &str = "INSERT INTO chat_work (session_key, kind, due_at, attempts, account_id) \
     VALUES ($1, $2, $3, 0, $4) \
     ON CONFLICT (session_key, kind) DO UPDATE SET due_at = excluded.due_at, attempts = 0";

pub(super) const ADD: &str = "INSERT INTO chat_work (session_key, kind, due_at, attempts, account_id) \
     VALUES ($1, $2, $3, 0, $4) \
     ON CONFLICT (session_key, kind) DO NOTHING";

/// Accounts above an id with due jobs, ordered by id. Takes one step along the index for each account with
/// any job.
pub(super) const DUE_ACCOUNTS: &str = "WITH RECURSIVE turn (account_id) AS ( \
     SELECT MIN(account_id) FROM chat_work WHERE account_id > $1 \
     UNION ALL SELECT (SELECT MIN(w.account_id) FROM chat_work w WHERE w.account_id > turn.account_id) \
     FROM turn WHERE turn.account_id IS NOT NULL) \
     SELECT account_id FROM turn WHERE account_id IS NOT NULL AND EXISTS (SELECT 1 FROM chat_work w \
     WHERE w.account_id = turn.account_id AND (w.due_at <= $2 OR w.due_at > $4)) LIMIT $3";

/// A job that is due only after `$4`, the latest possible time, was put off while the clock was wrong. The
/// condition is repeated, because PostgreSQL evaluates it again after waiting for another process that took
/// the row.
pub(super) const CLAIM: &str = "UPDATE chat_work SET due_at = $3, attempts = attempts + 1 \
     WHERE (due_at <= $2 OR due_at > $4) AND (session_key, kind) IN \
     (SELECT session_key, kind FROM chat_work WHERE account_id = $1 \
     AND (due_at <= $2 OR due_at > $4) ORDER BY due_at LIMIT 1) \
     RETURNING session_key, kind, attempts, due_at";

/// Deletes nothing if the job was put off by new messages, or taken over by another process.
pub(super) const DONE: &str = "DELETE FROM chat_work WHERE session_key = $1 AND kind = $2 AND due_at = $3";

pub(super) const LATER: &str =
    "UPDATE chat_work SET due_at = $4, attempts = $5 WHERE session_key = $1 AND kind = $2 AND due_at = $3";

pub(super) const SESSION: &str =
    "SELECT key, account_id, distilled_to, summary, summary_to FROM chat_session WHERE key = $1";

pub(super) const MESSAGES: &str = "SELECT id, role, content, is_own FROM chat_message \
     WHERE session_key = $1 AND id > $2 AND superseded = 0 ORDER BY id LIMIT $3";

/// Changes nothing if another process was faster.
pub(super) const DISTILLED: &str =
    "UPDATE chat_session SET distilled_to = $3 WHERE key = $1 AND distilled_to = $2";

pub(super) const SUMMARISED: &str =
    "UPDATE chat_session SET summary = $4, summary_to = $3 WHERE key = $1 AND summary_to = $2";

/// Changes nothing if the person named the conversation meanwhile.
pub(super) const ENTITLE: &str =
    "UPDATE chat_session SET title = $2, titled = 1 WHERE key = $1 AND titled = 0";
