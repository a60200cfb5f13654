-- Endpoints of models that administrators entered on the page of models.

CREATE TABLE model_endpoint (
    id BIGINT NOT NULL PRIMARY KEY,
    -- chat, embedding or rerank. Of the last two there is at most one each.
    kind TEXT NOT NULL,
    -- The order in which models of the same kind are tried.
    place BIGINT NOT NULL,
    -- The settings as JSON, without the API key.
    settings TEXT NOT NULL,
    -- The API key, sealed; NULL if there is none. And its last characters, for people to recognize it.
    api_key BLOB,
    key_end TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX model_endpoint_kind ON model_endpoint (kind, place, id);
