//! The PostgreSQL engine: a pool of connections, and one that listens.

mod errors;
mod listener;
mod query;
mod values;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Transaction};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::broadcast;
use tokio_postgres::{Config, IsolationLevel, NoTls};

use crate::config::DatabaseConfig;
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::job::Job;
use crate::notice::Notice;
use crate::param::Param;
use crate::row::Each;
use crate::tx::{Access, Tx};

pub(crate) use listener::Namespace;
pub(crate) use query::{batch, execute, lock_migrations, notify, visit};
pub(crate) use values::column;

/// How long readiness may wait for an answer.
const PING: Duration = Duration::from_secs(2);

/// An open PostgreSQL database.
pub(crate) struct Engine {
    pool: Pool,
    space: Namespace,
    notices: broadcast::Sender<Notice>,
    listener: listener::Listener,
}

impl Engine {
    /// Connects, takes a node number and makes the ids with it.
    pub(crate) async fn open(
        config: &DatabaseConfig,
        url: &str,
        notices: broadcast::Sender<Notice>,
        ids: impl FnOnce(i64) -> Ids,
    ) -> Result<(Self, Ids)> {
        let server = server_config(config, url)?;
        let (listener, space, ids) = listener::Listener::start(server.clone(), notices.clone(), ids).await?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(server, NoTls, recycling))
            .max_size(config.pool_size.max(1))
            .wait_timeout(Some(config.wait_timeout))
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::other(format!("the pool of connections cannot be made: {error}")))?;
        Ok((Self { pool, space, notices, listener }, ids))
    }

    async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(errors::convert_pool)
    }

    // Boxed here, so that it is compiled once and not again wherever it is awaited; so are the two after it.
    pub(crate) fn visit<'a>(
        &'a self,
        sql: &'static str,
        params: &'a [Param<'a>],
        each: Each<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { visit(&self.client().await?, sql, params, each).await })
    }

    pub(crate) fn execute<'a>(
        &'a self,
        sql: &'static str,
        params: &'a [Param<'a>],
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { execute(&self.client().await?, sql, params).await })
    }

    /// Runs a transaction in the caller's task. When the caller leaves, the rollback is on its way to the server
    /// before anyone else gets the connection.
    pub(crate) fn run<'a>(&'a self, access: Access, job: &'a mut dyn Job) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.run_in(access, job))
    }

    async fn run_in(&self, access: Access, job: &mut dyn Job) -> Result<()> {
        let mut client = self.client().await?;
        let mut tx = Tx::postgres(begin(&mut client, access).await?, self.space, access);
        let run = AssertUnwindSafe(async { job.run(&mut tx).await }).catch_unwind().await;
        if run.is_err() {
            job.fail(Error::other("a transaction panicked"));
        }
        let (transaction, notices) = tx.into_transaction()?;
        if job.is_ok() {
            transaction.commit().await.map_err(errors::convert)?;
            for notice in notices {
                // Nobody may be listening.
                let _ = self.notices.send(notice);
            }
        } else if let Err(error) = transaction.rollback().await {
            // Waited for, so that what was rolled back is gone before the caller looks.
            tracing::debug!(error = %errors::convert(error), "a rollback failed; the server does it");
        }
        Ok(())
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        let answer = tokio::time::timeout(PING, self.visit("SELECT 1", &[], &mut |_row| Ok(true))).await;
        answer.map_err(|_late| Error::unavailable("PostgreSQL does not answer"))?
    }

    pub(crate) async fn close(&self) {
        self.pool.close();
        self.listener.stop().await;
    }
}

async fn begin(client: &mut Client, access: Access) -> Result<Transaction<'_>> {
    let transaction = client.build_transaction();
    let transaction = match access {
        Access::Write => transaction.isolation_level(IsolationLevel::ReadCommitted),
        // All of it sees the same state.
        Access::Read => transaction.isolation_level(IsolationLevel::RepeatableRead).read_only(true),
    };
    transaction.start().await.map_err(errors::convert)
}

/// The server's address with this program's settings, which come first: options in the address win.
fn server_config(config: &DatabaseConfig, url: &str) -> Result<Config> {
    // The parser's own message may quote a piece of the password.
    let mut server: Config = url
        .parse()
        .map_err(|_ignored: tokio_postgres::Error| Error::other("the PostgreSQL address cannot be read"))?;
    let own = format!(
        "-c statement_timeout={} -c idle_in_transaction_session_timeout=60000",
        config.statement_timeout.as_millis()
    );
    let options = server.get_options().map_or_else(|| own.clone(), |theirs| format!("{own} {theirs}"));
    server.options(options);
    if server.get_application_name().is_none() {
        server.application_name("doppel");
    }
    server.connect_timeout(config.connect_timeout);
    server.keepalives_idle(Duration::from_secs(30));
    server.tcp_user_timeout(config.statement_timeout.max(Duration::from_secs(30)));
    Ok(server)
}
