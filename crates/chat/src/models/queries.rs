//! SQL of the endpoints of models.

pub(super) const ALL: &str = "SELECT id, kind, settings, api_key, key_end FROM model_endpoint \
     ORDER BY kind, place, id";

pub(super) const OF_KIND: &str = "SELECT id FROM model_endpoint WHERE kind = $1 ORDER BY place, id";

pub(super) const INSERT: &str = "INSERT INTO model_endpoint \
     (id, kind, place, settings, api_key, key_end, created_at, updated_at) \
     VALUES ($1, $2, (SELECT COALESCE(MAX(place), 0) + 1 FROM model_endpoint WHERE kind = $2), \
     $3, $4, $5, $6, $6)";

/// Keeps the key.
pub(super) const UPDATE: &str =
    "UPDATE model_endpoint SET settings = $3, updated_at = $4 WHERE id = $1 AND kind = $2";

pub(super) const UPDATE_WITH_KEY: &str = "UPDATE model_endpoint SET settings = $3, updated_at = $4, \
     api_key = $5, key_end = $6 WHERE id = $1 AND kind = $2";

pub(super) const PLACE: &str = "UPDATE model_endpoint SET place = $2 WHERE id = $1";

pub(super) const DELETE: &str = "DELETE FROM model_endpoint WHERE id = $1 AND kind = $2";
