//! Background jobs for conversations: distilling facts from them, summarizing old turns, and titles.
//!
//! Jobs are rows that several processes share. A process claims a job by moving its due time, so that it is
//! done once, and after a crash by another process. The result is written in the transaction that removes
//! the row.

mod distill;
pub(crate) mod dream;
mod queries;
mod summary;
mod title;

use std::{sync::Arc, time::Duration};

use memory::MessageId;
use store::{AccountId, Backoff, Timestamp, Tx, params};
use strum::IntoStaticStr;
use web::{ApiError, Places, Queue, Tasks, Turns};

use crate::{
    Chat, ConversationId,
    provider::{Ask, Failure, Role},
    session::queries::ADD_USAGE,
};

/// Interval between looks for due jobs.
const EVERY: Duration = Duration::from_secs(5);
/// Maximum number of concurrent jobs in this process, and per account.
const PLACES: Places = Places { all: 2, per_account: 1 };
/// Seconds by which the lease of a job exceeds the maximum duration of a model's answer.
const GRACE: i64 = 60;
/// Waits after each failure of the models. After the last one the job is dropped; the next turn of the
/// conversation adds it again.
const BACKOFF: Backoff = Backoff::listed(&[60, 600, 3600, 6 * 3600]);
/// Tokens for the thoughts of a model that thinks, in addition to its answer.
const THINKING_ROOM: u32 = 4000;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Kind {
    Distill,
    Summary,
    Title,
    Dream,
}

impl Kind {
    fn name(self) -> &'static str {
        self.into()
    }
}

/// A job to be enqueued for a conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Later {
    pub(crate) account: AccountId,
    pub(crate) session: ConversationId,
    pub(crate) kind: Kind,
    pub(crate) due: Timestamp,
}

impl Later {
    /// Enqueues the job.
    pub(crate) async fn note(&self, tx: &Tx<'_>) -> Result<(), store::Error> {
        let sql = match self.kind {
            Kind::Distill => queries::DELAY,
            Kind::Summary | Kind::Title | Kind::Dream => queries::ADD,
        };
        tx.send(sql, params![self.session, self.kind.name(), self.due, self.account]).await
    }
}

/// A claimed job.
#[derive(Debug, Clone)]
struct Job {
    session: ConversationId,
    kind: String,
    attempts: i64,
    /// The time until which no other process claims it.
    lease: Timestamp,
}

store::from_row!(Job { session, kind, attempts, lease });

impl Job {
    /// Removes the job, unless it was put off by new messages meanwhile.
    async fn done(&self, tx: &mut Tx<'_>) -> Result<(), store::Error> {
        tx.execute(queries::DONE, params![self.session, &self.kind, self.lease]).await?;
        Ok(())
    }
}

/// The conversation of a job.
#[derive(Debug, Clone)]
struct Session {
    key: ConversationId,
    account: AccountId,
    distilled_to: MessageId,
    summary: String,
    summary_to: MessageId,
}

store::from_row!(Session { key, account, distilled_to, summary, summary_to });

/// A message of the conversation.
#[derive(Debug, Clone)]
struct Line {
    id: MessageId,
    role: Role,
    content: String,
    is_own: bool,
}

impl store::FromRow for Line {
    fn from_row(row: &store::Row<'_>) -> store::Result<Self> {
        let (role, is_own): (String, i64) = (row.get(1)?, row.get(3)?);
        let damaged = || store::Error::Other("message: unknown role".to_owned());
        let role = Role::parse(&role).ok_or_else(damaged)?;
        Ok(Self { id: row.get(0)?, role, content: row.get(2)?, is_own: is_own != 0 })
    }
}

/// The reason why a job failed.
#[derive(Debug)]
enum JobError {
    Store(ApiError),
    Model(Failure),
    /// The model's output is unusable.
    InvalidModelOutput,
    /// The person's daily token limit is reached.
    UsedUp,
}

impl From<ApiError> for JobError {
    fn from(error: ApiError) -> Self {
        Self::Store(error)
    }
}

