//! Sign-ins of users. Each is a chain of refresh tokens that can be used once.

use std::sync::Arc;

use serde::Serialize;
use store::{Timestamp, Tx, params};

use super::{
    model::{User, WithPassword},
    queries, tokens,
};
use crate::{
    HubKeyId, Services,
    call::{HubCode, HubError},
    key::{Ak, LiveKey},
    token::rules::parse,
};

/// Maximum number of concurrent sign-ins of a user. The oldest is ended first.
const MOST: i64 = 20;
/// Maximum length of a refresh token in bytes.
pub(super) const MAX_TOKEN: usize = 4096;

/// The token pair returned by sign-in and refresh.
#[derive(Serialize)]
pub(super) struct SignedIn {
    token: String,
    refresh_token: String,
}

/// The outcome of a refresh.
enum Refreshed {
    Done(Box<User>),
    /// The token was used before; the chain is ended.
    Reused,
    /// The chain or the user does not exist any more.
    Gone,
}

impl Services {
    /// Starts a sign-in of a user whose password was just checked.
    pub(super) async fn sign_user_in(
        &self,
        key: &LiveKey,
        found: WithPassword,
        now: Timestamp,
    ) -> Result<SignedIn, HubError> {
        let random = self.db().random();
        let (chain, user) = (random.hex(16), found.user);
        let (refresh_token, secret) = tokens::refresh(key, &user.id, &chain, random, now)?;
        let (pool, id, hash) = (key.id, user.id.clone(), found.hash);
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                // A concurrent change of the password either makes this fail or ends this sign-in.
                let held = tx.execute(queries::HOLD_SIGNING_IN, params![pool, &id, &hash]).await?;
                if held == 0 {
                    return Err(HubError::from(HubCode::LoginFailed));
                }
                let end = now.plus_secs(tokens::REFRESH_SECONDS);
                tx.execute(queries::INSERT_SESSION, params![&chain, pool, &id, &secret, end]).await?;
                tx.execute(queries::TRIM_SESSIONS, params![pool, &id, MOST]).await?;
                Ok(())
            })
        });
        write.await?;
        Ok(SignedIn { token: tokens::of_user(key, &user, now)?, refresh_token })
    }

    /// Checks the signature of a refresh token and returns its key and its claims.
    pub(super) async fn refresh_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(Arc<LiveKey>, tokens::RefreshClaims), HubError> {
        let parsed = parse(token)?;
        let key = self.key_of(&parsed.issuer).await?;
        if key.verify(parsed.signed.as_bytes(), &parsed.signature, now).is_none() {
            return Err(HubError::new(HubCode::TokenInvalid).with("the signature does not fit"));
        }
        Ok((key, tokens::refresh_claims(token, now)?))
    }

    /// Finds a key by its AK.
    pub(super) async fn key_of(&self, text: &str) -> Result<Arc<LiveKey>, HubError> {
        let ak = Ak::parse(text).ok_or(HubCode::KeyNotFound)?;
        Ok(self.live_key(ak, text).await?.ok_or(HubCode::KeyNotFound)?)
    }

    /// Exchanges a refresh token for a new pair. A token that is used twice ends its chain, because
    /// somebody may have copied it.
    pub(super) async fn refresh_sign_in(
        &self,
        key: &LiveKey,
        claims: &tokens::RefreshClaims,
        now: Timestamp,
    ) -> Result<SignedIn, HubError> {
        let chain = chain(claims)?;
        let (refresh_token, next) = tokens::refresh(key, &claims.sub, &chain, self.db().random(), now)?;
        let (pool, secret) = (key.id, tokens::hash(&claims.jti));
        let write = self.db().write(move |tx| {
            Box::pin(async move {
                let end = now.plus_secs(tokens::REFRESH_SECONDS);
                let values = params![&chain, pool, &secret, &next, end, now];
                let row: Option<(String,)> = tx.fetch_optional(queries::ROTATE, values).await?;
                let Some((id,)) = row else {
                    // Not an error, which would roll the deletion back.
                    let ended = tx.execute(queries::END_SESSION, params![&chain, pool]).await?;
                    return Ok(if ended > 0 { Refreshed::Reused } else { Refreshed::Gone });
                };
                let user: Option<User> = tx.fetch_optional(queries::BY_ID, params![pool, &id, true]).await?;
                match user.filter(|user| user.is_enabled) {
                    Some(user) => Ok(Refreshed::Done(Box::new(user))),
                    None => Ok(Refreshed::Gone),
                }
            })
        });
        match write.await.map_err(|error: store::Error| HubError::from(error))? {
            Refreshed::Done(user) => Ok(SignedIn { token: tokens::of_user(key, &user, now)?, refresh_token }),
            Refreshed::Reused => Err(HubError::new(HubCode::TokenInvalid)
                .with("this refresh token was used before, so the sign-in has ended: sign in again")),
            Refreshed::Gone => Err(HubError::new(HubCode::TokenInvalid).with("the sign-in has ended")),
        }
    }

    /// Ends the sign-in that a refresh token belongs to.
    pub(super) async fn end_sign_in(
        &self,
        key: &LiveKey,
        claims: &tokens::RefreshClaims,
    ) -> Result<(), HubError> {
        self.db().execute(queries::END_SESSION, params![&chain(claims)?, key.id]).await?;
        Ok(())
    }
}

/// Ends all sign-ins of a user.
pub(super) async fn end_all(tx: &mut Tx<'_>, key: HubKeyId, user: &str) -> store::Result<()> {
    tx.execute(queries::END_SESSIONS, params![key, user]).await?;
    Ok(())
}

fn chain(claims: &tokens::RefreshClaims) -> Result<String, HubError> {
    let chain = claims.jti.split_once('.').map(|(chain, _)| chain.to_owned());
    chain.ok_or_else(|| HubError::new(HubCode::TokenInvalid).with("this is no refresh token"))
}
