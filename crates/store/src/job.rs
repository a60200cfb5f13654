//! A transaction whatever its types, so that what runs it is compiled once and not for each of them.

use std::any::Any;

use futures::future::BoxFuture;

use crate::error::{Error, Result};
use crate::tx::Tx;

/// What the engines know of a transaction.
pub(crate) trait Job: Send {
    /// Runs it, once. Its result is kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, ()>;
    /// Whether what it did is to be kept.
    fn is_ok(&self) -> bool;
    /// Turns a success, or no result, into this error, because its work was lost after all.
    fn fail(&mut self, error: Error);
    /// Itself, for the one who knows its types.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// A closure and what came of it.
pub(crate) struct Work<T, E, F> {
    job: Option<F>,
    result: Option<Result<T, E>>,
}

impl<T, E: From<Error>, F> Work<T, E, F> {
    pub(crate) const fn new(job: F) -> Self {
        Self { job: Some(job), result: None }
    }

    /// What came of it.
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
            }
        })
    }

    fn is_ok(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
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
