//! The database, on either engine.

mod operations;

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
use crate::notice::{Follower, Notice};
use crate::param::{OwnedParam, Param};
use crate::postgres::Lane;
use crate::row::{Each, FromRow, Row};
use crate::schema::Dialect;
use crate::tx::Tx;
use crate::{Clock, Random, postgres, sqlite};

/// Notices buffered for a slow receiver. A receiver that falls further behind gets an error.
const NOTICES: usize = 1024;
/// Maximum time, in milliseconds, that the clock may be behind the newest id without a warning in the log.
const CLOCK_TOLERANCE_MS: i64 = 2000;
/// Most runs of a transaction whose new ids are taken.
const ID_TRIES: u32 = 3;

/// An open database. Clones share it.
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
    /// Opens the database, and creates the SQLite file if there is none. Does not migrate.
    ///
    /// `data_dir` is created if it is missing, for its owner only. On SQLite it holds the locks of the node
    /// numbers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the file or the server cannot be reached, or if 64 processes use the
    /// database already.
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

    /// Makes new ids start after the newest stored one, and logs a warning if the clock is behind it.
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

    /// Returns the clock that the database was opened with.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the generator of ids for new rows.
    #[must_use]
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }

    /// Returns the source of randomness that the database was opened with.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.0.random
    }

    /// Returns the engine's name, for log lines. No behavior may depend on it.
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

    /// Passes the rows of a result to `each`, until that returns false.
    pub(crate) async fn visit(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<()> {
        let result = match &self.0.engine {
            Engine::Sqlite(engine) => engine.visit(sql, params, each),
            Engine::Postgres(engine) => engine.visit(Lane::Read, sql, params, each).await,
        };
        self.0.health.note(result)
    }

    /// Returns all rows of a query that may take longer than a millisecond. It does not block other tasks.
    ///
    /// # Errors
    /// If the statement fails or writes, or if a row cannot be read as an `R`.
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

    /// Runs one statement in its own transaction, and returns the number of rows that it inserted, changed or
    /// deleted.
    ///
    /// # Errors
    /// If the statement fails; [`Error::Unavailable`] if the commit fails.
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

    /// Runs a transaction. If this returns `Ok`, all of it is on the disk; if it returns `Err`, nothing of it
    /// is.
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
    /// The closure may await only its transaction. If the caller is dropped, the transaction is still
    /// committed or rolled back as a whole. After an [`Error::Unavailable`] from a commit whose response was
    /// lost, either may have happened.
    ///
    /// # Errors
    /// The error that the closure returns, or that of the first failed statement. [`Error::Other`] if the
    /// closure panics or awaits something else. [`Error::Unavailable`] if the commit fails or the database
    /// was closed.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (done, _met_taken_id) = self.run_write(Box::new(Work::new(job))).await;
        result_of::<T, E, F>(done?)
    }

    /// Like [`write`](Self::write), for a closure that takes the ids of its new rows from [`ids`](Self::ids).
    /// If one is taken, the closure runs again with the next ids.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub async fn write_new<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let mut tries = 1;
        loop {
            let (done, met_taken_id) = self.run_write(Box::new(Work::new(job.clone()))).await;
            if !met_taken_id || tries == ID_TRIES {
                return result_of::<T, E, F>(done?);
            }
            tries += 1;
        }
    }

    /// Runs a transaction that writes. Returns true beside it if a new row's id was taken; then the next ids
    /// come after all stored ones.
    // Boxed here, so that it is compiled once and not again for each transaction.
    fn run_write(&self, job: Box<dyn Job>) -> BoxFuture<'_, (Result<Box<dyn Job>>, bool)> {
        Box::pin(async move {
            if let Err(error) = self.0.health.check() {
                return (Err(error), false);
            }
            let done = self.run(Run::Write, job).await;
            let met_taken_id = match &done {
                Ok(job) => job.met_taken_id(),
                Err(error) => *error == Error::IdTaken,
            };
            if met_taken_id {
                tracing::warn!("a new id is taken already; the next ids come after all stored ones");
                if let Err(error) = self.begin_after_newest().await {
                    return (Err(error), false);
                }
            }
            (done, met_taken_id)
        })
    }

    /// Runs several reads on one connection. All of them see the same state, whatever is committed meanwhile.
    /// Together they cost less than separate reads. For reads that take well below a millisecond.
    ///
    /// The closure may await only its transaction, which refuses statements that write.
    ///
    /// # Errors
    /// The error that the closure returns, or that of the first failed statement. [`Error::Other`] if the
    /// closure panics or awaits something else.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        result_of::<T, E, F>(self.run(Run::Read, Box::new(Work::new(job))).await?)
    }

    /// Like [`read`](Self::read), for work that may take longer than a millisecond, including what the
    /// closure computes from the rows. It does not block other tasks.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub async fn read_heavy<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        result_of::<T, E, F>(self.run(Run::ReadHeavy, Box::new(Work::new(job))).await?)
    }

    /// Runs a job on the engine. The future is boxed here, so that it is compiled once and not for each
    /// transaction.
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

    /// Subscribes to the notices of transactions that commit from now on.
    ///
    /// Notices of this process arrive right after the commit, before the write returns. With PostgreSQL,
    /// notices of all processes also arrive through the server, so a process receives its own twice. A
    /// receiver that lags by more than 1024 notices gets an error from the channel. It must then do the same
    /// as after a [`RESYNC`](crate::RESYNC).
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.0.notices.subscribe()
    }

    /// Follows the notices of transactions that commit from now on.
    #[must_use]
    pub fn follow(&self) -> Follower {
        Follower(self.notices())
    }

    /// Accepts no more work, finishes what is queued, and closes the database.
    ///
    /// # Errors
    /// If the writer thread has panicked.
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

/// The way in which a transaction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Write,
    Read,
    ReadHeavy,
}

/// Returns the result of a finished transaction.
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
