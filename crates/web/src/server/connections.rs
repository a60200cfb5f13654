//! The table of open connections by client address. It decides if an address may open another connection, and
//! which connection is closed to make room.
//!
//! A connection whose request the server is working on is never evicted. The others are evicted in this
//! order: connections that never sent a whole request head (oldest first), connections that wait for a next
//! request, and connections whose client is still sending a body.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::address;

/// Most connections that are examined to find one to evict.
const LOOKED_AT: usize = 64;

/// The phases of a connection, stored in [`Activity`].
mod phase {
    /// No request is in work: the server waits for a head, or the connection is closing.
    pub(super) const IDLE: u8 = 0;
    /// A request is in work, and the server waits for bytes of its body.
    pub(super) const RECEIVING: u8 = 1;
    /// A request is in work.
    pub(super) const WORKING: u8 = 2;
    /// The connection is being closed to make room for another.
    pub(super) const EVICTED: u8 = 3;
}

/// The state of one connection, shared by its socket, its requests, and the table.
#[derive(Debug)]
pub(super) struct Activity {
    phase: AtomicU8,
    /// Set by each request; cleared when a search for a connection to evict passes this one over.
    recent: AtomicBool,
    /// Set by the first request.
    used: AtomicBool,
    /// True if bytes were received after the last complete request.
    unread: AtomicBool,
    connections: Arc<Connections>,
    address: IpAddr,
    number: u64,
}

impl Activity {
    /// Marks the start of a request. Returns `None` if the connection is being closed.
    pub(super) fn begin(self: &Arc<Self>) -> Option<InWork> {
        let moved =
            self.phase.compare_exchange(phase::IDLE, phase::WORKING, Ordering::AcqRel, Ordering::Acquire);
        moved.ok()?;
        self.recent.store(true, Ordering::Relaxed);
        if !self.used.swap(true, Ordering::Relaxed) {
            self.connections.table.lock().used(self.address, self.number);
        }
        Some(InWork(Arc::clone(self)))
    }

    /// Notes that the server waits for the request's body. Returns false if the connection is being closed.
    pub(super) fn wait(&self) -> bool {
        self.change(phase::WORKING, phase::RECEIVING)
    }

    /// Notes that more of the request's body arrived. Returns false if the connection is being closed.
    pub(super) fn go_on(&self) -> bool {
        self.change(phase::RECEIVING, phase::WORKING)
    }

    /// Changes the phase if it is `from`. Returns false if the connection is being closed.
    fn change(&self, from: u8, to: u8) -> bool {
        match self.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(found) => found != phase::EVICTED,
        }
    }

    /// Notes that bytes were received.
    pub(super) fn received(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Notes that a request was received completely.
    pub(super) fn complete(&self) {
        self.unread.store(false, Ordering::Relaxed);
    }

    /// True if bytes were received after the last complete request. More bytes of it may then still arrive.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }
}

/// A request in work, until its response was handed to the socket.
#[derive(Debug)]
pub(super) struct InWork(Arc<Activity>);

impl Drop for InWork {
    fn drop(&mut self) {
        for from in [phase::WORKING, phase::RECEIVING] {
            self.0.change(from, phase::IDLE);
        }
    }
}

/// An open connection. Aborting its task closes it.
#[derive(Debug)]
struct Open {
    activity: Arc<Activity>,
    task: AbortHandle,
}

impl Open {
    /// Returns the rank in which the connection is evicted, lowest first: 0 if it is idle and was not used
    /// since the last search, 1 if it is idle, 2 if its client is sending a body. Returns `None` if the
    /// server is working on a request. Clears the mark of recent use.
    fn worth(&self) -> Option<u8> {
        match self.activity.phase.load(Ordering::Acquire) {
            phase::IDLE => Some(u8::from(self.activity.recent.swap(false, Ordering::Relaxed))),
            phase::RECEIVING => Some(2),
            _ => None,
        }
    }

    /// Closes the connection, unless the server is working on a request. Returns true if it was closed.
    fn evict(&self) -> bool {
        let is_evicted = [phase::IDLE, phase::RECEIVING].into_iter().any(|from| {
            let to = phase::EVICTED;
            self.activity.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
        });
        if is_evicted {
            self.task.abort();
        }
        is_evicted
    }
}

/// The connections of one address, by number. Numbers rise with time.
#[derive(Debug, Default)]
struct OfAddress {
    /// Connections without a request so far.
    new: BTreeMap<u64, Open>,
    used: BTreeMap<u64, Open>,
    /// The number at which the last search in `used` ended.
    hand: u64,
}

impl OfAddress {
    fn count(&self) -> usize {
        self.new.len() + self.used.len()
    }

