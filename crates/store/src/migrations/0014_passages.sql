-- Long entries have a vector of each passage, and not one of their beginning alone.

-- How many vectors there are, one after the other, in `vector`.
ALTER TABLE search_vector ADD COLUMN parts BIGINT NOT NULL DEFAULT 1;
UPDATE search_vector SET parts = 0 WHERE LENGTH(vector) = 0;

-- Those of long entries are made again.
DELETE FROM search_vector WHERE EXISTS (SELECT 1 FROM search_entry AS entry
    WHERE entry.account_id = search_vector.account_id AND entry.kind = search_vector.kind
    AND entry.entry_id = search_vector.entry_id AND LENGTH(entry.folded) > 1000);
UPDATE search_meaning SET version = version + 1, removed = version + 1, made = (SELECT COUNT(*) FROM search_vector AS made
    WHERE made.account_id = search_meaning.account_id AND made.kind = search_meaning.kind
    AND made.model = search_meaning.model);
