-- Apps without a secret, refresh tokens that change with each use, news for apps, and programs of the person's own.

-- A public app proves itself by PKCE alone; the hash of its secret is one that nobody ever saw.
ALTER TABLE application ADD COLUMN is_public BIGINT NOT NULL DEFAULT 0;
-- Registered by a program (RFC 7591) and not by its owner.
ALTER TABLE application ADD COLUMN is_self_registered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE application ADD COLUMN icon_url TEXT NOT NULL DEFAULT '';
ALTER TABLE application ADD COLUMN webhook_url TEXT NOT NULL DEFAULT '';
ALTER TABLE application ADD COLUMN webhook_enabled BIGINT NOT NULL DEFAULT 0;
-- Sealed.
ALTER TABLE application ADD COLUMN webhook_secret BLOB;
CREATE INDEX application_self_registered ON application (created_at) WHERE is_self_registered = 1;

-- One row, made with the first secret that is sealed: which key seals, so that one that is lost or another is noticed.
CREATE TABLE sealing_key (
    id BIGINT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL
);

-- When a refresh token was exchanged for the next one, and what makes that one of it.
ALTER TABLE oauth_token ADD COLUMN rotated_at BIGINT;
ALTER TABLE oauth_token ADD COLUMN salt BLOB;
-- An app's token in its own name stands on neither, and is issued most often.
DROP INDEX oauth_token_authorization;
CREATE INDEX oauth_token_authorization ON oauth_token (authorization_id) WHERE authorization_id IS NOT NULL;
DROP INDEX oauth_token_code;
CREATE INDEX oauth_token_code ON oauth_token (code_hash) WHERE code_hash IS NOT NULL;

-- News on the way to an app. What was delivered or given up stays for a while, as the app's delivery log.
CREATE TABLE webhook_delivery (
    id BIGINT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    -- The event as it is sent, byte for byte.
    body TEXT NOT NULL,
    -- waiting, delivered or given_up.
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- While it waits: when it is to be tried next. Whoever tries it moves this on first.
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Of the last attempt: when, which status came back (0: none), and what else there is to say.
    tried_at BIGINT,
    status BIGINT,
    note TEXT NOT NULL
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (due_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_application ON webhook_delivery (application_id, id);
CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at);

-- A program that a person signed in themself, without an app in between.
CREATE TABLE program (
    id BIGINT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX program_account ON program (account_id, id);
CREATE INDEX program_expiry ON program (expires_at);

-- A code that a person carries to their program; worth nothing without the challenge's verifier.
CREATE TABLE program_code (
    hash BLOB NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    challenge TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The program it let in. A second use ends that.
    program_id BIGINT
);
CREATE INDEX program_code_account ON program_code (account_id);
CREATE INDEX program_code_expiry ON program_code (expires_at);

-- A program that waits for a person to let it in from a browser elsewhere.
CREATE TABLE device_sign_in (
    -- Of the session's id, which only the program and the person's browser know.
    hash BLOB NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Once a person let it in: who, and what makes the program's token of the session's id.
    account_id BIGINT REFERENCES account (id) ON DELETE CASCADE,
    salt BLOB,
    -- Once the program has fetched its token.
    program_id BIGINT
);
CREATE INDEX device_sign_in_account ON device_sign_in (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX device_sign_in_expiry ON device_sign_in (expires_at);
