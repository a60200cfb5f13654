-- Entries have a time of their own, which of imported ones is not that of their id, and people have a time zone.

-- When the entry was noted; that of its id where the two are less than a minute apart.
ALTER TABLE search_entry ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE search_pending ADD COLUMN noted_at BIGINT NOT NULL DEFAULT 0;
UPDATE search_entry SET noted_at = entry_id / 4096 + 1735689600000;
UPDATE search_entry SET noted_at = (SELECT m.created_at FROM key_memory m WHERE m.id = search_entry.entry_id)
    WHERE kind = 1 AND EXISTS (SELECT 1 FROM key_memory m WHERE m.id = search_entry.entry_id
    AND ABS(m.created_at - search_entry.noted_at) >= 60000);
UPDATE search_entry SET noted_at = (SELECT n.created_at FROM note n WHERE n.id = search_entry.entry_id)
    WHERE kind = 2 AND EXISTS (SELECT 1 FROM note n WHERE n.id = search_entry.entry_id
    AND ABS(n.created_at - search_entry.noted_at) >= 60000);
CREATE INDEX search_entry_noted ON search_entry (account_id, kind, noted_at, entry_id);

-- Lists are in the order of these times.
DROP INDEX key_memory_visible;
CREATE INDEX key_memory_time ON key_memory (account_id, created_at, id);
CREATE INDEX key_memory_public ON key_memory (account_id, created_at, id) WHERE visibility = 1;
CREATE INDEX note_time ON note (account_id, created_at, id);
DROP INDEX note_type;
CREATE INDEX note_type_time ON note (account_id, memory_type, created_at, id);

-- An IANA name, or empty.
ALTER TABLE profile ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
