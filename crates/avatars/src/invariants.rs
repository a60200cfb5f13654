//! Invariants between rows of avatars, which `doppel doctor` checks.

use store::Rule;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        broken: "people who count other avatars than they have",
        sql: "SELECT COUNT(*) FROM avatar_owner o WHERE o.avatars <> \
             (SELECT COUNT(*) FROM avatar a WHERE a.account_id = o.account_id)",
    },
    Rule {
        broken: "people whose primary avatar is missing",
        sql: "SELECT COUNT(*) FROM avatar_owner o WHERE NOT EXISTS \
             (SELECT 1 FROM avatar a WHERE a.id = o.primary_id AND a.account_id = o.account_id)",
    },
    Rule {
        broken: "avatars that count other keys than they have",
        sql: "SELECT COUNT(*) FROM avatar a WHERE a.key_count <> \
             (SELECT COUNT(*) FROM avatar_key k WHERE k.avatar_id = a.id)",
    },
    Rule {
        broken: "conversations with visitors that took frames which were never made",
        sql: "SELECT COUNT(*) FROM visitor_session s WHERE s.delivered > s.frames",
    },
];
