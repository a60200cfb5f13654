//! New access tokens for refresh tokens.
//!
//! An app with a secret or a key keeps its refresh token; one for the tools at `/mcp` lasts longer with each
//! use. A public app gets a new one with each use, so that a stolen one is detected: the second use of a
//! refresh token revokes every token that came of the same code. Within [`Settings::rotation_grace_seconds`]
//! after the first use the same response is given again, because the network may have lost it.

use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code};

use super::{
    model::{RefreshRow, Settings, Tokens},
    queries, revoke_code, rules,
    token::{NewToken, insert},
};
use crate::{
    Audience, Identity, ScopeSet,
    account::announce,
    application::{Credentials, model::Client},
    credential::{Hash, Kind, Secret},
};

/// A refresh token that a client sent, and the input for its successors.
struct Presented {
    client: Client,
    token: Secret,
    scopes: Option<String>,
    audience: Option<Audience>,
    salt: [u8; 32],
    settings: Settings,
    now: Timestamp,
}

/// The outcome of a refresh.
enum Outcome {
    Done(Tokens),
    /// The token was used before, and every token that came of its code is revoked. Holds the account.
    Reused(AccountId),
}

impl Identity {
    /// Creates an access token for a refresh token, with all of its scopes or the requested ones, for its
    /// resource or the requested one.
    ///
    /// # Errors
    /// The errors of the client: [`Code::OauthClientInvalid`], [`Code::OauthSecretMismatch`], the code of the
    /// app's status. Then those of the token: [`Code::OauthRefreshInvalid`], [`Code::OauthRefreshExpired`],
    /// [`Code::OauthRefreshRevoked`]. Then those of the scopes: [`Code::OauthScopeInvalid`],
    /// [`Code::OauthScopeDisallowed`]. Then [`Code::OauthTargetInvalid`] for a resource that it is not for.
    pub async fn refresh(
        &self,
        credentials: &Credentials,
        token: &str,
        scopes: Option<&str>,
        audience: Option<Audience>,
    ) -> Result<Tokens, ApiError> {
        let client = self.client(credentials).await?;
        let token = Secret::parse(Kind::RefreshToken, token).ok_or(Code::OauthRefreshInvalid)?;
        let presented = Presented {
            client,
            token,
            scopes: scopes.map(str::to_owned),
            audience,
            salt: self.db().random().bytes(),
            settings: self.settings().oauth,
            now: self.db().clock().now(),
        };
        let outcome = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let row = hold(tx, &presented).await?;
                    presented.audience(&row)?;
                    if presented.client.is_public {
                        rotate(tx, &presented, &row).await
                    } else {
                        keep(tx, &presented, &row).await
                    }
                })
            })
            .await?;
        match outcome {
            Outcome::Done(tokens) => Ok(tokens),
            Outcome::Reused(account) => {
                tracing::warn!(
                    client.id = credentials.id,
                    account = account.0,
                    "a refresh token was used twice"
                );
                self.0.cache.forget_account(account);
                Err(Code::OauthRefreshRevoked.into())
            }
        }
    }
}

impl Presented {
    /// Derives the next access token and the next refresh token.
    fn next(&self, salt: &[u8; 32]) -> (Secret, Secret) {
        let after = |kind| Secret::after(kind, self.token.expose(), salt);
        (after(Kind::AccessToken), after(Kind::RefreshToken))
    }

    /// Returns the resource of the new access token. A token for the server may become one for the tools.
    fn audience(&self, row: &RefreshRow) -> Result<Audience, Code> {
        match self.audience {
            None => Ok(row.audience),
            Some(audience) if audience == row.audience || row.audience == Audience::Server => Ok(audience),
            Some(_) => Err(Code::OauthTargetInvalid),
        }
    }

    /// Returns the scopes of the new access token, and those that are stored with it. Unless the request
    /// narrows them, the stored ones are those of the refresh token, so that scopes which the person grants
    /// again become effective again.
    fn scopes(&self, row: &RefreshRow) -> Result<(ScopeSet, ScopeSet), ApiError> {
        let most = row.scopes.within(row.allowed).within(self.client.most(row.audience));
        let narrowed = rules::narrowed(self.scopes.as_deref(), most)?;
        Ok((narrowed.unwrap_or(most), narrowed.unwrap_or(row.scopes)))
    }

