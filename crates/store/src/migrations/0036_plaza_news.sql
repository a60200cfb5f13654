-- When something was liked, so that its author learns of it, and decisions about a person's posts and comments.
ALTER TABLE plaza_like ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX plaza_like_time ON plaza_like (target_id, created_at);
CREATE INDEX plaza_log_account ON plaza_log (account_id, id);
