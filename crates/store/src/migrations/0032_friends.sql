-- People of this server who know each other.

-- Two rows for each pair: how each of them stands to the other.
CREATE TABLE friend (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    other_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- invited (by me), asked (by the other), friend, or refused (by either).
    state TEXT NOT NULL,
    greeting TEXT NOT NULL,
    -- Where the invitation came from, such as PLAZA; may be empty.
    source TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, other_id)
) WITHOUT ROWID;
CREATE INDEX friend_list ON friend (account_id, state, changed_at);
CREATE INDEX friend_other ON friend (other_id);

CREATE INDEX visitor_block_visitor ON visitor_block (visitor);
CREATE INDEX profile_public ON profile (account_id) WHERE is_public = 1;
