//! Applications: other people's programs that may ask a person for access (contract §2.3).

pub mod model;
mod queries;
mod registration;
mod routes;
pub mod rules;

use sha2::{Digest, Sha256};
use store::{Tx, params};
use web::{ApiError, Code, paging::Page};

pub use model::{Application, ApplicationRequest, Change, Credentials, NewApplication, Status};
pub use routes::router;

use crate::{
    Identity, cache,
    credential::{self, Hash, Kind, Secret},
};

impl Identity {
    /// One page of an account's applications, newest first, and how many it has.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn own_applications(
        &self,
        account: i64,
        page: Page,
    ) -> Result<(Vec<Application>, i64), ApiError> {
        let list = self.db().fetch_all(queries::LIST, params![account, page.limit, page.offset]).await?;
        let (total,) = self.db().fetch_one::<(i64,)>(queries::COUNT, params![account]).await?;
        Ok((list, total))
    }

    /// An application of an account.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`] for an id that is unknown or another's.
    pub async fn own_application(&self, account: i64, id: &str) -> Result<Application, ApiError> {
        rules::check_id(id)?;
        let found = self.db().fetch_optional(queries::OWN, params![id, account]).await?;
        found.ok_or_else(|| Code::OauthApplicationNotFound.into())
    }

    /// Changes what is given and leaves the rest. A scope taken away is gone from its tokens as well, at once.
    ///
    /// # Errors
    /// As [`Identity::own_application`].
    pub async fn change_application(
        &self,
        account: i64,
        id: &str,
        change: Change,
    ) -> Result<Application, ApiError> {
        rules::check_id(id)?;
        let (key, now) = (id.to_owned(), self.db().clock().now());
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
                    announce(tx, &key).await
                })
            })
            .await?;
        self.0.cache.forget_application(id);
        self.own_application(account, id).await
    }

    /// Gives an application a new secret; the old one is good for nothing from now on. Tokens stay.
    ///
    /// # Errors
    /// As [`Identity::own_application`]; [`Code::InvalidParam`] for a public one, which has none.
    pub async fn new_application_secret(&self, account: i64, id: &str) -> Result<Secret, ApiError> {
        if self.own_application(account, id).await?.is_public {
            return Err(ApiError::new(Code::InvalidParam).with("clientType = public"));
        }
        let secret = Secret::generate(Kind::ClientSecret, self.db().random());
        let (hash, now) = (secret.hash(), self.db().clock().now());
        found(self.db().execute(queries::SET_SECRET, params![id, account, &hash.0, now]).await?)?;
        Ok(secret)
    }

    /// Deletes an application with every authorization and token it has.
    ///
    /// # Errors
    /// As [`Identity::own_application`].
    pub async fn delete_application(&self, account: i64, id: &str) -> Result<(), ApiError> {
        rules::check_id(id)?;
        let key = id.to_owned();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    found(tx.execute(queries::DELETE, params![&key, account]).await?)?;
                    announce(tx, &key).await
                })
            })
            .await?;
        self.0.cache.forget_application(id);
        Ok(())
    }

    /// Lets an application work, or stops it and everything that was issued to it.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`].
    pub async fn set_application_status(&self, id: &str, status: Status) -> Result<(), ApiError> {
        let key = id.to_owned();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    found(tx.execute(queries::SET_STATUS, params![&key, status.name()]).await?)?;
                    announce(tx, &key).await
                })
            })
            .await?;
        self.0.cache.forget_application(id);
        Ok(())
    }

    /// The application that asks a person for access and wants the answer at this address.
    ///
    /// # Errors
    /// [`Code::OauthApplicationNotFound`], [`Code::OauthRedirectMismatch`] for an address that it did not
    /// register, and the code of its status unless it is approved. None may be told by a redirect.
    pub async fn asking_application(&self, id: &str, redirect_uri: &str) -> Result<Application, ApiError> {
        rules::check_id(id)?;
        let found: Option<Application> = self.db().fetch_optional(queries::FIND, params![id]).await?;
        let application = found.ok_or(Code::OauthApplicationNotFound)?;
        if !rules::is_registered(&application.redirect_uris, redirect_uri) {
            return Err(Code::OauthRedirectMismatch.into());
        }
        application.status.check()?;
        Ok(application)
    }

    /// The application that proves itself: by its secret, or, where it is public, by what it has to show later.
    ///
    /// # Errors
    /// [`Code::OauthClientInvalid`], [`Code::OauthSecretMismatch`], then the code of its status.
    pub(crate) async fn client(&self, credentials: &Credentials) -> Result<model::Client, ApiError> {
        rules::check_id(&credentials.id).map_err(|_unknown| Code::OauthClientInvalid)?;
        let found: Option<model::Client> =
            self.db().fetch_optional(queries::CLIENT, params![&credentials.id]).await?;
        let client = found.ok_or(Code::OauthClientInvalid)?;
        let is_proven = match &credentials.secret {
            Some(secret) => !client.is_public && Hash(client.secret_hash).is_of(secret),
            None => client.is_public,
        };
        if !is_proven {
            return Err(Code::OauthSecretMismatch.into());
        }
        client.status.check()?;
        Ok(client)
    }

    /// The id an application knows a person by: always the same for the two, and of no use to another
    /// application. `None` when the application is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn app_scoped_id(&self, application: &str, account: i64) -> Result<Option<String>, ApiError> {
        let row: Option<([u8; 32],)> =
            self.db().fetch_optional(queries::PERSON_KEY, params![application]).await?;
        Ok(row.map(|(key,)| app_scoped_id(&key, account)))
    }
}

/// The id of a person, made with an application's own key.
pub(crate) fn app_scoped_id(key: &[u8; 32], account: i64) -> String {
    let digest = Sha256::new().chain_update(key).chain_update(account.to_be_bytes()).finalize();
    format!("asu_{}", credential::base36(digest.into()))
}

fn found(changed: u64) -> Result<(), ApiError> {
    if changed == 0 { Err(Code::OauthApplicationNotFound.into()) } else { Ok(()) }
}

/// Tells other processes that what they know of an application's tokens may no longer hold.
async fn announce(tx: &mut Tx<'_>, application: &str) -> Result<(), ApiError> {
    Ok(tx.notify(cache::APPLICATION_TOPIC, application).await?)
}
