-- Imports: each is a run that can be listed and undone, and each entry knows which one it is at its source.

CREATE TABLE import_run (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- The kind of the source, such as chatgpt or obsidian.
    source TEXT NOT NULL,
    file_name TEXT NOT NULL,
    -- SHA-256 of the file, in hexadecimal.
    file_hash TEXT NOT NULL,
    -- running, done, failed, undoing or undone.
    state TEXT NOT NULL,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    known BIGINT NOT NULL,
    -- Changed here and at the source, so left as they are.
    kept BIGINT NOT NULL,
    -- Deleted here, so not brought back.
    removed BIGINT NOT NULL,
    -- Left out by choice.
    left_out BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- The last sign of life while it runs, then the end.
    updated_at BIGINT NOT NULL
);
CREATE INDEX import_run_account ON import_run (account_id, id);
CREATE INDEX import_run_file ON import_run (account_id, file_hash);

-- What the entries were at their source.
CREATE TABLE import_origin (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    -- SHA-256 of the id at the source, in hexadecimal: ids may be long paths.
    native TEXT NOT NULL,
    -- The section of the archive, and the id here.
    section TEXT NOT NULL,
    entry_id BIGINT NOT NULL,
    -- SHA-256 of what the source said, in hexadecimal; of a conversation, and the number of its messages.
    said TEXT NOT NULL,
    parts BIGINT NOT NULL,
    run_id BIGINT NOT NULL REFERENCES import_run (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, source, native)
) WITHOUT ROWID;
CREATE INDEX import_origin_run ON import_origin (run_id);
CREATE INDEX import_origin_entry ON import_origin (account_id, section, entry_id);

-- What a run made.
CREATE TABLE import_entry (
    run_id BIGINT NOT NULL REFERENCES import_run (id) ON DELETE CASCADE,
    section TEXT NOT NULL,
    entry_id BIGINT NOT NULL,
    -- added, changed, appended; stayed: it was changed since, so undoing the run left it.
    act TEXT NOT NULL,
    -- How the entry looked afterwards: a hash of its text and the time of its last change, or the number of its
    -- messages and the last of them.
    mark TEXT NOT NULL,
    marked_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, section, entry_id)
) WITHOUT ROWID;

-- Lines that were refused, or taken only in part.
CREATE TABLE import_problem (
    run_id BIGINT NOT NULL REFERENCES import_run (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    place TEXT NOT NULL,
    line BIGINT NOT NULL,
    reason TEXT NOT NULL,
    is_refused BIGINT NOT NULL,
    PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
