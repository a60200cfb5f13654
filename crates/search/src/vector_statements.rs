//! SQL of the vectors.

pub(super) const LACKING: &str = "SELECT size.account_id, size.kind FROM search_size AS size \
     LEFT JOIN search_meaning AS meaning ON meaning.account_id = size.account_id AND meaning.kind = \
     size.kind \
     WHERE (size.account_id > $3 OR (size.account_id = $3 AND size.kind > $4)) \
     AND size.entries > COALESCE(CASE WHEN meaning.model = $1 THEN meaning.made END, 0) \
     AND (COALESCE(meaning.claimed_until, 0) <= $2 OR meaning.claimed_until > $6) ORDER BY size.account_id, \
     size.kind LIMIT $5";

/// Claims an index for a model. The vectors of another model stay, under its name, until they are replaced.
pub(super) const CLAIM: &str = "INSERT INTO search_meaning (account_id, kind, model, made, version, removed, \
    claimed_until) \
     VALUES ($1, $2, $3, 0, 0, 0, $4) ON CONFLICT (account_id, kind) DO UPDATE SET \
     claimed_until = excluded.claimed_until, model = excluded.model, made = CASE WHEN search_meaning.model = \
     $3 \
     THEN search_meaning.made ELSE (SELECT COUNT(*) FROM search_vector AS other WHERE other.account_id = $1 \
     AND other.kind = $2 AND other.model = $3) END \
     WHERE search_meaning.claimed_until <= $5 OR search_meaning.claimed_until > $6";

pub(super) const EXTEND: &str =
    "UPDATE search_meaning SET claimed_until = $4 WHERE account_id = $1 AND kind = $2 AND model = $3";

pub(super) const RELEASE: &str = "\
     UPDATE search_meaning SET claimed_until = 0 WHERE account_id = $1 AND kind = $2 AND \
    model = $3 AND claimed_until = $4";

pub(super) const WITHOUT: &str = "\
     SELECT entry.entry_id, SUBSTR(entry.folded, 1, $5) FROM search_entry AS entry \
     LEFT JOIN search_vector AS made ON made.account_id = entry.account_id AND made.kind = entry.kind \
     AND made.entry_id = entry.entry_id AND made.model = $3 \
     WHERE entry.account_id = $1 AND entry.kind = $2 AND made.entry_id IS NULL \
     ORDER BY entry.entry_id DESC LIMIT $4";

pub(super) const BUMP: &str = "\
     UPDATE search_meaning SET version = version + 1 WHERE account_id = $1 AND kind = $2 AND \
    model = $3 \
     RETURNING version";

/// Writes nothing if the entry is gone, has another text by now, or has vectors of this model.
pub(super) const PUT: &str = "\
     INSERT INTO search_vector (account_id, kind, entry_id, model, is_public, version, parts, \
     context, vector) \
     SELECT account_id, kind, entry_id, $4, is_public, $5, $9, $10, $6 FROM search_entry \
     WHERE account_id = $1 AND kind = $2 AND entry_id = $3 AND SUBSTR(folded, 1, $8) = $7 \
     ON CONFLICT (account_id, kind, entry_id) DO UPDATE SET model = excluded.model, is_public = \
     excluded.is_public, \
     version = excluded.version, parts = excluded.parts, context = excluded.context, \
     vector = excluded.vector WHERE search_vector.model <> excluded.model";

/// Replaces the vectors of an entry whose context has changed, unless they are gone or the entry has another
/// text.
pub(super) const REPLACE: &str = "\
     UPDATE search_vector SET version = $5, vector = $6, parts = $9, context = $10 \
     WHERE account_id = $1 AND kind = $2 AND entry_id = $3 AND model = $4 AND EXISTS (SELECT 1 \
     FROM search_entry AS entry WHERE entry.account_id = $1 AND entry.kind = $2 AND entry.entry_id = $3 \
     AND SUBSTR(entry.folded, 1, $8) = $7)";

pub(super) const COUNT: &str =
    "UPDATE search_meaning SET made = made + $3 WHERE account_id = $1 AND kind = $2";

pub(super) const REMOVE: &str =
    "DELETE FROM search_vector WHERE account_id = $1 AND kind = $2 AND entry_id = $3 RETURNING model";

/// Removes the vectors of an entry that is gone, and those of the entries beside it that took it into
/// account.
pub(super) const REMOVE_AROUND: &str = "DELETE FROM search_vector WHERE account_id = $1 AND kind = $2 \
     AND entry_id IN ($3, COALESCE((SELECT entry_id FROM search_entry WHERE account_id = $1 AND kind = $2 \
     AND (noted_at, entry_id) < ($4, $3) ORDER BY noted_at DESC, entry_id DESC LIMIT 1), -1), \
     COALESCE((SELECT entry_id FROM search_entry WHERE account_id = $1 AND kind = $2 \
     AND (noted_at, entry_id) > ($4, $3) ORDER BY noted_at, entry_id LIMIT 1), -1)) \
     AND (entry_id = $3 OR context <> 0) RETURNING model";

pub(super) const REMOVED: &str = "UPDATE search_meaning SET version = version + 1, removed = version + 1, \
     made = made - CASE WHEN model = $3 THEN 1 ELSE 0 END WHERE account_id = $1 AND kind = $2";

pub(super) const EMBEDDED: &str = "SELECT COALESCE(CASE WHEN meaning.model = $3 THEN meaning.made END, 0), \
     size.entries FROM search_size AS size LEFT JOIN search_meaning AS meaning \
     ON meaning.account_id = size.account_id AND meaning.kind = size.kind \
     WHERE size.account_id = $1 AND size.kind = $2";

pub(super) const WAITING: &str = "SELECT CAST(COALESCE(SUM(size.entries - \
     COALESCE(CASE WHEN meaning.model = $1 THEN meaning.made END, 0)), 0) AS BIGINT) FROM search_size AS \
     size \
     LEFT JOIN search_meaning AS meaning ON meaning.account_id = size.account_id \
     AND meaning.kind = size.kind";

pub(super) const STATE: &str =
    "SELECT version, removed FROM search_meaning WHERE account_id = $1 AND kind = $2";

pub(super) const CHANGED: &str = "\
     SELECT entry_id, is_public, parts, vector FROM search_vector WHERE account_id = $1 \
    AND kind = $2 \
     AND model = $3 AND version > $4 AND version <= $5 ORDER BY entry_id DESC LIMIT $6";

pub(super) const STRAY: &str = "\
     SELECT made.entry_id FROM search_vector AS made LEFT JOIN search_entry AS entry \
     ON entry.account_id = made.account_id AND entry.kind = made.kind AND entry.entry_id = made.entry_id \
     WHERE made.account_id = $1 AND made.kind = $2 AND (entry.entry_id IS NULL OR entry.is_public <> \
     made.is_public \
     OR made.parts < 0 OR LENGTH(made.vector) % CASE WHEN made.parts > 0 THEN made.parts ELSE 1 END <> 0) \
     ORDER BY made.entry_id";

pub(super) const COUNTED: &str = "SELECT meaning.made, (SELECT COUNT(*) FROM search_vector AS made \
     WHERE made.account_id = $1 AND made.kind = $2 AND made.model = meaning.model) FROM search_meaning AS \
     meaning \
     WHERE meaning.account_id = $1 AND meaning.kind = $2";