    /// Closes one connection. Returns false if the server is working on every connection that was examined.
    fn evict(&mut self) -> bool {
        let oldest = self.new.iter().take(LOOKED_AT).find(|(_, open)| open.evict());
        if let Some(number) = oldest.map(|(number, _)| *number) {
            self.new.remove(&number);
            return true;
        }
        let after = self.used.range((Bound::Excluded(self.hand), Bound::Unbounded));
        let before = self.used.range(..=self.hand);
        let mut best: Option<(u8, u64)> = None;
        for (number, open) in after.chain(before).take(LOOKED_AT) {
            self.hand = *number;
            let Some(worth) = open.worth() else { continue };
            if best.is_none_or(|(least, _)| worth < least) {
                best = Some((worth, *number));
            }
            if worth == 0 {
                break;
            }
        }
        let Some((_, number)) = best else { return false };
        let is_evicted = self.used.get(&number).is_some_and(Open::evict);
        if is_evicted {
            self.used.remove(&number);
        }
        is_evicted
    }
}

#[derive(Debug, Default)]
struct Table {
    addresses: HashMap<IpAddr, OfAddress>,
    last: u64,
}

impl Table {
    /// Moves a connection from `new` to `used`.
    fn used(&mut self, address: IpAddr, number: u64) {
        if let Some(of_address) = self.addresses.get_mut(&address)
            && let Some(open) = of_address.new.remove(&number)
        {
            of_address.used.insert(number, open);
        }
    }

    fn remove(&mut self, address: IpAddr, number: u64) {
        let Some(of_address) = self.addresses.get_mut(&address) else { return };
        if of_address.new.remove(&number).is_none() {
            of_address.used.remove(&number);
        }
        if of_address.count() == 0 {
            self.addresses.remove(&address);
        }
    }
}

/// The table of open connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    table: Mutex<Table>,
}

impl Connections {
    /// Makes room for another connection of an address, which may have at most `most`. Returns false if it
    /// has that many and none could be evicted.
    pub(super) fn make_room(&self, address: IpAddr, most: usize) -> bool {
        let mut table = self.table.lock();
        match table.addresses.get_mut(&address::group(address)) {
            Some(of_address) if of_address.count() >= most => {
                let made = of_address.evict();
                count(if made { "evicted" } else { "refused" }, "address");
                made
            }
            Some(_) | None => true,
        }
    }

    /// Closes a connection of the address that has most of them. Returns false if none could be evicted.
    pub(super) fn evict_of_busiest(&self) -> bool {
        let mut table = self.table.lock();
        let busiest = table.addresses.values_mut().max_by_key(|of_address| of_address.count());
        let made = busiest.is_some_and(OfAddress::evict);
        if made {
            count("evicted", "server");
        }
        made
    }

    /// Adds a connection to the table. `start` starts its task, which keeps the [`Registered`] until it ends.
    pub(super) fn open(
        self: &Arc<Self>,
        address: IpAddr,
        start: impl FnOnce(Arc<Activity>, Registered) -> AbortHandle,
    ) {
        let address = address::group(address);
        // The lock is held until the connection is added, so that a task that ends at once cannot remove it
        // before.
        let mut table = self.table.lock();
        table.last += 1;
        let number = table.last;
        let activity = Arc::new(Activity {
            phase: AtomicU8::new(phase::IDLE),
            recent: AtomicBool::new(false),
            used: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            connections: Arc::clone(self),
            address,
            number,
        });
        let registered = Registered { connections: Arc::clone(self), address, number };
        let task = start(Arc::clone(&activity), registered);
        table.addresses.entry(address).or_default().new.insert(number, Open { activity, task });
    }
}

/// An entry of the table, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Registered {
    connections: Arc<Connections>,
    address: IpAddr,
    number: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.table.lock().remove(self.address, self.number);
    }
}

