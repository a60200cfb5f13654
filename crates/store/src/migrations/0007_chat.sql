-- Conversations with the double.

CREATE TABLE chat_session (
    key BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- The application that began it in the person's name; empty: the person themself.
    client TEXT NOT NULL,
    -- The name clients know it by. One that a client made up is its own: others may use the same.
    id TEXT NOT NULL,
    -- What the client says it belongs to.
    app_id TEXT NOT NULL,
    title TEXT NOT NULL,
    last_message TEXT NOT NULL,
    message_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Up to this message the conversation was looked through for facts worth remembering.
    distilled_to BIGINT NOT NULL DEFAULT 0,
    -- What was said up to a message, in short, for prompts that have no room for all of it.
    summary TEXT NOT NULL DEFAULT '',
    summary_to BIGINT NOT NULL DEFAULT 0,
    UNIQUE (account_id, client, id)
);
CREATE INDEX chat_session_id ON chat_session (id);
CREATE INDEX chat_session_updated ON chat_session (account_id, updated_at, key);

CREATE TABLE chat_message (
    id BIGINT NOT NULL PRIMARY KEY,
    session_key BIGINT NOT NULL REFERENCES chat_session (key) ON DELETE CASCADE,
    -- system, user or assistant.
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    -- complete; stopped: the client left or the server ended; failed: the model broke off.
    state TEXT NOT NULL,
    -- 1: said by the person themself, so that facts in it may be remembered.
    is_own BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX chat_message_session ON chat_message (session_key, id);

-- What was sent to a model for an answer, for the person to read.
CREATE TABLE chat_sent (
    message_id BIGINT NOT NULL PRIMARY KEY REFERENCES chat_message (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    -- JSON: the messages of the prompt, and the memories in it.
    prompt TEXT NOT NULL,
    memories TEXT NOT NULL,
    tokens_in BIGINT NOT NULL,
    tokens_out BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Tokens used in a day, by person and by what they called with.
CREATE TABLE chat_usage (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- Days since 1970, in UTC.
    day BIGINT NOT NULL,
    -- app:ID, key:ID, program:ID or session; distill and summary: what is done in the background.
    client TEXT NOT NULL,
    answers BIGINT NOT NULL,
    tokens_in BIGINT NOT NULL,
    tokens_out BIGINT NOT NULL,
    PRIMARY KEY (account_id, day, client)
);

-- What a person decides about their double; without a row, the server's defaults.
CREATE TABLE chat_person (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    -- Most tokens in a day; 0: no limit beside the server's.
    daily_tokens BIGINT NOT NULL,
    -- 1: facts are distilled from their conversations.
    distills BIGINT NOT NULL,
    -- A JSON array of the Hub's actions that the double may use, each as api__action.
    tools TEXT NOT NULL
);

-- What is to be done with a conversation in the background.
CREATE TABLE chat_work (
    session_key BIGINT NOT NULL REFERENCES chat_session (key) ON DELETE CASCADE,
    -- distill or summary.
    kind TEXT NOT NULL,
    -- When; while it is done, when another process may take it over.
    due_at BIGINT NOT NULL,
    -- How often it was begun.
    attempts BIGINT NOT NULL,
    PRIMARY KEY (session_key, kind)
) WITHOUT ROWID;
CREATE INDEX chat_work_due ON chat_work (due_at);

-- Where a key memory comes from and what it stands against, as conversations have it.
CREATE TABLE key_memory_link (
    id BIGINT NOT NULL PRIMARY KEY,
    memory_id BIGINT NOT NULL REFERENCES key_memory (id) ON DELETE CASCADE,
    -- said: it comes from the message; again: the message says it, too; against: `other_id`, which is older, says
    -- something else.
    kind TEXT NOT NULL,
    other_id BIGINT REFERENCES key_memory (id) ON DELETE CASCADE,
    message_id BIGINT REFERENCES chat_message (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX key_memory_link_memory ON key_memory_link (memory_id, id);
CREATE INDEX key_memory_link_other ON key_memory_link (other_id);
CREATE INDEX key_memory_link_message ON key_memory_link (message_id);
