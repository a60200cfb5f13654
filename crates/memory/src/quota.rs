//! Quotas: entries and bytes that an account stores, and entries and files that a key or an application adds in an hour.
//!
//! Both are counted in the transaction of the entry, as its last statements: whoever holds a counter's row waits for
//! nobody else. What is refused or fails is not counted, and several processes count together.

mod queries;
mod verify;

use identity::{Caller, Credential};
use store::{Timestamp, Tx, params};
use web::{ApiError, Code};

pub use verify::verify;

/// Why an entry of an archive is refused.
pub const FULL: &str = "the account has no room for it";
/// Milliseconds of the window in which additions are counted.
const WINDOW_MS: i64 = 3_600_000;

/// Limits of every account; 0: no limit.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Key memories.
    pub memories: i64,
    /// Notes.
    pub notes: i64,
    /// Events of agent memory.
    pub agent_events: i64,
    /// Messages of conversations.
    pub messages: i64,
    /// Bytes of each of these kinds.
    pub bytes: i64,
    /// Bytes of files that one application may keep; they count for the account as well.
    pub app_upload_bytes: i64,
    /// Entries that one API key or application may add in an hour.
    pub additions_per_hour: i64,
    /// Files that one API key or application may upload in an hour.
    pub uploads_per_hour: i64,
}

/// A kind of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Key memories with their earlier versions.
    Memory,
    /// Notes with their earlier versions and the pages they link to.
    Note,
    /// Events of agent memory.
    AgentEvent,
    /// Messages of conversations with what was sent for them.
    Message,
}

impl Kind {
    const fn number(self) -> i64 {
        match self {
            Self::Memory => 1,
            Self::Note => 2,
            Self::AgentEvent => 3,
            Self::Message => 4,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Memory => "key memories",
            Self::Note => "notes",
            Self::AgentEvent => "agent memory",
            Self::Message => "chat messages",
        }
    }
}

/// A change of what an account stores of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Entries more, or fewer.
    pub entries: i64,
    /// Bytes more, or fewer.
    pub bytes: i64,
}

impl Change {
    /// One more entry with these texts.
    pub fn add(texts: &[&str]) -> Self {
        Self { entries: 1, bytes: size(texts) }
    }

    /// As many entries, of more or fewer bytes.
    pub const fn of_bytes(bytes: i64) -> Self {
        Self { entries: 0, bytes }
    }

    /// One entry of so many bytes less.
    pub const fn remove(bytes: i64) -> Self {
        Self { entries: -1, bytes: -bytes }
    }

    /// Both changes.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_add(other.entries),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// Bytes of texts.
pub fn size(texts: &[&str]) -> i64 {
    texts.iter().map(|text| i64::try_from(text.len()).unwrap_or(i64::MAX)).fold(0, i64::saturating_add)
}

/// Whoever adds something to an account.
#[derive(Debug, Clone)]
pub struct Adder {
    /// The account.
    pub account: i64,
    /// `key:ID` or `app:ID`, whose additions are counted by the hour; `None` for the person and their programs.
    client: Option<String>,
    /// The application's id; empty where none adds.
    application: String,
}

/// The person.
impl From<i64> for Adder {
    fn from(account: i64) -> Self {
        Self { account, client: None, application: String::new() }
    }
}

impl Adder {
    /// Whoever calls.
    pub fn of(caller: &Caller) -> Self {
        let client = match caller.credential() {
            Credential::Session { .. } | Credential::Program { .. } => None,
            Credential::ApiKey { id, .. } => Some(format!("key:{id}")),
            Credential::Token { application, .. } => Some(format!("app:{application}")),
        };
        let application = caller.application().unwrap_or_default().to_owned();
        Self { account: caller.account(), client, application }
    }

    /// The application's id; empty where none adds.
    pub fn application(&self) -> &str {
        &self.application
    }
}

/// What is counted by the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Entry,
    Upload,
}

impl Settings {
    const fn entries(&self, kind: Kind) -> i64 {
        let limit = match kind {
            Kind::Memory => self.memories,
            Kind::Note => self.notes,
            Kind::AgentEvent => self.agent_events,
            Kind::Message => self.messages,
        };
        or_unlimited(limit)
    }

