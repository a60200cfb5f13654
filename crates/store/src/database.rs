//! The database, whichever engine runs it.

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::config::{DatabaseConfig, Location};
use crate::error::{Error, Result};
use crate::health::Health;
use crate::ids::Ids;
use crate::job::{Job, Work};
use crate::load::Load;
use crate::migrate;
use crate::migrations::{self, Migration};
use crate::notice::Notice;
use crate::param::{OwnedParam, Param};
use crate::postgres::Lane;
use crate::row::{Each, FromRow, Row};
use crate::schema::Dialect;
use crate::tx::Tx;
use crate::{Clock, Random, postgres, sqlite};

/// Notices kept for a receiver that is slow; one that falls further behind is told that it lagged.
const NOTICES: usize = 1024;
/// Milliseconds that the clock may be behind the newest id without a word in the log.
const CLOCK_TOLERANCE_MS: i64 = 2000;

/// An open database. Clones are the same one.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    engine: Engine,
    clock: Clock,
    random: Random,
    ids: Ids,
    health: Arc<Health>,
    notices: broadcast::Sender<Notice>,
}

enum Engine {
    Sqlite(sqlite::Engine),
    Postgres(postgres::Engine),
}

impl Database {
    /// Opens the database, creating the SQLite file if there is none. Does not migrate.
    ///
    /// `data_dir` is created when missing, for its owner only; on SQLite it holds the locks of the node numbers.
    ///
    /// Errors: [`Error::Unavailable`] when the file or the server cannot be reached, or when 64 processes use it.
    pub async fn open(config: DatabaseConfig, data_dir: &Path, clock: Clock, random: Random) -> Result<Self> {
        let (notices, _) = broadcast::channel(NOTICES);
        let health = Arc::new(Health::default());
        let make_ids = |node| Ids::new(clock.clone(), node);
        let (engine, ids) = match &config.location {
            Location::Sqlite(path) => {
                let engine =
                    sqlite::Engine::open(&config, path, data_dir, notices.clone(), Arc::clone(&health))?;
                let ids = make_ids(engine.node());
                (Engine::Sqlite(engine), ids)
            }
            Location::Postgres(url) => {
                let open =
                    postgres::Engine::open(&config, url, notices.clone(), Arc::clone(&health), make_ids);
                let (engine, ids) = Box::pin(open).await?;
                (Engine::Postgres(engine), ids)
            }
        };
        let db = Self(Arc::new(Inner { engine, clock, random, ids, health, notices }));
        Box::pin(db.begin_after_newest()).await?;
        Ok(db)
    }

    /// Makes no id that is stored already, and says so when the clock is behind what is stored.
    async fn begin_after_newest(&self) -> Result<()> {
        let newest = match &self.0.engine {
            Engine::Sqlite(engine) => engine.newest_id()?,
            Engine::Postgres(engine) => Box::pin(engine.newest_id()).await?,
        };
        self.ids().begin_after(newest);
        let ahead_ms = Ids::time(newest).as_millis().saturating_sub(self.clock().now().as_millis());
        if newest > 0 && ahead_ms > CLOCK_TOLERANCE_MS {
            tracing::warn!(
                seconds = ahead_ms / 1000,
                "the clock is behind the newest stored entry; new entries are ordered after it"
            );
        }
        Ok(())
    }

