//! Permits for requests in work, bounded for the whole server and for each client address.
//!
//! A request holds its permit while the server works on it, and returns it while the server waits for bytes
//! of its body. So slow clients use up connections, which have limits of their own, but not the capacity for
//! other requests.

use std::{
    collections::{HashMap, hash_map::Entry as Slot},
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use parking_lot::Mutex;

use crate::address;

/// Number of independently locked parts of the counts by address.
const SHARDS: usize = 16;

/// The part of all permits that a shared address (loopback, a trusted proxy) leaves to others: one eighth.
const RESERVED: usize = 8;

/// Returns the most permits that one address may have out of `all`, so that no address can have them all.
pub(crate) const fn largest_share(all: usize) -> usize {
    let share = all - all / RESERVED;
    if share == 0 { 1 } else { share }
}

/// The counts of requests in work.
#[derive(Debug)]
pub struct InFlight {
    all: AtomicUsize,
    most: usize,
    most_of_address: usize,
    shards: [Mutex<HashMap<IpAddr, usize>>; SHARDS],
}

/// The limit that a request reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The limit of the server.
    Server,
    /// The limit of the client's address.
    Address,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "too many requests in work",
            Self::Address => "too many requests of this address in work",
        })
    }
}

impl std::error::Error for Full {}

impl InFlight {
    /// Creates the counts, with limits for the server and for one address.
    pub fn new(most: usize, most_of_address: usize) -> Arc<Self> {
        let most_of_address = most_of_address.min(largest_share(most));
        let shards = std::array::from_fn(|_| Mutex::default());
        Arc::new(Self { all: AtomicUsize::new(0), most, most_of_address, shards })
    }

    /// Acquires a permit for a request of `address`. Returns it with the body to read instead of `body`.
    /// `shared` is true if the address may stand for many clients.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn enter(self: &Arc<Self>, address: IpAddr, shared: bool, body: Body) -> Result<(Entry, Body), Full> {
        let address = address::group(address);
        let most = if shared { largest_share(self.most) } else { self.most_of_address };
        self.take(address, most)?;
        let permit = Permit { in_flight: Arc::clone(self), address, most };
        if body.is_end_stream() {
            return Ok((Entry(PermitState::Whole(permit)), body));
        }
        let shared = Arc::new(Shared { permit, state: Mutex::new(State::Working) });
        let body = Body::new(Received { body, shared: Arc::clone(&shared) });
        Ok((Entry(PermitState::Receiving(shared)), body))
    }

    fn take(&self, address: IpAddr, most: usize) -> Result<(), Full> {
        if self.all.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.all.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Server);
        }
        let mut counts = self.shard(address).lock();
        let count = counts.entry(address).or_insert(0);
        if *count >= most {
            self.all.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Address);
        }
        *count += 1;
        Ok(())
    }

    fn give_back(&self, address: IpAddr) {
        self.all.fetch_sub(1, Ordering::Relaxed);
        if let Slot::Occupied(mut count) = self.shard(address).lock().entry(address) {
            if *count.get() <= 1 {
                count.remove();
            } else {
                *count.get_mut() -= 1;
            }
        }
    }

    fn shard(&self, address: IpAddr) -> &Mutex<HashMap<IpAddr, usize>> {
        let bits = match address {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            // The lower bits are zero: see `address::group`.
            IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or(0),
        };
        // Multiplicative hashing: the upper bits depend on all bits.
        let at = usize::try_from(bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60).unwrap_or(0);
        let [first, ..] = &self.shards;
        self.shards.get(at % SHARDS).unwrap_or(first)
    }
}

/// A permit, and the counts to which it is returned.
#[derive(Debug)]
struct Permit {
    in_flight: Arc<InFlight>,
    address: IpAddr,
    most: usize,
}

/// A request in work. Dropping this returns its permit.
#[derive(Debug)]
pub struct Entry(PermitState);

#[derive(Debug)]
enum PermitState {
    /// The body is complete.
    Whole(Permit),
    /// The body is still being received.
    Receiving(Arc<Shared>),
}

impl Entry {
    /// Returns the limit because of which the request was given up when more of its body arrived.
    pub fn refused(&self) -> Option<Full> {
        match &self.0 {
            PermitState::Whole(_) => None,
            PermitState::Receiving(shared) => match *shared.state.lock() {
                State::Refused(full) => Some(full),
                State::Working | State::Waiting | State::Ended => None,
            },
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        match &self.0 {
            PermitState::Whole(permit) => permit.in_flight.give_back(permit.address),
            PermitState::Receiving(shared) => shared.end(),
        }
    }
}

/// The state that a request shares with its body.
#[derive(Debug)]
struct Shared {
    permit: Permit,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The permit is held.
    Working,
    /// The permit is returned while the server waits for the client.
    Waiting,
    /// No permit was free when more of the body arrived.
    Refused(Full),
    /// The request has its response. If its body is still read, that needs no permit.
    Ended,
}

impl Shared {
    fn wait(&self) {
        let mut state = self.state.lock();
        if matches!(*state, State::Working) {
            self.permit.in_flight.give_back(self.permit.address);
            *state = State::Waiting;
        }
    }

    fn go_on(&self) -> Result<(), Full> {
        let mut state = self.state.lock();
        if matches!(*state, State::Waiting) {
            *state = match self.permit.in_flight.take(self.permit.address, self.permit.most) {
                Ok(()) => State::Working,
                Err(full) => State::Refused(full),
            };
        }
        match *state {
            State::Refused(full) => Err(full),
            State::Working | State::Waiting | State::Ended => Ok(()),
        }
    }

