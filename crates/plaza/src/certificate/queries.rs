//! SQL about certificates.

pub(super) const FIND: &str = "SELECT id, number, issued_at, double_speaks, banned_until, ban_reason \
     FROM plaza_certificate WHERE account_id = $1";

pub(super) const NEXT_OF_DAY: &str = "INSERT INTO plaza_day (day, issued) VALUES ($1, 1) \
     ON CONFLICT (day) DO UPDATE SET issued = plaza_day.issued + 1 RETURNING issued";

/// Inserts a certificate. Comments of the person's assistant are allowed until the person turns them off.
pub(super) const INSERT: &str = "INSERT INTO plaza_certificate \
     (account_id, id, number, issued_at, double_speaks, banned_until, ban_reason) VALUES ($1, $2, $3, $4, 1, \
     0, '') \
     ON CONFLICT (account_id) DO NOTHING";

pub(super) const SET_DOUBLE: &str = "UPDATE plaza_certificate SET double_speaks = $2 WHERE account_id = $1";

pub(crate) const MAY_DOUBLE: &str = "SELECT double_speaks FROM plaza_certificate WHERE account_id = $1";

pub(crate) const BAN: &str =
    "UPDATE plaza_certificate SET banned_until = $2, ban_reason = $3 WHERE account_id = $1";
