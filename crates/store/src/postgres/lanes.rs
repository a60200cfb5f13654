//! Access to the pool's connections. Permits are acquired before a connection, so that nobody waits while
//! holding one.
//!
//! * A write first acquires a permit of its person, who has as many as a quarter of the pool. One person's
//!   writes wait for each other's locks, and must not do so on every connection.
//! * Writes together leave a quarter of the pool to reads, and so do long reads.
//! * Then every caller acquires one permit for a connection, in the order of arrival.
//!
//! When the server refuses further connections, permits are put aside for a while. As many are left as there
//! are connections, and further callers wait for one of these.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};
use crate::{AccountId, person};

/// The number of semaphores for people. People whose hashes collide share one.
const GATES: usize = 1024;
/// Time for which the pool stays smaller after the server refused a connection.
const SMALLER: Duration = Duration::from_secs(10);

/// The kind of work that a connection is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A read that takes well below a millisecond.
    Read,
    /// A read that may take longer.
    LongRead,
    /// A transaction that writes.
    Write,
}

/// The permits of one pool.
pub(super) struct Lanes {
    /// One permit for each connection that may be open.
    all: Arc<Semaphore>,
    writes: Semaphore,
    long_reads: Semaphore,
    gates: Vec<Semaphore>,
    /// Permits put aside, each with the time at which it is released.
    aside: Mutex<Vec<(Instant, OwnedSemaphorePermit)>>,
    /// The number of open connections.
    open: Arc<AtomicUsize>,
    wait: Duration,
    /// Time for which a permit is put aside.
    smaller: Duration,
    size: usize,
}

/// The permits for one connection, released when dropped.
pub(super) struct Place<'a> {
    all: Option<OwnedSemaphorePermit>,
    _lane: Option<SemaphorePermit<'a>>,
    _gate: Option<SemaphorePermit<'a>>,
    deadline: Instant,
}

/// The load of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Load {
    /// The number of open connections.
    pub(super) open: usize,
    /// The number of acquired permits.
    pub(super) used: usize,
}

impl Lanes {
    pub(super) fn new(size: usize, wait: Duration) -> Self {
        let size = size.max(1);
        let quarter = (size / 4).max(1);
        let most = (size - quarter).max(1);
        Self {
            all: Arc::new(Semaphore::new(size)),
            writes: Semaphore::new(most),
            long_reads: Semaphore::new(most),
            gates: (0..GATES).map(|_| Semaphore::new(quarter)).collect(),
            aside: Mutex::default(),
            open: Arc::default(),
            wait,
            smaller: SMALLER,
            size,
        }
    }

    /// Returns the counter of open connections, which the connector updates.
    pub(super) fn open(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.open)
    }

    pub(super) fn load(&self) -> Load {
        let aside = self.aside.lock().len();
        let used = self.size.saturating_sub(self.all.available_permits()).saturating_sub(aside);
        Load { open: self.open.load(Ordering::Acquire), used }
    }

    /// Waits for the permits for one connection.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if they are not free in time.
    pub(super) async fn enter(&self, lane: Lane) -> Result<Place<'_>> {
        let deadline = Instant::now() + self.wait;
        let gate = match (lane, person()) {
            (Lane::Write, Some(person)) => match self.gates.get(gate_of(person)) {
                Some(gate) => Some(until(deadline, gate.acquire()).await?),
                None => None,
            },
            _ => None,
        };
        let permit = match lane {
            Lane::Read => None,
            Lane::LongRead => Some(until(deadline, self.long_reads.acquire()).await?),
            Lane::Write => Some(until(deadline, self.writes.acquire()).await?),
        };
        let mut place = Place { all: None, _lane: permit, _gate: gate, deadline };
        self.wait_again(&mut place).await?;
        Ok(place)
    }

    /// Waits again for the permit of a connection, after [`put_aside`](Self::put_aside).
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the time limit of the first wait is over.
    pub(super) async fn wait_again(&self, place: &mut Place<'_>) -> Result<()> {
        self.aside.lock().retain(|(until, _permit)| *until > Instant::now());
        place.all = Some(until(place.deadline, Arc::clone(&self.all).acquire_owned()).await?);
        Ok(())
    }

    /// Puts the permit aside for a while, after the server refused a connection. Returns false if there is no
    /// open connection to wait for.
    pub(super) fn put_aside(&self, place: &mut Place<'_>) -> bool {
        let open = self.open.load(Ordering::Acquire);
        if open == 0 {
            return false;
        }
        if let Some(permit) = place.all.take() {
            let mut aside = self.aside.lock();
            if aside.is_empty() {
                tracing::warn!(
                    open,
                    "PostgreSQL gives this process no more connections; it goes on with those it has: \
                     processes × (database.pool_size + 1) must not exceed max_connections"
                );
            }
            aside.push((Instant::now() + self.smaller, permit));
        }
        true
    }
}

