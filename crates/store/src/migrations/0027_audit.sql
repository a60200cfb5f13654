-- The audit log: who did what, when and from where. No statement of the program changes a row; rows are deleted when they
-- are older than the configuration says.
CREATE TABLE audit_entry (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_refused BIGINT NOT NULL,
    -- Not a reference: the entry outlives the account. NULL: nobody who was signed in.
    account_id BIGINT,
    -- The e-mail address of the account at that time.
    email TEXT NOT NULL,
    -- The name or id of what it was done to.
    subject TEXT NOT NULL,
    -- The client's address; empty: the command line, or the server itself.
    address TEXT NOT NULL
);
CREATE INDEX audit_entry_time ON audit_entry (at);
CREATE INDEX audit_entry_kind ON audit_entry (kind, id);
CREATE INDEX audit_entry_refused ON audit_entry (is_refused, id);
CREATE INDEX audit_entry_account ON audit_entry (account_id, id);

-- A link with which the owner of an account sets a new password. An administrator makes it.
CREATE TABLE password_link (
    hash BLOB NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_link_account ON password_link (account_id);
CREATE INDEX password_link_expires ON password_link (expires_at);

-- Settings that pages change. They come before those of the configuration.
CREATE TABLE server_setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
