//! Invariants between the Plaza's rows, which `doppel doctor` checks.

use store::Rule;

/// The rules. Counters of likes and certificates may be higher than the number of rows after an import or the
/// deletion of an account, but never lower.
pub const RULES: &[Rule] = &[
    Rule {
        broken: "posts that count fewer likes than they have",
        sql: "SELECT COUNT(*) FROM plaza_post p \
             WHERE p.likes < (SELECT COUNT(*) FROM plaza_like l WHERE l.target_id = p.id)",
    },
    Rule {
        broken: "posts that count other comments than they have",
        sql: "SELECT COUNT(*) FROM plaza_post p WHERE p.comments <> \
             (SELECT COUNT(*) FROM plaza_comment c WHERE c.post_id = p.id AND c.is_live = 1)",
    },
    Rule {
        broken: "posts that count other comments of people than they have",
        sql: "SELECT COUNT(*) FROM plaza_post p WHERE p.human_comments <> \
             (SELECT COUNT(*) FROM plaza_comment c \
              WHERE c.post_id = p.id AND c.is_live = 1 AND c.source = 'user')",
    },
    Rule {
        broken: "posts by which the count of all posts is wrong",
        sql: "SELECT ABS((SELECT CAST(COALESCE(SUM(posts), 0) AS BIGINT) FROM plaza_count WHERE circle = '') \
            - \
             (SELECT COUNT(*) FROM plaza_post WHERE is_live = 1))",
    },
    Rule {
        broken: "days that count fewer certificates than were issued on them",
        sql: "SELECT COUNT(*) FROM plaza_day d WHERE d.issued < \
             (SELECT COUNT(*) FROM plaza_certificate c WHERE c.issued_at / 86400000 = d.day)",
    },
    Rule {
        broken: "people who used more than one invitation code",
        sql: "SELECT COUNT(*) FROM (SELECT used_by FROM plaza_invitation WHERE used_by IS NOT NULL \
             GROUP BY used_by HAVING COUNT(*) > 1) AS twice",
    },
];
