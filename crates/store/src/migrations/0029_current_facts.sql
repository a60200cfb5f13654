-- Key memories that hold for a time, rules of what is never kept, and learned facts that wait for the person.

-- The times from and until which a fact holds, where known.
ALTER TABLE key_memory ADD COLUMN valid_from BIGINT;
ALTER TABLE key_memory ADD COLUMN valid_until BIGINT;
-- The newer memory that takes its place. The link of the kind `supersedes` says the same, and is what archives have.
ALTER TABLE key_memory ADD COLUMN superseded_by BIGINT;
CREATE INDEX key_memory_valid ON key_memory (account_id, id) WHERE valid_from IS NOT NULL OR valid_until IS NOT NULL;

-- The account that has to decide which side of a contradiction holds; NULL when that is decided.
ALTER TABLE key_memory_link ADD COLUMN open_for BIGINT;
CREATE INDEX key_memory_link_open ON key_memory_link (open_for, id) WHERE open_for IS NOT NULL;

-- What a person never wants to be kept, in their words.
CREATE TABLE memory_never (
    id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    phrase TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX memory_never_account ON memory_never (account_id, phrase);

-- The number of proposals that were refused, by reason. Their texts are kept nowhere.
CREATE TABLE memory_refused (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- card, identity, account, phrase, secret, or trivial, momentary, others, question and the like.
    reason TEXT NOT NULL,
    count BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, reason)
) WITHOUT ROWID;

-- 1: facts learned from conversations wait for the person. 1: numbers of cards and the like may be kept.
ALTER TABLE profile ADD COLUMN reviews_learned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE profile ADD COLUMN keeps_numbers BIGINT NOT NULL DEFAULT 0;

-- The message and the words in it that a waiting fact comes from, and the memories that it contradicts: ids, each
-- with a plus sign if it takes their place, separated by spaces.
ALTER TABLE memory_review ADD COLUMN message_id BIGINT REFERENCES chat_message (id) ON DELETE SET NULL;
ALTER TABLE memory_review ADD COLUMN quote TEXT NOT NULL DEFAULT '';
ALTER TABLE memory_review ADD COLUMN against TEXT NOT NULL DEFAULT '';
CREATE INDEX memory_review_message ON memory_review (message_id);
