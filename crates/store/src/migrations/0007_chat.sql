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
    -- app:ID, key:ID or session.
    client TEXT NOT NULL,
    answers BIGINT NOT NULL,
    tokens_in BIGINT NOT NULL,
    tokens_out BIGINT NOT NULL,
    PRIMARY KEY (account_id, day, client)
);