    fn stop_waiting(&self) {
        let mut state = self.state.lock();
        let permit = &self.permit;
        if matches!(*state, State::Waiting) && permit.in_flight.take(permit.address, permit.most).is_ok() {
            *state = State::Working;
        }
    }

    fn end(&self) {
        let mut state = self.state.lock();
        if matches!(*state, State::Working) {
            self.permit.in_flight.give_back(self.permit.address);
        }
        *state = State::Ended;
    }
}

/// A body that returns the request's permit while the server waits for bytes of it.
struct Received {
    body: Body,
    shared: Arc<Shared>,
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() {
            self.shared.wait();
        }
        let frame = ready!(polled);
        match self.shared.go_on() {
            Ok(()) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Err(full) => Poll::Ready(Some(Err(full.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The request continues after its body is dropped, without a permit if none is free.
impl Drop for Received {
    fn drop(&mut self) {
        self.shared.stop_waiting();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};
    use http_body_util::{BodyExt, Empty};
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(203, 0, 113, last))
    }

    fn counted(in_flight: &InFlight) -> (usize, usize) {
        let of_addresses = in_flight.shards.iter().map(|shard| shard.lock().values().sum::<usize>()).sum();
        (in_flight.all.load(Ordering::Relaxed), of_addresses)
    }

    fn enter(in_flight: &Arc<InFlight>, address: IpAddr) -> Result<Entry, Full> {
        in_flight.enter(address, address.is_loopback(), Body::empty()).map(|(entry, _)| entry)
    }

    /// A body whose frames the test sends.
    fn slow() -> (futures::channel::mpsc::UnboundedSender<&'static str>, Body) {
        let (more, frames) = futures::channel::mpsc::unbounded();
        (more, Body::from_stream(frames.map(Ok::<_, std::io::Error>)))
    }

    #[test]
    fn no_address_takes_the_room_of_others() {
        let in_flight = InFlight::new(16, 4);
        let strangers: Vec<_> = (0..4).map(|_| enter(&in_flight, address(1)).unwrap()).collect();
        assert_eq!(enter(&in_flight, address(1)).unwrap_err(), Full::Address);
        let home: Vec<_> = (0..10).map(|_| enter(&in_flight, HOME).unwrap()).collect();
        assert!(enter(&in_flight, address(2)).is_ok());
        let last = [enter(&in_flight, address(2)).unwrap(), enter(&in_flight, HOME).unwrap()];
        assert_eq!(enter(&in_flight, address(3)).unwrap_err(), Full::Server);
        drop((strangers, home, last));
        let home: Vec<_> = (0..14).map(|_| enter(&in_flight, HOME).unwrap()).collect();
        assert_eq!(enter(&in_flight, HOME).unwrap_err(), Full::Address);
        drop(home);
        assert_eq!(counted(&in_flight), (0, 0));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let in_flight = InFlight::new(100, 1);
        let _first = enter(&in_flight, "2001:db8::1".parse().unwrap()).unwrap();
        assert_eq!(enter(&in_flight, "2001:db8::ffff:2".parse().unwrap()).unwrap_err(), Full::Address);
        assert!(enter(&in_flight, "2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn whoever_waits_for_a_body_holds_nothing() {
        let in_flight = InFlight::new(1, 1);
        let (more, body) = slow();
        let (entry, mut body) = in_flight.enter(HOME, true, body).unwrap();
        assert_eq!(counted(&in_flight), (1, 1));
        assert!(body.frame().now_or_never().is_none());
        assert_eq!(counted(&in_flight), (0, 0));
        drop(enter(&in_flight, HOME).unwrap());
        more.unbounded_send("a").unwrap();
        assert!(body.frame().now_or_never().unwrap().unwrap().is_ok());
        assert_eq!(counted(&in_flight), (1, 1));
        assert!(body.frame().now_or_never().is_none());
        let other = enter(&in_flight, HOME).unwrap();
        more.unbounded_send("b").unwrap();
        let refused = body.frame().now_or_never().unwrap().unwrap().unwrap_err();
        assert!(refused.to_string().contains("in work"), "{refused}");
        assert_eq!(entry.refused(), Some(Full::Server));
        drop((other, entry, body));
        assert_eq!(counted(&in_flight), (0, 0));
    }

    #[test]
    fn an_empty_body_is_passed_on() {
        let in_flight = InFlight::new(1, 1);
        let (_entry, body) = in_flight.enter(HOME, true, Body::new(Empty::new())).unwrap();
        assert!(body.is_end_stream());
    }

    proptest! {
        #[test]
        fn what_was_taken_is_given_back(steps in prop::collection::vec((0..5_u8, 0..3_u8), 0..60)) {
            let in_flight = InFlight::new(6, 3);
            let mut open = Vec::new();
            for (step, which) in steps {
                match step {
                    0 | 1 => {
                        let (more, body) = slow();
                        let body = if step == 0 { body } else { Body::empty() };
                        if let Ok((entry, body)) = in_flight.enter(address(which), false, body) {
                            open.push((Some(entry), Some(body), more));
                        }
                    }
                    2 => drop(open.pop()),
                    3 => for (_, body, more) in &mut open {
                        let _polled = body.as_mut().and_then(|body| body.frame().now_or_never());
                        let _sent = more.unbounded_send("x");
                    },
                    _ => if let Some((entry, body, _)) = open.last_mut() {
                        if which == 0 { *entry = None } else { *body = None }
                    },
                }
                let (all, of_addresses) = counted(&in_flight);
                prop_assert!(all <= 6);
                prop_assert_eq!(all, of_addresses);
            }
            drop(open);
            prop_assert_eq!(counted(&in_flight), (0, 0));
        }
    }
}
