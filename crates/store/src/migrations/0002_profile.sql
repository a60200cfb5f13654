-- What a person says about themself, and the files they uploaded.

CREATE TABLE profile (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    avatar TEXT NOT NULL,
    cover TEXT NOT NULL,
    bio TEXT NOT NULL,
    self_introduction TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE shade (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    has_public BIGINT NOT NULL,
    -- The interest as JSON, but for its id.
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX shade_account ON shade (account_id, id);

CREATE TABLE file (
    key TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX file_account ON file (account_id);

-- How much each account keeps, so that the limit costs no sum and uploads at once cannot share the last room.
CREATE TABLE file_room (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    used BIGINT NOT NULL
);
