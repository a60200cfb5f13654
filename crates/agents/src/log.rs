//! The log that shows people what their agents read and wrote, and who wrote an entry.
//!
//! Calls are collected in memory and written in batches, so no call waits for its record. The author of an
//! entry is stored before the agent gets its result.

mod queries;

use std::{collections::HashMap, time::Duration};

use identity::{Account, Caller};
use store::{
    AccountId, Batch, BatchPart, BatchWriter, BoxFuture, Database, Ids, Timestamp, Tx, from_row, params,
};
use web::{ApiError, Tasks};

use crate::{Agents, entry::Entry};

const FLUSH_EVERY: Duration = Duration::from_millis(500);
const CLEAN_EVERY: Duration = Duration::from_secs(60);
/// Maximum number of records that wait. Further ones are dropped.
const MAX_WAITING: usize = 20_000;
/// Records written in one transaction.
const BATCH: usize = 200;
/// Rows deleted at a time.
const DELETED: i64 = 1000;
/// Maximum number of ids in a record.
const MAX_ITEMS: usize = 20;
/// Number of the latest calls that are examined for readings of an entry, and of those that are returned.
const EXAMINED: i64 = 5000;
const READINGS: i64 = 20;
const DAY_MS: i64 = 86_400_000;

store::id! {
    /// The id of a call of an agent. Ids follow the time.
    CallId;
}

/// A call of an agent.
#[derive(Debug, Clone)]
pub struct Call {
    /// The id.
    pub id: CallId,
    /// `app:ID`, `key:ID` or `program:ID`.
    pub client: String,
    /// The name of the agent at that time.
    pub client_name: String,
    /// The name of the tool or prompt, or the URI of the resource.
    pub tool: String,
    /// True if it adds, changes or deletes.
    pub is_write: bool,
    /// `ok`, `waits` if the person is to accept it first, or the code of the error.
    pub outcome: String,
    /// The ids of what it read or wrote, separated by spaces; not all of a long list.
    pub items: String,
    /// The time.
    pub called_at: Timestamp,
}

from_row!(Call { id, client, client_name, tool, is_write, outcome, items, called_at });

/// An agent that called lately.
#[derive(Debug, Clone)]
pub struct Client {
    /// `app:ID`, `key:ID` or `program:ID`.
    pub client: String,
    /// Its last call.
    pub last: Call,
    /// Number of calls.
    pub calls: i64,
    /// Number of those that add, change or delete.
    pub writes: i64,
}

/// The agent that added or changed an entry.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) name: String,
    pub(crate) written_at: Timestamp,
}

/// The outcome of a call, to be recorded.
pub(crate) struct Outcome<'o> {
    pub(crate) tool: &'o str,
    pub(crate) is_write: bool,
    pub(crate) code: &'o str,
    pub(crate) entries: &'o [Entry],
}

/// A record that waits to be written, and its account.
struct Record(AccountId, Call);

/// Collects the records of calls, and writes them.
pub(crate) type Recorder = BatchWriter<Waiting>;

/// The records that wait, the oldest first.
#[derive(Default)]
pub(crate) struct Waiting(Vec<Record>);

/// The records of one transaction.
pub(crate) struct Part(Vec<Record>);

impl Batch for Waiting {
    type Part = Part;

    fn parts(self) -> Vec<Part> {
        let mut records = self.0.into_iter();
        let part = || Part(records.by_ref().take(BATCH).collect());
        std::iter::repeat_with(part).take_while(|part| !part.0.is_empty()).collect()
    }

    fn put_back(&mut self, part: Part) {
        let room = MAX_WAITING.saturating_sub(self.0.len());
        self.0.splice(0..0, part.0.into_iter().take(room));
    }
}

impl BatchPart for Part {
    type Output = ();

    fn write<'t>(&'t self, tx: &'t mut Tx<'_>, _db: &'t Database) -> BoxFuture<'t, store::Result<()>> {
        Box::pin(async move {
            for record in &self.0 {
                insert(tx, record).await?;
            }
            Ok(())
        })
    }
}

