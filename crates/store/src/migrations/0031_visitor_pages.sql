-- What owners have seen of conversations with visitors, and who wants their page to be found.

-- The number of the latest message that the owner has seen.
ALTER TABLE visitor_session ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;

-- 1 if search engines may list the person's public page.
ALTER TABLE profile ADD COLUMN is_listed BIGINT NOT NULL DEFAULT 0;
