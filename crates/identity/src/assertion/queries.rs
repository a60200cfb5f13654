//! SQL about assertions of apps.

/// Marks an assertion as used. Changes nothing if it was used before.
pub(super) const USE: &str =
    "INSERT INTO client_assertion (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
