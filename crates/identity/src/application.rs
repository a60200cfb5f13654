//! Apps (OAuth clients) that ask people for access to their data.

pub mod auth;
pub mod client_id;
pub mod model;
pub(crate) mod queries;
pub mod redirect;
mod registration;
mod routes;
pub mod rules;
pub mod wire;

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use store::{AccountId, Tx, params};
use web::{ApiError, Code, paging::Page};

pub use model::{Application, Assertion, Change, Credentials, NewApplication, NewKeys, Status};
pub use routes::router;
pub use wire::ApplicationRequest;

use self::auth::AuthMethod;
use crate::{
    AuditAction, Identity, cache,
    credential::{self, Hash, Kind, Secret},
};

impl Identity {
    /// Returns one page of an account's apps, newest first, and the number of all its apps.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn own_applications(
        &self,
        account: AccountId,
        page: Page,
    ) -> Result<(Vec<Application>, i64), ApiError> {
        let list = self.db().fetch_all(queries::LIST, params![account, page.limit, page.offset]).await?;
        let (total,) = self.db().fetch_one::<(i64,)>(queries::COUNT, params![account]).await?;
        Ok((list, total))
    }

    /// Returns an app of an account.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the id is unknown or another account's.
    pub async fn own_application(&self, account: AccountId, id: &str) -> Result<Application, ApiError> {
        rules::check_id(id)?;
        let found = self.db().fetch_optional(queries::OWN, params![id, account]).await?;
        found.ok_or_else(|| Code::OauthApplicationNotFound.into())
    }

    /// Changes the given properties of an app and keeps the others. A removed scope is lost to its tokens at
    /// once.
    ///
    /// # Errors
    /// The errors of [`Identity::own_application`].
    pub async fn change_application(
        &self,
        account: AccountId,
        id: &str,
        change: Change,
    ) -> Result<Application, ApiError> {
        rules::check_id(id)?;
        let (key, now) = (id.to_owned(), self.db().clock().now());
        let entry = self.audit(AuditAction::AppChanged, id).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let uris = change.redirect_uris.as_deref().map(rules::uris_as_text);
                    let scopes = change.scopes.map(|scopes| scopes.to_string());
                    let values = params![
                        &key,
                        account,
                        change.name.as_deref(),
                        change.description.as_deref(),
                        uris.as_deref(),
                        scopes.as_deref(),
                        now,
                        change.icon_url.as_deref()
                    ];
                    found(tx.execute(queries::UPDATE, values).await?)?;
                    entry.record(tx).await?;
                    announce(tx, &key).await
                })
            })
            .await?;
        self.0.cache.forget_application(id);
        self.own_application(account, id).await
    }

    /// Replaces the client secret of an app. The old one is invalid at once; tokens stay valid.
    ///
    /// # Errors
    /// The errors of [`Identity::own_application`]; [`Code::InvalidParam`] for a public app, which has no
    /// secret.
    pub async fn new_application_secret(&self, account: AccountId, id: &str) -> Result<Secret, ApiError> {
        if self.own_application(account, id).await?.is_public {
            return Err(ApiError::new(Code::InvalidParam).with("clientType = public"));
        }
        let secret = Secret::generate(Kind::ClientSecret, self.db().random());
        let (hash, now, key) = (secret.hash(), self.db().clock().now(), id.to_owned());
        let entry = self.audit(AuditAction::AppSecretReplaced, id).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let values = params![&key, account, &hash.0, now];
                    found(tx.execute(queries::SET_SECRET, values).await?)?;
                    entry.record(tx).await
                })
            })
            .await?;
        Ok(secret)
    }

    /// Returns the account that owns an app.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the id is unknown.
    pub async fn application_owner(&self, id: &str) -> Result<AccountId, ApiError> {
        rules::check_id(id)?;
        let found: Option<(AccountId,)> = self.db().fetch_optional(queries::OWNER, params![id]).await?;
        found.map(|(account,)| account).ok_or_else(|| Code::OauthApplicationNotFound.into())
    }

    /// Deletes an app with all its authorizations and tokens.
    ///
    /// # Errors
    /// The errors of [`Identity::own_application`].
    pub async fn delete_application(&self, account: AccountId, id: &str) -> Result<(), ApiError> {
        rules::check_id(id)?;
        let key = id.to_owned();
        let entry = self.audit(AuditAction::AppDeleted, id).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    found(tx.execute(queries::DELETE, params![&key, account]).await?)?;
                    tx.execute(queries::DELETE_USAGE, params![&key]).await?;
                    entry.record(tx).await?;
                    announce(tx, &key).await
                })
            })
            .await?;
        self.0.cache.forget_application(id);
        Ok(())
    }

    /// Sets the status of an app. Unless it is approved, its credentials are refused.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] if the id is unknown.
    pub async fn set_application_status(&self, id: &str, status: Status) -> Result<(), ApiError> {
        let key = id.to_owned();
        let entry = self.audit(AuditAction::AppStatusChanged, format!("{id}: {}", status.name()));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    entry.record(tx).await?;
                    found(tx.execute(queries::SET_STATUS, params![&key, status.name()]).await?)?;
                    announce(tx, &key).await
                })
            })
            .await?;
        self.0.cache.forget_application(id);
        Ok(())
    }

    /// Returns the app that sends a person here to ask for access, with `redirect_uri` as the way back. The
    /// document of an app whose id is a URL may be fetched for the client at `address`.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`]; [`Code::OauthDocumentInvalid`]; [`Code::OauthRedirectMismatch`] if
    /// the app did not register the URI; the code of its status unless it is approved. None of these may be
    /// reported by a redirect.
    pub async fn asking_application(
        &self,
        id: &str,
        redirect_uri: &str,
        address: IpAddr,
    ) -> Result<Application, ApiError> {
        rules::check_id(id)?;
        let application = if client_id::is_url(id) {
            self.documented_application(id, address).await?
        } else {
            self.stored_application(id).await?.ok_or(Code::OauthApplicationNotFound)?
        };
        if !redirect::is_registered(&application.redirect_uris, redirect_uri) {
            return Err(ApiError::new(Code::OauthRedirectMismatch).with(redirect_uri));
        }
        application.status.check()?;
        Ok(application)
    }

    /// Returns what is stored about an app.
    pub(crate) async fn stored_application(&self, id: &str) -> Result<Option<Application>, ApiError> {
        Ok(self.db().fetch_optional(queries::FIND, params![id]).await?)
    }

    /// Authenticates an app by its secret or its key. A public app has none; it proves itself later, by PKCE.
    ///
    /// # Errors
    /// [`Code::OauthClientInvalid`] if the id is unknown, the app's document cannot be used any more, or the
    /// assertion is wrong; [`Code::OauthSecretMismatch`] if the secret is wrong or missing, or was sent for a
    /// public app; the code of the app's status unless it is approved.
    pub(crate) async fn client(&self, credentials: &Credentials) -> Result<model::Client, ApiError> {
        rules::check_id(&credentials.id).map_err(|_unknown| Code::OauthClientInvalid)?;
        let found: Option<model::Client> =
            self.db().fetch_optional(queries::CLIENT, params![&credentials.id]).await?;
        let mut client = found.ok_or(Code::OauthClientInvalid)?;
        if client_id::is_url(&client.id) {
            match self.document(&client.id, credentials.address).await {
                Ok(document) => client.describe(document),
                // What is stored is as good as at the last consent.
                Err(error) if error.code() == Code::RateLimited => {}
                Err(error) if error.code() == Code::OauthDocumentInvalid => {
                    return Err(Code::OauthClientInvalid.into());
                }
                Err(error) => return Err(error),
            }
        }
        let methods = client.methods();
        match (&credentials.assertion, &credentials.secret) {
            (Some(_), _) if !methods.contains(AuthMethod::PrivateKeyJwt) => {
                return Err(Code::OauthClientInvalid.into());
            }
            (Some(assertion), _) => self.check_assertion(&client, credentials, assertion).await?,
            (None, Some(secret)) if methods.has_secret() && Hash(client.secret_hash).is_of(secret) => {}
            (None, None) if methods.contains(AuthMethod::None) => {}
            (None, _) => return Err(Code::OauthSecretMismatch.into()),
        }
        client.status.check()?;
        Ok(client)
    }

    /// Returns the id by which an app knows a person. It never changes, and differs from app to app. `None`
    /// if the app does not exist.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn app_scoped_id(
        &self,
        application: &str,
        account: AccountId,
    ) -> Result<Option<String>, ApiError> {
        let row: Option<([u8; 32],)> =
            self.db().fetch_optional(queries::PERSON_KEY, params![application]).await?;
        Ok(row.map(|(key,)| app_scoped_id(&key, account)))
    }
}

/// Returns the id of a person, derived with the app's own key.
pub(crate) fn app_scoped_id(key: &[u8; 32], account: AccountId) -> String {
    let digest = Sha256::new().chain_update(key).chain_update(account.0.to_be_bytes()).finalize();
    format!("asu_{}", credential::base36(digest.into()))
}

fn found(changed: u64) -> Result<(), ApiError> {
    if changed == 0 { Err(Code::OauthApplicationNotFound.into()) } else { Ok(()) }
}

/// Notifies other processes that their cached tokens of an app may be out of date.
async fn announce(tx: &mut Tx<'_>, application: &str) -> Result<(), ApiError> {
    Ok(tx.notify(cache::APPLICATION_TOPIC, application).await?)
}
