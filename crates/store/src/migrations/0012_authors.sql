-- What a person wrote and liked on the square, so that their archive does not read everybody's.

CREATE INDEX plaza_post_author ON plaza_post (author_id, id) WHERE is_live = 1;
CREATE INDEX plaza_comment_author ON plaza_comment (author_id, id) WHERE is_live = 1;
CREATE INDEX plaza_like_account ON plaza_like (account_id, target_id);
