//! Faults that only a restart can end: while there is one, the database takes no writes and is not ready.

use parking_lot::RwLock;

use crate::error::{Error, Result};

/// The first such fault, shared by all connections of a database.
#[derive(Debug, Default)]
pub(crate) struct Health(RwLock<Option<Error>>);

impl Health {
    /// Remembers the error of a result if it is [`Error::Damaged`], and passes the result on.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error @ Error::Damaged(_)) = &result {
            self.set(error);
        }
        result
    }

    /// Errors: the fault, if there is one.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.read().clone().map_or(Ok(()), Err)
    }

    /// Takes no more writes and is not ready any more, for this reason.
    pub(crate) fn give_up(&self, error: &Error) {
        self.set(error);
    }

    fn set(&self, error: &Error) {
        let mut first = self.0.write();
        if first.is_none() {
            tracing::error!(%error, "the database is not usable until it is mended and this process restarted");
            *first = Some(error.clone());
        }
    }
}
