//! Operations on the whole database: migrations, readiness, load, backup, and the search for damage.

use std::path::Path;

use super::{Database, Engine};
use crate::error::{Error, Result};
use crate::load::Load;
use crate::migrate;
use crate::migrations::{self, Migration, Then};

impl Database {
    /// Applies all pending migrations in one transaction, and returns their names. `noted` is the code of the
    /// migration of that name, which indexes all texts anew.
    ///
    /// # Errors
    /// [`Error::Migration`] if the database and this program do not fit together.
    pub async fn migrate(&self, noted: Then) -> Result<Vec<&'static str>> {
        migrate::refuse_unfinished_move(self).await?;
        migrate::migrate(self, migrations::with_code(noted)).await
    }

    /// Like [`migrate`](Self::migrate), with a list given by the caller. For tests.
    #[doc(hidden)]
    pub async fn migrate_with(&self, all: &[Migration]) -> Result<Vec<&'static str>> {
        migrate::migrate(self, all.to_vec()).await
    }

    /// Returns the names of the migrations that [`migrate`](Self::migrate) would apply.
    ///
    /// # Errors
    /// [`Error::Migration`] if the database and this program do not fit together.
    pub async fn pending(&self) -> Result<Vec<&'static str>> {
        migrate::refuse_unfinished_move(self).await?;
        self.pending_with(migrations::ALL).await
    }

    /// Like [`pending`](Self::pending), with a list given by the caller. For tests.
    #[doc(hidden)]
    pub async fn pending_with(&self, all: &[Migration]) -> Result<Vec<&'static str>> {
        migrate::pending(self, all).await
    }

    /// Checks that no other process has migrated the database to a schema that this program does not know. If
    /// one has, this process takes no more writes and is not ready any more.
    ///
    /// # Errors
    /// [`Error::Migration`] if one has. Another error if the schema cannot be read.
    pub async fn check_schema(&self) -> Result<()> {
        let fits = self.pending().await.map(|_names| ());
        if let Err(error @ Error::Migration(_)) = &fits {
            self.0.health.give_up(error);
        }
        fits
    }

    /// Returns true if no migration was ever applied, so the database is empty.
    ///
    /// # Errors
    /// If the schema cannot be read.
    pub async fn is_new(&self) -> Result<bool> {
        migrate::is_new(self).await
    }

    /// Returns the current load of the database.
    #[must_use]
    pub fn load(&self) -> Load {
        match &self.0.engine {
            Engine::Sqlite(engine) => Load { queued_writes: Some(engine.queued_writes()), ..Load::default() },
            Engine::Postgres(engine) => {
                let (open, used, most) = engine.load();
                Load { connections: Some((open, used, most)), queued_writes: None }
            }
        }
    }

    /// Checks that the database can serve. It must respond. On SQLite the writer thread must also be alive,
    /// and the data directory must accept a file.
    ///
    /// # Errors
    /// [`Error::Unavailable`], after at most 2 s on PostgreSQL. [`Error::Damaged`] once damage was found, or
    /// if the files on the disk are no longer those that are open.
    pub async fn ping(&self) -> Result<()> {
        self.0.health.check()?;
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.ping().await,
            Engine::Postgres(engine) => Box::pin(engine.ping()).await,
        }
    }

    /// Writes a copy of the committed state to a new file, readable by its owner only, and returns its size
    /// in bytes. This and other processes may write meanwhile.
    ///
    /// # Errors
    /// [`Error::Other`] if the file exists already, or on PostgreSQL, which has `pg_dump`.
    /// [`Error::Unavailable`] if the disk does not accept the copy.
    pub async fn backup(&self, to: &Path) -> Result<u64> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.backup(to).await,
            Engine::Postgres(_) => Err(Error::other("use pg_dump to back up a PostgreSQL database")),
        }
    }

    /// Returns the number of other processes that use this database now: servers, and verbs of the command
    /// line.
    ///
    /// # Errors
    /// If this cannot be found out.
    pub async fn other_processes(&self) -> Result<usize> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.other_processes(),
            Engine::Postgres(engine) => engine.other_processes().await,
        }
    }

    /// Looks for damage, and returns a line for each fault, at most 20. On SQLite it reads the whole file,
    /// including indexes and references. On PostgreSQL it finds nothing: the server checks references itself
    /// and has its own tools for its files.
    ///
    /// # Errors
    /// If the check cannot be run.
    pub async fn check(&self) -> Result<Vec<String>> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.check().await,
            Engine::Postgres(_) => Ok(Vec::new()),
        }
    }
}
