//! Type-erased transactions, so that the code that runs them is compiled once and not for each type.

use std::any::Any;

use futures::future::BoxFuture;

use crate::error::{Error, Result};
use crate::tx::Tx;

/// A transaction as the engines see it.
pub(crate) trait Job: Send {
    /// Runs the transaction, once, and keeps its result.
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, ()>;
    /// True if the closure succeeded, so that its changes are to be kept.
    fn is_ok(&self) -> bool;
    /// True if a new row's id was taken.
    fn met_taken_id(&self) -> bool;
    /// Replaces a success, or a missing result, by this error, because the work was lost.
    fn fail(&mut self, error: Error);
    /// Converts to `Any`, for the caller that knows the types.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// A closure and its result.
pub(crate) struct Work<T, E, F> {
    job: Option<F>,
    result: Option<Result<T, E>>,
    met_taken_id: bool,
}

impl<T, E: From<Error>, F> Work<T, E, F> {
    pub(crate) const fn new(job: F) -> Self {
        Self { job: Some(job), result: None, met_taken_id: false }
    }

    /// Returns the result of the closure.
    pub(crate) fn into_result(self) -> Result<T, E> {
        self.result.unwrap_or_else(|| Err(Error::other("a transaction did not run").into()))
    }
}

impl<T, E, F> Job for Work<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, ()> {
        Box::pin(async move {
            if let Some(job) = self.job.take() {
                let result = job(&mut *tx).await;
                self.result = Some(tx.verdict(result));
                self.met_taken_id = tx.has_failed_with(&Error::IdTaken);
            }
        })
    }

    fn is_ok(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    fn met_taken_id(&self) -> bool {
        self.met_taken_id
    }

    fn fail(&mut self, error: Error) {
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(error.into()));
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
