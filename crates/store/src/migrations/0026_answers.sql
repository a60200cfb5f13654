-- The pages: versions of an answer, failures, the picked model, titles, answers in progress, and public pages.

-- 1: another answer to the same message is shown instead, and is the one that the conversation goes on with.
ALTER TABLE chat_message ADD COLUMN superseded BIGINT NOT NULL DEFAULT 0;
-- The reason why the latest attempt to answer a message of the person failed; empty: none did.
ALTER TABLE chat_message ADD COLUMN failure TEXT NOT NULL DEFAULT '';

-- The model that the person picked for the conversation; empty: the first one.
ALTER TABLE chat_session ADD COLUMN model TEXT NOT NULL DEFAULT '';
-- 0: the title is the beginning of the first message; 1: a model or the person gave it.
ALTER TABLE chat_session ADD COLUMN titled BIGINT NOT NULL DEFAULT 0;
-- The answer in progress for a page, and the time until which the process that produces it holds it.
ALTER TABLE chat_session ADD COLUMN answering BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chat_session ADD COLUMN answering_until BIGINT NOT NULL DEFAULT 0;

-- 1: everybody may see the person's page with the public side of the profile.
ALTER TABLE profile ADD COLUMN is_public BIGINT NOT NULL DEFAULT 0;
-- 1: the person dismissed the first steps on the home page.
ALTER TABLE profile ADD COLUMN start_dismissed BIGINT NOT NULL DEFAULT 0;
