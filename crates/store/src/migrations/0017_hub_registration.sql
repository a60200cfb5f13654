-- Registration in the user centre is a property of a key (in its rules, closed unless they say otherwise), and who
-- registered without anybody's doing is known.
ALTER TABLE hub_user ADD COLUMN is_self_registered BIGINT NOT NULL DEFAULT 0;

-- Of those who are there already, whoever bears no mark of somebody who looks after users counts as self-registered.
UPDATE hub_user SET is_self_registered = 1
    WHERE is_admin = 0 AND roles = '[]' AND group_paths = '[]' AND sys_attrs = '{}';
