//! A transaction, as the closures given to [`Database::write`](crate::Database::write) and
//! [`Database::read`](crate::Database::read) see it.

use deadpool_postgres::Transaction;
use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::health::Health;
use crate::notice::Notice;
use crate::param::Param;
use crate::postgres::Namespace;
use crate::row::{Each, FromRow};
use crate::{postgres, sqlite};

/// The kind of work that a transaction or a statement may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A running transaction.
///
/// After a statement has failed, for any reason but [`Error::NotFound`], the transaction can only be rolled
/// back: further statements fail, and so does the write, whatever the closure returns. To write a row that
/// may exist already, use `ON CONFLICT` instead of handling the error.
pub struct Tx<'a> {
    engine: Engine<'a>,
    access: Access,
    health: &'a Health,
    /// Notices to send after the commit.
    notices: Vec<Notice>,
    /// The first failure of a statement.
    failed: Option<Error>,
}

enum Engine<'a> {
    Sqlite(&'a mut Connection),
    Postgres(Transaction<'a>, Namespace),
}

impl Tx<'_> {
    /// Returns the first row of a result, if there is one.
    ///
    /// # Errors
    /// If the statement fails, or if the row cannot be read as an `R`.
    pub async fn fetch_optional<R: FromRow>(
        &mut self,
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

    /// Returns the first row of a result.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no row. Another error if the statement fails, or if the row cannot be
    /// read as an `R`.
    pub async fn fetch_one<R: FromRow>(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<R> {
        self.fetch_optional(sql, params).await?.ok_or(Error::NotFound)
    }

    /// Returns all rows of a result.
    ///
    /// # Errors
    /// If the statement fails, or if a row cannot be read as an `R`.
    pub async fn fetch_all<R: FromRow>(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<R>> {
        let mut all = Vec::new();
        let each: Each<'_> = &mut |row| {
            all.push(R::from_row(row)?);
            Ok(true)
        };
        self.visit(sql, params, each).await?;
        Ok(all)
    }

    async fn visit(&mut self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<()> {
        self.usable()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => sqlite::visit(connection, self.access, sql, params, each),
            Engine::Postgres(transaction, _) => postgres::visit(transaction, sql, params, each).await,
        };
        self.note(result)
    }

    /// Runs a statement, and returns the number of rows that it inserted, changed or deleted.
    ///
    /// # Errors
    /// If the statement fails, or if the transaction is read-only.
    pub async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        self.may_write()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Engine::Postgres(transaction, _) => postgres::execute(transaction, sql, params).await,
        };
        self.note(result)
    }

    /// Sends a notice to every process that uses this database, this one included, once the transaction has
    /// committed. On SQLite only this process receives it.
    ///
    /// # Errors
    /// If the topic is empty, not one line, or `resync`, if topic and payload are longer than 7900 bytes or
    /// hold a NUL character, or if the transaction is read-only.
    pub async fn notify(&mut self, topic: &str, payload: &str) -> Result<()> {
        self.may_write()?;
        let notice = Notice::new(topic, payload)?;
        if let Engine::Postgres(transaction, space) = &self.engine {
            let result = postgres::notify(transaction, *space, &notice).await;
            self.note(result)?;
        }
        self.notices.push(notice);
        Ok(())
    }

    /// Runs any number of statements in the engine's own dialect.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<()> {
        self.may_write()?;
        let result = match &self.engine {
            Engine::Sqlite(connection) => sqlite::batch(connection, sql),
            Engine::Postgres(transaction, _) => postgres::batch(transaction, sql).await,
        };
        self.note(result)
    }

    /// Keeps other processes from migrating at the same time. On SQLite every write transaction does so
    /// anyway.
    pub(crate) async fn lock_migrations(&mut self) -> Result<()> {
        let result = match &self.engine {
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(transaction, space) => postgres::lock_migrations(transaction, *space).await,
        };
        self.note(result)
    }

    fn usable(&self) -> Result<()> {
        match self.failed {
            Some(_) => Err(Error::other("a statement of this transaction failed before")),
            None => Ok(()),
        }
    }

    fn may_write(&mut self) -> Result<()> {
        self.usable()?;
        match self.access {
            Access::Write => Ok(()),
            Access::Read => self.note(Err(Error::other("the transaction only reads: use write"))),
        }
    }

    /// Records the first failure. PostgreSQL refuses further statements after one, so SQLite must do the
    /// same.
    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        let result = self.health.note(result);
        if let Err(error) = &result {
            self.failed.get_or_insert_with(|| error.clone());
        }
        result
    }

    /// Turns `Ok` into the first statement's error, if a statement failed.
    pub(crate) fn verdict<T, E: From<Error>>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match &self.failed {
            Some(error) if result.is_ok() => Err(error.clone().into()),
            _ => result,
        }
    }
}

impl<'a> Tx<'a> {
    pub(crate) const fn sqlite(connection: &'a mut Connection, health: &'a Health, access: Access) -> Self {
        Self { engine: Engine::Sqlite(connection), access, health, notices: Vec::new(), failed: None }
    }

    pub(crate) const fn postgres(
        transaction: Transaction<'a>,
        space: Namespace,
        health: &'a Health,
        access: Access,
    ) -> Self {
        Self {
            engine: Engine::Postgres(transaction, space),
            access,
            health,
            notices: Vec::new(),
            failed: None,
        }
    }

    /// Returns the first failure of a statement, if there is one.
    pub(crate) fn into_failure(self) -> Option<Error> {
        self.failed
    }

    pub(crate) fn into_notices(self) -> Vec<Notice> {
        self.notices
    }

    pub(crate) fn into_transaction(self) -> Result<(Transaction<'a>, Vec<Notice>)> {
        match self.engine {
            Engine::Postgres(transaction, _) => Ok((transaction, self.notices)),
            Engine::Sqlite(_) => Err(Error::other("a transaction of the other engine")),
        }
    }
}
