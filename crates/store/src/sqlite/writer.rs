//! The writer thread. It commits all waiting transactions together (group commit).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, oneshot, watch};

use super::connection::{Settings, open_writer};
use super::errors::convert;
use super::query;
use super::run_at_once;
use crate::access::Access;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::notice::Notice;
use crate::tx::Tx;

/// Maximum number of queued transactions. Further callers wait for a permit.
const QUEUE: usize = 4096;
/// Maximum number of transactions in one commit.
const GROUP: usize = 512;
/// Maximum time during which transactions join one commit. A longer time puts more of them into each fsync,
/// but the first of a group waits longer. With 1 ms, 1000 concurrent callers get a fifth fewer writes per
/// second.
const GROUP_TIME: Duration = Duration::from_millis(5);
/// Pages (of 4 KiB) added to the write-ahead log after which it is checkpointed even without a pause.
const CHECKPOINT_PAGES: i64 = 4000;
/// Pause in the writes after which a checkpoint is made.
const PAUSE: Duration = Duration::from_millis(250);

/// A queued transaction, and the channel to its caller.
struct Queued {
    job: Box<dyn Job>,
    caller: oneshot::Sender<Box<dyn Job>>,
    /// The permit of its place in the queue, released when its result is sent.
    _room: OwnedSemaphorePermit,
}

type Queue = Sender<Queued>;

/// The handle of the writer thread.
pub(super) struct Writer {
    /// `None` once closed. The thread ends when the last clone is dropped and the queue is empty.
    queue: Mutex<Option<Queue>>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Reports the end of the thread: its sender lives there, so it fails once the thread has ended.
    ended: watch::Receiver<()>,
}

impl Writer {
    /// Opens the file for writing, and starts the thread.
    pub(super) fn start(settings: Settings, notices: broadcast::Sender<Notice>) -> Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let (alive, ended) = watch::channel(());
        let mut thread = Thread::new(settings, notices)?;
        let run = move || {
            let _alive = alive;
            thread.run(&jobs);
        };
        let handle = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(run)
            .map_err(|error| Error::unavailable(format!("the writer cannot start: {error}")))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(QUEUE)),
            thread: Mutex::new(Some(handle)),
            ended,
        })
    }

    /// Queues a transaction, and waits for its commit. A queued transaction runs even if the caller is
    /// dropped.
    pub(super) async fn write(&self, job: Box<dyn Job>) -> Result<Box<dyn Job>> {
        let stopped = || Error::unavailable("it was closed");
        let room = Arc::clone(&self.room).acquire_owned().await.or(Err(()));
        let room = room.map_err(|()| stopped())?;
        let queue = self.queue.lock().clone().ok_or_else(stopped)?;
        let (caller, answer) = oneshot::channel();
        queue.send(Queued { job, caller, _room: room }).or(Err(())).map_err(|()| stopped())?;
        drop(queue);
        answer.await.map_err(|_gone| stopped())
    }

    /// Returns the number of transactions that are queued or running.
    pub(super) fn queued(&self) -> usize {
        QUEUE.saturating_sub(self.room.available_permits())
    }

    pub(super) fn is_alive(&self) -> bool {
        self.thread.lock().as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Accepts no more transactions, and waits until the queued ones are done and the file is closed.
    pub(super) async fn close(&self) -> Result<()> {
        self.room.close();
        drop(self.queue.lock().take());
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        let thread = self.thread.lock().take();
        match thread.map(JoinHandle::join) {
            Some(Err(_panic)) => Err(Error::other("the writer ended in a panic")),
            _ => Ok(()),
        }
    }
}

/// The state of the writer thread.
struct Thread {
    settings: Settings,
    connection: Connection,
    notices: broadcast::Sender<Notice>,
    /// Pages in the write-ahead log after the last commit.
    log_pages: Arc<AtomicI64>,
    /// `log_pages` at the last checkpoint.
    checkpointed: i64,
}

