//! SQL about likes.

pub(super) const LIKE: &str = "INSERT INTO plaza_like (target_id, account_id, created_at) \
    VALUES ($1, $2, $3) ON CONFLICT (target_id, account_id) DO NOTHING";

pub(super) const UNLIKE: &str = "DELETE FROM plaza_like WHERE target_id = $1 AND account_id = $2";
