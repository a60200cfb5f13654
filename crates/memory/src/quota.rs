//! Quotas: limits of the entries and bytes that an account stores, and of the entries and files that a key or
//! an app adds in an hour.
//!
//! Both are counted in the transaction of the entry, as its last statements, so a transaction that holds a
//! counter's row waits for no other. Additions that are refused or fail are not counted. Several processes
//! count together.

mod queries;
mod verify;

use std::time::Duration;

use identity::{Caller, Credential};
use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code, Tasks};

pub use verify::verify;

use crate::{Memory, origin::Origin};

/// The reason why an entry of an archive is refused.
pub const FULL: &str = "the account has no room for it";
/// Length of the window in which additions are counted, in milliseconds.
const WINDOW_MS: i64 = 3_600_000;
/// The interval at which ended windows are removed.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Limits of every account. 0 means no limit.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Maximum number of key memories.
    pub memories: i64,
    /// Maximum number of notes.
    pub notes: i64,
    /// Maximum number of events of agent memory.
    pub agent_events: i64,
    /// Maximum number of messages of conversations.
    pub messages: i64,
    /// Maximum number of bytes of each of these kinds.
    pub bytes: i64,
    /// Maximum number of bytes of the files that one app may keep. They count for the account as well.
    pub app_upload_bytes: i64,
    /// Maximum number of entries that one API key or app may add in an hour.
    pub additions_per_hour: i64,
    /// Maximum number of files that one API key or app may upload in an hour.
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
    pub(crate) const fn number(self) -> i64 {
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
    /// The number of entries added; negative if entries are removed.
    pub entries: i64,
    /// The number of bytes added; negative if bytes are removed.
    pub bytes: i64,
}

impl Change {
    /// Returns the change for one more entry with these texts.
    pub fn add(texts: &[&str]) -> Self {
        Self { entries: 1, bytes: size(texts) }
    }

    /// Returns the change for the same number of entries with more or fewer bytes.
    pub const fn of_bytes(bytes: i64) -> Self {
        Self { entries: 0, bytes }
    }

    /// Returns the change for one entry less, of this number of bytes.
    pub const fn remove(bytes: i64) -> Self {
        Self { entries: -1, bytes: -bytes }
    }

    /// Adds both changes.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_add(other.entries),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// Returns the number of bytes of texts.
pub fn size(texts: &[&str]) -> i64 {
    texts.iter().map(|text| i64::try_from(text.len()).unwrap_or(i64::MAX)).fold(0, i64::saturating_add)
}

/// The origin of an addition: the account, and the key or app that adds to it.
#[derive(Debug, Clone)]
pub struct Adder {
    /// The id of the account.
    pub account: AccountId,
    /// `key:ID` or `app:ID`, whose additions in an hour are limited. `None` for the person and their
    /// programs.
    client: Option<String>,
    /// The id of the app; empty if none adds.
    application: String,
    /// The name of the app, key or program that adds. `None` for the person.
    name: Option<String>,
}

/// An addition by the person.
impl From<AccountId> for Adder {
    fn from(account: AccountId) -> Self {
        Self { account, client: None, application: String::new(), name: None }
    }
}

impl Adder {
    /// Returns the origin of additions by a caller.
    pub fn of(caller: &Caller) -> Self {
        let client = match caller.credential() {
            Credential::Session { .. } | Credential::Program { .. } => None,
            Credential::ApiKey { id, .. } => Some(format!("key:{id}")),
            Credential::Token { application, .. } => Some(format!("app:{application}")),
        };
        let application = caller.application().unwrap_or_default().to_owned();
        let is_person = matches!(caller.credential(), Credential::Session { .. });
        let name = (!is_person).then(|| caller.name().to_owned());
        Self { account: caller.account(), client, application, name }
    }

    /// Returns the origin of additions that the person accepts from an app, key or program of this name. They
    /// do not count for it again.
    pub(crate) fn named(account: AccountId, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::from(account) }
    }

    /// Returns the origin of what it adds, and the name of the app; both as they are stored.
    pub(crate) fn origin(&self) -> (&'static str, &str) {
        match &self.name {
            None => (Origin::Person.name(), ""),
            Some(name) => (Origin::App.name(), name),
        }
    }

