//! Background tasks that shutdown waits for. Every task in Doppel is started here.

use std::{future::Future, time::Duration};

use store::{Database, NoticeEvent};
use tokio::task::AbortHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one server: a tracker to wait for their end, and a signal that asks them to end.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts a task, which must end soon after [`Tasks::stopping`] resolves. The returned handle can abort
    /// it.
    pub fn spawn<F>(&self, work: F) -> AbortHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // A task that a request starts works on behalf of the same person as the request.
        let work = store::on_behalf_of(store::person(), traces::in_current_span(work));
        self.tracker.spawn(work).abort_handle()
    }

    /// Resolves when the server begins to shut down.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// True once shutdown has begun.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Asks every task to end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits at most `limit` for every task to end. Returns false if some were still running.
    pub async fn drained(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }

    /// Handles each notice of a database, one after another, until shutdown begins.
    pub fn follow<F, H>(&self, db: &Database, mut handle: H)
    where
        H: FnMut(NoticeEvent) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (mut follower, tasks) = (db.follow(), self.clone());
        self.spawn(async move {
            loop {
                let event = tokio::select! {
                    event = follower.next() => event,
                    () = tasks.stopping() => return,
                };
                let Some(event) = event else { return };
                handle(event).await;
            }
        });
    }

    /// Runs `work` every `period` until shutdown begins, and once more then.
    pub fn every<F, W>(&self, period: Duration, mut work: W)
    where
        W: FnMut() -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        self.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                let last = tokio::select! {
                    _ = ticks.tick() => false,
                    () = tasks.stopping() => true,
                };
                work().await;
                if last {
                    return;
                }
            }
        });
    }
}
