-- Who may call: accounts, sign-in sessions, API keys and what became of their calls.

CREATE TABLE account (
    id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    route TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    is_admin BIGINT NOT NULL,
    -- Kept beside the keys so that the limit costs no count.
    key_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE INDEX account_admin ON account (is_admin) WHERE is_admin = 1;

CREATE TABLE session (
    id BIGINT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX session_account ON session (account_id, id);
CREATE INDEX session_expiry ON session (expires_at);

-- A link that lets its holder make an account; the first one makes the owner.
CREATE TABLE sign_up_link (
    hash BLOB NOT NULL PRIMARY KEY,
    makes_admin BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Attempts to sign in that did not succeed, by the hash of the e-mail or of the address.
CREATE TABLE sign_in_attempt (
    subject BLOB NOT NULL PRIMARY KEY,
    attempts BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempt_age ON sign_in_attempt (updated_at);

CREATE TABLE api_key (
    id BIGINT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    replaced_by BIGINT,
    last_used_at BIGINT,
    last_used_address TEXT
);
CREATE INDEX api_key_account ON api_key (account_id, id);

CREATE TABLE api_key_usage (
    key_id BIGINT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    -- Days since 1970-01-01, UTC.
    day BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (key_id, day, endpoint, outcome)
);

CREATE TABLE api_key_refusal (
    id BIGINT NOT NULL PRIMARY KEY,
    key_id BIGINT NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    refused_at BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    sub_code TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX api_key_refusal_key ON api_key_refusal (key_id, id);
CREATE INDEX api_key_usage_day ON api_key_usage (day);
CREATE INDEX sign_up_link_expiry ON sign_up_link (expires_at);