    /// Returns the id of the app; empty if none adds.
    pub fn application(&self) -> &str {
        &self.application
    }
}

/// An action that is limited by the hour.
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

    /// Counts new entries of a kind for the account, and for the key or app that adds them.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`] with the limit and the usage, [`Code::RateLimited`] with the time to wait.
    pub async fn add(
        &self,
        tx: &Tx<'_>,
        adder: &Adder,
        kind: Kind,
        change: Change,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let counted = self.count(tx, adder, Action::Entry, change.entries, now);
        let taken = self.take(tx, adder.account, kind, change);
        // Refused by either, neither counts: the transaction is rolled back. Everybody locks the rows in this
        // order.
        let (counted, taken) = futures::join!(counted, taken);
        counted.and(taken)
    }

    /// Counts a change of what an account stores of a kind.
    ///
    /// # Errors
    /// [`Code::QuotaExceeded`], with the limit and the usage, if the usage would grow and exceed the limit.
    pub async fn take(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        kind: Kind,
        change: Change,
    ) -> Result<(), ApiError> {
        if self.fits(tx, account, kind, change).await? {
            return Ok(());
        }
        // Without a row nothing is stored yet.
        let used = tx.fetch_optional(queries::USED, params![account, kind.number()]).await?;
        let (entries, bytes): (i64, i64) = used.unwrap_or_default();
        let shown = |limit: i64| if limit == i64::MAX { "∞".to_owned() } else { limit.to_string() };
        let (most, most_bytes) = (shown(self.entries(kind)), shown(or_unlimited(self.bytes)));
        let name = kind.name();
        let used = format!("{name}: {entries}/{most} entries, {bytes}/{most_bytes} bytes");
        Err(ApiError::new(Code::QuotaExceeded).with(used))
    }

    /// Counts a change of what an account stores of a kind. Returns false, and counts nothing, if the usage
    /// would grow and exceed the limit.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn fits(
        &self,
        tx: &Tx<'_>,
        account: AccountId,
        kind: Kind,
        change: Change,
    ) -> store::Result<bool> {
        let Change { entries, bytes } = change;
        let (most, most_bytes) = (self.entries(kind), or_unlimited(self.bytes));
        let values = params![account, kind.number(), entries, bytes, most, most_bytes];
        Ok(tx.execute(queries::TAKE, values).await? > 0)
    }

    /// Counts additions of a key or an app in the current window.
    ///
    /// # Errors
    /// [`Code::RateLimited`] with the time to wait.
    pub(crate) async fn count(
        &self,
        tx: &Tx<'_>,
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
        let window: Option<(Timestamp,)> =
            tx.fetch_optional(queries::WINDOW, params![account, client, name]).await?;
        let start = window.map_or(now, |(start,)| start.clamp(since, now));
        let left_ms = start.plus_ms(WINDOW_MS).0.saturating_sub(now.0);
        let seconds = u32::try_from(left_ms.saturating_add(999) / 1000).unwrap_or(u32::MAX);
        Err(ApiError::new(Code::RateLimited).retry_after(seconds))
    }
}

/// Removes windows that have ended, once an hour, because clients may never come back.
pub(crate) fn start(memory: &Memory, tasks: &Tasks) {
    let memory = memory.clone();
    tasks.every(FORGET_EVERY, move || {
        let memory = memory.clone();
        async move {
            let ended = memory.db().clock().now().plus_ms(-WINDOW_MS);
            if let Err(error) = memory.db().execute(queries::FORGET_WINDOWS, params![ended]).await {
                tracing::warn!(%error, "ended windows of additions are kept for now");
            }
        }
    });
}

/// Counts a change that must not be refused: a deletion, or the response to a message that was accepted.
///
/// # Errors
/// If the store fails.
pub async fn adjust(tx: &Tx<'_>, account: AccountId, kind: Kind, change: Change) -> store::Result<()> {
    let Change { entries, bytes } = change;
    tx.send(queries::TAKE, params![account, kind.number(), entries, bytes, i64::MAX, i64::MAX]).await
}

const fn or_unlimited(limit: i64) -> i64 {
    if limit == 0 { i64::MAX } else { limit }
}
