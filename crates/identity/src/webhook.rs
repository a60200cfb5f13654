//! Webhooks of apps, which announce that a person revoked their consent.
//!
//! An event is stored in the transaction that it reports, and sent until the app's server accepts it, for
//! little more than a day. Deliveries survive a restart of this process. All attempts to send an event have
//! the same `eventId`.

pub mod model;
mod queries;
pub mod rules;
mod send;

use std::{sync::Arc, time::Duration};

use store::{AccountId, Random, Timestamp, Tx, params};
use tokio::sync::{Notify, Semaphore};
use web::{ApiError, Code, Places, Queue, Tasks, Turns};

pub use model::WebhookChange;
pub use model::{Delivery, Settings, State, Trial};
use model::{Due, Event, Standing, Target};

use crate::{
    AuditAction, DeliveryId, Identity,
    application::app_scoped_id,
    credential::{Kind, Secret},
};

/// Interval at which due deliveries are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// Most deliveries at once, and for the apps of one owner.
const PLACES: Places = Places { all: 16, per_account: 4 };
/// The lease of a delivery in seconds. After it another process may try.
const LEASE_SECONDS: i64 = 60;
/// Most deliveries that are listed for an app.
const SHOWN: i64 = 50;

/// The state of the delivery task.
pub(crate) struct Worker {
    /// Notified when a delivery may be due.
    due: Arc<Notify>,
    /// Permits for trials at once, so that nobody can make this server send without end.
    trials: Semaphore,
}

impl Default for Worker {
    fn default() -> Self {
        Self { due: Arc::default(), trials: Semaphore::new(8) }
    }
}

/// Stores the event for an app, in the transaction that revokes a person's consent.
pub(crate) async fn note_revocation(
    tx: &mut Tx<'_>,
    (id, event_id): (DeliveryId, String),
    application: &str,
    account: AccountId,
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
    /// Creates the id of an event.
    pub(crate) fn event_id(&self, prefix: &str) -> String {
        event_id(self.db().random(), prefix)
    }

    /// Wakes the delivery task after an event was stored.
    pub(crate) fn deliver_soon(&self) {
        self.0.webhooks.due.notify_one();
    }

    /// Returns the deliveries of an account's app, latest first.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the id is unknown or another account's.
    pub async fn deliveries(&self, account: AccountId, application: &str) -> Result<Vec<Delivery>, ApiError> {
        self.own_application(account, application).await?;
        Ok(self.db().fetch_all(queries::LIST, params![application, SHOWN]).await?)
    }

    /// Sends a trial event to an account's app at once. The saved URL and secret are used unless others are
    /// given.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the id is unknown or another account's; 422 if the URL or the
    /// secret is not valid, or neither given nor saved; [`Code::RateLimited`] if too many trials run.
    pub async fn try_webhook(
        &self,
        account: AccountId,
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
        let (id, body) = (DeliveryId(self.db().ids().next()), event.body());
        let values =
            params![id, application, &event.event_id, &body, now, state.name(), sent.status, &sent.note];
        self.db().execute(queries::INSERT_TRIAL, values).await?;
        Ok(Trial { url, event, sent })
    }

    /// Sends every due delivery once, round-robin by the owners of the apps. Returns the number of attempts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn deliver_due(&self) -> Result<usize, ApiError> {
        Turns::new(Deliveries(self.clone()), PLACES).run_due().await
    }

    /// Sends one delivery, which is claimed until `lease`, and stores when a failed one is retried.
    async fn deliver(&self, due: Due, lease: Timestamp) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        let sent = match self.target(&due) {
            Ok(Some(Target { url, secret })) => self.send(&url, &secret, &due.body, false).await,
            Ok(None) => model::Sent::refused("the webhook is switched off"),
            Err(error) => {
                tracing::warn!(
                    application = due.application,
                    cause = error.cause(),
                    "a webhook cannot be signed"
                );
                model::Sent::failed("the secret cannot be opened")
            }
        };
        let attempts = due.attempts + 1;
        let (state, next) = match rules::next(&sent, attempts) {
            rules::Next::Done => (State::Delivered, now),
            rules::Next::GiveUp => (State::GivenUp, now),
            rules::Next::Again(wait_ms) => (State::Waiting, self.db().clock().now().plus_ms(wait_ms)),
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

    /// Returns the URL and the secret of a delivery, or `None` if the webhook has been switched off.
    fn target(&self, due: &Due) -> Result<Option<Target>, ApiError> {
        let (true, Some(sealed)) = (due.is_enabled && !due.url.is_empty(), &due.secret) else {
            return Ok(None);
        };
        let secret = self.open_webhook_secret(&due.application, sealed)?;
        Ok(Some(Target { url: due.url.clone(), secret }))
    }

    /// Returns the signing secret of an app, if it has one.
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

    /// Changes the webhook of an app. Absent settings stay as they are. Returns the signing secret if it is
    /// new: either given, or created because there was none.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the id is unknown or another account's; 422 if events are
    /// enabled without a URL.
    pub async fn set_webhook(
        &self,
        account: AccountId,
        application: &str,
        change: WebhookChange,
    ) -> Result<Option<String>, ApiError> {
        self.own_application(account, application).await?;
        if change == WebhookChange::default() {
            return Ok(None);
        }
        let made = Secret::generate(Kind::WebhookSecret, self.db().random());
        let secret = change.secret.clone().unwrap_or_else(|| made.expose().to_owned());
        let sealed = self.0.sealer.seal(&purpose(application), secret.as_bytes()).await;
        let (sealed, key) = (sealed.map_err(ApiError::internal)?, application.to_owned());
        let entry = self.audit(AuditAction::AppWebhookChanged, application).by(account);
        let is_new = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let before: Option<Standing> =
                        tx.fetch_optional(queries::HOLD, params![&key, account]).await?;
                    let before = before.ok_or(Code::OauthApplicationNotFound)?;
                    let after = rules::merge(before, &change)?;
                    let sealed = after.is_new_secret.then_some(sealed.as_slice());
                    tx.execute(queries::SET, params![&key, &after.url, after.is_enabled, sealed]).await?;
                    entry.record(tx).await?;
                    Ok::<_, ApiError>(after.is_new_secret)
                })
            })
            .await?;
        Ok(is_new.then_some(secret))
    }
}

/// Creates the id of an event.
pub(crate) fn event_id(random: &Random, prefix: &str) -> String {
    format!("{prefix}{}", random.hex(16))
}

fn purpose(application: &str) -> String {
    format!("webhook of {application}")
}

/// The queue of due deliveries.
struct Deliveries(Identity);

impl Queue for Deliveries {
    type Job = (Due, Timestamp);

    async fn accounts(&self, after: AccountId, limit: i64) -> Result<Vec<AccountId>, ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![after, now, limit, now.plus_ms(rules::LONGEST_WAIT_MS)];
        let due: Vec<(AccountId,)> = db.fetch_all(queries::DUE_ACCOUNTS, values).await?;
        Ok(due.into_iter().map(|(account,)| account).collect())
    }

    async fn claim(&self, account: AccountId) -> Result<Option<Self::Job>, ApiError> {
        let (db, now) = (self.0.db(), self.0.db().clock().now());
        let values = params![now, account, now.plus_ms(rules::LONGEST_WAIT_MS)];
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
