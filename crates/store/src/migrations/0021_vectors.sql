-- Vectors take the entries around an entry into account, and are stored as a float and 8-bit integers.

-- Identifies the entries around it that the vectors were made with; 0 if there are none.
ALTER TABLE search_vector ADD COLUMN context BIGINT NOT NULL DEFAULT 0;

-- Vectors of floats are no use any more. All are made anew.
DELETE FROM search_vector;
UPDATE search_meaning SET version = version + 1, removed = version + 1, made = 0;
