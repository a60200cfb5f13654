//! SQL about circles.

macro_rules! columns {
    () => {
        "SELECT c.id, c.route, c.name, c.description, c.owner_id, c.members, c.created_at, \
         (SELECT COUNT(*) FROM plaza_member m WHERE m.account_id = $1 AND m.circle = c.route) FROM \
         plaza_circle c "
    };
}

pub(super) const LIST: &str = concat!(columns!(), "WHERE c.id < $2 ORDER BY c.id DESC LIMIT $3 OFFSET $4");

pub(super) const FIND: &str = concat!(columns!(), "WHERE c.route = $2");

pub(super) const OF_ACCOUNT: &str = "SELECT c.id, c.route, c.name, c.description, c.owner_id, c.members, \
    c.created_at, 1 \
     FROM plaza_member m JOIN plaza_circle c ON c.route = m.circle WHERE m.account_id = $1 ORDER BY m.circle \
     LIMIT $2";

pub(super) const INSERT: &str = "INSERT INTO plaza_circle (route, id, name, description, owner_id, members, \
    created_at) \
     VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (route) DO NOTHING";

/// Changes the member count. With 0 it only locks the row, so that concurrent changes of members run one
/// after the other.
pub(super) const RESIZE: &str = "UPDATE plaza_circle SET members = members + $2 WHERE route = $1";

pub(super) const JOIN: &str = "INSERT INTO plaza_member (account_id, circle) VALUES ($1, $2) ON CONFLICT \
    (account_id, circle) DO NOTHING";

pub(super) const LEAVE: &str = "DELETE FROM plaza_member WHERE account_id = $1 AND circle = $2";

pub(super) const IS_THERE: &str = "SELECT 1 FROM plaza_circle WHERE route = $1";

pub(super) const IS_MEMBER: &str = "SELECT 1 FROM plaza_member WHERE account_id = $1 AND circle = $2";
