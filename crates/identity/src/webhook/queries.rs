//! SQL about webhooks.

/// Finds nothing if the app has no webhook, or no secret to verify it with.
pub(super) const LISTENS: &str = "SELECT person_key FROM application \
     WHERE id = $1 AND webhook_enabled = 1 AND webhook_url <> '' AND webhook_secret IS NOT NULL";

pub(super) const SECRET: &str = "SELECT webhook_secret FROM application WHERE id = $1";

pub(super) const HOLD: &str = "UPDATE application SET webhook_enabled = webhook_enabled \
     WHERE id = $1 AND account_id = $2 \
     RETURNING webhook_url, webhook_enabled, CASE WHEN webhook_secret IS NULL THEN 0 ELSE 1 END";

pub(super) const SET: &str = "UPDATE application SET webhook_url = $2, webhook_enabled = $3, \
     webhook_secret = COALESCE($4, webhook_secret) WHERE id = $1";

pub(super) const INSERT: &str = "INSERT INTO webhook_delivery \
     (id, application_id, event_id, body, state, attempts, due_at, created_at, note, account_id) \
     SELECT $1, id, $3, $4, 'waiting', 0, $5, $6, '', account_id FROM application WHERE id = $2";

pub(super) const INSERT_TRIAL: &str = "INSERT INTO webhook_delivery \
     (id, application_id, event_id, body, state, attempts, due_at, created_at, tried_at, status, note, \
     account_id) \
     SELECT $1, id, $3, $4, $6, 1, $5, $5, $5, $7, $8, account_id FROM application WHERE id = $2";

/// Returns owners of apps with a due delivery and an id above $1, in the order of ids. Takes one step along
/// the index for each owner of a waiting delivery.
pub(super) const DUE_ACCOUNTS: &str = "WITH RECURSIVE turn (account_id) AS ( \
     SELECT MIN(account_id) FROM webhook_delivery WHERE state = 'waiting' AND account_id > $1 \
     UNION ALL SELECT (SELECT MIN(d.account_id) FROM webhook_delivery d \
     WHERE d.state = 'waiting' AND d.account_id > turn.account_id) FROM turn WHERE turn.account_id IS NOT \
     NULL) \
     SELECT account_id FROM turn WHERE account_id IS NOT NULL AND EXISTS (SELECT 1 FROM webhook_delivery d \
     WHERE d.state = 'waiting' AND d.account_id = turn.account_id AND (d.due_at <= $2 OR d.due_at > $4)) \
     LIMIT $3";

/// Returns the delivery that has been due longest. One that is due after $3 (later than any possible wait)
/// was stored while the clock was wrong, and counts as due.
pub(super) const DUE: &str = "SELECT d.id, d.application_id, d.body, d.attempts, d.due_at, p.webhook_url, \
     p.webhook_enabled, p.webhook_secret FROM webhook_delivery d JOIN application p ON p.id = \
     d.application_id \
     WHERE d.state = 'waiting' AND d.account_id = $2 AND (d.due_at <= $1 OR d.due_at > $3) \
     ORDER BY d.due_at LIMIT 1";

pub(super) const LEASE: &str = "UPDATE webhook_delivery SET due_at = $3, tried_at = $4, attempts = attempts \
    + 1, \
     status = NULL, note = '' WHERE id = $1 AND state = 'waiting' AND due_at = $2";

pub(super) const FINISH: &str = "UPDATE webhook_delivery SET state = $3, due_at = $4, status = $5, note = $6 \
     WHERE id = $1 AND state = 'waiting' AND due_at = $2";

pub(super) const LIST: &str = "SELECT event_id, state, attempts, created_at, tried_at, due_at, status, note \
     FROM webhook_delivery WHERE application_id = $1 ORDER BY id DESC LIMIT $2";
