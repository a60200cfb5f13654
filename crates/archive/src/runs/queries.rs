//! SQL about imports.

pub(super) const BEGIN: &str = "INSERT INTO import_run (id, account_id, source, file_name, file_hash, state, \
     added, changed, known, kept, removed, left_out, refused, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, 'running', 0, 0, 0, 0, 0, 0, 0, $6, $6)";

/// Selects the latest run over a file that did not come to its end.
pub(super) const UNFINISHED: &str = "SELECT id FROM import_run WHERE account_id = $1 AND file_hash = $2 \
     AND source = $3 AND state IN ('running', 'failed') ORDER BY id DESC LIMIT 1";

/// Counts from the beginning again.
pub(super) const RESUME: &str = "UPDATE import_run SET state = 'running', added = 0, changed = 0, known = 0, \
     kept = 0, removed = 0, left_out = 0, refused = 0, updated_at = $2 WHERE id = $1";

pub(super) const FORGET_PROBLEMS: &str = "DELETE FROM import_problem WHERE run_id = $1";

pub(super) const COUNT: &str = "UPDATE import_run SET added = added + $2, changed = changed + $3, \
     known = known + $4, kept = kept + $5, removed = removed + $6, left_out = left_out + $7, \
     refused = refused + $8, updated_at = $9 WHERE id = $1";

pub(super) const SET_STATE: &str = "UPDATE import_run SET state = $2, updated_at = $3 WHERE id = $1";

pub(super) const LIST: &str = "SELECT id, source, file_name, file_hash, state, added, changed, known, kept, \
     removed, left_out, refused, created_at, updated_at FROM import_run \
     WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

pub(super) const AFTER: &str = "SELECT id, source, file_name, file_hash, state, added, changed, known, kept, \
     removed, left_out, refused, created_at, updated_at FROM import_run \
     WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";

pub(super) const ONE: &str = "SELECT id, source, file_name, file_hash, state, added, changed, known, kept, \
     removed, left_out, refused, created_at, updated_at FROM import_run WHERE account_id = $1 AND id = $2";

pub(super) const OWNER: &str = "SELECT account_id FROM import_run WHERE id = $1";

pub(super) const RESTORE: &str = "INSERT INTO import_run (id, account_id, source, file_name, file_hash, \
    state, \
     added, changed, known, kept, removed, left_out, refused, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

pub(super) const ADD_PROBLEM: &str = "INSERT INTO import_problem \
     (run_id, position, place, line, reason, is_refused) VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const LAST_PROBLEM: &str =
    "SELECT CAST(COALESCE(MAX(position), 0) AS BIGINT) FROM import_problem WHERE run_id = $1";

pub(super) const PROBLEMS: &str = "SELECT p.place, p.line, p.reason, p.is_refused \
     FROM import_problem p JOIN import_run r ON r.id = p.run_id \
     WHERE r.account_id = $1 AND p.run_id = $2 ORDER BY p.position LIMIT $3";

pub(super) const ORIGIN: &str = "SELECT section, entry_id, said, parts, run_id FROM import_origin \
     WHERE account_id = $1 AND source = $2 AND native = $3";

pub(super) const SET_ORIGIN: &str = "INSERT INTO import_origin \
     (account_id, source, native, section, entry_id, said, parts, run_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account_id, source, native) DO UPDATE SET \
     section = excluded.section, entry_id = excluded.entry_id, said = excluded.said, \
     parts = excluded.parts, run_id = excluded.run_id";

/// Selects origins in the order of their entries, for an archive.
pub(super) const ORIGINS_AFTER: &str = "SELECT source, native, section, entry_id, said, parts, run_id \
     FROM import_origin WHERE account_id = $1 AND run_id > $2 AND run_id <= $3 ORDER BY run_id, entry_id";

pub(super) const NEXT_RUNS: &str = "SELECT id FROM import_run WHERE account_id = $1 AND id > $2 \
     ORDER BY id LIMIT $3";

pub(super) const MADE_BY: &str =
    "SELECT act FROM import_entry WHERE run_id = $1 AND section = $2 AND entry_id = $3";

/// The run that made an entry and the mark that it left last.
pub(super) const MARK_OF: &str = "SELECT e.mark, e.marked_at FROM import_entry e \
     JOIN import_run r ON r.id = e.run_id WHERE r.account_id = $1 AND e.section = $2 AND e.entry_id = $3 \
     ORDER BY e.run_id DESC LIMIT 1";

pub(super) const MADE: &str = "INSERT INTO import_entry (run_id, section, entry_id, act, mark, marked_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (run_id, section, entry_id) DO UPDATE SET \
     mark = excluded.mark, marked_at = excluded.marked_at";

pub(super) const TO_UNDO: &str = "SELECT entry_id, act, mark, marked_at FROM import_entry \
     WHERE run_id = $1 AND section = $2 AND act <> 'stayed' ORDER BY entry_id DESC LIMIT $3";

pub(super) const STAYED: &str =
    "UPDATE import_entry SET act = 'stayed' WHERE run_id = $1 AND section = $2 AND entry_id = $3";

pub(super) const UNMADE: &str =
    "DELETE FROM import_entry WHERE run_id = $1 AND section = $2 AND entry_id = $3";

pub(super) const COUNT_MADE: &str = "SELECT section, act, COUNT(*) FROM import_entry WHERE run_id = $1 \
     GROUP BY section, act ORDER BY section, act";

/// Forgets the origins of a run, but those of entries that stayed.
pub(super) const FORGET_ORIGINS: &str = "DELETE FROM import_origin WHERE run_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM import_entry e WHERE e.run_id = $1 AND e.section = import_origin.section \
     AND e.entry_id = import_origin.entry_id)";

/// Deletes the oldest runs that nothing is left of to undo, beyond a number.
pub(super) const FORGET_RUNS: &str = "DELETE FROM import_run WHERE account_id = $1 AND state = 'undone' \
     AND id NOT IN (SELECT id FROM import_run WHERE account_id = $1 ORDER BY id DESC LIMIT $2)";
