//! Dreaming: a nightly look over a person's facts. A model proposes to merge what says the same, points to
//! facts that another one contradicts, and writes a short self-description. Rules check the proposals, and
//! all of them wait for the person. Once a night at most, only after something was learned, and bounded in
//! tokens.

mod queries;
mod rules;

use std::{sync::Arc, time::Duration};

use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Places, Queue, Tasks, Turns};

use super::{BACKOFF, JobError, Kind};
use crate::Chat;

/// Interval between looks for due nights.
const EVERY: Duration = Duration::from_secs(300);
/// Maximum number of people for whom this process dreams at once.
const PLACES: Places = Places { all: 1, per_account: 1 };
/// The hour of the night, in the person's time zone.
const HOUR_MS: i64 = 3 * 3_600_000;
/// Maximum number of facts that are looked at.
const MAX_FACTS: i64 = 300;

/// A claimed night.
#[derive(Debug, Clone)]
pub(crate) struct Night {
    account: AccountId,
    attempts: i64,
    /// The time until which no other process claims it.
    lease: Timestamp,
}

store::from_row!(Night { account, attempts, lease });

/// The last dream of a person.
#[derive(Debug, Clone)]
pub struct LastDream {
    /// The time.
    pub at: Timestamp,
    /// The number of proposals.
    pub proposals: i64,
    /// The number of tokens that it took.
    pub tokens: i64,
}

store::from_row!(LastDream { at, proposals, tokens });

/// Plans the next night after something was learned.
pub(super) async fn plan(tx: &Tx<'_>, account: AccountId, night: Timestamp) -> store::Result<()> {
    tx.execute(queries::PLAN, params![account, night]).await?;
    Ok(())
}

/// Dreams until shutdown. Does nothing while no model is connected.
pub(crate) fn start(chat: &Chat, tasks: &Tasks) {
    let turns = Turns::new(Nights(chat.clone()), PLACES);
    turns.start(tasks, "facts looked over", EVERY, Arc::default());
}

/// The queue of due nights.
struct Nights(Chat);

impl Queue for Nights {
    type Job = Night;

    async fn accounts(&self, after: AccountId, limit: i64) -> Result<Vec<AccountId>, ApiError> {
        if self.0.models().is_empty() || !self.0.settings().dream {
            return Ok(Vec::new());
        }
        let now = self.0.db().clock().now();
        let due: Vec<(AccountId,)> = self.0.db().fetch_all(queries::DUE, params![after, now, limit]).await?;
        Ok(due.into_iter().map(|(account,)| account).collect())
    }

    async fn claim(&self, account: AccountId) -> Result<Option<Night>, ApiError> {
        let now = self.0.db().clock().now();
        let lease = self.0.lease(now);
        let claimed = self.0.db().write(move |tx| {
            Box::pin(async move {
                Ok::<_, ApiError>(tx.fetch_optional(queries::CLAIM, params![account, now, lease]).await?)
            })
        });
        claimed.await
    }

    async fn work(&self, night: Night) -> Result<(), ApiError> {
        self.0.dream(night).await
    }
}

impl Chat {
    /// Returns the next night of a person.
    pub(super) async fn next_night(&self, account: AccountId) -> Result<Timestamp, ApiError> {
        let zone = self.memory().zone(account).await?.unwrap_or_default();
        let now = self.db().clock().now();
        let today = zone.start(zone.day(now)).plus_ms(HOUR_MS);
        Ok(if today > now { today } else { zone.start(zone.day(now) + 1).plus_ms(HOUR_MS) })
    }

    /// Looks over the facts of those whose night has come. Returns their number.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn dream_due(&self) -> Result<usize, ApiError> {
        Turns::new(Nights(self.clone()), PLACES).run_due().await
    }

    /// Returns the last dream of a person, if there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn last_dream(&self, account: AccountId) -> Result<Option<LastDream>, ApiError> {
        Ok(self.db().fetch_optional(queries::LAST, params![account]).await?)
    }

    async fn dream(&self, night: Night) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        let (outcome, due, attempts) = match self.look_over(night.account).await {
            Ok((proposals, tokens)) => {
                let values = params![night.account, night.lease, now, proposals, tokens];
                self.db().execute(queries::DONE, values).await?;
                metrics::counter!("doppel_dreams_total", "outcome" => "done").increment(1);
                metrics::counter!("doppel_dream_tokens_total").increment(u64::try_from(tokens).unwrap_or(0));
                return Ok(());
            }
            Err(JobError::Store(error)) => return Err(error),
            Err(JobError::UsedUp) => ("used_up", self.next_night(night.account).await?, 0),
            Err(JobError::InvalidModelOutput) => ("failed", Timestamp(0), 0),
            Err(JobError::Model(failure)) => {
                tracing::debug!(%failure, "facts could not be looked over");
                let wait = BACKOFF.after(night.attempts);
                ("failed", wait.map_or(Timestamp(0), |wait_ms| now.plus_ms(wait_ms)), night.attempts)
            }
        };
        metrics::counter!("doppel_dreams_total", "outcome" => outcome).increment(1);
        let values = params![night.account, night.lease, due, attempts];
        self.db().execute(queries::LATER, values).await?;
        Ok(())
    }

    /// Asks a model about the facts of a person. Returns the number of proposals and of tokens.
    async fn look_over(&self, account: AccountId) -> Result<(i64, i64), JobError> {
        let preferences = self.assistant_settings(account).await?;
        if !self.settings().dream || !preferences.distills {
            return Ok((0, 0));
        }
        let about = self.memory().profile(account).await?.1.self_introduction.clone();
        let facts = self.memory().standing_facts(account, MAX_FACTS).await?;
        let facts = rules::fitting(facts, self.settings().dream_tokens / 2);
        if facts.len() < 2 {
            return Ok((0, 0));
        }
        let ask = rules::ask(&facts, &about);
        let asked = crate::prompt::size(&ask.messages);
        let text = self.ask_for(account, Kind::Dream, &ask).await?;
        let tokens = i64::try_from(asked + memory::recall::tokens(&text)).unwrap_or(i64::MAX);
        let screen = self.memory().screen(account).await?;
        let Some(found) = rules::dreamt(&text, &facts, &about, &screen) else {
            return Err(JobError::InvalidModelOutput);
        };
        let proposals = self.memory().propose_dreamt(account, found).await?;
        Ok((proposals, tokens))
    }
}
