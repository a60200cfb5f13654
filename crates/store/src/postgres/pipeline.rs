//! A transaction whose statements are sent without waiting for the answers to those before them.
//!
//! The server may be far away, and each wait for it costs a round trip. So a transaction's begin goes out
//! with its first statement, and [`send`](Pipeline::send) leaves an answer for later. Answers come in the
//! order of the statements; after a failed one the server refuses all others of the transaction, its commit
//! included.
//!
//! The connections of the pool are read-only outside of a transaction that says otherwise, so a statement
//! that was sent after a begin which failed changes nothing.

use std::collections::VecDeque;
use std::pin::pin;
use std::task::Poll;

use deadpool_postgres::Client;
use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::errors::convert;
use super::listener::{MIGRATION_LOCK, Namespace};
use super::values;
use crate::access::Access;
use crate::error::Result;
use crate::notice::Notice;
use crate::param::{OwnedParam, Param};
use crate::row::{Each, Row, Source};

/// A transaction on one connection. Rolled back when dropped.
pub(crate) struct Pipeline<'a> {
    client: &'a Client,
    /// Answers to what was sent and not waited for, in order.
    unread: Mutex<VecDeque<BoxFuture<'a, Result<()>>>>,
    /// Held from the preparation of a statement until it is sent; callers get it in the order of their calls.
    order: tokio::sync::Mutex<()>,
    is_over: bool,
}

impl<'a> Pipeline<'a> {
    /// Begins a transaction, without waiting for the server.
    pub(super) fn begin(client: &'a Client, access: Access) -> Self {
        let sql = match access {
            Access::Write => "START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
            // All of it sees the same state.
            Access::Read => "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        let (unread, order) = (Mutex::default(), tokio::sync::Mutex::default());
        let pipeline = Self { client, unread, order, is_over: false };
        pipeline.leave(async move { client.batch_execute(sql).await.map_err(convert) });
        pipeline
    }

    /// Sends a request; its answer is read before that of the next one which is waited for.
    fn leave(&self, answer: impl Future<Output = Result<()>> + Send + 'a) {
        let mut answer = answer.boxed();
        // The first poll sends it.
        match (&mut answer).now_or_never() {
            Some(Ok(())) => {}
            Some(Err(error)) => self.unread.lock().push_back(std::future::ready(Err(error)).boxed()),
            None => self.unread.lock().push_back(answer),
        }
    }

    /// Sends a request, reads the answers that were left and then its own.
    ///
    /// Errors: the first failure among all of these.
    async fn wait<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let mut answer = pin!(answer);
        if let Poll::Ready(answer) = futures::poll!(answer.as_mut()) {
            return answer;
        }
        let before = self.read_all().await;
        let answer = answer.await;
        before.and(answer)
    }

    async fn read_all(&self) -> Result<()> {
        let mut all = Ok(());
        loop {
            let next = self.unread.lock().pop_front();
            match next {
                Some(next) => all = all.and(next.await),
                None => return all,
            }
        }
    }

