//! The open sockets of this process, which are bounded.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;

use store::AccountId;

use crate::VisitId;

/// Most listeners of a conversation, and of an owner.
const MAX_OF_VISIT: usize = 8;
/// The metric of open sockets.
const SOCKETS: &str = "doppel_visitor_sockets";

/// The subject that a listener waits for news of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// The frames of a conversation.
    Visit(VisitId),
    /// All conversations with the avatars of a person.
    Owner(AccountId),
}

/// The open sockets of this process, by what they wait for.
#[derive(Debug)]
pub(crate) struct Sockets {
    most: usize,
    open: Mutex<HashMap<Topic, OfVisit>>,
}

#[derive(Debug)]
struct OfVisit {
    news: watch::Sender<()>,
    count: usize,
}

/// The permit of an open socket, and the news of its conversation. Dropping it releases the permit.
#[derive(Debug)]
pub(crate) struct Listener {
    sockets: Arc<Sockets>,
    topic: Topic,
    pub(crate) news: watch::Receiver<()>,
}

impl Sockets {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    /// Acquires a permit, unless the conversation or the process has as many sockets as it may have.
    pub(crate) fn listen(self: &Arc<Self>, topic: Topic) -> Option<Listener> {
        let mut open = self.open.lock();
        let total: usize = open.values().map(|of_visit| of_visit.count).sum();
        if total >= self.most {
            return None;
        }
        let of_visit =
            open.entry(topic).or_insert_with(|| OfVisit { news: watch::Sender::new(()), count: 0 });
        if of_visit.count >= MAX_OF_VISIT {
            return None;
        }
        of_visit.count += 1;
        metrics::gauge!(SOCKETS).increment(1.0);
        Some(Listener { sockets: Arc::clone(self), topic, news: of_visit.news.subscribe() })
    }

    /// Tells listeners that there may be something new.
    pub(super) fn tell(&self, topic: Topic) {
        if let Some(of_visit) = self.open.lock().get(&topic) {
            of_visit.news.send_replace(());
        }
    }

    /// Tells all sockets that there may be new frames.
    pub(super) fn tell_all(&self) {
        self.open.lock().values().for_each(|of_visit| {
            of_visit.news.send_replace(());
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        metrics::gauge!(SOCKETS).decrement(1.0);
        let mut open = self.sockets.open.lock();
        if let Some(of_visit) = open.get_mut(&self.topic) {
            of_visit.count -= 1;
            if of_visit.count == 0 {
                open.remove(&self.topic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_bounded_and_forgotten() {
        let sockets = Arc::new(Sockets::new(MAX_OF_VISIT + 1));
        let mut open: Vec<_> =
            (0..MAX_OF_VISIT).map(|_| sockets.listen(Topic::Visit(VisitId(1))).unwrap()).collect();
        assert!(sockets.listen(Topic::Visit(VisitId(1))).is_none(), "a conversation has its own limit");
        open.push(sockets.listen(Topic::Visit(VisitId(2))).unwrap());
        assert!(sockets.listen(Topic::Visit(VisitId(3))).is_none(), "and the process, too");
        sockets.tell(Topic::Visit(VisitId(2)));
        assert!(open[MAX_OF_VISIT].news.has_changed().unwrap() && !open[0].news.has_changed().unwrap());
        drop(open);
        assert!(sockets.open.lock().is_empty());
    }
}