impl From<store::Error> for JobError {
    fn from(error: store::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Runs due jobs until shutdown. Does nothing while no model is connected.
pub(crate) fn start(chat: &Chat, tasks: &Tasks) {
    let turns = Turns::new(DueWork(chat.clone()), PLACES);
    turns.start(tasks, "conversations looked through", EVERY, Arc::default());
    dream::start(chat, tasks);
}

/// The queue of due jobs.
struct DueWork(Chat);

impl Queue for DueWork {
    type Job = Job;

    async fn accounts(&self, after: AccountId, limit: i64) -> Result<Vec<AccountId>, ApiError> {
        if self.0.models().is_empty() {
            return Ok(Vec::new());
        }
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![after, now, limit, self.0.latest_due(now)];
        let due: Vec<(AccountId,)> = db.fetch_all(queries::DUE_ACCOUNTS, values).await?;
        Ok(due.into_iter().map(|(account,)| account).collect())
    }

    async fn claim(&self, account: AccountId) -> Result<Option<Job>, ApiError> {
        let now = self.0.db().clock().now();
        let (lease, latest) = (self.0.lease(now), self.0.latest_due(now));
        self.0
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    Ok(tx.fetch_optional(queries::CLAIM, params![account, now, lease, latest]).await?)
                })
            })
            .await
    }

    async fn work(&self, job: Job) -> Result<(), ApiError> {
        self.0.work(job).await
    }
}

impl Chat {
    /// Returns the end of a lease that begins now.
    fn lease(&self, now: Timestamp) -> Timestamp {
        let longest = i64::try_from(self.models().total().as_secs()).unwrap_or(i64::MAX);
        now.plus_secs(longest.saturating_add(GRACE))
    }

    /// Returns the latest time that a job can be put off to: the next day, the wait after a failure, or the
    /// quiet time of a conversation.
    fn latest_due(&self, now: Timestamp) -> Timestamp {
        let quiet = i64::try_from(self.settings().distill_after.as_secs()).unwrap_or(i64::MAX);
        let day = now.plus_ms(DAY_MS).plus_secs(GRACE);
        Timestamp(day.plus_secs(quiet).0.max(self.lease(now).0))
    }

    /// Runs the due jobs, taking turns between accounts, and returns their number. Several processes may do
    /// so at once.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn work_due(&self) -> Result<usize, ApiError> {
        Turns::new(DueWork(self.clone()), PLACES).run_due().await
    }

    async fn work(&self, job: Job) -> Result<(), ApiError> {
        let found = self.db().fetch_optional(queries::SESSION, params![job.session]).await?;
        // Deleted meanwhile, together with its jobs.
        let Some(session) = found else { return Ok(()) };
        let worked = match job.kind.as_str() {
            "distill" => self.distill(&job, &session).await,
            "title" => self.entitle(&job, &session).await,
            _ => self.summarise(&job, session).await,
        };
        let now = self.db().clock().now();
        let (due, attempts) = match worked {
            Ok(()) => return Ok(()),
            Err(JobError::Store(error)) => return Err(error),
            Err(JobError::UsedUp) => (Some(Timestamp((now.day() + 1).saturating_mul(DAY_MS))), 0),
            Err(JobError::InvalidModelOutput) => (None, 0),
            Err(JobError::Model(failure)) => {
                tracing::debug!(%failure, kind = job.kind, "a conversation could not be looked through");
                (BACKOFF.after(job.attempts).map(|wait_ms| now.plus_ms(wait_ms)), job.attempts)
            }
        };
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let Some(due) = due else { return job.done(tx).await };
                    let values = params![job.session, &job.kind, job.lease, due, attempts];
                    tx.execute(queries::LATER, values).await?;
                    Ok::<_, store::Error>(())
                })
            })
            .await?;
        Ok(())
    }

    /// Asks a model and returns its complete answer. The tokens count as the person's usage in any case.
    async fn ask_for(&self, account: AccountId, what: Kind, ask: &Ask) -> Result<String, JobError> {
        let today = self.today(account).await?;
        if self.is_used_up(&today) {
            return Err(JobError::UsedUp);
        }
        let mut reply = self.models().ask(ask).await.map_err(JobError::Model)?;
        let mut text = String::new();
        let ended = reply.read_to_end(&mut text).await;
        let about = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (tokens_in, tokens_out) = match reply.usage() {
            Some(usage) => (usage.prompt_tokens.into(), usage.completion_tokens.into()),
            None => (about(crate::prompt::size(&ask.messages)), about(memory::recall::tokens(&text))),
        };
        let day = self.db().clock().now().day();
        let values = params![account, day, what.name(), tokens_in, tokens_out];
        self.db().execute(ADD_USAGE, values).await?;
        ended.map_err(JobError::Model)?;
        Ok(text)
    }

    /// Returns messages of a conversation after an id, oldest first.
    async fn lines(
        &self,
        session: ConversationId,
        after: MessageId,
        most: i64,
    ) -> Result<Vec<Line>, ApiError> {
        Ok(self.db().fetch_all(queries::MESSAGES, params![session, after, most]).await?)
    }
}