impl Thread {
    fn new(settings: Settings, notices: broadcast::Sender<Notice>) -> Result<Self> {
        let log_pages = Arc::new(AtomicI64::new(0));
        let connection = open_counting(&settings, &log_pages)?;
        Ok(Self { settings, connection, notices, log_pages, checkpointed: 0 })
    }

    fn run(&mut self, jobs: &Receiver<Queued>) {
        loop {
            let first = if self.log_pages.load(Ordering::Relaxed) > 0 {
                match jobs.recv_timeout(PAUSE) {
                    Err(RecvTimeoutError::Timeout) => {
                        self.tidy();
                        continue;
                    }
                    Ok(first) => first,
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            } else {
                match jobs.recv() {
                    Ok(first) => first,
                    Err(mpsc::RecvError) => break,
                }
            };
            self.group(first, jobs);
            if self.unsaved_pages() >= CHECKPOINT_PAGES {
                self.checkpoint();
            }
        }
        self.finish();
    }

    /// Runs `first` and the jobs queued behind it in one transaction, and sends their results after its
    /// commit.
    fn group(&mut self, first: Queued, jobs: &Receiver<Queued>) {
        let health = Arc::clone(&self.settings.health);
        let files = health.note(self.settings.watch.check());
        if let Err(error) = files.and_then(|()| self.step("BEGIN IMMEDIATE")) {
            tracing::warn!(%error, "cannot start a write");
            // The jobs queued behind it would each wait as long, in vain. All are collected before the first
            // gets its result, because what its caller sends next deserves its own attempt.
            let waiting = std::iter::once(first).chain(jobs.try_iter().take(GROUP)).collect();
            return self.refuse(waiting, &error);
        }
        let mut done = Vec::new();
        let mut notices = Vec::new();
        let start = Instant::now();
        let mut next = Some(first);
        while let Some(mut job) = next {
            let intact = self.run_one(job.job.as_mut(), done.is_empty(), &mut notices);
            done.push(job);
            if let Err(error) = intact {
                return self.abandon(done, &error);
            }
            let full = done.len() >= GROUP || start.elapsed() >= GROUP_TIME;
            next = if full { None } else { jobs.try_recv().ok() };
        }
        let ready = Instant::now();
        if let Err(error) = self.step("COMMIT") {
            return self.abandon(done, &error);
        }
        metrics::histogram!("doppel_store_commit_seconds").record(ready.elapsed());
        metrics::histogram!("doppel_store_group_transactions").record(f64::from(count(done.len())));
        for notice in notices {
            // Nobody may be listening.
            let _ = self.notices.send(notice);
        }
        done.into_iter().for_each(answer);
    }

    /// Runs one transaction as a part of the group's. All but the first use a savepoint, which costs a copy
    /// of each page they change. If the first fails, there is nothing else to keep.
    ///
    /// # Errors
    /// If the group's own transaction is lost.
    fn run_one(&mut self, job: &mut dyn Job, is_first: bool, notices: &mut Vec<Notice>) -> Result<()> {
        if !is_first {
            self.step("SAVEPOINT job")?;
        }
        let mut tx = Tx::sqlite(&mut self.connection, &self.settings.health, Access::Write);
        run_at_once(job, &mut tx);
        let keep = job.is_ok();
        let told = tx.into_notices();
        if self.connection.is_autocommit() {
            // Some failures (a full disk, an I/O error) make SQLite roll back everything at once.
            let error = Error::unavailable("the commit was lost together with a failed one");
            job.fail(error.clone());
            return Err(error);
        }
        if keep {
            notices.extend(told);
        }
        let steps: &[&'static str] = match (keep, is_first) {
            (true, true) => &[],
            (true, false) => &["RELEASE job"],
            (false, true) => &["ROLLBACK", "BEGIN IMMEDIATE"],
            (false, false) => &["ROLLBACK TO job", "RELEASE job"],
        };
        steps.iter().try_for_each(|sql| self.step(sql))
    }

    /// Rolls the group back, and fails all of its jobs with the error.
    fn abandon(&mut self, done: Vec<Queued>, error: &Error) {
        tracing::warn!(%error, jobs = done.len(), "a commit failed");
        if !self.connection.is_autocommit()
            && let Err(error) = self.step("ROLLBACK")
        {
            tracing::error!(%error, "a failed commit could not be rolled back");
        }
        self.refuse(done, error);
    }

    /// Prepares for the next group, and fails these jobs with the error.
    fn refuse(&mut self, refused: Vec<Queued>, error: &Error) {
        self.recover(error);
        for mut job in refused {
            job.job.fail(error.clone());
            answer(job);
        }
    }

    /// Opens a new connection after the file failed. If that fails, the old one stays in use.
    fn recover(&mut self, error: &Error) {
        let stuck = !self.connection.is_autocommit();
        if stuck || matches!(error, Error::Unavailable(_)) {
            match open_counting(&self.settings, &self.log_pages) {
                Ok(connection) => self.connection = connection,
                Err(error) => tracing::warn!(%error, "the database file could not be opened again"),
            }
        }
    }

    fn step(&self, sql: &'static str) -> Result<()> {
        self.settings.health.note(query::execute(&self.connection, sql, &[]).map(|_changed| ()))
    }

    /// Returns the number of pages added to the log since the last checkpoint.
    fn unsaved_pages(&mut self) -> i64 {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < self.checkpointed {
            // The log began anew.
            self.checkpointed = 0;
        }
        pages - self.checkpointed
    }

    /// Copies the log into the file as far as readers allow, without waiting for them.
    fn checkpoint(&mut self) {
        self.checkpointed = self.log_pages.load(Ordering::Relaxed);
        if let Err(error) = query::batch(&self.connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            tracing::warn!(%error, "a checkpoint failed; the next one will do it");
        }
    }

    /// Copies the log into the file and truncates it, so that deleted content is nowhere on the disk. Does
    /// not wait for readers or other processes: if one is in the way, the next pause tries again.
    fn tidy(&mut self) {
        self.checkpointed = self.log_pages.load(Ordering::Relaxed);
        let emptied = self.empty_log();
        match emptied {
            Ok(true) => {
                self.log_pages.store(0, Ordering::Relaxed);
                self.checkpointed = 0;
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a checkpoint failed; the next one will do it"),
        }
    }

    fn empty_log(&self) -> Result<bool> {
        self.connection.busy_timeout(Duration::ZERO).map_err(convert)?;
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        self.connection.busy_timeout(self.settings.wait).map_err(convert)?;
        match busy.map_err(convert) {
            Ok(busy) => Ok(busy == 0),
            Err(Error::Unavailable(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Truncates the log before the file is closed. If another process is in the way, that process will do
    /// it.
    ///
    /// There is no `PRAGMA optimize`: the statistics of a small database would make later look-ups scan.
    fn finish(&self) {
        let last = "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE);";
        if let Err(error) = query::batch(&self.connection, last) {
            tracing::debug!(%error, "the database file was left as it is");
        }
    }
}

/// Opens the file for writing. `log_pages` is updated with the length of its write-ahead log.
fn open_counting(settings: &Settings, log_pages: &Arc<AtomicI64>) -> Result<Connection> {
    let mut connection = open_writer(settings)?;
    let log_pages = Arc::clone(log_pages);
    let count = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
        log_pages.store(pages.into(), Ordering::Relaxed);
        Ok(())
    };
    connection.wal_hook(Some(count)).map_err(convert)?;
    Ok(connection)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Sends a job back to its caller. The caller may be gone: a panic in the drop of its values must not end the
/// writer.
fn answer(Queued { job, caller, .. }: Queued) {
    if catch_unwind(AssertUnwindSafe(|| drop(caller.send(job)))).is_err() {
        tracing::error!("a value panicked while it was dropped");
    }
}