fn gate_of(person: AccountId) -> usize {
    // Ids end in a few bits of a sequence. A multiplication spreads them.
    let spread = person.0.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
    usize::try_from(spread).unwrap_or(0) % GATES
}

async fn until<T, E>(deadline: Instant, permit: impl Future<Output = Result<T, E>>) -> Result<T> {
    match timeout_at(deadline, permit).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_closed)) => Err(Error::unavailable("it was closed")),
        Err(_late) => Err(Error::unavailable("all connections to PostgreSQL are in use")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on_behalf_of;
    use futures::FutureExt;

    fn lanes(size: usize) -> Lanes {
        Lanes::new(size, Duration::from_secs(5))
    }

    #[tokio::test]
    async fn one_person_does_not_take_all_and_writes_leave_room_for_reads() {
        let lanes = lanes(16);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(on_behalf_of(Some(AccountId(7)), lanes.enter(Lane::Write)).await.unwrap());
        }
        assert!(
            on_behalf_of(Some(AccountId(7)), lanes.enter(Lane::Write)).now_or_never().is_none(),
            "a quarter, no more"
        );
        held.push(on_behalf_of(Some(AccountId(8)), lanes.enter(Lane::Write)).await.unwrap());
        while let Some(place) = lanes.enter(Lane::Write).now_or_never() {
            held.push(place.unwrap());
        }
        assert_eq!((held.len(), lanes.load().used), (12, 12), "writes of all people together");
        for _ in 0..4 {
            held.push(lanes.enter(Lane::Read).await.unwrap());
        }
        assert!(lanes.enter(Lane::Read).now_or_never().is_none());
        held.clear();
        assert_eq!(lanes.load().used, 0);
    }

    #[tokio::test]
    async fn the_smallest_pool_serves_everybody_in_turn() {
        let lanes = lanes(1);
        for lane in [Lane::Read, Lane::LongRead, Lane::Write] {
            let place = on_behalf_of(Some(AccountId(1)), lanes.enter(lane)).await.unwrap();
            assert!(lanes.enter(Lane::Read).now_or_never().is_none());
            drop(place);
        }
    }

    #[tokio::test]
    async fn a_refused_connection_makes_the_pool_smaller_for_a_while() {
        let mut lanes = Lanes::new(4, Duration::from_millis(200));
        lanes.smaller = Duration::from_secs(3600);
        let mut first = lanes.enter(Lane::Read).await.unwrap();
        assert!(!lanes.put_aside(&mut first), "without a connection there is nothing to wait for");
        lanes.open().store(1, Ordering::Release);
        let holder = lanes.enter(Lane::Read).await.unwrap();
        assert!(lanes.put_aside(&mut first));
        let mut others = [lanes.enter(Lane::Read).await.unwrap(), lanes.enter(Lane::Read).await.unwrap()];
        assert!(others.iter_mut().all(|place| lanes.put_aside(place)));
        assert!(lanes.enter(Lane::Read).now_or_never().is_none(), "one connection, one permit");
        drop(holder);
        lanes.wait_again(&mut first).await.unwrap();
        assert_eq!(lanes.load().used, 1);
        // As if the time was over.
        lanes.aside.lock().iter_mut().for_each(|(until, _)| *until = Instant::now());
        let again: Vec<_> = futures::future::join_all((0..3).map(|_| lanes.enter(Lane::Read))).await;
        assert!(again.iter().all(Result::is_ok), "then as many as before");
        let late = lanes.enter(Lane::Read).await;
        assert!(matches!(late, Err(Error::Unavailable(text)) if text.contains("in use")));
    }
}
