-- The review inbox: what agents want to write, where the person wants to see it first.

-- 1: what agents write waits for the person.
ALTER TABLE profile ADD COLUMN reviews_agents BIGINT NOT NULL DEFAULT 0;

CREATE TABLE memory_review (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- memory: a new one; note: a new one; change: of a memory; delete: of a memory.
    kind TEXT NOT NULL,
    -- The memory that would be changed or deleted; 0 for a new entry.
    memory_id BIGINT NOT NULL,
    -- The category of a memory, or the title of a note.
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- 1 if everybody may see the new memory.
    visibility BIGINT NOT NULL,
    -- app:ID, key:ID or program:ID, and its name at that time.
    client TEXT NOT NULL,
    client_name TEXT NOT NULL,
    -- Of kind, memory, title and content.
    hash BLOB NOT NULL,
    -- The length of title and content.
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX memory_review_account ON memory_review (account_id, id);
CREATE UNIQUE INDEX memory_review_hash ON memory_review (account_id, hash);
