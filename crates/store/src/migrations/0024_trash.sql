-- The pages of memories and notes: who told an entry, and what was deleted lately.

-- chat: a conversation; app: an app, key, program or agent; import: a file. Empty: the person, or unknown.
ALTER TABLE key_memory ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE note ADD COLUMN source TEXT NOT NULL DEFAULT '';
-- The name of the app at that time.
ALTER TABLE key_memory ADD COLUMN source_name TEXT NOT NULL DEFAULT '';
ALTER TABLE note ADD COLUMN source_name TEXT NOT NULL DEFAULT '';
UPDATE key_memory SET source = 'chat'
    WHERE id IN (SELECT l.memory_id FROM key_memory_link l WHERE l.kind = 'said');
UPDATE key_memory SET source = 'app', source_name = (SELECT MAX(e.client_name) FROM agent_entry e
    WHERE e.account_id = key_memory.account_id AND e.kind = 1 AND e.entry_id = key_memory.id)
    WHERE id IN (SELECT e.entry_id FROM agent_entry e WHERE e.kind = 1 AND e.action = 'added');
UPDATE note SET source = 'app', source_name = (SELECT MAX(e.client_name) FROM agent_entry e
    WHERE e.account_id = note.account_id AND e.kind = 2 AND e.entry_id = note.id)
    WHERE id IN (SELECT e.entry_id FROM agent_entry e WHERE e.kind = 2 AND e.action = 'added');

-- Lists of a category, and the number of memories of each.
CREATE INDEX key_memory_category ON key_memory (account_id, object, created_at, id);

-- Memories and notes that a person deleted on the pages, until they are deleted for good.
CREATE TABLE memory_trash (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- 1: key memory; 2: note.
    kind BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    -- Entries that were deleted together have the same number.
    batch BIGINT NOT NULL,
    -- The beginning of the text.
    shown TEXT NOT NULL,
    -- The entry as a line of an archive, and its links as JSON.
    body TEXT NOT NULL,
    links TEXT NOT NULL,
    -- The length of both.
    bytes BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL
);
CREATE INDEX memory_trash_account ON memory_trash (account_id, id);
CREATE INDEX memory_trash_batch ON memory_trash (account_id, batch);
CREATE INDEX memory_trash_time ON memory_trash (deleted_at);
