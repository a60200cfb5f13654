-- The Hub's user centre: people who belong to a key.

-- A key's people: how many there are, and its password policy as JSON; NULL for the default.
CREATE TABLE hub_pool (
    key_id BIGINT NOT NULL PRIMARY KEY REFERENCES hub_key (id) ON DELETE CASCADE,
    members BIGINT NOT NULL,
    admins BIGINT NOT NULL,
    policy TEXT
);

CREATE TABLE hub_user (
    key_id BIGINT NOT NULL REFERENCES hub_key (id) ON DELETE CASCADE,
    -- In the order they were made.
    id TEXT NOT NULL,
    username TEXT NOT NULL,
    -- The name in lower case: no two of a key differ in case alone.
    name_key TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin BIGINT NOT NULL,
    is_enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- JSON: lists of texts, and objects.
    roles TEXT NOT NULL,
    group_paths TEXT NOT NULL,
    attrs TEXT NOT NULL,
    sys_attrs TEXT NOT NULL,
    -- What a search looks through, folded.
    searched TEXT NOT NULL,
    PRIMARY KEY (key_id, id)
);
CREATE UNIQUE INDEX hub_user_name ON hub_user (key_id, name_key);
CREATE INDEX hub_user_kind ON hub_user (key_id, is_admin, id);

-- Who is signed in: one row for each chain of refresh tokens.
CREATE TABLE hub_session (
    id TEXT NOT NULL PRIMARY KEY,
    key_id BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    -- SHA-256 of the token that is good now; every other one of the chain was used before.
    secret BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (key_id, user_id) REFERENCES hub_user (key_id, id) ON DELETE CASCADE
);
CREATE INDEX hub_session_user ON hub_session (key_id, user_id, expires_at);
CREATE INDEX hub_session_end ON hub_session (expires_at);
