-- The nightly look over a person's facts: when it is due, and what came of the last one.

CREATE TABLE chat_dream (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    -- The night for which it is planned, or the end of a lease; 0: nothing changed since the last one.
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    -- Of the last one.
    proposals BIGINT NOT NULL,
    tokens BIGINT NOT NULL
);
CREATE INDEX chat_dream_due ON chat_dream (due_at);

-- What was proposed once, so that it is not proposed again: a hash of it.
CREATE TABLE memory_dreamt (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    PRIMARY KEY (account_id, hash)
) WITHOUT ROWID;
