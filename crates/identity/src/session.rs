//! Sign-in sessions: a random secret in a cookie with `HttpOnly` and `SameSite=Lax`.

mod cookies;
mod queries;

use store::{AccountId, Timestamp, Tx, from_row, params};
use web::{ApiError, names};

pub use cookies::Cookies;

use crate::{
    AuditAction, Caller, Credential, Identity, Password, SessionId,
    account::announce,
    cache::Found,
    caller::Who,
    credential::{Kind, Secret},
};

/// Longest stored `User-Agent` in characters.
const MAX_USER_AGENT: usize = 200;

/// A session in its owner's list.
#[derive(Debug, Clone)]
pub struct Session {
    /// The id, with which the session can be ended.
    pub id: SessionId,
    /// The time of the sign-in.
    pub created_at: Timestamp,
    /// The time of the last use, to the minute.
    pub last_used_at: Timestamp,
    /// The time at which the session expires.
    pub expires_at: Timestamp,
    /// The address from which the person signed in.
    pub address: String,
    /// The `User-Agent` of the browser, cleaned and cut.
    pub user_agent: String,
}

from_row!(Session { id, created_at, last_used_at, expires_at, address, user_agent });

/// The origin of a sign-in.
#[derive(Debug, Clone)]
pub struct Client {
    /// The client's address.
    pub address: std::net::IpAddr,
    /// Its `User-Agent`.
    pub user_agent: String,
}

impl Identity {
    /// Signs a person in. Always starts a new session, never continues one that the browser sent.
    ///
    /// # Errors
    /// The errors of [`Identity::check_password`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Password,
        client: &Client,
    ) -> Result<Secret, ApiError> {
        let account = self.check_password(email, password, client.address).await?;
        self.start_session(account, client).await
    }

    /// Starts a session for a person who has just been authenticated.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn start_session(&self, account: AccountId, client: &Client) -> Result<Secret, ApiError> {
        let secret = Secret::generate(Kind::Session, self.db().random());
        let now = self.db().clock().now();
        let lifetime = i64::try_from(self.settings().session.as_secs()).unwrap_or(i64::MAX / 2000);
        let user_agent: String = names::cleaned(&client.user_agent).chars().take(MAX_USER_AGENT).collect();
        let address = client.address.to_string();
        let hash = secret.hash();
        let id = self.db().ids().next();
        let entry = self.audit(AuditAction::SessionStarted, &user_agent).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let until = now.plus_secs(lifetime);
                    let values = params![id, &hash.0, account, now, until, &address, &user_agent];
                    tx.execute(queries::INSERT, values).await?;
                    entry.record(tx).await
                })
            })
            .await?;
        Ok(secret)
    }

    /// Ends the session with this secret.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sign_out(&self, secret: &Secret) -> Result<(), ApiError> {
        let hash = secret.hash();
        let entry = self.audit(AuditAction::SessionEnded, "");
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let ended: Option<(SessionId, AccountId)> =
                        tx.fetch_optional(queries::DELETE_BY_HASH, params![&hash.0]).await?;
                    match ended {
                        Some((id, account)) => entry.by(account).about(id).record(tx).await,
                        None => Ok(()),
                    }
                })
            })
            .await?;
        self.0.cache.forget(hash);
        Ok(())
    }

    /// Returns the sessions of an account, newest first, at most 100.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<Session>, ApiError> {
        let now = self.db().clock().now();
        Ok(self.db().fetch_all(queries::LIST, params![account, now]).await?)
    }

    /// Ends a session of an account. Returns false if the account has no session with this id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_session(&self, account: AccountId, id: SessionId) -> Result<bool, ApiError> {
        let entry = self.audit(AuditAction::SessionEnded, id).by(account);
        let ended = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let ended = tx.execute(queries::DELETE_OWN, params![id, account]).await?;
                    if ended == 1 {
                        entry.record(tx).await?;
                    }
                    announce(tx, account).await?;
                    Ok::<_, ApiError>(ended == 1)
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        Ok(ended)
    }

    /// Ends every session of an account except `keep`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_other_sessions(&self, account: AccountId, keep: SessionId) -> Result<(), ApiError> {
        let entry = self.audit(AuditAction::OtherSessionsEnded, "").by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    Self::end_sessions(tx, account, Some(keep)).await?;
                    entry.record(tx).await?;
                    announce(tx, account).await
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        Ok(())
    }

    /// Ends every session of an account except `keep`, inside a transaction.
    pub(crate) async fn end_sessions(
        tx: &mut Tx<'_>,
        account: AccountId,
        keep: Option<SessionId>,
    ) -> Result<(), ApiError> {
        tx.execute(queries::DELETE_OTHERS, params![account, keep.unwrap_or(SessionId(0))]).await?;
        Ok(())
    }

    /// Returns the caller of a session cookie, if the session is valid.
    pub(crate) async fn session_caller(&self, presented: &str) -> Result<Option<Who>, ApiError> {
        let Some(secret) = Secret::parse(Kind::Session, presented) else { return Ok(None) };
        let hash = secret.hash();
        let now = self.db().clock().now();
        if let Some(who) = self.0.cache.get(hash, now) {
            return Ok(Some(who));
        }
        let epoch = self.0.cache.epoch();
        let row: Option<(SessionId, AccountId, bool, Timestamp)> =
            self.db().fetch_optional(queries::BY_HASH, params![&hash.0, now]).await?;
        Ok(row.map(|(id, account, is_admin, expires_at)| {
            let who = Who::Person(Caller::new(account, is_admin, Credential::Session { id, secret }));
            self.0.cache.put(hash, Found { who: who.clone(), expires_at: Some(expires_at) }, epoch);
            who
        }))
    }
}
