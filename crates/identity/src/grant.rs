//! What a person lets an application do (contract §2): the authorization, the code that stands for it on the
//! way to the application, and the tokens made of the code.

mod introspect;
pub mod model;
mod queries;
mod refresh;
mod revoke;
mod routes;
pub mod rules;
mod token;

use store::{Ids, Random, Timestamp, Tx, params};
use web::{ApiError, Code};

pub use introspect::Introspection;
pub use model::{Authorization, Consent, Exchange, Settings, Standing, Tokens};
pub use routes::router;

use crate::{
    Identity,
    account::announce,
    credential::{Kind, Secret},
    webhook,
};

impl Identity {
    /// What an account allows an application at present, if anything.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn standing(&self, account: i64, application: &str) -> Result<Option<Standing>, ApiError> {
        Ok(self.db().fetch_optional(queries::STANDING, params![account, application]).await?)
    }

    /// Notes what a person allows an application, and makes the code that the application may exchange once.
    ///
    /// The application must come from [`Identity::asking_application`], and the answer be the person's own. What
    /// they were not asked about this time stays as it was.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] when the application has just been deleted.
    pub async fn consent(&self, account: i64, consent: Consent) -> Result<Secret, ApiError> {
        let code = Secret::generate(Kind::Code, self.db().random());
        let (hash, now, id) = (code.hash(), self.db().clock().now(), self.db().ids().next());
        let expires_at = now.plus_secs(self.settings().oauth.code_seconds);
        let is_less = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let open = params![id, account, &consent.application, now];
                    tx.execute(queries::OPEN, open).await.map_err(deleted)?;
                    let held: Option<Standing> =
                        tx.fetch_optional(queries::HOLD, params![account, &consent.application]).await?;
                    // Revoked by another hand at this very moment.
                    let before = held.ok_or(Code::OauthCodeRevoked)?;
                    let after = rules::merge(&before, consent.asked, consent.granted);
                    let (scopes, asked) = (after.scopes.to_string(), after.asked.to_string());
                    let answered_at = if consent.is_answer { now } else { before.answered_at };
                    tx.execute(queries::SET_SCOPES, params![before.id, &scopes, &asked, answered_at]).await?;
                    let granted = consent.granted.to_string();
                    let values = params![
                        &hash.0,
                        before.id,
                        &granted,
                        &consent.redirect_uri,
                        consent.challenge.as_deref(),
                        expires_at
                    ];
                    tx.execute(queries::INSERT_CODE, values).await?;
                    let is_less = !after.scopes.covers(before.scopes);
                    if is_less {
                        announce(tx, account).await?;
                    }
                    Ok::<_, ApiError>(is_less)
                })
            })
            .await?;
        if is_less {
            self.0.cache.forget_account(account);
        }
        Ok(code)
    }

    /// What an account allows which applications, the latest first, at most 100.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn authorizations(&self, account: i64) -> Result<Vec<Authorization>, ApiError> {
        self.flush().await;
        Ok(self.db().fetch_all(queries::LIST, params![account]).await?)
    }

    /// Takes an authorization back: its tokens and codes are good for nothing from now on. False when the
    /// account has none of this id that stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_authorization(&self, account: i64, id: i64) -> Result<bool, ApiError> {
        let now = self.db().clock().now();
        let news = (self.db().ids().next(), self.event_id("evt_"));
        let revoked = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let revoked: Option<(String,)> =
                        tx.fetch_optional(queries::REVOKE, params![id, account, now]).await?;
                    if let Some((application,)) = &revoked {
                        webhook::note_revocation(tx, news, application, account, now).await?;
                    }
                    announce(tx, account).await?;
                    Ok::<_, ApiError>(revoked.is_some())
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        if revoked {
            self.deliver_soon();
        }
        Ok(revoked)
    }
}

/// A row that something new was to stand on is gone: its application was deleted at this very moment.
fn deleted(error: store::Error) -> ApiError {
    match error {
        store::Error::ForeignKey => Code::OauthApplicationNotFound.into(),
        other => other.into(),
    }
}

/// Takes back what a code obtained, inside a transaction that holds its authorization.
async fn revoke_code(tx: &mut Tx<'_>, code: &[u8; 32], now: Timestamp) -> Result<(), ApiError> {
    tx.execute(queries::REVOKE_CODE, params![code, now]).await?;
    Ok(())
}

/// Takes back everything that an account allows applications, inside a transaction, and notes what each of them is
/// to be told.
pub(crate) async fn revoke_all(
    tx: &mut Tx<'_>,
    account: i64,
    now: Timestamp,
    ids: &Ids,
    random: &Random,
) -> Result<(), ApiError> {
    let applications: Vec<(String,)> = tx.fetch_all(queries::REVOKE_ALL, params![account, now]).await?;
    for (application,) in applications {
        let news = (ids.next(), webhook::event_id(random, "evt_"));
        webhook::note_revocation(tx, news, &application, account, now).await?;
    }
    Ok(())
}
