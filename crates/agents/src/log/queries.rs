//! SQL about the call log and the entries that agents wrote.

/// The account may have been deleted since the call.
pub(super) const INSERT: &str = "INSERT INTO agent_call \
     (id, account_id, client, client_name, tool, is_write, outcome, items, called_at) \
     SELECT CAST($1 AS BIGINT), id, $3, $4, $5, CAST($6 AS BIGINT), $7, $8, CAST($9 AS BIGINT) \
     FROM account WHERE id = $2";

pub(super) const CALLS: &str = "SELECT id, client, client_name, tool, is_write, outcome, items, called_at \
     FROM agent_call WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

pub(super) const CALLS_OF: &str = "SELECT id, client, client_name, tool, is_write, outcome, items, called_at \
     FROM agent_call WHERE account_id = $1 AND client = $4 AND id < $2 \
     ORDER BY id DESC LIMIT $3";

/// Selects the latest calls that read an entry, among a number of the latest calls. $2 is the entry between
/// spaces and wildcards.
pub(super) const READINGS: &str = "SELECT id, client, client_name, tool, is_write, outcome, items, called_at \
     FROM (SELECT * FROM agent_call WHERE account_id = $1 ORDER BY id DESC LIMIT $3) AS latest \
     WHERE is_write = 0 AND ' ' || items || ' ' LIKE $2 ORDER BY id DESC LIMIT $4";

pub(super) const CLIENTS: &str = "SELECT client, CAST(MAX(id) AS BIGINT), COUNT(*), \
     CAST(SUM(is_write) AS BIGINT) \
     FROM agent_call WHERE account_id = $1 AND id > $2 GROUP BY client ORDER BY 2 DESC LIMIT 100";

pub(super) const CALL: &str = "SELECT id, client, client_name, tool, is_write, outcome, items, called_at \
     FROM agent_call WHERE account_id = $1 AND id = $2";

pub(super) const FORGET: &str =
    "DELETE FROM agent_call WHERE id IN (SELECT id FROM agent_call WHERE id < $1 ORDER BY id LIMIT $2)";

pub(super) const SAVE_ENTRY: &str = "INSERT INTO agent_entry \
     (account_id, kind, entry_id, client, client_name, action, written_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (account_id, kind, entry_id) DO UPDATE SET client = excluded.client, \
     client_name = excluded.client_name, action = excluded.action, written_at = excluded.written_at";

pub(super) const ENTRY: &str =
    "SELECT client_name FROM agent_entry WHERE account_id = $1 AND kind = $2 AND entry_id = $3";

pub(super) const ENTRIES_SINCE: &str = "SELECT kind, entry_id, client_name, action, written_at \
     FROM agent_entry WHERE account_id = $1 AND written_at >= $2 ORDER BY written_at DESC LIMIT $3";

pub(super) const ENTRIES_OF: &str = "SELECT kind, entry_id FROM agent_entry \
     WHERE account_id = $1 AND client = $2 AND action = 'added' ORDER BY entry_id DESC LIMIT $3";

pub(super) const FORGET_ENTRY: &str =
    "DELETE FROM agent_entry WHERE account_id = $1 AND kind = $2 AND entry_id = $3";
