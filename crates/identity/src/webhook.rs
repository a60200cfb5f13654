//! News for applications: that a person took their consent back (contract §2.2).
//!
//! What is to be sent is written down in the transaction it tells of, and sent from there until the application's
//! server has taken it, over a day at most, whatever happens to this process meanwhile. What is sent twice has the
//! same `eventId`.

pub mod model;
mod queries;
pub mod rules;
mod send;

use std::{sync::Arc, time::Duration};

use store::{Random, Timestamp, Tx, params};
use tokio::sync::{Notify, Semaphore};
use web::{ApiError, Code, Places, Queue, Tasks, Turns};

pub use model::Wish;
pub use model::{Delivery, Settings, State, Trial};
use model::{Due, Event, Standing, Target};

use crate::{
    Identity,
    application::app_scoped_id,
    credential::{Kind, Secret},
};

/// How often it is looked after what is due.
const EVERY: Duration = Duration::from_secs(1);
/// Deliveries tried at once, and to the applications of one owner.
const PLACES: Places = Places { all: 16, per_account: 4 };
/// Whoever tries a delivery has so long; then another process may.
const LEASE_SECONDS: i64 = 60;
/// Deliveries shown of an application.
const SHOWN: i64 = 50;

/// What sends.
pub(crate) struct Worker {
    /// Something may be due.
    due: Arc<Notify>,
    /// Trials at once, so that nobody makes this server call without end.
    trials: Semaphore,
}

impl Default for Worker {
    fn default() -> Self {
        Self { due: Arc::default(), trials: Semaphore::new(8) }
    }
}

/// Writes down what an application is to be told, in the transaction that takes a person's consent back.
pub(crate) async fn note_revocation(
    tx: &mut Tx<'_>,
    (id, event_id): (i64, String),
    application: &str,
    account: i64,
    now: Timestamp,
) -> Result<(), ApiError> {
    let target: Option<([u8; 32],)> = tx.fetch_optional(queries::LISTENS, params![application]).await?;
    let Some((key,)) = target else { return Ok(()) };
    let event = Event::revoked(event_id, now, application, app_scoped_id(&key, account), "user_revoked");
    let body = event.body();
    let values = params![id, application, &event.event_id, &body, now, now];
    tx.execute(queries::INSERT, values).await?;
    Ok(())
}

impl Identity {
    /// A new id for an event.
    pub(crate) fn event_id(&self, prefix: &str) -> String {
        event_id(self.db().random(), prefix)
    }

    /// Wakes what sends: something was just written down.
    pub(crate) fn deliver_soon(&self) {
        self.0.webhooks.due.notify_one();
    }

    /// What an application of an account was sent, the latest first.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] for an id that is unknown or another's.
    pub async fn deliveries(&self, account: i64, application: &str) -> Result<Vec<Delivery>, ApiError> {
        self.own_application(account, application).await?;
        Ok(self.db().fetch_all(queries::LIST, params![application, SHOWN]).await?)
    }

    /// Sends an application of an account a trial event right away, to the saved address and with the saved
    /// secret unless others are given.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`]; 422 for an address that cannot be one, or that nothing is saved to stand
    /// in for; [`Code::RateLimited`] when too many trials run.
    pub async fn try_webhook(
        &self,
        account: i64,
        application: &str,
        url: Option<String>,
        secret: Option<String>,
    ) -> Result<Trial, ApiError> {
        let saved = self.own_application(account, application).await?;
        let url = url.or(Some(saved.webhook_url).filter(|url| !url.is_empty()));
        let secret = match secret {
            Some(secret) => Some(secret),
            None => self.webhook_secret(application).await?,
        };
        let (url, secret) = rules::trial(url, secret)?;
        let _place = self
            .0
            .webhooks
            .trials
            .try_acquire()
            .map_err(|_full| ApiError::new(Code::RateLimited).retry_after(10))?;
        let now = self.db().clock().now();
        let person = "asu_test_delivery".to_owned();
        let event = Event::revoked(self.event_id("evt_test_"), now, application, person, "test_delivery");
        let sent = self.send(&url, &secret, &event.body(), true).await;
        let state = if sent.is_taken() { State::Delivered } else { State::GivenUp };
        let (id, body) = (self.db().ids().next(), event.body());
        let values =
            params![id, application, &event.event_id, &body, now, state.name(), sent.status, &sent.note];
        self.db().execute(queries::INSERT_TRIAL, values).await?;
        Ok(Trial { url, event, sent })
    }