fn count(what: &'static str, bound: &'static str) {
    metrics::counter!("doppel_connections_closed_total", "how" => what, "bound" => bound).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tasks;
    use proptest::prelude::*;

    /// Opens a connection that stays open until its task is aborted.
    fn open(connections: &Arc<Connections>, tasks: &Tasks, address: IpAddr) -> Arc<Activity> {
        let mut known = None;
        connections.open(address, |activity, registered| {
            known = Some(activity);
            tasks.spawn(async move {
                std::future::pending::<()>().await;
                drop(registered);
            })
        });
        known.unwrap()
    }

    fn is_evicted(activity: &Activity) -> bool {
        activity.phase.load(Ordering::Acquire) == phase::EVICTED
    }

    fn count(connections: &Connections) -> usize {
        connections.table.lock().addresses.values().map(OfAddress::count).sum()
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::V4([203, 0, 113, last].into())
    }

    #[tokio::test]
    async fn those_that_never_asked_go_first_and_those_at_work_stay() {
        let (connections, tasks) = (Arc::new(Connections::default()), Tasks::default());
        let of = |last| open(&connections, &tasks, address(last));
        let (working, kept, receiving, old, new) = (of(1), of(1), of(1), of(1), of(1));
        let at_work = working.begin().unwrap();
        drop(kept.begin().unwrap());
        let _receives = receiving.begin().unwrap();
        assert!(receiving.wait());
        for (gone, stays) in [(&old, &new), (&new, &kept), (&kept, &receiving), (&receiving, &working)] {
            assert!(!is_evicted(gone));
            assert!(connections.make_room(address(1), 1));
            assert!(is_evicted(gone) && !is_evicted(stays));
        }
        assert!(!connections.make_room(address(1), 1), "the server works on the last one");
        assert!(connections.make_room(address(1), 2) && connections.make_room(address(2), 1));
        assert!(!is_evicted(&working));
        assert!(old.begin().is_none() && !receiving.go_on());
        drop(at_work);
        assert!(connections.evict_of_busiest());
        assert_eq!(count(&connections), 0);
        tasks.stop();
    }

    #[tokio::test]
    async fn what_was_used_lately_stays_longest() {
        let (connections, tasks) = (Arc::new(Connections::default()), Tasks::default());
        let all: Vec<_> = (0..5).map(|_| open(&connections, &tasks, address(1))).collect();
        all.iter().for_each(|activity| drop(activity.begin().unwrap()));
        // A search clears the mark of recent use, so the first connection passed over is the next to go. A
        // connection with a new request is passed over again.
        assert!(connections.evict_of_busiest());
        assert!(is_evicted(&all[0]) || is_evicted(&all[1]), "{all:?}");
        drop(all[4].begin().unwrap());
        for _ in 0..3 {
            assert!(connections.evict_of_busiest());
        }
        assert!(!is_evicted(&all[4]));
    }

    #[tokio::test]
    async fn the_busiest_address_makes_room() {
        let (connections, tasks) = (Arc::new(Connections::default()), Tasks::default());
        let few = open(&connections, &tasks, address(1));
        let many: Vec<_> = (0..3).map(|_| open(&connections, &tasks, address(2))).collect();
        assert!(connections.evict_of_busiest() && connections.evict_of_busiest());
        assert!(!is_evicted(&few));
        assert_eq!(many.iter().filter(|activity| is_evicted(activity)).count(), 2);
    }

    #[tokio::test]
    async fn an_ended_connection_leaves_the_table() {
        let (connections, tasks) = (Arc::new(Connections::default()), Tasks::default());
        connections.open(address(1), |_, registered| tasks.spawn(async move { drop(registered) }));
        let used = open(&connections, &tasks, address(1));
        drop(used.begin().unwrap());
        tasks.stop();
        connections.table.lock().remove(address(1), used.number);
        while count(&connections) > 0 {
            tokio::task::yield_now().await;
        }
        assert!(connections.table.lock().addresses.is_empty());
    }

    proptest! {
        /// In any order of events, the counted connections are the open ones, and work of the server is never
        /// cut off.
        #[test]
        fn work_is_never_cut_off(steps in prop::collection::vec((0..6_u8, 0..4_u8, 0..20_usize), 0..80)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _entered = runtime.enter();
            let (connections, tasks) = (Arc::new(Connections::default()), Tasks::default());
            let mut open_ones: Vec<(Arc<Activity>, Option<InWork>, bool)> = Vec::new();
            for (step, last, which) in steps {
                match step {
                    0 | 1 => open_ones.push((open(&connections, &tasks, address(last)), None, false)),
                    2 => { connections.make_room(address(last), which); }
                    3 => { connections.evict_of_busiest(); }
                    _ => if let Some((activity, work, receives)) = open_ones.get_mut(which) {
                        match (&work, *receives) {
                            (None, _) => *work = activity.begin(),
                            (Some(_), false) if step == 4 => *receives = activity.wait(),
                            (Some(_), true) if step == 4 => *receives = !activity.go_on(),
                            (Some(_), _) => { *work = None; *receives = false; }
                        }
                    },
                }
                for (activity, work, receives) in &open_ones {
                    prop_assert!(work.is_none() || *receives || !is_evicted(activity));
                }
                let alive = open_ones.iter().filter(|(activity, ..)| !is_evicted(activity)).count();
                prop_assert_eq!(alive, count(&connections));
            }
        }
    }
}
