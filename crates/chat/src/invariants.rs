//! What the rows of conversations must say of each other; `doppel doctor` looks whether they do.

use store::Rule;

/// The rules.
pub const RULES: &[Rule] = &[Rule {
    broken: "conversations that count other messages than they have",
    sql: "SELECT COUNT(*) FROM chat_session s WHERE s.message_count <> \
         (SELECT COUNT(*) FROM chat_message m WHERE m.session_key = s.key)",
}];