    /// Sends what is due now, each once, by turns of the applications' owners; answers how many were tried.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver_due(&self) -> Result<usize, ApiError> {
        Turns::new(Deliveries(self.clone()), PLACES).run_due().await
    }

    /// Tries one delivery that is claimed until `lease`.
    async fn deliver(&self, due: Due, lease: Timestamp) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        let sent = match self.target(&due) {
            Ok(Some(Target { url, secret })) => self.send(&url, &secret, &due.body, false).await,
            Ok(None) => send::Sent::refused("the webhook is switched off"),
            Err(error) => {
                tracing::warn!(
                    application = due.application,
                    cause = error.cause(),
                    "a webhook cannot be signed"
                );
                send::Sent::failed("the secret cannot be opened")
            }
        };
        let attempts = due.attempts + 1;
        let (state, next) = match rules::next(&sent, attempts) {
            rules::Next::Done => (State::Delivered, now),
            rules::Next::GiveUp => (State::GivenUp, now),
            rules::Next::Again(seconds) => (State::Waiting, self.db().clock().now().plus_secs(seconds)),
        };
        let values = params![due.id, lease, state.name(), next, sent.status, &sent.note];
        self.db().execute(queries::FINISH, values).await?;
        if state == State::GivenUp {
            tracing::info!(
                application = due.application,
                attempts,
                note = sent.note,
                "a webhook was given up"
            );
        }
        Ok(())
    }

    /// Where to, and signed with what; `None` where the application wants no news any more.
    fn target(&self, due: &Due) -> Result<Option<Target>, ApiError> {
        let (true, Some(sealed)) = (due.is_enabled && !due.url.is_empty(), &due.secret) else {
            return Ok(None);
        };
        let secret = self.open_webhook_secret(&due.application, sealed)?;
        Ok(Some(Target { url: due.url.clone(), secret }))
    }

    /// The secret that an application's news are signed with, if it has one.
    async fn webhook_secret(&self, application: &str) -> Result<Option<String>, ApiError> {
        let row: Option<(Option<Vec<u8>>,)> =
            self.db().fetch_optional(queries::SECRET, params![application]).await?;
        let sealed = row.and_then(|(sealed,)| sealed);
        sealed.map(|sealed| self.open_webhook_secret(application, &sealed)).transpose()
    }

    fn open_webhook_secret(&self, application: &str, sealed: &[u8]) -> Result<String, ApiError> {
        let opened = self.0.sealer.open(&purpose(application), sealed).map_err(ApiError::internal)?;
        String::from_utf8(opened).map_err(ApiError::internal)
    }

    /// Changes what an application wants to hear; what is absent stays. Answers the secret where it is a new one:
    /// brought, or made because there was none.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`]; 422 for what cannot be, such as news without an address.
    pub async fn set_webhook(
        &self,
        account: i64,
        application: &str,
        wish: Wish,
    ) -> Result<Option<String>, ApiError> {
        self.own_application(account, application).await?;
        if wish == Wish::default() {
            return Ok(None);
        }
        let made = Secret::generate(Kind::WebhookSecret, self.db().random());
        let secret = wish.secret.clone().unwrap_or_else(|| made.expose().to_owned());
        let sealed = self.0.sealer.seal(&purpose(application), secret.as_bytes()).await;
        let (sealed, key) = (sealed.map_err(ApiError::internal)?, application.to_owned());
        let is_new = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let before: Option<Standing> =
                        tx.fetch_optional(queries::HOLD, params![&key, account]).await?;
                    let before = before.ok_or(Code::OauthApplicationNotFound)?;
                    let after = rules::merge(before, &wish)?;
                    let sealed = after.is_new_secret.then_some(sealed.as_slice());
                    tx.execute(queries::SET, params![&key, &after.url, after.is_enabled, sealed]).await?;
                    Ok::<_, ApiError>(after.is_new_secret)
                })
            })
            .await?;
        Ok(is_new.then_some(secret))
    }
}

/// A new id for an event.
pub(crate) fn event_id(random: &Random, prefix: &str) -> String {
    format!("{prefix}{}", random.hex(16))
}

fn purpose(application: &str) -> String {
    format!("webhook of {application}")
}

/// The deliveries that are due, as a queue.
struct Deliveries(Identity);

impl Queue for Deliveries {
    type Job = (Due, Timestamp);

    async fn accounts(&self, after: i64, limit: i64) -> Result<Vec<i64>, ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![after, now, limit, now.plus_secs(rules::LONGEST_WAIT)];
        let due: Vec<(i64,)> = db.fetch_all(queries::DUE_ACCOUNTS, values).await?;
        Ok(due.into_iter().map(|(account,)| account).collect())
    }

    async fn claim(&self, account: i64) -> Result<Option<Self::Job>, ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![now, account, now.plus_secs(rules::LONGEST_WAIT)];
        let found: Option<Due> = db.fetch_optional(queries::DUE, values).await?;
        let Some(due) = found else { return Ok(None) };
        let lease = now.plus_secs(LEASE_SECONDS);
        let is_ours = db.execute(queries::LEASE, params![due.id, due.due_at, lease, now]).await? > 0;
        Ok(is_ours.then_some((due, lease)))
    }

    async fn work(&self, (due, lease): Self::Job) -> Result<(), ApiError> {
        self.0.deliver(due, lease).await
    }
}

pub(crate) fn start(identity: &Identity, tasks: &Tasks) {
    let wake = Arc::clone(&identity.0.webhooks.due);
    Turns::new(Deliveries(identity.clone()), PLACES).start(tasks, "webhooks sent", EVERY, wake);
}
