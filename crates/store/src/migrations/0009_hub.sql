-- The API hub: keys, the catalogue, limits and what was called.

CREATE TABLE hub_key (
    id BIGINT NOT NULL PRIMARY KEY,
    ak TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The secret, sealed; and the one before the last rotation, as long as it is still good.
    sk BLOB NOT NULL,
    old_sk BLOB,
    old_until BIGINT,
    -- Grows with every change, so that what was checked before is checked again.
    version BIGINT NOT NULL,
    is_enabled BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    -- Allowlists, limits and allowed actions, as JSON.
    rules TEXT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX hub_key_account ON hub_key (account_id, id);

-- How many keys an account has: kept so that of many made at once not one is too many.
CREATE TABLE hub_owner (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    keys BIGINT NOT NULL
);

CREATE TABLE hub_api (
    code TEXT NOT NULL PRIMARY KEY,
    -- The definition as JSON, and the values of its secret headers as sealed JSON.
    spec TEXT NOT NULL,
    secrets BLOB,
    updated_at BIGINT NOT NULL
);

-- One row: grows with every change of hub_api.
CREATE TABLE hub_catalogue (
    id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

-- What all processes together have let through, by key, person or anonymous.
CREATE TABLE hub_limit (
    subject TEXT NOT NULL PRIMARY KEY,
    -- When the bucket is empty again, in microseconds since 1970.
    tat BIGINT NOT NULL,
    -- Calls of one day; days since 1970-01-01, UTC.
    day BIGINT NOT NULL,
    calls BIGINT NOT NULL
);
CREATE INDEX hub_limit_day ON hub_limit (day);

CREATE TABLE hub_call (
    id BIGINT NOT NULL PRIMARY KEY,
    trace TEXT NOT NULL,
    at BIGINT NOT NULL,
    took_us BIGINT NOT NULL,
    -- 0 for anonymous callers and for tokens whose key is not known.
    key_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    typ TEXT NOT NULL,
    sub TEXT NOT NULL,
    api TEXT NOT NULL,
    action TEXT NOT NULL,
    status BIGINT NOT NULL,
    code TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    address TEXT NOT NULL,
    origin TEXT NOT NULL
);
CREATE INDEX hub_call_key ON hub_call (key_id, id);
CREATE INDEX hub_call_account ON hub_call (account_id, id);
CREATE INDEX hub_call_trace ON hub_call (trace);

-- Calls by key, hour, API and outcome, for charts; kept longer than the calls themselves.
CREATE TABLE hub_usage (
    key_id BIGINT NOT NULL,
    -- Hours since 1970, UTC.
    hour BIGINT NOT NULL,
    api TEXT NOT NULL,
    -- ok, refused, client_error or server_error.
    outcome TEXT NOT NULL,
    calls BIGINT NOT NULL,
    took_us BIGINT NOT NULL,
    PRIMARY KEY (key_id, hour, api, outcome)
) WITHOUT ROWID;
CREATE INDEX hub_usage_hour ON hub_usage (hour);
