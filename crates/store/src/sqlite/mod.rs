//! The SQLite engine: reads run in the calling task, writes on one thread with group commit.

mod backup;
mod check;
mod connection;
mod errors;
mod query;
mod readers;
mod watch;
mod writer;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::broadcast;

use crate::access::Access;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};
use crate::health::Health;
use crate::job::Job;
use crate::newest;
use crate::node::Node;
use crate::notice::Notice;
use crate::param::{OwnedParam, Param};
use crate::row::{Each, Row};
use crate::tx::Tx;

use connection::Reads;
pub(crate) use connection::create_directory;
pub(crate) use query::{batch, column, execute, visit};
use readers::Readers;
use rusqlite::Connection;

/// An [`Each`] that can be sent to another thread.
type BoxedEach = Box<dyn FnMut(&Row<'_>) -> Result<bool> + Send>;

/// An open SQLite file.
pub(crate) struct Engine {
    settings: connection::Settings,
    readers: Readers,
    heavy_readers: Readers,
    writer: writer::Writer,
    node: Node,
}

impl Engine {
    pub(crate) fn open(
        config: &DatabaseConfig,
        path: &Path,
        data_dir: &Path,
        notices: broadcast::Sender<Notice>,
        health: Arc<Health>,
    ) -> Result<Self> {
        create_directory(data_dir)?;
        let settings = connection::Settings {
            path: PathBuf::from(path),
            wait: config.wait_timeout,
            health,
            watch: Arc::new(watch::Watch::new(path)),
        };
        let writer = writer::Writer::start(settings.clone(), notices)?;
        let node = Node::take(data_dir)?;
        let limit = config.reader_limit.max(1);
        let readers = Readers::new(settings.clone(), Reads::Few, limit);
        let heavy_readers = Readers::new(settings.clone(), Reads::Many, limit);
        Ok(Self { settings, readers, heavy_readers, writer, node })
    }

    pub(crate) const fn node(&self) -> i64 {
        self.node.number()
    }

    /// Returns the number of other processes that use the same data directory.
    pub(crate) fn other_processes(&self) -> Result<usize> {
        self.node.others()
    }

    /// Returns the number of transactions that are queued or running.
    pub(crate) fn queued_writes(&self) -> usize {
        self.writer.queued()
    }

    /// Returns the highest stored id, or 0 if there is none.
    pub(crate) fn newest_id(&self) -> Result<i64> {
        self.readers.read(|connection| {
            let mut statement = connection.prepare(newest::COLUMNS_SQLITE).map_err(errors::convert)?;
            let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            let columns = columns.and_then(Iterator::collect::<rusqlite::Result<Vec<(String, String)>>>);
            let Some(sql) = newest::statement(&columns.map_err(errors::convert)?) else { return Ok(0) };
            connection.query_row(&sql, [], |row| row.get(0)).map_err(errors::convert)
        })
    }

    pub(crate) fn visit(&self, sql: &'static str, params: &[Param<'_>], each: Each<'_>) -> Result<()> {
        self.readers.read(|connection| visit(connection, Access::Read, sql, params, each))
    }

    /// Like [`visit`](Self::visit), on a blocking thread. The number of such reads at a time is limited.
    pub(crate) async fn visit_heavy(
        &self,
        sql: &'static str,
        params: Vec<OwnedParam>,
        mut each: BoxedEach,
    ) -> Result<()> {
        self.heavy_readers
            .read_blocking(move |connection| {
                let params: Vec<Param<'_>> = params.iter().map(OwnedParam::as_param).collect();
                visit(connection, Access::Read, sql, &params, &mut *each)
            })
            .await
    }

    /// Runs a read-only transaction.
    pub(crate) fn read(&self, job: &mut dyn Job) -> Result<()> {
        self.readers.read(|connection| read(connection, &self.settings.health, job))
    }

    /// Like [`read`](Self::read), on a blocking thread. Returns the transaction with its result.
    pub(crate) async fn read_heavy(&self, mut job: Box<dyn Job>) -> Result<Box<dyn Job>> {
        let health = Arc::clone(&self.settings.health);
        let run = move |connection: &mut Connection| {
            read(connection, &health, &mut *job)?;
            Ok(job)
        };
        self.heavy_readers.read_blocking(run).await
    }

    /// Runs a transaction, and returns it with its result.
    pub(crate) async fn write(&self, job: Box<dyn Job>) -> Result<Box<dyn Job>> {
        self.writer.write(job).await
    }

    /// Checks that the files are those that were opened and can be read, that the writer thread is alive, and
    /// that the data directory accepts a file.
    pub(crate) async fn ping(&self) -> Result<()> {
        if !self.writer.is_alive() {
            return Err(Error::unavailable("the writer has stopped"));
        }
        self.settings.health.note(self.settings.watch.check())?;
        let probe = self.node.probe();
        self.heavy_readers
            .read_blocking(move |connection| {
                visit(connection, Access::Read, "SELECT 1", &[], &mut |_row| Ok(true))?;
                probe.write()
            })
            .await
    }

    pub(crate) async fn backup(&self, to: &Path) -> Result<u64> {
        let to = PathBuf::from(to);
        self.heavy_readers.read_blocking(move |connection| backup::backup(connection, &to)).await
    }

    /// Returns faults of the file's structure or, if there are none, of references between rows.
    pub(crate) async fn check(&self) -> Result<Vec<String>> {
        let look = |connection: &mut Connection| {
            let faults = check::integrity(connection)?;
            // The content of damaged pages means nothing.
            if faults.is_empty() { check::references(connection) } else { Ok(faults) }
        };
        self.heavy_readers.read_blocking(look).await
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.readers.close();
        self.heavy_readers.close();
        self.writer.close().await
    }
}

/// Runs a read-only transaction. It does not see what is committed meanwhile.
fn read(connection: &mut Connection, health: &Health, job: &mut dyn Job) -> Result<()> {
    execute(connection, "BEGIN", &[])?;
    let mut tx = Tx::sqlite(connection, health, Access::Read);
    run_at_once(job, &mut tx);
    let failure = tx.into_failure();
    // Some failures end the transaction.
    if !connection.is_autocommit() {
        execute(connection, "COMMIT", &[])?;
    }
    match failure {
        // The job's result informs the caller. This error keeps the connection from being reused.
        Some(error @ Error::Unavailable(_)) => Err(error),
        _ => Ok(()),
    }
}

/// Runs a transaction. On SQLite all operations of a `Tx` complete at once, so one poll runs all of it.
fn run_at_once(job: &mut dyn Job, tx: &mut Tx<'_>) {
    let run = AssertUnwindSafe(|| job.run(tx).as_mut().poll(&mut Context::from_waker(Waker::noop())));
    match catch_unwind(run) {
        Ok(Poll::Ready(())) => {}
        Ok(Poll::Pending) => {
            job.fail(Error::other("a transaction awaited something other than its transaction"));
        }
        Err(_panic) => job.fail(Error::other("a transaction panicked")),
    }
}
