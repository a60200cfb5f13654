-- Conversations on the person's own pages.

-- 1: shown above the others.
ALTER TABLE chat_session ADD COLUMN pinned BIGINT NOT NULL DEFAULT 0;
-- The time at which it was deleted on a page. It can be restored for some seconds, and is removed after them.
ALTER TABLE chat_session ADD COLUMN hidden_at BIGINT NOT NULL DEFAULT 0;

-- The keys of the message's pictures among the person's files, separated by spaces.
ALTER TABLE chat_message ADD COLUMN pictures TEXT NOT NULL DEFAULT '';

-- JSON: thoughts and tool calls before the answer, for the person to read; empty: none.
ALTER TABLE chat_sent ADD COLUMN steps TEXT NOT NULL DEFAULT '';
