-- Tokens are for one resource of this server, apps may authenticate with a key, and may be described by a document.

-- The resource that a code's and a token's access is for: server or mcp.
ALTER TABLE oauth_code ADD COLUMN audience TEXT NOT NULL DEFAULT 'server';
ALTER TABLE oauth_token ADD COLUMN audience TEXT NOT NULL DEFAULT 'server';

-- The methods by which an app that registered itself authenticates, separated by spaces; empty for other apps.
ALTER TABLE application ADD COLUMN auth_methods TEXT NOT NULL DEFAULT '';
-- The app's public keys: the URL of a JWK set, or the set itself; both may be empty.
ALTER TABLE application ADD COLUMN jwks_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE application ADD COLUMN jwks TEXT NOT NULL DEFAULT '';
-- The algorithm that its assertions are signed with; empty if any that this server supports.
ALTER TABLE application ADD COLUMN signing_alg TEXT NOT NULL DEFAULT '';
-- The app's web site; may be empty.
ALTER TABLE application ADD COLUMN client_uri TEXT NOT NULL DEFAULT '';

-- Documents fetched from apps' hosts.
CREATE TABLE client_document (
    -- client, keys or logo.
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body BLOB NOT NULL,
    fetched_at BIGINT NOT NULL,
    -- The time until which it is used without another request.
    fresh_until BIGINT NOT NULL,
    PRIMARY KEY (kind, url)
);
CREATE INDEX client_document_age ON client_document (fetched_at);

-- Assertions that apps have authenticated with. Each is accepted once.
CREATE TABLE client_assertion (
    -- SHA-256 of the app's id and the assertion's id.
    hash BLOB NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX client_assertion_expiry ON client_assertion (expires_at);
