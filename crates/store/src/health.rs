//! Faults that last until a restart. While there is one, the database takes no writes and is not ready.

use parking_lot::RwLock;

use crate::error::{Error, Result};

/// The first such fault. All connections of a database share it.
#[derive(Debug, Default)]
pub(crate) struct Health(RwLock<Option<Error>>);

impl Health {
    /// Records the error of a result if it is [`Error::Damaged`], and returns the result.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error @ Error::Damaged(_)) = &result {
            self.set(error);
        }
        result
    }

    /// Returns the recorded fault as an error, if there is one.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.read().clone().map_or(Ok(()), Err)
    }

    /// Records a fault: from now on the database takes no writes and is not ready.
    pub(crate) fn give_up(&self, error: &Error) {
        self.set(error);
    }

    fn set(&self, error: &Error) {
        let mut first = self.0.write();
        if first.is_none() {
            tracing::error!(
                %error, "the database is not usable until it is mended and this process restarted",
            );
            *first = Some(error.clone());
        }
    }
}