    fn new_token(&self, row: &RefreshRow, hash: Hash, kind: &'static str, scopes: ScopeSet) -> NewToken {
        let audience =
            if kind == "access" { self.audience(row).unwrap_or(row.audience) } else { row.audience };
        let seconds = if kind == "access" {
            self.settings.access_seconds(audience)
        } else {
            self.settings.refresh_seconds(audience)
        };
        NewToken {
            hash,
            kind,
            authorization: Some(row.authorization),
            audience,
            code: row.code_hash,
            scopes,
            expires_at: self.now.plus_secs(seconds),
        }
    }
}

/// Locks the authorization of a refresh token, then reads the token.
async fn hold(tx: &mut Tx<'_>, presented: &Presented) -> Result<RefreshRow, ApiError> {
    let row = find(tx, presented).await?;
    if tx.execute(queries::HOLD_BY_ID, params![row.authorization]).await? == 0 {
        return Err(Code::OauthRefreshRevoked.into());
    }
    find(tx, presented).await
}

async fn find(tx: &mut Tx<'_>, presented: &Presented) -> Result<RefreshRow, ApiError> {
    let hash = presented.token.hash();
    let row: Option<RefreshRow> = tx.fetch_optional(queries::REFRESH, params![&hash.0]).await?;
    let row = row.ok_or(Code::OauthRefreshInvalid)?;
    rules::judge_refresh(&row, &presented.client.id, presented.now)?;
    Ok(row)
}

async fn keep(tx: &mut Tx<'_>, presented: &Presented, row: &RefreshRow) -> Result<Outcome, ApiError> {
    let (access, _) = presented.next(&presented.salt);
    let (scopes, stored) = presented.scopes(row)?;
    let token = presented.new_token(row, access.hash(), "access", stored);
    insert(tx, &presented.client.id, &token, presented.now).await?;
    if row.audience == Audience::Mcp {
        let seconds = presented.settings.refresh_seconds(row.audience);
        let until = presented.now.plus_secs(seconds);
        tx.execute(queries::PROLONG, params![&presented.token.hash().0, until]).await?;
    }
    let expires_in = presented.settings.access_seconds(presented.audience(row)?);
    Ok(Outcome::Done(Tokens { access, refresh: Some(presented.token.clone()), expires_in, scopes }))
}

async fn rotate(tx: &mut Tx<'_>, presented: &Presented, row: &RefreshRow) -> Result<Outcome, ApiError> {
    let Some(salt) = row.salt else {
        let (access, refresh) = presented.next(&presented.salt);
        let (scopes, stored) = presented.scopes(row)?;
        for token in [
            presented.new_token(row, access.hash(), "access", stored),
            presented.new_token(row, refresh.hash(), "refresh", row.scopes),
        ] {
            insert(tx, &presented.client.id, &token, presented.now).await?;
        }
        let hash = presented.token.hash();
        tx.execute(queries::ROTATE, params![&hash.0, presented.now, &presented.salt]).await?;
        let expires_in = presented.settings.access_seconds(presented.audience(row)?);
        return Ok(Outcome::Done(Tokens { access, refresh: Some(refresh), expires_in, scopes }));
    };
    if let Some(tokens) = again(tx, presented, row, &salt).await? {
        return Ok(Outcome::Done(tokens));
    }
    if let Some(code) = &row.code_hash {
        revoke_code(tx, code, presented.now).await?;
    }
    announce(tx, row.account).await?;
    Ok(Outcome::Reused(row.account))
}

/// Returns the same tokens again, within the grace period and only while the new refresh token is unused.
async fn again(
    tx: &mut Tx<'_>,
    presented: &Presented,
    row: &RefreshRow,
    salt: &[u8; 32],
) -> Result<Option<Tokens>, ApiError> {
    let grace = presented.settings.rotation_grace_seconds;
    let left =
        row.rotated_at.map(|at| at.plus_secs(grace).wait_from(presented.now, grace.saturating_mul(1000)));
    if left.is_none_or(|left| left == 0) {
        return Ok(None);
    }
    let (access, refresh) = presented.next(salt);
    let found: Option<(Timestamp, ScopeSet)> = tx
        .fetch_optional(queries::SUCCESSOR, params![&refresh.hash().0, &access.hash().0, presented.now])
        .await?;
    Ok(found.map(|(expires_at, scopes)| {
        let expires_in = (expires_at.as_millis() - presented.now.as_millis()) / 1000;
        let scopes = scopes.within(row.allowed).within(presented.client.most(row.audience));
        Tokens { access, refresh: Some(refresh), expires_in, scopes }
    }))
}
