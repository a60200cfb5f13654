-- Faces of people towards others, with their keys and skills, and the conversations of visitors with them.

-- How many a person has, and which are the first and the preferred one. Whoever inserts the row creates the first one.
CREATE TABLE avatar_owner (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    avatars BIGINT NOT NULL,
    skills BIGINT NOT NULL,
    primary_id BIGINT NOT NULL,
    default_id BIGINT NOT NULL
);

CREATE TABLE avatar (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    cover_url TEXT,
    scenario_prompt TEXT NOT NULL,
    opening TEXT NOT NULL,
    welcome_note TEXT NOT NULL,
    -- Modes, skills, what visitors may learn, and the owner's limits, as JSON.
    body TEXT NOT NULL,
    -- 12 hexadecimal digits.
    share_code TEXT NOT NULL UNIQUE,
    paused_at BIGINT,
    usage_count BIGINT NOT NULL,
    view_count BIGINT NOT NULL,
    key_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX avatar_account ON avatar (account_id, id);

CREATE TABLE avatar_key (
    id BIGINT NOT NULL PRIMARY KEY,
    avatar_id BIGINT NOT NULL REFERENCES avatar (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    is_enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX avatar_key_avatar ON avatar_key (avatar_id, id);
CREATE INDEX avatar_key_account ON avatar_key (account_id);

-- Instructions that a person wrote for avatars to follow.
CREATE TABLE avatar_skill (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    skill_key TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    when_to_use TEXT NOT NULL,
    version TEXT NOT NULL,
    scene_mode TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, skill_key)
);

-- A conversation of a visitor with an avatar.
CREATE TABLE visitor_session (
    id BIGINT NOT NULL PRIMARY KEY,
    -- What clients call it: random.
    name TEXT NOT NULL UNIQUE,
    avatar_id BIGINT NOT NULL REFERENCES avatar (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- The key that opened it; NULL where none did.
    key_id BIGINT,
    -- account:ID of a person; app:CLIENT, a line break and ID of somebody whom an app knows; key:ID of somebody whom
    -- the holder of a key knows.
    visitor TEXT NOT NULL,
    visitor_name TEXT NOT NULL,
    -- 1 for the latest of a visitor, until it expires.
    is_current BIGINT NOT NULL,
    -- 1 while the owner answers in person.
    taken_over BIGINT NOT NULL,
    -- Messages of the visitor, and the time of the first of the current window with their number in it.
    messages BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    window_used BIGINT NOT NULL,
    -- While it lies ahead, a process answers.
    answering_until BIGINT NOT NULL,
    -- The number of the latest message, and of the latest that was answered.
    numbers BIGINT NOT NULL,
    answered_to BIGINT NOT NULL,
    -- The number of the latest frame, and of the latest that a socket took.
    frames BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX visitor_session_current ON visitor_session (avatar_id, visitor) WHERE is_current = 1;
CREATE INDEX visitor_session_avatar ON visitor_session (avatar_id, active_at);
CREATE INDEX visitor_session_account ON visitor_session (account_id, active_at);
CREATE INDEX visitor_session_age ON visitor_session (active_at);
CREATE INDEX visitor_session_answering ON visitor_session (answering_until) WHERE answering_until > 0;

CREATE TABLE visitor_message (
    id BIGINT NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL REFERENCES visitor_session (id) ON DELETE CASCADE,
    -- Its place in the conversation. Ids of several processes are not in the order of the messages.
    number BIGINT NOT NULL,
    -- visitor, avatar or owner.
    sender TEXT NOT NULL,
    content TEXT NOT NULL,
    -- 1 for an answer that broke off.
    is_failed BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX visitor_message_session ON visitor_message (session_id, number);

-- Frames for sockets, kept for a short time: a socket of any process reads them, also after they were written.
CREATE TABLE visitor_frame (
    session_id BIGINT NOT NULL REFERENCES visitor_session (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, number)
) WITHOUT ROWID;
CREATE INDEX visitor_frame_age ON visitor_frame (created_at);

-- Visitors whom a person does not want to meet.
CREATE TABLE visitor_block (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    visitor TEXT NOT NULL,
    visitor_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, visitor)
) WITHOUT ROWID;

-- What an avatar was asked and used on a day (days since 1970-01-01, UTC).
CREATE TABLE avatar_day (
    avatar_id BIGINT NOT NULL REFERENCES avatar (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    PRIMARY KEY (avatar_id, day)
) WITHOUT ROWID;
CREATE INDEX avatar_day_age ON avatar_day (day);

-- Who came on a day, and how much they said.
CREATE TABLE avatar_visit (
    avatar_id BIGINT NOT NULL REFERENCES avatar (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    visitor TEXT NOT NULL,
    is_new BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (avatar_id, day, visitor)
) WITHOUT ROWID;
CREATE INDEX avatar_visit_visitor ON avatar_visit (avatar_id, visitor);
CREATE INDEX avatar_visit_age ON avatar_visit (day);

-- Exports of conversations that may be downloaded for a while.
CREATE TABLE visitor_export (
    -- 32 hexadecimal digits.
    id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    avatar_id BIGINT NOT NULL REFERENCES avatar (id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    messages BIGINT NOT NULL,
    is_truncated BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX visitor_export_age ON visitor_export (expires_at);