    /// Counts new entries of a kind for the account, and for the key or application that adds them.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] naming the limit and what is used; [`Code::RateLimited`] with the time to wait.
    pub async fn add(
        &self,
        tx: &mut Tx<'_>,
        adder: &Adder,
        kind: Kind,
        change: Change,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        self.count(tx, adder, Action::Entry, change.entries, now).await?;
        self.take(tx, adder.account, kind, change).await
    }

    /// Counts a change of what an account stores of a kind.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] naming the limit and what is used, where there would be more than the limit and more than
    /// before.
    pub async fn take(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        kind: Kind,
        change: Change,
    ) -> Result<(), ApiError> {
        if self.fits(tx, account, kind, change).await? {
            return Ok(());
        }
        let (entries, bytes): (i64, i64) =
            tx.fetch_one(queries::USED, params![account, kind.number()]).await?;
        let shown = |limit: i64| if limit == i64::MAX { "∞".to_owned() } else { limit.to_string() };
        let (most, most_bytes) = (shown(self.entries(kind)), shown(or_unlimited(self.bytes)));
        let name = kind.name();
        let used = format!("{name}: {entries}/{most} entries, {bytes}/{most_bytes} bytes");
        Err(ApiError::new(Code::QuotaExceeded).with(used))
    }

    /// Counts a change of what an account stores of a kind; answers false, and counts nothing, where there would be more
    /// than the limit and more than before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn fits(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        kind: Kind,
        change: Change,
    ) -> store::Result<bool> {
        let Change { entries, bytes } = change;
        let (most, most_bytes) = (self.entries(kind), or_unlimited(self.bytes));
        let values = params![account, kind.number(), entries, bytes, most, most_bytes];
        if tx.execute(queries::TAKE, values).await? > 0 {
            return Ok(true);
        }
        // No row yet, or the limit is reached. Another transaction may insert the row first.
        tx.execute(queries::OPEN, params![account, kind.number()]).await?;
        Ok(tx.execute(queries::TAKE, values).await? > 0)
    }

    /// Counts additions of a key or application in the hour.
    ///
    /// # Errors
    /// [`Code::RateLimited`] with the time to wait.
    pub(crate) async fn count(
        &self,
        tx: &mut Tx<'_>,
        adder: &Adder,
        action: Action,
        count: i64,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let (name, most) = match action {
            Action::Entry => ("entry", or_unlimited(self.additions_per_hour)),
            Action::Upload => ("upload", or_unlimited(self.uploads_per_hour)),
        };
        let Some(client) = adder.client.as_ref().filter(|_| count > 0 && most < i64::MAX) else {
            return Ok(());
        };
        let (account, since) = (adder.account, now.plus_ms(-WINDOW_MS));
        let values = params![account, client, name, count, since, now, most];
        if tx.execute(queries::COUNT, values).await? > 0 {
            return Ok(());
        }
        // The first of a window, or the limit is reached.
        tx.execute(queries::FORGET_WINDOWS, params![account, since, now]).await?;
        let first = params![account, client, name, count, now];
        if count <= most && tx.execute(queries::BEGIN_WINDOW, first).await? > 0 {
            return Ok(());
        }
        // Another transaction may have begun the window first.
        if tx.execute(queries::COUNT, values).await? > 0 {
            return Ok(());
        }
        let window: Option<(Timestamp,)> =
            tx.fetch_optional(queries::WINDOW, params![account, client, name]).await?;
        let start = window.map_or(now, |(start,)| start);
        let left_ms = start.plus_ms(WINDOW_MS).0.saturating_sub(now.0);
        let seconds = u32::try_from(left_ms.saturating_add(999) / 1000).unwrap_or(u32::MAX);
        Err(ApiError::new(Code::RateLimited).retry_after(seconds))
    }
}

/// Counts a change that must not be refused: a deletion, or an answer to a message that was let in.
///
/// # Errors
/// When the store fails.
pub async fn adjust(tx: &mut Tx<'_>, account: i64, kind: Kind, change: Change) -> store::Result<()> {
    let Change { entries, bytes } = change;
    let values = params![account, kind.number(), entries, bytes, i64::MAX, i64::MAX];
    if tx.execute(queries::TAKE, values).await? == 0 {
        tx.execute(queries::OPEN, params![account, kind.number()]).await?;
        tx.execute(queries::TAKE, values).await?;
    }
    Ok(())
}

const fn or_unlimited(limit: i64) -> i64 {
    if limit == 0 { i64::MAX } else { limit }
}
