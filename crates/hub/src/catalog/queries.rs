//! SQL of the catalog.

pub(super) const ALL: &str = "SELECT code, spec, secrets FROM hub_api ORDER BY code";

pub(super) const SECRETS: &str = "SELECT secrets FROM hub_api WHERE code = $1";

pub(super) const SAVE: &str = "INSERT INTO hub_api (code, spec, secrets, updated_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (code) DO UPDATE SET spec = excluded.spec, secrets = excluded.secrets, updated_at = \
     excluded.updated_at";

pub(super) const DELETE: &str = "DELETE FROM hub_api WHERE code = $1";

pub(super) const VERSION: &str = "SELECT version FROM hub_catalogue WHERE id = 1";

pub(super) const CHANGED: &str = "INSERT INTO hub_catalogue (id, version) VALUES (1, 1) \
     ON CONFLICT (id) DO UPDATE SET version = hub_catalogue.version + 1";

pub(super) const COUNT: &str = "SELECT COUNT(*) FROM hub_api";
