//! Authorizations: the access that a person gives to an app, the code that takes it to the app, and the
//! tokens for which the app exchanges the code.

mod agents;
mod introspect;
pub mod model;
mod queries;
mod refresh;
mod revoke;
mod routes;
pub mod rules;
mod token;

use store::{AccountId, Ids, Random, Timestamp, Tx, params};
use web::{ApiError, Code};

pub use agents::ConnectedAgent;
pub use introspect::Introspection;
pub use model::{Authorization, Consent, Exchange, Settings, Standing, Tokens};
pub use routes::router;

use crate::{
    Audience, AuditAction, AuthorizationId, DeliveryId, Identity,
    account::announce,
    credential::{Kind, Secret},
    webhook,
};

impl Identity {
    /// Returns the authorization that an account gives to an app at present, if there is one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn standing(
        &self,
        account: AccountId,
        application: &str,
    ) -> Result<Option<Standing>, ApiError> {
        Ok(self.db().fetch_optional(queries::STANDING, params![account, application]).await?)
    }

    /// Stores a person's consent, and creates the code that the app may exchange once.
    ///
    /// The app must come from [`Identity::asking_application`], and the consent from the person themself.
    /// Scopes that they were not asked about this time stay as they were.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the app was deleted meanwhile; [`Code::OauthCodeRevoked`] if the
    /// authorization was revoked meanwhile.
    pub async fn consent(&self, account: AccountId, consent: Consent) -> Result<Secret, ApiError> {
        let code = Secret::generate(Kind::Code, self.db().random());
        let (hash, now, id) = (code.hash(), self.db().clock().now(), self.db().ids().next());
        let expires_at = now.plus_secs(self.settings().oauth.code_seconds);
        let entry = self
            .audit(AuditAction::AccessGranted, format!("{}: {}", consent.application, consent.granted))
            .by(account);
        let is_less = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let open = params![id, account, &consent.application, now];
                    tx.execute(queries::OPEN, open).await.map_err(deleted)?;
                    let held: Option<Standing> =
                        tx.fetch_optional(queries::HOLD, params![account, &consent.application]).await?;
                    // The authorization was revoked meanwhile.
                    let before = held.ok_or(Code::OauthCodeRevoked)?;
                    let after = rules::merge(&before, consent.asked, consent.granted);
                    let (scopes, asked) = (after.scopes.to_string(), after.asked.to_string());
                    let answered_at = if consent.is_answer { now } else { before.answered_at };
                    tx.execute(queries::SET_SCOPES, params![before.id, &scopes, &asked, answered_at]).await?;
                    // A person who grants a refused scope later grants it to the tokens of an agent, too.
                    let of_code = match consent.audience {
                        Audience::Server => consent.granted,
                        Audience::Mcp => consent.asked,
                    };
                    let of_code = of_code.to_string();
                    let values = params![
                        &hash.0,
                        before.id,
                        &of_code,
                        &consent.redirect_uri,
                        consent.challenge.as_deref(),
                        expires_at,
                        consent.audience.name()
                    ];
                    tx.execute(queries::INSERT_CODE, values).await?;
                    if consent.is_answer {
                        entry.record(tx).await?;
                    }
                    let is_less = !after.scopes.abilities().covers(before.scopes.abilities());
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

    /// Returns the authorizations of an account, latest first, at most 100.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn authorizations(&self, account: AccountId) -> Result<Vec<Authorization>, ApiError> {
        self.flush().await;
        Ok(self.db().fetch_all(queries::LIST, params![account]).await?)
    }

    /// Revokes an authorization, which ends its tokens and codes at once. Returns false if the account has no
    /// active authorization with this id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_authorization(
        &self,
        account: AccountId,
        id: AuthorizationId,
    ) -> Result<bool, ApiError> {
        let now = self.db().clock().now();
        let news = (DeliveryId(self.db().ids().next()), self.event_id("evt_"));
        let entry = self.audit(AuditAction::AccessRevoked, "").by(account);
        let revoked = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let revoked: Option<(String,)> =
                        tx.fetch_optional(queries::REVOKE, params![id, account, now]).await?;
                    if let Some((application,)) = &revoked {
                        entry.about(application).record(tx).await?;
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

/// Maps a foreign key error to that of an app that was deleted meanwhile.
fn deleted(error: store::Error) -> ApiError {
    match error {
        store::Error::ForeignKey => Code::OauthApplicationNotFound.into(),
        other => other.into(),
    }
}

/// Revokes the tokens that came of a code, inside a transaction that has locked its authorization.
async fn revoke_code(tx: &mut Tx<'_>, code: &[u8; 32], now: Timestamp) -> Result<(), ApiError> {
    tx.execute(queries::REVOKE_CODE, params![code, now]).await?;
    Ok(())
}

/// Revokes all authorizations of an account inside a transaction, and stores the webhook events for the apps.
pub(crate) async fn revoke_all(
    tx: &mut Tx<'_>,
    account: AccountId,
    now: Timestamp,
    ids: &Ids,
    random: &Random,
) -> Result<(), ApiError> {
    let applications: Vec<(String,)> = tx.fetch_all(queries::REVOKE_ALL, params![account, now]).await?;
    for (application,) in applications {
        let news = (DeliveryId(ids.next()), webhook::event_id(random, "evt_"));
        webhook::note_revocation(tx, news, &application, account, now).await?;
    }
    Ok(())
}
