-- The index in runs: what a person notes is kept by entry first, and then, a few hundred entries at a time, by term.
-- A row for each term of each entry meant a page of the file for almost each of them.

DROP TABLE search_posting;

-- Entries that are in no run yet, the latest of each person.
CREATE TABLE search_pending (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    -- The entry's own.
    is_public BIGINT NOT NULL,
    length BIGINT NOT NULL,
    -- A line for each term: how often it occurs, a blank and the term.
    terms TEXT NOT NULL,
    -- What it adds to search_size.pending.
    cost BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, entry_id)
) WITHOUT ROWID;

-- Which entries of a run hold a term.
CREATE TABLE search_posting (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    -- Counted from 1 for each person and kind.
    run BIGINT NOT NULL,
    term TEXT NOT NULL,
    -- How many they are, all of them and the public ones.
    entries BIGINT NOT NULL,
    public_entries BIGINT NOT NULL,
    -- Of each its id, length, visibility and how often the term occurs; see search/postings.rs.
    postings BLOB NOT NULL,
    PRIMARY KEY (account_id, kind, run, term)
) WITHOUT ROWID;

-- The run that has the entry's terms; 0 while it is pending.
ALTER TABLE search_entry ADD COLUMN run BIGINT NOT NULL DEFAULT 0;

-- The last run, and what the pending entries cost together.
ALTER TABLE search_size ADD COLUMN runs BIGINT NOT NULL DEFAULT 0;
ALTER TABLE search_size ADD COLUMN pending BIGINT NOT NULL DEFAULT 0;