    /// Prepares a statement, sends it, and waits for its answer.
    ///
    /// Statements of one transaction that are waited for together are sent in the order in which they were
    /// called, even if an earlier one has to be prepared first and a later one has not. So all transactions
    /// lock rows in the order that the code states, which prevents deadlocks.
    async fn run<T, F>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        request: impl FnOnce(Statement) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let order = self.order.lock().await;
        let statement = self.prepare(sql, params).await?;
        let mut answer = pin!(request(statement));
        // The first poll sends it.
        if let Poll::Ready(answer) = futures::poll!(answer.as_mut()) {
            return answer;
        }
        drop(order);
        let before = self.read_all().await;
        let answer = answer.await;
        before.and(answer)
    }

    async fn prepare(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Statement> {
        let client = self.client;
        let statement = self.wait(async { client.prepare_cached(sql).await.map_err(convert) }).await?;
        values::check(params, statement.params())?;
        Ok(statement)
    }

    /// Runs a statement for its rows.
    pub(crate) async fn visit(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<()> {
        let (client, values) = (self.client, dynamic(params));
        let query = |statement| {
            let values = &values;
            async move { client.query(&statement, values).await.map_err(convert) }
        };
        let rows = self.run(sql, params, query).await?;
        visit_rows(&rows, each)
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        let (client, values) = (self.client, dynamic(params));
        let execute = |statement| {
            let values = &values;
            async move { client.execute(&statement, values).await.map_err(convert) }
        };
        self.run(sql, params, execute).await
    }

    /// Sends a statement and does not wait for its answer.
    ///
    /// Errors: the statement cannot be sent. What it fails with is returned by the next one that is waited
    /// for.
    pub(crate) async fn send(&self, sql: &'static str, params: &[Param<'_>]) -> Result<()> {
        let _order = self.order.lock().await;
        let statement = self.prepare(sql, params).await?;
        let (client, owned) = (self.client, params.iter().map(|param| OwnedParam::from(*param)));
        let owned: Vec<OwnedParam> = owned.collect();
        self.leave(async move {
            let params: Vec<Param<'_>> = owned.iter().map(OwnedParam::as_param).collect();
            client.execute(&statement, &dynamic(&params)).await.map(|_rows| ()).map_err(convert)
        });
        Ok(())
    }

    /// Runs any number of statements without parameters.
    pub(crate) async fn batch(&self, sql: &str) -> Result<()> {
        self.wait(async { self.client.batch_execute(sql).await.map_err(convert) }).await
    }

    /// Sends a notice with the commit.
    pub(crate) async fn notify(&self, space: Namespace, notice: &Notice) -> Result<()> {
        let (channel, text) = (space.channel(), notice.encode());
        self.send("SELECT pg_notify($1, $2)", &[Param::Text(&channel), Param::Text(&text)]).await
    }

    /// Waits until no other process migrates the same schema, and lets statements take their time.
    pub(crate) async fn lock_migrations(&self, space: Namespace) -> Result<()> {
        self.batch("SET LOCAL statement_timeout = 0").await?;
        let params = [Param::Int(space.class().into()), Param::Int(MIGRATION_LOCK.into())];
        self.execute("SELECT pg_advisory_xact_lock($1::int, $2::int)", &params).await.map(|_rows| ())
    }

    /// Commits and waits until it is on the server's disk.
    ///
    /// Errors: the first failure of a statement that was not waited for, which rolls all back; the commit
    /// fails.
    pub(super) async fn commit(mut self) -> Result<()> {
        self.is_over = true;
        self.batch("COMMIT").await
    }

    /// Runs one statement and commits, in one round trip. Returns how many rows it changed.
    pub(super) async fn execute_and_commit(mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        let statement = self.prepare(sql, params).await?;
        let (client, params) = (self.client, dynamic(params));
        let both = async {
            // In this order; the server commits nothing after a failure.
            let execute = client.execute(&statement, &params);
            let (changed, committed) = futures::join!(execute, client.batch_execute("COMMIT"));
            changed.and_then(|changed| committed.map(|()| changed)).map_err(convert)
        };
        self.is_over = true;
        self.wait(both).await
    }

    /// Ends a transaction that only read. The server is not waited for: there is nothing left to fail.
    pub(super) fn end(mut self) {
        self.is_over = true;
        let _answer = self.client.batch_execute("COMMIT").now_or_never();
    }

    /// Rolls back and waits for it, so that what was rolled back is gone before the caller looks.
    pub(super) async fn rollback(mut self) -> Result<()> {
        self.is_over = true;
        // Whatever failed before is what is rolled back.
        let _failed = self.read_all().await;
        self.batch("ROLLBACK").await
    }
}

impl Drop for Pipeline<'_> {
    /// When the caller leaves, the rollback is on its way to the server before anyone else gets the
    /// connection.
    fn drop(&mut self) {
        if !self.is_over {
            let _answer = self.client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

fn dynamic<'p>(params: &'p [Param<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|param| -> &(dyn ToSql + Sync) { param }).collect()
}

fn visit_rows(rows: &[tokio_postgres::Row], each: Each<'_>) -> Result<()> {
    for row in rows {
        if !each(&Row(Source::Postgres(row)))? {
            break;
        }
    }
    Ok(())
}

/// Runs one statement for its rows, outside of a transaction.
pub(super) async fn visit(
    client: &Client,
    sql: &'static str,
    params: &[Param<'_>],
    each: Each<'_>,
) -> Result<()> {
    let statement = client.prepare_cached(sql).await.map_err(convert)?;
    values::check(params, statement.params())?;
    let rows = client.query(&statement, &dynamic(params)).await.map_err(convert)?;
    visit_rows(&rows, each)
}
