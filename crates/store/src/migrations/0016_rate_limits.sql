-- Limits on what an address may do again and again, and whom a full table makes room at the expense of.

-- What an address, or an account, has used up of a limit.
CREATE TABLE rate_limit (
    -- SHA-256 of the action and the address or account.
    subject BLOB NOT NULL PRIMARY KEY,
    -- When all of the limit is free again, in milliseconds since 1970 (the theoretical arrival time of GCRA).
    free_at BIGINT NOT NULL
);
CREATE INDEX rate_limit_free_at ON rate_limit (free_at);

-- SHA-256 of the address that started the sign-in; NULL in rows older than this column.
ALTER TABLE device_sign_in ADD COLUMN origin BLOB;

-- SHA-256 of the address that an application registered itself from; NULL otherwise.
ALTER TABLE application ADD COLUMN origin BLOB;

-- When the person last answered on the consent page; NULL in rows older than this column.
ALTER TABLE app_authorization ADD COLUMN answered_at BIGINT;
