//! Fair scheduling of background jobs. Accounts are served round-robin, each may run a bounded number of jobs
//! at once, and a free slot is refilled at once. So slow or numerous jobs of one account do not delay those
//! of others.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use store::AccountId;
use tokio::{sync::Notify, task::JoinSet, time::MissedTickBehavior};

use crate::{ApiError, Tasks};

/// A queue of due jobs in the database, which several processes may share.
pub trait Queue: Send + Sync + 'static {
    /// A claimed job.
    type Job: Send + 'static;

    /// Returns at most `limit` accounts that have due jobs and an id above `after`, in the order of ids.
    fn accounts(
        &self,
        after: AccountId,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<AccountId>, ApiError>> + Send;

    /// Claims the job of an account that has been due longest. Returns `None` if another process was faster.
    fn claim(&self, account: AccountId) -> impl Future<Output = Result<Option<Self::Job>, ApiError>> + Send;

    /// Runs a job. If this future is dropped at any point, the job must become due again later.
    fn work(&self, job: Self::Job) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// Limits of concurrent jobs in one process.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Most jobs at once.
    pub all: usize,
    /// Most jobs of one account at once.
    pub per_account: usize,
}

/// Runs the jobs of a [`Queue`].
pub struct Turns<Q> {
    queue: Arc<Q>,
    places: Places,
    running: Arc<Running>,
    /// The account that was served last.
    after: AccountId,
    jobs: JoinSet<Result<(), ApiError>>,
}

/// The number of running jobs by account.
#[derive(Debug, Default)]
struct Running(Mutex<HashMap<AccountId, usize>>);

/// The slot of a running job, which is freed when this is dropped.
struct Place {
    running: Arc<Running>,
    account: AccountId,
}

impl Running {
    fn take(self: &Arc<Self>, account: AccountId, most: usize) -> Option<Place> {
        let mut running = self.0.lock();
        let count = running.entry(account).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { running: Arc::clone(self), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.running.0.lock();
        if let Some(count) = running.get_mut(&self.account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(&self.account);
            }
        }
    }
}

impl<Q: Queue> Turns<Q> {
    /// Creates a runner for a queue, with no job running yet.
    pub fn new(queue: Q, places: Places) -> Self {
        Self {
            queue: Arc::new(queue),
            places,
            running: Arc::default(),
            after: AccountId(0),
            jobs: JoinSet::new(),
        }
    }

    /// Runs due jobs until there are none, and returns their number. Dropping this future drops the running
    /// jobs.
    ///
    /// # Errors
    /// The first error of the queue or of a job.
    pub async fn run_due(mut self) -> Result<usize, ApiError> {
        let mut count = 0;
        loop {
            count += self.fill().await?;
            match self.jobs.join_next().await {
                Some(done) => done.map_err(ApiError::internal)??,
                None => return Ok(count),
            }
        }
    }

    /// Runs due jobs until shutdown. Looks for them every `period`, whenever `wake` is notified, and whenever
    /// a job ends. At shutdown running jobs are dropped. `what` names the kind of jobs in logs and metrics.
    pub fn start(mut self, tasks: &Tasks, what: &'static str, period: Duration, wake: Arc<Notify>) {
        let stopping = tasks.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = self.run(what, period, &wake) => {}
                () = stopping.stopping() => {}
            }
        });
    }

    async fn run(&mut self, what: &'static str, period: Duration, wake: &Notify) {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut done = Ok(());
            tokio::select! {
                _ = ticks.tick() => {}
                () = wake.notified() => {}
                Some(ended) = self.jobs.join_next() => {
                    done = ended.map_err(ApiError::internal).flatten();
                    count(what, if done.is_ok() { "done" } else { "failed" });
                }
            }
            let filled = self.fill().await;
            for error in [done.err(), filled.err()].into_iter().flatten() {
                tracing::warn!(cause = error.cause().unwrap_or_default(), "not done yet: {what}");
            }
        }
    }

    /// Starts due jobs in free slots, and returns their number.
    async fn fill(&mut self) -> Result<usize, ApiError> {
        let mut started = 0;
        while self.jobs.len() < self.places.all {
            let before = started;
            for account in self.round().await? {
                if self.jobs.len() >= self.places.all {
                    break;
                }
                let Some(place) = self.running.take(account, self.places.per_account) else { continue };
                self.after = account;
                let Some(job) = self.queue.claim(account).await? else { continue };
                let queue = Arc::clone(&self.queue);
                self.jobs.spawn(async move {
                    let _place = place;
                    store::on_behalf_of(Some(account), queue.work(job)).await
                });
                started += 1;
            }
            if started == before {
                break;
            }
        }
        Ok(started)
    }

    /// Returns accounts with due jobs in the order in which they are served: those after the account served
    /// last, then those from the beginning.
    async fn round(&self) -> Result<Vec<AccountId>, ApiError> {
        // At most `all` of the accounts use all of their slots, so among twice as many there is one to serve.
        let limit = self.places.all.saturating_mul(2);
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut round = self.queue.accounts(self.after, most).await?;
        if round.len() < limit && self.after > AccountId(0) {
            let first = self.queue.accounts(AccountId(0), most).await?;
            round.extend(first.into_iter().filter(|account| *account <= self.after));
        }
        Ok(round)
    }
}

