-- Shares: of what a prompt holds, of background work, and of the space and rate that an account has.

-- Rights that a reader of a stored prompt needs, bit by bit: 1 profile; 2 and 4 shades (public, all); 8 and 16 key
-- memories (public, all); 32 notes; 64 results of tools. What was stored before may hold anything.
ALTER TABLE chat_sent ADD COLUMN needs BIGINT NOT NULL DEFAULT 117;

-- Background work is done in turns by account: whose work it is stands in its row.
ALTER TABLE note_page ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE note_page SET account_id = (SELECT n.account_id FROM note n WHERE n.id = note_page.note_id);
DROP INDEX note_page_due;
CREATE INDEX note_page_due ON note_page (account_id, due_at) WHERE status = 'pending';

ALTER TABLE chat_work ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE chat_work SET account_id = (SELECT s.account_id FROM chat_session s WHERE s.key = chat_work.session_key);
DROP INDEX chat_work_due;
CREATE INDEX chat_work_due ON chat_work (account_id, due_at);

-- The account that owns the application.
ALTER TABLE webhook_delivery ADD COLUMN account_id BIGINT NOT NULL DEFAULT 0;
UPDATE webhook_delivery SET account_id =
    (SELECT a.account_id FROM application a WHERE a.id = webhook_delivery.application_id);
DROP INDEX webhook_delivery_due;
CREATE INDEX webhook_delivery_due ON webhook_delivery (account_id, due_at) WHERE state = 'waiting';

-- Entries of a kind that an account stores, and bytes of their texts with earlier versions and what belongs to them.
-- Changed in the transaction of the entry.
CREATE TABLE account_room (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- 1: key memories; 2: notes; 3: events of agent memory; 4: messages.
    kind BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;
INSERT INTO account_room (account_id, kind, entries, bytes)
    SELECT account_id, 1, COUNT(*), CAST(SUM(OCTET_LENGTH(actor) + OCTET_LENGTH(object) + OCTET_LENGTH(content)) AS BIGINT)
    FROM key_memory GROUP BY account_id;
UPDATE account_room SET bytes = bytes + COALESCE((SELECT CAST(SUM(OCTET_LENGTH(v.content)) AS BIGINT)
    FROM key_memory m JOIN key_memory_version v ON v.memory_id = m.id
    WHERE m.account_id = account_room.account_id), 0) WHERE kind = 1;
INSERT INTO account_room (account_id, kind, entries, bytes)
    SELECT account_id, 2, COUNT(*), CAST(SUM(OCTET_LENGTH(title) + OCTET_LENGTH(content) + OCTET_LENGTH(urls)) AS BIGINT)
    FROM note GROUP BY account_id;
UPDATE account_room SET bytes = bytes
    + COALESCE((SELECT CAST(SUM(OCTET_LENGTH(v.title) + OCTET_LENGTH(v.content)) AS BIGINT)
    FROM note n JOIN note_version v ON v.note_id = n.id WHERE n.account_id = account_room.account_id), 0)
    + COALESCE((SELECT CAST(SUM(OCTET_LENGTH(p.title) + OCTET_LENGTH(p.content)) AS BIGINT)
    FROM note n JOIN note_page p ON p.note_id = n.id WHERE n.account_id = account_room.account_id), 0)
    WHERE kind = 2;
INSERT INTO account_room (account_id, kind, entries, bytes)
    SELECT account_id, 3, COUNT(*), CAST(SUM(OCTET_LENGTH(body)) AS BIGINT) FROM agent_event GROUP BY account_id;
INSERT INTO account_room (account_id, kind, entries, bytes)
    SELECT s.account_id, 4, COUNT(*), CAST(SUM(OCTET_LENGTH(m.content)) AS BIGINT)
    FROM chat_session s JOIN chat_message m ON m.session_key = s.key GROUP BY s.account_id;
UPDATE account_room SET bytes = bytes + COALESCE((SELECT CAST(SUM(OCTET_LENGTH(t.prompt) + OCTET_LENGTH(t.memories)) AS BIGINT)
    FROM chat_session s JOIN chat_message m ON m.session_key = s.key JOIN chat_sent t ON t.message_id = m.id
    WHERE s.account_id = account_room.account_id), 0) WHERE kind = 4;

-- What a key or an application has added in the name of an account since a window of an hour began.
CREATE TABLE account_rate (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- key:ID or app:ID.
    client TEXT NOT NULL,
    -- entry or upload.
    action TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (account_id, client, action)
) WITHOUT ROWID;

-- Which application uploaded a file; empty: the person and their keys. And bytes by application.
ALTER TABLE file ADD COLUMN client TEXT NOT NULL DEFAULT '';
CREATE TABLE file_share (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    client TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (account_id, client)
) WITHOUT ROWID;
