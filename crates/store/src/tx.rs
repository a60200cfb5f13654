//! A transaction, as the closures given to [`Database::write`](crate::Database::write) and
//! [`Database::read`](crate::Database::read) see it.

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::health::Health;
use crate::notice::Notice;
use crate::param::Param;
use crate::postgres::{Namespace, Pipeline};
use crate::row::Each;
use crate::sqlite::{batch, execute, visit};

/// A running transaction.
///
/// After a statement has failed, for any reason but [`Error::NotFound`], the transaction can only be rolled
/// back: further statements fail, and so does the write, whatever the closure returns. To write a row that
/// may exist already, use `ON CONFLICT` instead of handling the error.
///
/// On PostgreSQL each statement that is waited for costs a round trip to the server. Statements without a
/// result go through [`send`](Self::send), and independent reads are joined (`futures::join!`): they share a
/// round trip.
pub struct Tx<'a> {
    engine: Engine<'a>,
    access: Access,
    health: &'a Health,
    /// Notices to send after the commit.
    notices: Mutex<Vec<Notice>>,
    /// The first failure of a statement.
    failed: Mutex<Option<Error>>,
}

/// Futures of PostgreSQL are boxed where they are awaited: they are large, and the future of each transaction
/// would have room for one.
enum Engine<'a> {
    /// Never contended, because statements complete at once.
    Sqlite(Mutex<&'a mut Connection>),
    Postgres(Pipeline<'a>, Namespace),
}

impl Tx<'_> {
    /// Passes the rows of a result to `each`, until that returns false.
    pub(crate) async fn visit(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<()> {
        self.usable()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => visit(&connection.lock(), self.access, sql, params, each),
            Engine::Postgres(pipeline, _) => Box::pin(pipeline.visit(sql, params, each)).await,
        };
        self.note(result)
    }

    /// Runs a statement, and returns the number of rows that it inserted, changed or deleted.
    ///
    /// # Errors
    /// If the statement fails, or if the transaction is read-only.
    pub async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        self.may_write()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => execute(&connection.lock(), sql, params),
            Engine::Postgres(pipeline, _) => Box::pin(pipeline.execute(sql, params)).await,
        };
        self.note(result)
    }

    /// Runs a statement without a result. PostgreSQL is not waited for; statements keep their order.
    ///
    /// Errors: the statement fails; the transaction is read-only. On PostgreSQL the failure is returned by
    /// the next statement that is waited for, or by the commit.
    pub async fn send(&self, sql: &'static str, params: &[Param<'_>]) -> Result<()> {
        self.may_write()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => execute(&connection.lock(), sql, params).map(|_rows| ()),
            Engine::Postgres(pipeline, _) => Box::pin(pipeline.send(sql, params)).await,
        };
        self.note(result)
    }

    /// Sends a notice to every process that uses this database, this one included, once the transaction has
    /// committed. On SQLite only this process receives it.
    ///
    /// # Errors
    /// If the topic is empty, not one line, or `resync`, if topic and payload are longer than 7900 bytes or
    /// hold a NUL character, or if the transaction is read-only.
    pub async fn notify(&self, topic: &str, payload: &str) -> Result<()> {
        self.may_write()?;
        let notice = Notice::new(topic, payload)?;
        if let Engine::Postgres(pipeline, space) = &self.engine {
            let result = Box::pin(pipeline.notify(*space, &notice)).await;
            self.note(result)?;
        }
        self.notices.lock().push(notice);
        Ok(())
    }

    /// Runs any number of statements in the engine's own dialect.
    pub(crate) async fn batch(&self, sql: &str) -> Result<()> {
        self.may_write()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => batch(&connection.lock(), sql),
            Engine::Postgres(pipeline, _) => Box::pin(pipeline.batch(sql)).await,
        };
        self.note(result)
    }

    /// Keeps other processes from migrating at the same time. On SQLite every write transaction does so
    /// anyway.
    pub(crate) async fn lock_migrations(&self) -> Result<()> {
        let result = match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(pipeline, space) => Box::pin(pipeline.lock_migrations(*space)).await,
        };
        self.note(result)
    }

    fn usable(&self) -> Result<()> {
        match *self.failed.lock() {
            Some(_) => Err(Error::other("a statement of this transaction failed before")),
            None => Ok(()),
        }
    }

    fn may_write(&self) -> Result<()> {
        self.usable()?;
        match self.access {
            Access::Write => Ok(()),
            Access::Read => self.note(Err(Error::other("the transaction only reads: use write"))),
        }
    }

    /// Records the first failure. PostgreSQL refuses further statements after one, so SQLite must do the
    /// same.
    fn note<T>(&self, result: Result<T>) -> Result<T> {
        let result = self.health.note(result);
        if let Err(error) = &result {
            self.failed.lock().get_or_insert_with(|| error.clone());
        }
        result
    }

    /// Turns `Ok` into the first statement's error, if a statement failed.
    pub(crate) fn verdict<T, E: From<Error>>(&self, result: Result<T, E>) -> Result<T, E> {
        match &*self.failed.lock() {
            Some(error) if result.is_ok() => Err(error.clone().into()),
            _ => result,
        }
    }

    /// Returns true if this was the first failure.
    pub(crate) fn has_failed_with(&self, error: &Error) -> bool {
        self.failed.lock().as_ref() == Some(error)
    }
}

impl<'a> Tx<'a> {
    pub(crate) const fn sqlite(connection: &'a mut Connection, health: &'a Health, access: Access) -> Self {
        Self::new(Engine::Sqlite(Mutex::new(connection)), health, access)
    }

    pub(crate) const fn postgres(
        pipeline: Pipeline<'a>,
        space: Namespace,
        health: &'a Health,
        access: Access,
    ) -> Self {
        Self::new(Engine::Postgres(pipeline, space), health, access)
    }

    const fn new(engine: Engine<'a>, health: &'a Health, access: Access) -> Self {
        Self { engine, access, health, notices: Mutex::new(Vec::new()), failed: Mutex::new(None) }
    }

    /// The first failure of a statement.
    pub(crate) fn into_failure(self) -> Option<Error> {
        self.failed.into_inner()
    }

    pub(crate) fn into_notices(self) -> Vec<Notice> {
        self.notices.into_inner()
    }

    pub(crate) fn into_pipeline(self) -> Result<(Pipeline<'a>, Vec<Notice>)> {
        match self.engine {
            Engine::Postgres(pipeline, _) => Ok((pipeline, self.notices.into_inner())),
            Engine::Sqlite(_) => Err(Error::other("a transaction of the other engine")),
        }
    }
}
