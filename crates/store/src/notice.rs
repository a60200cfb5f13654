//! Notices: short messages from one process to all that use the same database.

use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::error::{Error, Result};

/// The topic of the notice that others may have been lost, so receivers must look everything up again.
pub const RESYNC: &str = "resync";

/// Maximum length of topic and payload together, in bytes. PostgreSQL accepts less than 8000.
const LIMIT: usize = 7_900;

/// A message that a committed transaction sent with [`Tx::notify`](crate::Tx::notify).
///
/// It is delivered at least once. So a receiver may look something up again, but must not count notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The subject; [`RESYNC`] after the listening connection was lost for a while.
    pub topic: String,
    /// The object of that subject that changed.
    pub payload: String,
}

impl Notice {
    /// Creates a notice.
    ///
    /// # Errors
    /// If the topic is empty, holds a line feed or is [`RESYNC`], if either text holds a NUL, or if they are
    /// too long.
    pub(crate) fn new(topic: &str, payload: &str) -> Result<Self> {
        if topic.is_empty() || topic.contains('\n') || topic == RESYNC {
            return Err(Error::other("a notice needs a topic of one line, other than \"resync\""));
        }
        if topic.len() + payload.len() > LIMIT || topic.contains('\0') || payload.contains('\0') {
            return Err(Error::other("a notice is too long or holds a NUL character"));
        }
        Ok(Self { topic: topic.to_owned(), payload: payload.to_owned() })
    }

    pub(crate) fn resync() -> Self {
        Self { topic: RESYNC.to_owned(), payload: String::new() }
    }

    /// Encodes the notice as one text.
    pub(crate) fn encode(&self) -> String {
        format!("{}\n{}", self.topic, self.payload)
    }

    /// Decodes a text made by [`encode`](Self::encode). Returns `None` for any text without a line feed.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let (topic, payload) = text.split_once('\n')?;
        Some(Self { topic: topic.to_owned(), payload: payload.to_owned() })
    }
}

/// An event that a [`Follower`] receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeEvent {
    /// A notice, of any topic but [`RESYNC`].
    Notice(Notice),
    /// Notices may have been lost: whatever they are about must be looked up again.
    Gap,
}

/// Receives the notices of transactions that commit after it was created.
#[derive(Debug)]
pub struct Follower(pub(crate) Receiver<Notice>);

impl Follower {
    /// Waits for the next event. Returns `None` once the database is closed.
    pub async fn next(&mut self) -> Option<NoticeEvent> {
        match self.0.recv().await {
            Ok(notice) if notice.topic != RESYNC => Some(NoticeEvent::Notice(notice)),
            Ok(_) | Err(RecvError::Lagged(_)) => Some(NoticeEvent::Gap),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_the_wire() {
        let notice = Notice::new("token", "line\nline 二").unwrap();
        assert_eq!(Notice::decode(&notice.encode()), Some(notice));
        assert_eq!(Notice::decode("no line feed"), None);
    }

    #[test]
    fn bad_notices_are_refused() {
        for (topic, payload) in [("", "x"), ("a\nb", "x"), ("resync", ""), ("a", "\0")] {
            assert!(Notice::new(topic, payload).is_err());
        }
        assert!(Notice::new("a", &"x".repeat(LIMIT)).is_err());
    }
}
