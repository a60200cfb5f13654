-- What keeps a person's memories whole: pages that links lead to, earlier versions of notes, known duplicates.

-- Of type, title, content and links, to recognise duplicates.
ALTER TABLE note ADD COLUMN hash BLOB;
CREATE INDEX note_hash ON note (account_id, hash);

-- What a note said before it was edited.
CREATE TABLE note_version (
    id BIGINT NOT NULL PRIMARY KEY,
    note_id BIGINT NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- When it began and when it ceased to be what the note says.
    written_at BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL
);
CREATE INDEX note_version_note ON note_version (note_id, id);

-- The page that each link of a note leads to.
CREATE TABLE note_page (
    note_id BIGINT NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    -- The link's place in the note.
    position BIGINT NOT NULL,
    url TEXT NOT NULL,
    -- pending, ready or failed.
    status TEXT NOT NULL,
    -- How often it was begun to be read.
    attempts BIGINT NOT NULL,
    -- When it is to be read next; while it is read, when another process may take it over.
    due_at BIGINT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- Why it was not read, in a word.
    problem TEXT NOT NULL,
    read_at BIGINT,
    PRIMARY KEY (note_id, position)
) WITHOUT ROWID;
CREATE INDEX note_page_due ON note_page (due_at) WHERE status = 'pending';
