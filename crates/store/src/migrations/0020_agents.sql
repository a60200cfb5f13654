-- Agents: what each of a person's agents read and wrote, and who wrote an entry.

-- One row per call of a tool. Ids follow the time.
CREATE TABLE agent_call (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- app:ID, key:ID or program:ID.
    client TEXT NOT NULL,
    -- Its name at that time.
    client_name TEXT NOT NULL,
    -- The tool, resource or prompt.
    tool TEXT NOT NULL,
    -- 1: it adds, changes or deletes; 0: it reads.
    is_write BIGINT NOT NULL,
    -- ok, or the code of the error.
    outcome TEXT NOT NULL,
    -- Ids of what it read or wrote (memory:ID, note:ID), separated by spaces; not all of a long list.
    items TEXT NOT NULL,
    called_at BIGINT NOT NULL
);
CREATE INDEX agent_call_account ON agent_call (account_id, id);
CREATE INDEX agent_call_client ON agent_call (account_id, client, id);

-- Who added or changed a memory or note last, if an agent did.
CREATE TABLE agent_entry (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- 1: key memory; 2: note.
    kind BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    client TEXT NOT NULL,
    client_name TEXT NOT NULL,
    -- added or changed.
    action TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, entry_id)
) WITHOUT ROWID;
CREATE INDEX agent_entry_client ON agent_entry (account_id, client, entry_id);

-- For lists of what changed lately.
CREATE INDEX key_memory_updated ON key_memory (account_id, updated_at, id);
CREATE INDEX note_updated ON note (account_id, updated_at, id);
