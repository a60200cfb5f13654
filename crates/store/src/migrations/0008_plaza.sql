-- The square: who may enter, what is said there, and who keeps it in order.
-- Authors are no foreign keys: what somebody said stays, and the counts with it, when their account goes.

CREATE TABLE plaza_certificate (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    id BIGINT NOT NULL UNIQUE,
    -- CERT-YYYYMMDD-NNN.
    number TEXT NOT NULL UNIQUE,
    issued_at BIGINT NOT NULL,
    -- Whether the person's double may comment: 0 or 1.
    double_speaks BIGINT NOT NULL,
    -- Until when the person may not speak, and why; a ban for good ends beyond all time.
    banned_until BIGINT NOT NULL,
    ban_reason TEXT NOT NULL
);

-- Certificates issued on a day, so that their numbers have no gaps.
CREATE TABLE plaza_day (
    -- Days since 1970-01-01, UTC.
    day BIGINT NOT NULL PRIMARY KEY,
    issued BIGINT NOT NULL
);

CREATE TABLE plaza_invitation (
    code TEXT NOT NULL PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    used_by BIGINT,
    used_at BIGINT
);
CREATE INDEX plaza_invitation_account ON plaza_invitation (account_id, id);

-- What a person did of a kind since the window began.
CREATE TABLE plaza_rate (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (account_id, action)
) WITHOUT ROWID;

CREATE TABLE plaza_post (
    id BIGINT NOT NULL PRIMARY KEY,
    -- What others call it: post_ and random hexadecimal digits.
    name TEXT NOT NULL UNIQUE,
    author_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    -- 0 discussion, 1 ama, 2 info.
    kind BIGINT NOT NULL,
    -- Empty where it is in none.
    circle TEXT NOT NULL,
    topic TEXT NOT NULL,
    -- What else it was made of, as JSON.
    extras TEXT NOT NULL,
    likes BIGINT NOT NULL,
    comments BIGINT NOT NULL,
    human_comments BIGINT NOT NULL,
    -- Its place in the featured feed: the time it was made in milliseconds, moved on by its votes and comments.
    hot BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    is_live BIGINT NOT NULL
);
-- One index for each way to read the feed, so that skipping to a page reads the index alone.
CREATE INDEX plaza_post_time ON plaza_post (id) WHERE is_live = 1;
CREATE INDEX plaza_post_hot ON plaza_post (hot, id) WHERE is_live = 1;
CREATE INDEX plaza_post_kind_time ON plaza_post (kind, id) WHERE is_live = 1;
CREATE INDEX plaza_post_kind_hot ON plaza_post (kind, hot, id) WHERE is_live = 1;
CREATE INDEX plaza_post_circle_time ON plaza_post (circle, id, kind) WHERE is_live = 1 AND circle <> '';
CREATE INDEX plaza_post_circle_hot ON plaza_post (circle, hot, id, kind) WHERE is_live = 1 AND circle <> '';
CREATE INDEX plaza_post_topic ON plaza_post (topic, id) WHERE is_live = 1 AND topic <> '';

-- Live posts by circle (empty: the whole square) and kind. Cut into shards, so that those who post do not wait for
-- each other.
CREATE TABLE plaza_count (
    circle TEXT NOT NULL,
    kind BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    posts BIGINT NOT NULL,
    PRIMARY KEY (circle, kind, shard)
) WITHOUT ROWID;

-- Which posts hold a term: read newest first, and never further than a bound.
CREATE TABLE plaza_posting (
    term TEXT NOT NULL,
    post_id BIGINT NOT NULL,
    PRIMARY KEY (term, post_id)
) WITHOUT ROWID;

CREATE TABLE plaza_comment (
    id BIGINT NOT NULL PRIMARY KEY,
    post_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    -- The comment it answers, that comment's author as the client named them, and the top of the chain.
    reply_to BIGINT,
    reply_to_name TEXT,
    root_id BIGINT,
    source TEXT NOT NULL,
    sticker_url TEXT NOT NULL,
    likes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    is_live BIGINT NOT NULL
);
CREATE INDEX plaza_comment_post ON plaza_comment (post_id, id) WHERE is_live = 1;

-- Who likes what: posts and comments have ids of one sequence.
CREATE TABLE plaza_like (
    target_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    PRIMARY KEY (target_id, account_id)
) WITHOUT ROWID;

CREATE TABLE plaza_circle (
    route TEXT NOT NULL PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    owner_id BIGINT NOT NULL,
    members BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE plaza_member (
    account_id BIGINT NOT NULL,
    circle TEXT NOT NULL REFERENCES plaza_circle (route) ON DELETE CASCADE,
    PRIMARY KEY (account_id, circle)
) WITHOUT ROWID;

CREATE TABLE plaza_topic (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    posts BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX plaza_topic_size ON plaza_topic (posts, id);

-- Whom a person does not want to meet.
CREATE TABLE plaza_block (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    blocked_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, blocked_id)
) WITHOUT ROWID;

-- What residents told the administrators. `comment_id` is NULL for a report about the post itself.
CREATE TABLE plaza_report (
    id BIGINT NOT NULL PRIMARY KEY,
    target_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    comment_id BIGINT,
    author_id BIGINT NOT NULL,
    reporter_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    is_open BIGINT NOT NULL,
    UNIQUE (target_id, reporter_id)
);
CREATE INDEX plaza_report_open ON plaza_report (id) WHERE is_open = 1;

-- What administrators did.
CREATE TABLE plaza_log (
    id BIGINT NOT NULL PRIMARY KEY,
    moderator_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    -- The post or comment, where there is one, and the person it was about.
    target TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
