//! The PostgreSQL engine: a pool of connections, and one that listens for notices.

mod connector;
mod errors;
mod lanes;
mod listener;
mod pipeline;
mod tls;
mod values;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::broadcast;
use tokio_postgres::Config;

use crate::access::Access;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};
use crate::health::Health;
use crate::ids::{Ids, NODES};
use crate::job::Job;
use crate::newest;
use crate::notice::Notice;
use crate::param::Param;
use crate::row::Each;
use crate::tx::Tx;

pub(crate) use lanes::Lane;
pub(crate) use listener::Namespace;
pub(crate) use pipeline::Pipeline;
pub(crate) use values::column;

use connector::Connector;
use lanes::{Lanes, Place};

/// Counts the locks of node numbers that other connections hold.
const OTHER_NODES: &str = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND \
    objsubid = 2 \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND classid::int8 = $1 AND objid::int8 < $2 AND pid <> pg_backend_pid()";
/// Time limit of the readiness check.
const PING: Duration = Duration::from_secs(2);

/// A connection in use. It returns to the pool before its permits are released.
struct Lease<'a> {
    client: Client,
    _place: Place<'a>,
}

/// An open PostgreSQL database.
pub(crate) struct Engine {
    pool: Pool,
    lanes: Lanes,
    space: Namespace,
    notices: broadcast::Sender<Notice>,
    listener: listener::Listener,
    health: Arc<Health>,
}

