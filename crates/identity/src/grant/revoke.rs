//! Token revocation by apps (RFC 7009).

use store::{AccountId, Tx, from_row, params};
use web::ApiError;

use super::{queries, revoke_code};
use crate::{
    AuthorizationId, Identity,
    account::announce,
    application::Credentials,
    cache,
    credential::{Hash, Kind, Secret},
};

struct OwnedToken {
    kind: String,
    application: String,
    authorization: Option<AuthorizationId>,
    account: Option<AccountId>,
    code_hash: Option<[u8; 32]>,
}

from_row!(OwnedToken { kind, application, authorization, account, code_hash });

impl Identity {
    /// Revokes a token of the app. A refresh token takes with it every token that came of the same code.
    /// Unknown tokens and those of other apps are ignored without an error.
    ///
    /// # Errors
    /// The errors of the client: [`web::Code::OauthClientInvalid`], [`web::Code::OauthSecretMismatch`], the
    /// code of the app's status.
    pub async fn revoke_token(&self, credentials: &Credentials, token: &str) -> Result<(), ApiError> {
        let client = self.client(credentials).await?;
        let presented =
            Secret::parse(Kind::AccessToken, token).or_else(|| Secret::parse(Kind::RefreshToken, token));
        let Some(hash) = presented.map(|presented| presented.hash()) else { return Ok(()) };
        let now = self.db().clock().now();
        let application = client.id;
        let row = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let row: Option<OwnedToken> = tx.fetch_optional(queries::OWNED, params![&hash.0]).await?;
                    match row.filter(|row| row.application == application) {
                        Some(row) => {
                            end(tx, hash, &row, now).await?;
                            Ok::<_, ApiError>(Some(row))
                        }
                        None => Ok(None),
                    }
                })
            })
            .await?;
        match row {
            Some(OwnedToken { account: Some(account), .. }) => self.0.cache.forget_account(account),
            Some(_) => self.0.cache.forget(hash),
            None => {}
        }
        Ok(())
    }
}

async fn end(tx: &mut Tx<'_>, hash: Hash, row: &OwnedToken, now: store::Timestamp) -> Result<(), ApiError> {
    if let Some(authorization) = row.authorization {
        tx.execute(queries::HOLD_BY_ID, params![authorization]).await?;
    }
    match &row.code_hash {
        Some(code) if row.kind == "refresh" => revoke_code(tx, code, now).await?,
        _ => {
            tx.execute(queries::REVOKE_TOKEN, params![&hash.0, now]).await?;
        }
    }
    match row.account {
        Some(account) => announce(tx, account).await,
        None => Ok(tx.notify(cache::APPLICATION_TOPIC, &row.application).await?),
    }
}
