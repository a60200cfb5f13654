-- What the double knows about its person, and the full-text index over it.

-- Entries of the index: what was indexed, in its folded form. `kind` says which table the entry is a row of.
CREATE TABLE search_entry (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    is_public BIGINT NOT NULL,
    -- Terms, each as often as it occurs.
    length BIGINT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (account_id, kind, entry_id)
) WITHOUT ROWID;

-- Which entries of a person hold a term: a search reads one range per term and nobody else's rows.
CREATE TABLE search_posting (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    term TEXT NOT NULL,
    entry_id BIGINT NOT NULL,
    -- How often the term occurs in the entry; the rest is the entry's own.
    occurrences BIGINT NOT NULL,
    length BIGINT NOT NULL,
    is_public BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, term, entry_id)
) WITHOUT ROWID;

-- How many entries a person has of a kind and how long they are together, all of them and the public ones.
CREATE TABLE search_size (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    length BIGINT NOT NULL,
    public_entries BIGINT NOT NULL,
    public_length BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;

CREATE TABLE key_memory (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    actor TEXT NOT NULL,
    object TEXT NOT NULL,
    content TEXT NOT NULL,
    visibility BIGINT NOT NULL,
    -- Of actor, object and content, to recognise duplicates.
    hash BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX key_memory_account ON key_memory (account_id, id);
CREATE INDEX key_memory_visible ON key_memory (account_id, visibility, id);
CREATE INDEX key_memory_hash ON key_memory (account_id, hash);

-- What a key memory said before it was edited.
CREATE TABLE key_memory_version (
    id BIGINT NOT NULL PRIMARY KEY,
    memory_id BIGINT NOT NULL REFERENCES key_memory (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    visibility BIGINT NOT NULL,
    -- When it began and when it ceased to be what the memory says.
    written_at BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL
);
CREATE INDEX key_memory_version_memory ON key_memory_version (memory_id, id);

CREATE TABLE note (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- TEXT or LINK.
    memory_type TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- A JSON array of the links.
    urls TEXT NOT NULL,
    -- ready or pending.
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX note_account ON note (account_id, id);
CREATE INDEX note_type ON note (account_id, memory_type, id);

-- What the person did elsewhere, as agents reported it.
CREATE TABLE agent_event (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    platform TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    event_time BIGINT NOT NULL,
    action TEXT NOT NULL,
    action_label TEXT NOT NULL,
    importance DOUBLE PRECISION,
    -- The event as JSON.
    body TEXT NOT NULL,
    UNIQUE (account_id, platform, idempotency_key)
);
CREATE INDEX agent_event_account ON agent_event (account_id, id);
CREATE INDEX agent_event_platform ON agent_event (account_id, platform, id);
CREATE INDEX agent_event_time ON agent_event (account_id, event_time);
