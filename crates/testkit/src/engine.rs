//! The database engines that tests run on, and what tests start with.

use crate::postgres::Cluster;

/// The database engine that a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A new SQLite file.
    Sqlite,
    /// A new schema in the shared PostgreSQL cluster.
    Postgres,
}

impl Engine {
    /// Returns the address of a new database, for `database.url`.
    pub fn fresh_url(self) -> String {
        match self {
            Self::Sqlite => "sqlite:doppel.db".into(),
            Self::Postgres => Cluster::shared().fresh_url(),
        }
    }
}

/// The parameters of a test that is marked with [`both_engines`](crate::both_engines).
pub trait Fixture: Sized {
    /// Starts them on an engine, with lines of settings in TOML.
    fn set_up(engine: Engine, settings: &str) -> impl Future<Output = Self>;
}
