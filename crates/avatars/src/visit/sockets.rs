//! The open sockets of this process, which are bounded.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::VisitId;

/// Most sockets of a conversation.
const MAX_OF_VISIT: usize = 8;
/// The metric of open sockets.
const SOCKETS: &str = "doppel_visitor_sockets";

/// The open sockets of this process, by conversation.
#[derive(Debug)]
pub(crate) struct Sockets {
    most: usize,
    open: Mutex<HashMap<VisitId, OfVisit>>,
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
    visit: VisitId,
    pub(crate) news: watch::Receiver<()>,
}

impl Sockets {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Mutex::default() }
    }

    /// Acquires a permit, unless the conversation or the process has as many sockets as it may have.
    pub(crate) fn listen(self: &Arc<Self>, visit: VisitId) -> Option<Listener> {
        let mut open = self.open.lock();
        let total: usize = open.values().map(|of_visit| of_visit.count).sum();
        if total >= self.most {
            return None;
        }
        let of_visit =
            open.entry(visit).or_insert_with(|| OfVisit { news: watch::Sender::new(()), count: 0 });
        if of_visit.count >= MAX_OF_VISIT {
            return None;
        }
        of_visit.count += 1;
        metrics::gauge!(SOCKETS).increment(1.0);
        Some(Listener { sockets: Arc::clone(self), visit, news: of_visit.news.subscribe() })
    }

    /// Tells the sockets of a conversation that there may be new frames.
    pub(super) fn tell(&self, visit: VisitId) {
        if let Some(of_visit) = self.open.lock().get(&visit) {
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
        if let Some(of_visit) = open.get_mut(&self.visit) {
            of_visit.count -= 1;
            if of_visit.count == 0 {
                open.remove(&self.visit);
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
        let mut open: Vec<_> = (0..MAX_OF_VISIT).map(|_| sockets.listen(VisitId(1)).unwrap()).collect();
        assert!(sockets.listen(VisitId(1)).is_none(), "a conversation has its own limit");
        open.push(sockets.listen(VisitId(2)).unwrap());
        assert!(sockets.listen(VisitId(3)).is_none(), "and the process, too");
        sockets.tell(VisitId(2));
        assert!(open[MAX_OF_VISIT].news.has_changed().unwrap() && !open[0].news.has_changed().unwrap());
        drop(open);
        assert!(sockets.open.lock().is_empty());
    }
}
