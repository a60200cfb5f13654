-- Other people's programs, what a person lets them do, and the codes and tokens that stand for it.

CREATE TABLE application (
    -- A UUID; the client_id.
    id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- A JSON list.
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- approved, pending, rejected or suspended.
    status TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    -- Makes of a person the id that this application knows them by.
    person_key BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX application_owner ON application (account_id, created_at, id);

CREATE TABLE app_authorization (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    application_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    -- What the person allowed, and everything they were asked about.
    scopes TEXT NOT NULL,
    asked TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);
-- One that stands for each person and application; those revoked stay for a while beside it.
CREATE UNIQUE INDEX app_authorization_standing ON app_authorization (account_id, application_id)
    WHERE revoked_at IS NULL;
CREATE INDEX app_authorization_account ON app_authorization (account_id, id);
CREATE INDEX app_authorization_application ON app_authorization (application_id);
CREATE INDEX app_authorization_revoked ON app_authorization (revoked_at);

CREATE TABLE oauth_code (
    hash BLOB NOT NULL PRIMARY KEY,
    authorization_id BIGINT NOT NULL REFERENCES app_authorization (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    -- PKCE, S256; NULL where the client sent none.
    challenge TEXT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX oauth_code_authorization ON oauth_code (authorization_id);
CREATE INDEX oauth_code_expiry ON oauth_code (expires_at);

CREATE TABLE oauth_token (
    hash BLOB NOT NULL PRIMARY KEY,
    -- access or refresh.
    kind TEXT NOT NULL,
    application_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    -- NULL for a token of the application itself.
    authorization_id BIGINT REFERENCES app_authorization (id) ON DELETE CASCADE,
    -- The code it came from, so that a second use of that can take back what the first obtained.
    code_hash BLOB,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX oauth_token_application ON oauth_token (application_id);
CREATE INDEX oauth_token_authorization ON oauth_token (authorization_id);
CREATE INDEX oauth_token_code ON oauth_token (code_hash);
CREATE INDEX oauth_token_expiry ON oauth_token (kind, expires_at);