/// Counts an ended job by its kind and outcome.
fn count(what: &'static str, outcome: &'static str) {
    metrics::counter!("doppel_jobs_total", "kind" => what, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A queue in memory: the number of due jobs by account, the order in which they began, and the account
    /// whose jobs never end.
    struct Fake {
        due: Mutex<HashMap<AccountId, usize>>,
        begun: Mutex<Vec<AccountId>>,
        stuck: AccountId,
    }

    impl Fake {
        fn new(due: &[(i64, usize)], stuck: i64) -> Arc<Self> {
            let due = Mutex::new(due.iter().map(|(id, count)| (AccountId(*id), *count)).collect());
            Arc::new(Self { due, begun: Mutex::default(), stuck: AccountId(stuck) })
        }

        fn begun(&self, account: i64) -> usize {
            self.begun.lock().iter().filter(|other| other.0 == account).count()
        }
    }

    impl Queue for Arc<Fake> {
        type Job = AccountId;

        async fn accounts(&self, after: AccountId, limit: i64) -> Result<Vec<AccountId>, ApiError> {
            let due = self.due.lock();
            let mut accounts: Vec<AccountId> =
                due.iter().filter(|(id, count)| **id > after && **count > 0).map(|(id, _)| *id).collect();
            accounts.sort_unstable();
            accounts.truncate(usize::try_from(limit).unwrap());
            Ok(accounts)
        }

        async fn claim(&self, account: AccountId) -> Result<Option<AccountId>, ApiError> {
            if let Some(count) = self.due.lock().get_mut(&account).filter(|count| **count > 0) {
                *count -= 1;
                self.begun.lock().push(account);
                return Ok(Some(account));
            }
            Ok(None)
        }

        async fn work(&self, account: AccountId) -> Result<(), ApiError> {
            if account == self.stuck {
                std::future::pending::<()>().await;
            }
            tokio::task::yield_now().await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn work_that_never_ends_keeps_its_own_places_alone() {
        let fake = Fake::new(&[(1, 200), (2, 50), (3, 1)], 1);
        let (tasks, wake) = (Tasks::default(), Arc::new(Notify::new()));
        let places = Places { all: 4, per_account: 2 };
        Turns::new(Arc::clone(&fake), places).start(
            &tasks,
            "test",
            Duration::from_secs(3600),
            Arc::clone(&wake),
        );
        let others = async {
            while fake.begun(2) < 50 || fake.begun(3) < 1 {
                tokio::task::yield_now().await;
            }
            // A new account is served while the first account's jobs still run.
            fake.due.lock().insert(AccountId(4), 3);
            wake.notify_one();
            while fake.begun(4) < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), others).await.expect("the others are served");
        assert_eq!(fake.begun(1), 2, "no more than its places");
        tasks.stop();
        assert!(tasks.drained(Duration::from_secs(10)).await);
    }

    proptest! {
        #[test]
        fn everything_is_done_once_and_in_turns(
            counts in proptest::collection::vec(0_usize..6, 1..6), all in 1_usize..5,
            per_account in 1_usize..4,
        ) {
            let due: Vec<(i64, usize)> = (1..).zip(counts.iter().copied()).collect();
            let fake = Fake::new(&due, 0);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let run = Turns::new(Arc::clone(&fake), Places { all, per_account }).run_due();
            let done = runtime.block_on(run).unwrap();
            prop_assert_eq!(done, counts.iter().sum::<usize>());
            for (account, count) in &due {
                prop_assert_eq!(fake.begun(*account), *count);
            }
            // With one slot nobody is served twice while another waits.
            if all == 1 {
                let begun = fake.begun.lock();
                let least = counts.iter().copied().filter(|count| *count > 0).min().unwrap_or(0);
                let people = counts.iter().filter(|count| **count > 0).count();
                for round in begun.chunks(people.max(1)).take(least) {
                    let mut round = round.to_vec();
                    round.sort_unstable();
                    round.dedup();
                    prop_assert_eq!(round.len(), people);
                }
            }
        }
    }
}
