-- What entries of the index mean, as vectors of a model: only where one is configured.
CREATE TABLE search_vector (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    -- Which model made it: one of another model is no use, and is replaced.
    model TEXT NOT NULL,
    is_public BIGINT NOT NULL,
    -- The change of the person's vectors (search_meaning) that it came with.
    version BIGINT NOT NULL,
    -- 32-bit floats of length 1, little-endian; empty where the model can make none of the text.
    vector BLOB NOT NULL,
    PRIMARY KEY (account_id, kind, entry_id)
) WITHOUT ROWID;
CREATE INDEX search_vector_change ON search_vector (account_id, kind, version);

-- A person's vectors of a kind as a whole.
CREATE TABLE search_meaning (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    -- Which model makes them, and how many it has made.
    model TEXT NOT NULL,
    made BIGINT NOT NULL,
    -- Counts the changes, so that a copy in memory knows what it lacks; and the last one that removed a vector.
    version BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    -- Until when another process makes what is missing.
    claimed_until BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;
