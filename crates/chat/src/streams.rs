//! The answers in progress, which are bounded for each account.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use store::AccountId;

/// The metric of answers in progress.
const STREAMS: &str = "doppel_chat_streams";

/// The number of answers in progress, by account.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<HashMap<AccountId, usize>>);

/// The permit of an answer in progress. Dropping it releases the permit.
pub(crate) struct Slot {
    streams: Arc<Streams>,
    account: AccountId,
}

impl Streams {
    /// Acquires a permit, unless the account has `most` already.
    pub(crate) fn take(self: &Arc<Self>, account: AccountId, most: usize) -> Option<Slot> {
        let mut open = self.0.lock();
        let count = open.entry(account).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        metrics::gauge!(STREAMS).increment(1.0);
        Some(Slot { streams: Arc::clone(self), account })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        metrics::gauge!(STREAMS).decrement(1.0);
        let mut open = self.streams.0.lock();
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_answers_at_once_and_no_more() {
        let streams = Arc::new(Streams::default());
        let first = streams.take(AccountId(1), 2);
        let second = streams.take(AccountId(1), 2);
        assert!(first.is_some() && second.is_some() && streams.take(AccountId(1), 2).is_none());
        assert!(streams.take(AccountId(2), 2).is_some(), "others have their own");
        drop(first);
        assert!(streams.take(AccountId(1), 2).is_some());
        drop(second);
        assert!(streams.0.lock().is_empty(), "nothing is remembered of who is gone");
    }
}
