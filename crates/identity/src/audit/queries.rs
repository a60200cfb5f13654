//! SQL of the audit log.

pub(super) const INSERT: &str = "INSERT INTO audit_entry \
     (id, at, action, kind, is_refused, account_id, email, subject, address) \
     VALUES ($1, $2, $3, $4, $5, $6, \
     COALESCE((SELECT a.email FROM account a WHERE a.id = CAST($6 AS BIGINT)), ''), $7, $8)";

pub(super) const LIST: &str = "SELECT id, at, action, is_refused, account_id, email, subject, address \
     FROM audit_entry WHERE id < $1 \
     AND (CAST($2 AS BIGINT) IS NULL OR account_id = CAST($2 AS BIGINT)) \
     AND (CAST($3 AS TEXT) = '' OR kind = CAST($3 AS TEXT)) AND is_refused >= $4 \
     AND (CAST($5 AS TEXT) = '' OR STRPOS(LOWER(email), CAST($5 AS TEXT)) > 0 \
     OR STRPOS(LOWER(subject), CAST($5 AS TEXT)) > 0 OR STRPOS(address, CAST($5 AS TEXT)) > 0 \
     OR STRPOS(action, CAST($5 AS TEXT)) > 0) \
     ORDER BY id DESC LIMIT $6";
