//! One queued transaction: what to do, and whom to tell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::{Error, Result};
use crate::tx::Tx;

/// A transaction in the writer's queue, whatever its types.
pub(super) trait Job: Send {
    /// Runs it; `false` means that what it did must be rolled back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Turns a success into this error, because its work was lost after all.
    fn fail(&mut self, error: Error);
    /// Tells the caller, if there still is one.
    fn answer(self: Box<Self>);
}

pub(super) struct Queued<T, E, F> {
    job: Option<F>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
    /// Its place in the queue, free again when it is answered.
    _room: OwnedSemaphorePermit,
}

impl<T, E, F> Queued<T, E, F> {
    pub(super) fn new(job: F, room: OwnedSemaphorePermit) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (caller, answer) = oneshot::channel();
        (Self { job: Some(job), result: None, caller, _room: room }, answer)
    }
}

impl<T, E, F> Job for Queued<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(job) = self.job.take() else { return false };
        // All operations of a `Tx` complete at once here, so one poll is the whole run.
        let run = AssertUnwindSafe(|| job(tx).as_mut().poll(&mut Context::from_waker(Waker::noop())));
        let result = match catch_unwind(run) {
            Ok(Poll::Ready(result)) => tx.verdict(result),
            Ok(Poll::Pending) => {
                Err(Error::other("a transaction awaited something other than its transaction").into())
            }
            Err(_panic) => Err(Error::other("a transaction panicked").into()),
        };
        self.result.insert(result).is_ok()
    }

    fn fail(&mut self, error: Error) {
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(error.into()));
        }
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller may have left; the work stays done.
            let _ = self.caller.send(result);
        }
    }
}