impl Engine {
    /// Connects, takes a node number, and creates the ids with it.
    pub(crate) async fn open(
        config: &DatabaseConfig,
        url: &str,
        notices: broadcast::Sender<Notice>,
        health: Arc<Health>,
        ids: impl FnOnce(i64) -> Ids,
    ) -> Result<(Self, Ids)> {
        let mut server = server_config(config, url)?;
        let encryption = tls::prepare(&mut server, &config.authorities)?;
        let own = tls::Server { config: server.clone(), encryption: encryption.clone() };
        let (listener, space, ids) = listener::Listener::start(own, notices.clone(), ids).await?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let lanes = Lanes::new(config.pool_size, config.wait_timeout);
        let connector = Connector::new(lanes.open(), encryption);
        let pool = Pool::builder(Manager::from_connect(server, connector, recycling))
            .max_size(config.pool_size.max(1))
            .wait_timeout(Some(config.wait_timeout))
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::other(format!("the pool of connections cannot be made: {error}")))?;
        Ok((Self { pool, lanes, space, notices, listener, health }, ids))
    }

    /// Waits for a connection.
    async fn client(&self, lane: Lane) -> Result<Lease<'_>> {
        let asked = Instant::now();
        let mut place = self.lanes.enter(lane).await?;
        loop {
            match self.pool.get().await {
                Ok(client) => {
                    metrics::histogram!("doppel_store_connection_wait_seconds").record(asked.elapsed());
                    return Ok(Lease { client, _place: place });
                }
                Err(PoolError::Backend(error)) if errors::has_no_room(&error) => {
                    if !self.lanes.put_aside(&mut place) {
                        return Err(errors::convert(error));
                    }
                    self.lanes.wait_again(&mut place).await?;
                }
                Err(error) => return Err(errors::convert_pool(error)),
            }
        }
    }

    // This future and the two below are boxed here, so that they are compiled once and not wherever they are
    // awaited.
    pub(crate) fn visit<'a>(
        &'a self,
        lane: Lane,
        sql: &'static str,
        params: &'a [Param<'a>],
        each: Each<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { pipeline::visit(&self.client(lane).await?.client, sql, params, each).await })
    }

    pub(crate) fn execute<'a>(
        &'a self,
        sql: &'static str,
        params: &'a [Param<'a>],
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let held = self.client(Lane::Write).await?;
            let transaction = Pipeline::begin(&held.client, Access::Write);
            transaction.execute_and_commit(sql, params).await
        })
    }

    /// Runs a transaction in the caller's task. If the caller is dropped, the rollback is sent to the server
    /// before the connection is reused.
    pub(crate) fn run<'a>(&'a self, lane: Lane, job: &'a mut dyn Job) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.run_in(lane, job))
    }

    async fn run_in(&self, lane: Lane, job: &mut dyn Job) -> Result<()> {
        let access = if lane == Lane::Write { Access::Write } else { Access::Read };
        let held = self.client(lane).await?;
        let pipeline = Pipeline::begin(&held.client, access);
        let mut tx = Tx::postgres(pipeline, self.space, &self.health, access);
        let run = AssertUnwindSafe(async { job.run(&mut tx).await }).catch_unwind().await;
        if run.is_err() {
            job.fail(Error::other("a transaction panicked"));
        }
        let (pipeline, notices) = tx.into_pipeline()?;
        match (job.is_ok(), access) {
            (true, Access::Write) => {
                self.health.note(pipeline.commit().await)?;
                for notice in notices {
                    // Nobody may be listening.
                    let _ = self.notices.send(notice);
                }
            }
            (true, Access::Read) => pipeline.end(),
            (false, _) => {
                if let Err(error) = pipeline.rollback().await {
                    tracing::debug!(%error, "a rollback failed; the server does it");
                }
            }
        }
        Ok(())
    }

    /// Pings the server on the listening connection, for which nobody queues. Uses the pool while that
    /// connection is lost, or while the pool has no open connection.
    pub(crate) async fn ping(&self) -> Result<()> {
        let listening = self.listener.client().filter(|_| self.lanes.load().open > 0);
        let ask = async {
            match listening {
                Some(client) => client.simple_query("SELECT 1").await.map(|_| ()).map_err(errors::convert),
                None => self.visit(Lane::Read, "SELECT 1", &[], &mut |_row| Ok(true)).await,
            }
        };
        let answer = tokio::time::timeout(PING, ask).await;
        answer.map_err(|_late| Error::unavailable("PostgreSQL does not answer"))?
    }

    /// Returns the highest stored id, or 0. Uses the listening connection, because the pool has none yet.
    pub(crate) async fn newest_id(&self) -> Result<i64> {
        let away = || Error::unavailable("the connection to PostgreSQL was lost");
        let client = self.listener.client().ok_or_else(away)?;
        let rows = client.query(newest::COLUMNS_POSTGRES, &[]).await.map_err(errors::convert)?;
        let columns: std::result::Result<Vec<(String, String)>, _> =
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect();
        let Some(sql) = newest::statement(&columns.map_err(errors::convert)?) else { return Ok(0) };
        let row = client.query_one(&sql, &[]).await.map_err(errors::convert)?;
        row.try_get(0).map_err(errors::convert)
    }

    /// Returns the number of other processes that use the same schema. Each holds the lock of its node
    /// number.
    pub(crate) async fn other_processes(&self) -> Result<usize> {
        let away = || Error::unavailable("the connection to PostgreSQL was lost");
        let client = self.listener.client().ok_or_else(away)?;
        let class = i64::from(self.space.class().cast_unsigned());
        let row = client.query_one(OTHER_NODES, &[&class, &NODES]).await.map_err(errors::convert)?;
        let others: i64 = row.try_get(0).map_err(errors::convert)?;
        Ok(usize::try_from(others).unwrap_or(0))
    }

    /// Returns the number of open connections, of those in use or being opened, and the maximum.
    pub(crate) fn load(&self) -> (usize, usize, usize) {
        let load = self.lanes.load();
        (load.open, load.used, self.pool.status().max_size)
    }

    pub(crate) async fn close(&self) {
        self.pool.close();
        self.listener.stop().await;
    }
}

/// Builds the configuration of connections. This program's options come first, so those in the address
/// override them.
fn server_config(config: &DatabaseConfig, url: &str) -> Result<Config> {
    // The parser's own message may quote a piece of the password.
    let mut server: Config = crate::config::supported(url)
        .parse()
        .map_err(|_ignored: tokio_postgres::Error| Error::other("the PostgreSQL address cannot be read"))?;
    let own = format!(
        "-c statement_timeout={} -c idle_in_transaction_session_timeout=60000 \
         -c default_transaction_read_only=on",
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
