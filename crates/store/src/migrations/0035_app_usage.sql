-- The calls of apps in the name of people, and in their own, as those of API keys are counted; and how long calls took.
ALTER TABLE api_key_usage ADD COLUMN took_us BIGINT NOT NULL DEFAULT 0;

CREATE TABLE app_usage (
    -- No reference: counting would lock the rows of apps in another order than their deletion does.
    application_id TEXT NOT NULL,
    -- Days since 1970-01-01, UTC.
    day BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    calls BIGINT NOT NULL,
    -- The sum of the times until the responses began, in microseconds.
    took_us BIGINT NOT NULL,
    PRIMARY KEY (application_id, day, endpoint, outcome)
);
CREATE INDEX app_usage_day ON app_usage (day);
