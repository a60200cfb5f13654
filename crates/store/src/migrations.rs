//! The numbered list of migrations.

use sha2::{Digest, Sha256};

/// One step of the schema, in the common dialect (see `schema.rs`).
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number, counted from 1 without gaps.
    pub version: i64,
    /// What it is called.
    pub name: &'static str,
    /// Its statements. They never change once released.
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of the statements, whatever ends their lines, in hexadecimal.
    pub(crate) fn checksum(&self) -> String {
        crate::sql::hex(&Sha256::digest(self.sql.replace("\r\n", "\n")))
    }
}

/// All migrations of this program: `src/migrations/NNNN_name.sql`, in order.
pub(crate) const ALL: &[Migration] = &[
    Migration { version: 1, name: "identity", sql: include_str!("migrations/0001_identity.sql") },
    Migration { version: 2, name: "profile", sql: include_str!("migrations/0002_profile.sql") },
    Migration { version: 3, name: "oauth", sql: include_str!("migrations/0003_oauth.sql") },
    Migration { version: 4, name: "memory", sql: include_str!("migrations/0004_memory.sql") },
    Migration { version: 5, name: "grants", sql: include_str!("migrations/0005_grants.sql") },
    Migration { version: 6, name: "recall", sql: include_str!("migrations/0006_recall.sql") },
    Migration { version: 7, name: "chat", sql: include_str!("migrations/0007_chat.sql") },
    Migration { version: 8, name: "plaza", sql: include_str!("migrations/0008_plaza.sql") },
    Migration { version: 9, name: "hub", sql: include_str!("migrations/0009_hub.sql") },
    Migration { version: 10, name: "archive", sql: include_str!("migrations/0010_archive.sql") },
    Migration { version: 11, name: "hub_users", sql: include_str!("migrations/0011_hub_users.sql") },
    Migration { version: 12, name: "authors", sql: include_str!("migrations/0012_authors.sql") },
];