impl Agents {
    /// Records a call.
    pub(crate) fn note_call(&self, caller: &Caller, outcome: &Outcome<'_>) {
        let items = outcome.entries.iter().take(MAX_ITEMS).map(ToString::to_string).collect::<Vec<_>>();
        let call = Call {
            id: CallId(self.db().ids().next()),
            client: caller.client(),
            client_name: caller.name().to_owned(),
            tool: outcome.tool.to_owned(),
            is_write: outcome.is_write,
            outcome: outcome.code.to_owned(),
            items: items.join(" "),
            called_at: self.db().clock().now(),
        };
        let mut waiting = self.recorder().waiting();
        if waiting.0.len() < MAX_WAITING {
            waiting.0.push(Record(caller.account(), call));
        }
    }

    /// Writes the records that wait. Those that cannot be written now are tried again.
    pub async fn flush_calls(&self) {
        self.recorder().flush(self.db()).await;
    }

    /// Returns calls of a person's agents, or of one of them, newest first: at most `limit` with ids less
    /// than `before`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn calls(
        &self,
        account: &Account,
        client: Option<&str>,
        before: CallId,
        limit: i64,
    ) -> Result<Vec<Call>, ApiError> {
        self.flush_calls().await;
        Ok(match client {
            None => self.db().fetch_all(queries::CALLS, params![account.id, before, limit]).await?,
            Some(client) => {
                self.db().fetch_all(queries::CALLS_OF, params![account.id, before, limit, client]).await?
            }
        })
    }

    /// Returns the latest calls by which agents read an entry, newest first, as far as the log tells.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn readings(&self, account: &Account, entry: Entry) -> Result<Vec<Call>, ApiError> {
        self.flush_calls().await;
        let pattern = format!("% {entry} %");
        let values = params![account.id, &pattern, EXAMINED, READINGS];
        Ok(self.db().fetch_all(queries::READINGS, values).await?)
    }

    /// Returns the agents that called in the last days, the latest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn clients(&self, account: &Account, days: i64) -> Result<Vec<Client>, ApiError> {
        self.flush_calls().await;
        let since = Ids::first(self.db().clock().now().plus_ms(-days.saturating_mul(DAY_MS)));
        let rows: Vec<(String, CallId, i64, i64)> =
            self.db().fetch_all(queries::CLIENTS, params![account.id, since]).await?;
        let mut clients = Vec::with_capacity(rows.len());
        for (client, last, calls, writes) in rows {
            let last: Option<Call> =
                self.db().fetch_optional(queries::CALL, params![account.id, last]).await?;
            clients.extend(last.map(|last| Client { client, last, calls, writes }));
        }
        Ok(clients)
    }

    /// Stores that an agent added or changed an entry.
    pub(crate) async fn save_author(
        &self,
        caller: &Caller,
        entry: Entry,
        action: &str,
    ) -> Result<(), ApiError> {
        let by = (caller.client(), caller.name().to_owned());
        self.save_author_of(caller.account(), entry, &by, action).await
    }

    /// Stores that an agent, of a client and a name, added or changed an entry.
    pub(crate) async fn save_author_of(
        &self,
        account: AccountId,
        entry: Entry,
        (client, name): &(String, String),
        action: &str,
    ) -> Result<(), ApiError> {
        let (now, (kind, number)) = (self.db().clock().now(), entry.columns());
        let values = params![account, kind, number, client, name, action, now];
        self.db().execute(queries::SAVE_ENTRY, values).await?;
        Ok(())
    }

    /// Returns the name of the agent that wrote an entry; empty if none did.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn author(&self, caller: &Caller, entry: Entry) -> Result<String, ApiError> {
        let (kind, number) = entry.columns();
        let values = params![caller.account(), kind, number];
        let found: Option<(String,)> = self.db().fetch_optional(queries::ENTRY, values).await?;
        Ok(found.map(|(name,)| name).unwrap_or_default())
    }

    /// Returns who wrote the entries that agents wrote since a time.
    pub(crate) async fn authors_since(
        &self,
        caller: &Caller,
        since: Timestamp,
        limit: i64,
    ) -> Result<HashMap<Entry, Author>, ApiError> {
        let rows: Vec<(i64, i64, String, String, Timestamp)> =
            self.db().fetch_all(queries::ENTRIES_SINCE, params![caller.account(), since, limit]).await?;
        let author = |(kind, number, name, _action, written_at)| {
            (Entry::of_columns((kind, number)), Author { name, written_at })
        };
        Ok(rows.into_iter().map(author).collect())
    }

    /// Returns the entries that an agent added, the newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn entries_of(
        &self,
        account: &Account,
        client: &str,
        limit: i64,
    ) -> Result<Vec<Entry>, ApiError> {
        let rows: Vec<(i64, i64)> =
            self.db().fetch_all(queries::ENTRIES_OF, params![account.id, client, limit]).await?;
        Ok(rows.into_iter().map(Entry::of_columns).collect())
    }

    /// Removes who wrote an entry, because the entry is gone.
    pub(crate) async fn forget_author(&self, account: AccountId, entry: Entry) -> Result<(), ApiError> {
        let (kind, number) = entry.columns();
        let values = params![account, kind, number];
        self.db().execute(queries::FORGET_ENTRY, values).await?;
        Ok(())
    }

    /// Deletes what an agent added: at most `limit` entries, and all that wait for the person. Returns how
    /// many were deleted. Entries that the person deleted before are skipped.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete_entries_of(
        &self,
        account: &Account,
        client: &str,
        limit: i64,
    ) -> Result<usize, ApiError> {
        let waited = self.memory().refuse_all_of(account.id, client).await?;
        let mut deleted = usize::try_from(waited).unwrap_or(usize::MAX);
        for entry in self.entries_of(account, client, limit).await? {
            let outcome = match entry {
                Entry::Memory(id) => self.memory().delete_key_memory(account.id, id).await,
                Entry::Note(id) => self.memory().delete_note(account.id, id).await,
            };
            match outcome {
                Ok(()) => deleted += 1,
                Err(error) if error.code().status() == http::StatusCode::NOT_FOUND => {}
                Err(error) => return Err(error),
            }
            self.forget_author(account.id, entry).await?;
        }
        Ok(deleted)
    }

    /// Deletes one batch of old rows. Returns true if there may be more.
    async fn forget_old_calls(&self) -> store::Result<bool> {
        let now = self.db().clock().now();
        let before = Ids::first(now.plus_ms(-self.settings().log_days.saturating_mul(DAY_MS)));
        let deleted = self.db().execute(queries::FORGET, params![before, DELETED]).await?;
        Ok(deleted >= DELETED.unsigned_abs())
    }
}

async fn insert(tx: &mut Tx<'_>, Record(account, call): &Record) -> store::Result<()> {
    let values = params![
        call.id,
        *account,
        &call.client,
        &call.client_name,
        &call.tool,
        i64::from(call.is_write),
        &call.outcome,
        &call.items,
        call.called_at
    ];
    tx.send(queries::INSERT, values).await
}

pub(crate) fn start(agents: &Agents, tasks: &Tasks) {
    let writer = agents.clone();
    tasks.every(FLUSH_EVERY, move || {
        let agents = writer.clone();
        async move { agents.flush_calls().await }
    });
    let (cleaner, stopping) = (agents.clone(), tasks.clone());
    tasks.every(CLEAN_EVERY, move || {
        let (agents, stopping) = (cleaner.clone(), stopping.clone());
        async move {
            while !stopping.is_stopping() {
                match agents.forget_old_calls().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return tracing::warn!(%error, "old calls of agents not removed yet"),
                }
            }
        }
    });
}
