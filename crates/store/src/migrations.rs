//! The numbered list of migrations.

use futures::future::BoxFuture;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::tx::Tx;

/// One migration of the schema, in the common dialect (see `schema.rs`).
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The number, counted from 1 without gaps.
    pub version: i64,
    /// The name.
    pub name: &'static str,
    /// The SQL statements. They never change once released.
    pub sql: &'static str,
    /// Work that SQL cannot express. It runs after the statements, in the same transaction.
    pub then: Option<Then>,
}

/// The part of a migration that is code. It may await only its transaction.
pub type Then = for<'t> fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<()>>;

impl Migration {
    /// Returns the SHA-256 of the statements in hexadecimal. Line ends are normalized first.
    pub(crate) fn checksum(&self) -> String {
        crate::sql::hex(&Sha256::digest(self.sql.replace("\r\n", "\n")))
    }
}

/// The migration whose code is of the crate `search`.
const NOTED: &str = "noted";

/// All migrations of this program, without their code: `src/migrations/NNNN_name.sql`, in order.
pub const ALL: &[Migration] = &[
    sql(1, "identity", include_str!("migrations/0001_identity.sql")),
    sql(2, "profile", include_str!("migrations/0002_profile.sql")),
    sql(3, "oauth", include_str!("migrations/0003_oauth.sql")),
    sql(4, "memory", include_str!("migrations/0004_memory.sql")),
    sql(5, "grants", include_str!("migrations/0005_grants.sql")),
    sql(6, "recall", include_str!("migrations/0006_recall.sql")),
    sql(7, "chat", include_str!("migrations/0007_chat.sql")),
    sql(8, "plaza", include_str!("migrations/0008_plaza.sql")),
    sql(9, "hub", include_str!("migrations/0009_hub.sql")),
    sql(10, "archive", include_str!("migrations/0010_archive.sql")),
    sql(11, "hub_users", include_str!("migrations/0011_hub_users.sql")),
    sql(12, "authors", include_str!("migrations/0012_authors.sql")),
    // The migration "noted" builds the index.
    sql(13, "runs", include_str!("migrations/0013_runs.sql")),
    sql(14, "passages", include_str!("migrations/0014_passages.sql")),
    sql(15, "shares", include_str!("migrations/0015_shares.sql")),
    sql(16, "rate_limits", include_str!("migrations/0016_rate_limits.sql")),
    sql(17, "hub_registration", include_str!("migrations/0017_hub_registration.sql")),
    // Its code is given by the caller: see `with_code`.
    sql(18, NOTED, include_str!("migrations/0018_noted.sql")),
    sql(19, "oauth", include_str!("migrations/0019_oauth.sql")),
    sql(20, "agents", include_str!("migrations/0020_agents.sql")),
    sql(21, "vectors", include_str!("migrations/0021_vectors.sql")),
    sql(22, "models", include_str!("migrations/0022_models.sql")),
    sql(23, "chat_pages", include_str!("migrations/0023_chat_pages.sql")),
    sql(24, "trash", include_str!("migrations/0024_trash.sql")),
    sql(25, "review", include_str!("migrations/0025_review.sql")),
    sql(26, "answers", include_str!("migrations/0026_answers.sql")),
    sql(27, "audit", include_str!("migrations/0027_audit.sql")),
    sql(28, "avatars", include_str!("migrations/0028_avatars.sql")),
    sql(29, "current_facts", include_str!("migrations/0029_current_facts.sql")),
    sql(30, "speech", include_str!("migrations/0030_speech.sql")),
    sql(31, "visitor_pages", include_str!("migrations/0031_visitor_pages.sql")),
    sql(32, "friends", include_str!("migrations/0032_friends.sql")),
    sql(33, "imports", include_str!("migrations/0033_imports.sql")),
    sql(34, "dreams", include_str!("migrations/0034_dreams.sql")),
    sql(35, "app_usage", include_str!("migrations/0035_app_usage.sql")),
    sql(36, "plaza_news", include_str!("migrations/0036_plaza_news.sql")),
];

/// Returns all migrations of this program. `noted` is the code of the migration of that name.
pub(crate) fn with_code(noted: Then) -> Vec<Migration> {
    let then = |migration: &Migration| if migration.name == NOTED { Some(noted) } else { migration.then };
    ALL.iter().map(|migration| Migration { then: then(migration), ..*migration }).collect()
}

const fn sql(version: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration { version, name, sql, then: None }
}
