//! New apps, created by an account or registered by the program itself (RFC 7591).

use std::net::IpAddr;

use store::{AccountId, Tx, params};
use web::{ApiError, Code};

use super::{
    model::{Application, NewApplication, Status},
    queries, rules,
};
use crate::{
    Action, AuditAction, Identity,
    credential::{Kind, Secret},
    limit,
};

/// The row of a new app.
struct Fresh {
    id: String,
    new: NewApplication,
    secret: [u8; 32],
    person_key: [u8; 32],
    now: store::Timestamp,
    /// The hash of the address that it registered from; `None` if an account creates it.
    origin: Option<[u8; 32]>,
}

impl Identity {
    /// Creates an app of an account. The client secret is returned only here; that of a public app is of no
    /// use.
    ///
    /// # Errors
    /// [`Code::InvalidParam`] if the account has as many apps as it may have.
    pub async fn create_application(
        &self,
        account: AccountId,
        new: NewApplication,
    ) -> Result<(Application, Secret), ApiError> {
        let most = self.settings().oauth.max_applications;
        let (fresh, secret) = self.fresh_application(new, None);
        let id = fresh.id.clone();
        let entry = self.audit(AuditAction::AppCreated, format!("{} ({id})", fresh.new.name)).by(account);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if count(tx, account, false).await? >= most {
                        return Err(too_many(most));
                    }
                    insert(tx, account, &fresh).await?;
                    entry.record(tx).await
                })
            })
            .await?;
        Ok((self.own_application(account, &id).await?, secret))
    }

    /// Registers an app without an account; the first administrator becomes its owner. At the limit an unused
    /// app is removed: the oldest one of the address that registered most unused ones.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if the address has registered too many; [`Code::OauthApplicationUnauthorized`]
    /// if there is no administrator; [`Code::InvalidParam`] at the limit if all apps are in use.
    pub async fn register_application(
        &self,
        new: NewApplication,
        address: IpAddr,
    ) -> Result<(Application, Secret), ApiError> {
        self.permit(Action::Registration, address).await?;
        let account = self.first_administrator().await?.ok_or(Code::OauthApplicationUnauthorized)?;
        let (fresh, secret) = self.fresh_application(new, Some(limit::origin(address)));
        let (id, most) = (fresh.id.clone(), rules::MAX_SELF_REGISTERED);
        let entry = self.audit(AuditAction::AppRegistered, format!("{} ({id})", fresh.new.name));
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    entry.record(tx).await?;
                    let is_full = count(tx, account, true).await? >= most;
                    if is_full && tx.execute(queries::EVICT_UNUSED, params![account]).await? == 0 {
                        return Err(too_many(most));
                    }
                    insert(tx, account, &fresh).await
                })
            })
            .await?;
        Ok((self.own_application(account, &id).await?, secret))
    }

    fn fresh_application(&self, new: NewApplication, origin: Option<[u8; 32]>) -> (Fresh, Secret) {
        let random = self.db().random();
        let secret = Secret::generate(Kind::ClientSecret, random);
        let fresh = Fresh {
            id: rules::uuid(random.bytes()),
            new,
            secret: secret.hash().0,
            person_key: random.bytes(),
            now: self.db().clock().now(),
            origin,
        };
        (fresh, secret)
    }
}

fn too_many(most: i64) -> ApiError {
    ApiError::new(Code::InvalidParam).with(format!("applications <= {most}"))
}

/// Counts the apps of one kind, with the owner's row locked. Of two concurrent transactions the second waits
/// here and counts the app of the first.
async fn count(tx: &mut Tx<'_>, account: AccountId, is_self_registered: bool) -> Result<i64, ApiError> {
    tx.execute(queries::LOCK_OWNER, params![account]).await?;
    let (count,) = tx.fetch_one(queries::COUNT_KIND, params![account, is_self_registered]).await?;
    Ok(count)
}

async fn insert(tx: &mut Tx<'_>, account: AccountId, fresh: &Fresh) -> Result<(), ApiError> {
    let new = &fresh.new;
    let (uris, scopes) = (rules::uris_as_text(&new.redirect_uris), new.scopes.to_string());
    let methods = new.auth_methods.to_string();
    let values = params![
        &fresh.id,
        account,
        &new.name,
        &new.description,
        &uris,
        &scopes,
        Status::Approved.name(),
        &fresh.secret,
        &fresh.person_key,
        fresh.now,
        new.is_public,
        fresh.origin.is_some(),
        &new.icon_url,
        fresh.origin.as_ref().map(<[u8; 32]>::as_slice),
        &methods,
        &new.keys.jwks_uri,
        &new.keys.jwks,
        &new.keys.signing_alg,
        &new.client_uri
    ];
    tx.execute(queries::INSERT, values).await?;
    Ok(())
}
