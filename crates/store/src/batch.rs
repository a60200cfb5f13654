//! The batch writer: rows and counts are collected in memory, and written in a few transactions. So nobody
//! waits for a write, and what is read now and then costs little to keep.

use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::{Mutex, MutexGuard};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::tx::Tx;

/// Rows and counts that wait to be written.
pub trait Batch: Default + Send {
    /// The content of one transaction.
    type Part: BatchPart;

    /// Divides the batch into parts. They are small, so that no other write waits long. Rows that several
    /// processes write are in one order, so that two processes never deadlock.
    fn parts(self) -> Vec<Self::Part>;

    /// Adds a part back that could not be written, as far as there is room.
    fn put_back(&mut self, part: Self::Part);
}

/// The content of one transaction of a [`BatchWriter`].
pub trait BatchPart: Send + Sync + 'static {
    /// The result of a transaction.
    type Output: Send + 'static;

    /// Writes the part. May await nothing but `tx`.
    fn write<'t>(&'t self, tx: &'t mut Tx<'_>, db: &'t Database) -> BoxFuture<'t, Result<Self::Output>>;
}

/// Collects a [`Batch`], and writes it when it is flushed.
#[derive(Debug)]
pub struct BatchWriter<B> {
    /// The content, for the log.
    name: &'static str,
    waiting: Mutex<B>,
    /// Serializes flushes. A reader that flushes also waits for what is being written.
    writing: tokio::sync::Mutex<()>,
}

/// The outcome of a flush.
#[derive(Debug)]
pub struct Flushed<P: BatchPart> {
    /// The parts that were written, each with the result of its transaction.
    pub written: Vec<(P, P::Output)>,
    /// Number of parts that were put back.
    pub failed: usize,
}

impl<B: Batch> BatchWriter<B> {
    /// Creates a writer. `name` is the content of its batches, as in "usage".
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, waiting: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }

    /// Returns the batch that waits, to add to it.
    pub fn waiting(&self) -> MutexGuard<'_, B> {
        self.waiting.lock()
    }

    /// Writes everything that waits, each part in a transaction of its own. Parts that cannot be written are
    /// put back, to be written by the next flush. If the database is unavailable, the rest is not tried.
    pub async fn flush(&self, db: &Database) -> Flushed<B::Part> {
        let _writing = self.writing.lock().await;
        let batch = std::mem::take(&mut *self.waiting());
        let (mut written, mut failed) = (Vec::new(), Vec::new());
        let mut parts = batch.parts().into_iter();
        for part in parts.by_ref() {
            match write(db, part).await {
                Ok(done) => written.extend(done),
                Err((error, part)) => {
                    tracing::warn!(%error, batch = self.name, "not written yet");
                    failed.extend(part);
                    if matches!(error, Error::Unavailable(_)) {
                        break;
                    }
                }
            }
        }
        failed.extend(parts);
        let flushed = Flushed { written, failed: failed.len() };
        if !failed.is_empty() {
            let mut waiting = self.waiting();
            // The oldest last, for batches that add a part before all others.
            failed.into_iter().rev().for_each(|part| waiting.put_back(part));
        }
        flushed
    }
}

/// Writes a part in a transaction, and returns it.
async fn write<P: BatchPart>(db: &Database, part: P) -> Result<Option<(P, P::Output)>, (Error, Option<P>)> {
    let part = Arc::new(part);
    let (writing, database) = (Arc::clone(&part), db.clone());
    let written = db.write(move |tx| Box::pin(async move { writing.write(tx, &database).await })).await;
    // The transaction is over, and with it the other reference.
    let part = Arc::into_inner(part);
    match written {
        Ok(output) => Ok(part.map(|part| (part, output))),
        Err(error) => Err((error, part)),
    }
}
