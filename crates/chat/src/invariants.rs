//! Consistency rules of conversation rows, checked by `doppel doctor`.

use store::Rule;

/// The rules.
pub const RULES: &[Rule] = &[Rule {
    broken: "conversations that count other messages than they have",
    sql: "SELECT COUNT(*) FROM chat_session s WHERE s.message_count <> \
         (SELECT COUNT(*) FROM chat_message m WHERE m.session_key = s.key)",
}];
