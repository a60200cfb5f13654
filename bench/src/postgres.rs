//! A PostgreSQL for the run, and its baseline.

use std::{
    panic::catch_unwind,
    time::{Duration, Instant},
};

use anyhow::Result;
use testkit::postgres::Cluster;
use tokio_postgres::{Client, NoTls};

/// A new schema on a PostgreSQL server.
pub(crate) struct Database {
    url: String,
    _cluster: &'static Cluster,
}

impl Database {
    /// Creates a schema on the server that `DOPPEL_TEST_POSTGRES` names, or else on a temporary one. Returns
    /// `None` if PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let start = || {
            let cluster = Cluster::shared();
            Self { url: cluster.fresh_url(), _cluster: cluster }
        };
        // The panic's message on standard error says what is missing.
        catch_unwind(start).ok()
    }

    /// Returns its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the server's setting `fsync`. If it is off, nothing waits for the disk.
    pub(crate) fn fsync(&self) -> Result<String> {
        self.with(async |client| Ok(client.query_one("SHOW fsync", &[]).await?.try_get(0)?))
    }

    /// Returns the rows per second that one connection inserts, each in its own transaction: the limit of a
    /// server that runs one write at a time.
    pub(crate) fn inserts(&self, time: Duration) -> Result<f64> {
        self.with(async |client| {
            client
                .batch_execute("CREATE TABLE IF NOT EXISTS probe (id BIGSERIAL PRIMARY KEY, text TEXT)")
                .await?;
            let insert = client.prepare("INSERT INTO probe (text) VALUES ($1)").await?;
            let text = "x".repeat(200);
            let (mut count, start) = (0_u32, Instant::now());
            while start.elapsed() < time {
                client.execute(&insert, &[&text]).await?;
                count += 1;
            }
            Ok(f64::from(count) / start.elapsed().as_secs_f64())
        })
    }

    fn with<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
            let work = async move { work(&client).await };
            // The connection ends when the client is dropped at the end of `work`.
            let (done, closed) = tokio::join!(work, connection);
            closed?;
            done
        })
    }
}
