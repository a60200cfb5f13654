-- Speech: the voice of a person, and what was spoken, so that it is not paid for twice.

-- The id of the voice at the endpoint that speaks; empty: the server's.
ALTER TABLE profile ADD COLUMN voice_id TEXT NOT NULL DEFAULT '';

CREATE TABLE speech (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- SHA-256 of endpoint, model, voice, emotion and text.
    digest TEXT NOT NULL,
    -- The name of the file. It may have been deleted since.
    file_key TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    sample_rate BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, digest)
) WITHOUT ROWID;
