//! Connections for reading, reused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{Reads, Settings, open_reader};
use crate::error::{Error, Result};

/// A stack of idle connections. The last one used is reused first, because its page cache is warm. Clones
/// share the stack.
#[derive(Clone)]
pub(super) struct Readers(Arc<Inner>);

struct Inner {
    settings: Settings,
    reads: Reads,
    idle: Mutex<Vec<Connection>>,
    /// Maximum number of idle connections.
    limit: usize,
    /// Permits for reads that occupy a thread each.
    heavy: Arc<Semaphore>,
    closed: AtomicBool,
}

impl Readers {
    pub(super) fn new(settings: Settings, reads: Reads, limit: usize) -> Self {
        Self(Arc::new(Inner {
            settings,
            reads,
            idle: Mutex::new(Vec::with_capacity(limit)),
            limit,
            heavy: Arc::new(Semaphore::new(limit)),
            closed: AtomicBool::new(false),
        }))
    }

    /// Reads on the calling thread, with an idle connection or a new one.
    pub(super) fn read<T>(&self, job: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let inner = &*self.0;
        if inner.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let idle = inner.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_reader(&inner.settings, inner.reads)?,
        };
        let result = job(&mut connection);
        // A connection on which the file failed is not reused.
        if !matches!(result, Err(Error::Unavailable(_))) {
            let mut idle = inner.idle.lock();
            if idle.len() < inner.limit && !inner.closed.load(Ordering::Acquire) {
                idle.push(connection);
            }
        }
        result
    }

    /// Reads on a blocking thread. The read runs to its end even if the caller is dropped.
    pub(super) async fn read_blocking<T, F>(&self, job: F) -> Result<T>
    where
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let room = Arc::clone(&self.0.heavy).acquire_owned().await.or(Err(closed()))?;
        let readers = self.clone();
        let run = move || {
            let _room = room;
            readers.read(job)
        };
        tokio::task::spawn_blocking(run)
            .await
            .map_err(|error| Error::other(format!("a read failed: {error}")))?
    }

    /// Closes the idle connections. Those in use are closed when they are returned.
    pub(super) fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.heavy.close();
        self.0.idle.lock().clear();
    }
}

fn closed() -> Error {
    Error::unavailable("it was closed")
}