    /// The clock the database was opened with.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Makes ids for new rows.
    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// The randomness the database was opened with.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// The engine's name, for a line in the log. Nothing may depend on it.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match &self.0.engine {
            Engine::Sqlite(_) => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.0.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The first row of the answer, if there is any. For queries well below a millisecond.
    ///
    /// Errors: the statement fails or writes, or the row is not an `R`.
    pub async fn fetch_optional<R: FromRow>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<R>> {
        let mut first = None;
        let each: Each<'_> = &mut |row| {
            first = Some(R::from_row(row)?);
            Ok(false)
        };
        self.visit(sql, params, each).await?;
        Ok(first)
    }

    /// The first row of the answer. For queries well below a millisecond.
    ///
    /// Errors: [`Error::NotFound`] without one; the statement fails or writes, or the row is not an `R`.
    pub async fn fetch_one<R: FromRow>(&self, sql: &'static str, params: &[Param<'_>]) -> Result<R> {
        self.fetch_optional(sql, params).await?.ok_or(Error::NotFound)
    }

    /// All rows of the answer. For queries well below a millisecond.
    ///
    /// Errors: the statement fails or writes, or a row is not an `R`.
    pub async fn fetch_all<R: FromRow>(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<R>> {
        let mut all = Vec::new();
        let each: Each<'_> = &mut |row| {
            all.push(R::from_row(row)?);
            Ok(true)
        };
        self.visit(sql, params, each).await?;
        Ok(all)
    }

    async fn visit(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<()> {
        let result = match &self.0.engine {
            Engine::Sqlite(engine) => engine.visit(sql, params, each),
            Engine::Postgres(engine) => engine.visit(Lane::Read, sql, params, each).await,
        };
        self.0.health.note(result)
    }

    /// All rows of the answer of a query that may take longer than a millisecond: other tasks go on meanwhile.
    ///
    /// Errors: the statement fails or writes, or a row is not an `R`.
    pub async fn fetch_all_heavy<R>(&self, sql: &'static str, params: Vec<OwnedParam>) -> Result<Vec<R>>
    where
        R: FromRow + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(engine) => {
                let all = Arc::new(Mutex::new(Vec::new()));
                let into = Arc::clone(&all);
                let each = move |row: &Row<'_>| {
                    into.lock().push(R::from_row(row)?);
                    Ok(true)
                };
                self.0.health.note(engine.visit_heavy(sql, params, Box::new(each)).await)?;
                let all = std::mem::take(&mut *all.lock());
                Ok(all)
            }
            Engine::Postgres(engine) => {
                let params: Vec<Param<'_>> = params.iter().map(OwnedParam::as_param).collect();
                let mut all = Vec::new();
                let each: Each<'_> = &mut |row| {
                    all.push(R::from_row(row)?);
                    Ok(true)
                };
                self.0.health.note(engine.visit(Lane::LongRead, sql, &params, each).await)?;
                Ok(all)
            }
        }
    }

    /// Runs one statement in a transaction of its own and returns how many rows it inserted, changed or deleted.
    ///
    /// Errors: the statement fails; [`Error::Unavailable`] when the commit does.
    pub async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        match &self.0.engine {
            Engine::Sqlite(_) => {
                let owned: Vec<OwnedParam> = params.iter().map(|param| OwnedParam::from(*param)).collect();
                let run = self.write(move |tx| {
                    Box::pin(async move {
                        let params: Vec<Param<'_>> = owned.iter().map(OwnedParam::as_param).collect();
                        tx.execute(sql, &params).await
                    })
                });
                run.await
            }
            Engine::Postgres(engine) => {
                self.0.health.check()?;
                self.0.health.note(engine.execute(sql, params).await)
            }
        }
    }

    /// Runs a transaction: all of it is on the disk when this returns `Ok`, nothing of it when it returns `Err`.
    ///
    /// ```
    /// # use store::{Database, Error, params};
    /// async fn add(db: &Database, text: String) -> Result<i64, Error> {
    ///     let id = db.ids().next();
    ///     let run = db.write(move |tx| {
    ///         Box::pin(async move {
    ///             tx.execute("INSERT INTO note (id, text) VALUES ($1, $2)", params![id, &text]).await?;
    ///             Ok(id)
    ///         })
    ///     });
    ///     run.await
    /// }
    /// ```
    ///
    /// The closure may await nothing but its transaction. When the caller goes away, the transaction is committed
    /// or rolled back as a whole. [`Error::Unavailable`] of a commit whose answer was lost leaves open which.
    ///
    /// Errors: what the closure returns; the first failed statement's error; [`Error::Other`] when the closure
    /// panics or awaits something else; [`Error::Unavailable`] when the commit fails or the database was closed.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.0.health.check()?;
        result_of::<T, E, F>(self.run(Run::Write, Box::new(Work::new(job))).await?)
    }

    /// Runs reads that belong together, on one connection: all of them see the same state, whatever is committed
    /// meanwhile, and together they cost less than each for itself. For what is well below a millisecond.
    ///
    /// The closure may await nothing but its transaction, which takes no statement that writes.
    ///
    /// Errors: what the closure returns; the first failed statement's error; [`Error::Other`] when the closure
    /// panics or awaits something else.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        result_of::<T, E, F>(self.run(Run::Read, Box::new(Work::new(job))).await?)
    }

    /// Like [`read`](Self::read), for what may take longer than a millisecond, what the closure makes of the rows
    /// included: other tasks go on meanwhile.
    ///
    /// Errors: as of [`read`](Self::read).
    pub async fn read_heavy<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        result_of::<T, E, F>(self.run(Run::ReadHeavy, Box::new(Work::new(job))).await?)
    }

    /// Boxed here, so that it is compiled once and not again for each transaction.
    fn run(&self, how: Run, mut job: Box<dyn Job>) -> BoxFuture<'_, Result<Box<dyn Job>>> {
        match (&self.0.engine, how) {
            (Engine::Sqlite(engine), Run::Write) => Box::pin(engine.write(job)),
            (Engine::Sqlite(engine), Run::ReadHeavy) => Box::pin(engine.read_heavy(job)),
            (Engine::Sqlite(engine), Run::Read) => {
                Box::pin(std::future::ready(engine.read(&mut *job).map(|()| job)))
            }
            (Engine::Postgres(engine), _) => Box::pin(async move {
                let lane = match how {
                    Run::Write => Lane::Write,
                    Run::Read => Lane::Read,
                    Run::ReadHeavy => Lane::LongRead,
                };
                engine.run(lane, &mut *job).await?;
                Ok(job)
            }),
        }
    }

    /// The notices of committed transactions, from now on.
    ///
    /// Those of this process come right after their commit, before the write is answered. With PostgreSQL those of
    /// all processes come over the server as well, so one's own come twice. A receiver that lags by more than 1024
    /// is told so by its channel, and must do as after a [`RESYNC`](crate::RESYNC).
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.0.notices.subscribe()
    }

    /// Brings the schema up to date, all pending migrations in one transaction, and returns their names.
    ///
    /// Errors: [`Error::Migration`] when the database and this program do not fit together.
    pub async fn migrate(&self) -> Result<Vec<&'static str>> {
        self.migrate_with(migrations::ALL).await
    }

    /// Like [`migrate`](Self::migrate), with a list of the caller's. For tests.
    #[doc(hidden)]
    pub async fn migrate_with(&self, all: &'static [Migration]) -> Result<Vec<&'static str>> {
        migrate::migrate(self, all).await
    }

    /// The names of the migrations that [`migrate`](Self::migrate) would apply.
    ///
    /// Errors: [`Error::Migration`] when the database and this program do not fit together.
    pub async fn pending(&self) -> Result<Vec<&'static str>> {
        self.pending_with(migrations::ALL).await
    }

    /// Like [`pending`](Self::pending), with a list of the caller's. For tests.
    #[doc(hidden)]
    pub async fn pending_with(&self, all: &'static [Migration]) -> Result<Vec<&'static str>> {
        migrate::pending(self, all).await
    }

    /// Looks whether another process has migrated the database to a schema that this program does not know. From then on
    /// this process takes no writes and is not ready.
    ///
    /// Errors: [`Error::Migration`] when it has; the schema cannot be read.
    pub async fn check_schema(&self) -> Result<()> {
        let fits = self.pending().await.map(|_names| ());
        if let Err(error @ Error::Migration(_)) = &fits {
            self.0.health.give_up(error);
        }
        fits
    }

    /// Whether nothing was ever migrated: the database is empty.
    ///
    /// Errors: the schema cannot be read.
    pub async fn is_new(&self) -> Result<bool> {
        migrate::is_new(self).await
    }

    /// How busy the database is.
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

    /// Whether the database can serve: it answers, and on SQLite the writer lives and the disk takes a file.
    ///
    /// Errors: [`Error::Unavailable`], after 2 s at the latest on PostgreSQL; [`Error::Damaged`] from the moment on when
    /// damage was met, or the files on the disk are no longer those that are open.
    pub async fn ping(&self) -> Result<()> {
        self.0.health.check()?;
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.ping().await,
            Engine::Postgres(engine) => Box::pin(engine.ping()).await,
        }
    }

    /// Writes a copy of what is committed now to a new file, for its owner only, and returns its size in bytes.
    /// Works while this and other processes write.
    ///
    /// Errors: [`Error::Other`] when the file exists already, or on PostgreSQL, which has its own tool;
    /// [`Error::Unavailable`] when the disk does not take it.
    pub async fn backup(&self, to: &Path) -> Result<u64> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.backup(to).await,
            Engine::Postgres(_) => Err(Error::other("use pg_dump to back up a PostgreSQL database")),
        }
    }

    /// Looks for damage: reads all of a SQLite file, its indexes and references included. Returns a line for each fault, at
    /// most 20. PostgreSQL checks references itself, and has its own tools for its files: there it finds nothing.
    ///
    /// Errors: the check cannot be run.
    pub async fn check(&self) -> Result<Vec<String>> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.check().await,
            Engine::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// Takes no more work, finishes what is queued and closes the database.
    ///
    /// Errors: the writer had ended in a panic.
    pub async fn close(&self) -> Result<()> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => {
                Box::pin(engine.close()).await;
                Ok(())
            }
        }
    }
}

/// How a transaction is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Write,
    Read,
    ReadHeavy,
}

/// What came of a transaction.
fn result_of<T, E, F>(job: Box<dyn Job>) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: Send + 'static,
{
    match job.into_any().downcast::<Work<T, E, F>>() {
        Ok(work) => work.into_result(),
        Err(_other) => Err(Error::other("another transaction's result").into()),
    }
}
