//! The SQLite engine: readers in the task, one writer thread with group commit.

mod backup;
mod connection;
mod errors;
mod job;
mod query;
mod readers;
mod writer;

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use tokio::sync::broadcast;

use crate::config::DatabaseConfig;
use crate::error::{Error, Result};
use crate::node::Node;
use crate::notice::Notice;
use crate::param::{OwnedParam, Param};
use crate::row::FromRow;
use crate::tx::Tx;

pub(crate) use connection::create_directory;
pub(crate) use query::{Access, batch, column, execute, fetch_all, fetch_optional};

/// An open SQLite file.
pub(crate) struct Engine {
    readers: readers::Readers,
    writer: writer::Writer,
    node: Node,
}

impl Engine {
    pub(crate) fn open(
        config: &DatabaseConfig,
        path: &Path,
        data_dir: &Path,
        notices: broadcast::Sender<Notice>,
    ) -> Result<Self> {
        create_directory(data_dir)?;
        let settings = connection::Settings { path: PathBuf::from(path), wait: config.wait_timeout };
        let writer = writer::Writer::start(settings.clone(), notices)?;
        let node = Node::take(data_dir)?;
        Ok(Self { readers: readers::Readers::new(settings, config.reader_limit.max(1)), writer, node })
    }

    pub(crate) const fn node(&self) -> i64 {
        self.node.number()
    }

    pub(crate) fn fetch_optional<R: FromRow>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<R>> {
        self.readers.read(|connection| fetch_optional(connection, Access::Read, sql, params))
    }

    pub(crate) fn fetch_all<R: FromRow>(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<R>> {
        self.readers.read(|connection| fetch_all(connection, Access::Read, sql, params))
    }

    /// Like [`fetch_all`](Self::fetch_all), on a thread that may block, no more of them at a time than readers.
    pub(crate) async fn fetch_all_heavy<R>(
        &self,
        sql: &'static str,
        params: Vec<OwnedParam>,
    ) -> Result<Vec<R>>
    where
        R: FromRow + Send + 'static,
    {
        self.readers
            .read_blocking(move |connection| {
                let params: Vec<Param<'_>> = params.iter().map(OwnedParam::as_param).collect();
                fetch_all(connection, Access::Read, sql, &params)
            })
            .await
    }

    pub(crate) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.writer.write(job).await
    }

    /// Whether the file can be read, the writer thread lives and the data directory takes a file.
    pub(crate) async fn ping(&self) -> Result<()> {
        if !self.writer.is_alive() {
            return Err(Error::unavailable("the writer has stopped"));
        }
        let probe = self.node.probe();
        self.readers
            .read_blocking(move |connection| {
                fetch_optional::<(i64,)>(connection, Access::Read, "SELECT 1", &[])?;
                probe.write()
            })
            .await
    }

    pub(crate) async fn backup(&self, to: &Path) -> Result<u64> {
        let to = PathBuf::from(to);
        self.readers.read_blocking(move |connection| backup::backup(connection, &to)).await
    }

    pub(crate) async fn close(&self) -> Result<()> {
        self.readers.close();
        self.writer.close().await
    }
}
