//! Tokens: made of codes and refresh tokens, and who a presented one stands for.

use store::{Timestamp, Tx, params};
use web::{ApiError, Code};

use super::{
    model::{AccessRow, CodeRow, Exchange, Tokens},
    queries, revoke_code, rules,
};
use crate::{
    AppCaller, Caller, Credential, Identity, ScopeSet,
    account::announce,
    application::{Credentials, model::Client},
    cache::Found,
    caller::Who,
    credential::{Hash, Kind, Secret},
};

/// What became of a code.
enum Outcome {
    Done(ScopeSet),
    Refused(Code),
    /// It was used before, and what it obtained then is revoked: the account, and what the client is told.
    Replayed(i64, Code),
}

/// A token to be stored.
pub(super) struct NewToken {
    pub(super) hash: Hash,
    pub(super) kind: &'static str,
    pub(super) authorization: Option<i64>,
    pub(super) code: Option<[u8; 32]>,
    pub(super) scopes: ScopeSet,
    pub(super) expires_at: Timestamp,
}

impl Identity {
    /// Exchanges a code for tokens, once. A second time takes back what the first obtained, unless it is the same
    /// client that sends its request again within seconds.
    ///
    /// # Errors
    /// Those of C-02, in the contract's order. A code is consumed by success alone.
    pub async fn exchange_code(&self, exchange: Exchange) -> Result<Tokens, ApiError> {
        let client = self.client(&exchange.client).await?;
        let code = Secret::parse(Kind::Code, &exchange.code).ok_or(Code::OauthCodeInvalid)?.hash();
        let (access, refresh) = (self.fresh(Kind::AccessToken), self.fresh(Kind::RefreshToken));
        let (settings, now) = (self.settings().oauth, self.db().clock().now());
        let (access_hash, refresh_hash) = (access.hash(), refresh.hash());
        let outcome = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let times = (now, settings.code_seconds);
                    let row = match use_code(tx, code, &client, &exchange, times).await? {
                        Ok(row) => row,
                        Err(outcome) => return Ok::<_, ApiError>(outcome),
                    };
                    for (kind, hash, seconds) in [
                        ("access", access_hash, settings.access_seconds),
                        ("refresh", refresh_hash, settings.refresh_seconds),
                    ] {
                        let token = NewToken {
                            hash,
                            kind,
                            authorization: Some(row.authorization),
                            code: Some(code.0),
                            scopes: row.scopes,
                            expires_at: now.plus_secs(seconds),
                        };
                        insert(tx, &client.id, &token, now).await?;
                    }
                    Ok(Outcome::Done(row.scopes.and(client.scopes)))
                })
            })
            .await?;
        match outcome {
            Outcome::Done(scopes) => {
                Ok(Tokens { access, refresh: Some(refresh), expires_in: settings.access_seconds, scopes })
            }
            Outcome::Refused(code) => Err(code.into()),
            Outcome::Replayed(account, code) => {
                self.0.cache.forget_account(account);
                Err(code.into())
            }
        }
    }

    /// Makes an access token for an application in its own name.
    ///
    /// # Errors
    /// Those of D-02.
    pub async fn app_token(&self, credentials: &Credentials, wish: Option<&str>) -> Result<Tokens, ApiError> {
        let client = self.client(credentials).await?;
        // Nobody vouches for either of them but the person who uses it.
        if client.is_public || client.is_self_registered {
            return Err(Code::OauthApplicationUnauthorized.into());
        }
        let scopes = rules::own_scopes(wish, client.scopes)?;
        let access = self.fresh(Kind::AccessToken);
        let (hash, now) = (access.hash(), self.db().clock().now());
        let expires_in = self.settings().oauth.app_token_seconds;
        let expires_at = now.plus_secs(expires_in);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let token = NewToken {
                        hash,
                        kind: "access",
                        authorization: None,
                        code: None,
                        scopes,
                        expires_at,
                    };
                    insert(tx, &client.id, &token, now).await
                })
            })
            .await?;
        Ok(Tokens { access, refresh: None, expires_in, scopes })
    }

    /// Who a presented access token stands for.
    pub(crate) async fn token_caller(&self, presented: &str) -> Result<Who, ApiError> {
        let secret = Secret::parse(Kind::AccessToken, presented).ok_or(Code::TokenInvalid)?;
        let (hash, now) = (secret.hash(), self.db().clock().now());
        if let Some(who) = self.0.cache.get(hash, now) {
            return Ok(who);
        }
        let epoch = self.0.cache.epoch();
        let row: Option<AccessRow> = self.db().fetch_optional(queries::ACCESS, params![&hash.0, now]).await?;
        let Some(row) = row else { return self.program_caller(hash, epoch).await };
        row.status.check()?;
        let (scopes, application) = (row.scopes.and(row.app_scopes), row.application);
        let who = match (row.authorization, row.account, row.allowed) {
            (Some(authorization), Some(account), Some(allowed)) => {
                let scopes = scopes.and(allowed);
                // An application is never the one who runs this server, whoever sent it.
                let credential = Credential::Token { application, authorization, scopes };
                Who::Person(Caller::new(account, false, credential))
            }
            _ => Who::App(AppCaller::new(application, scopes)),
        };
        self.0.cache.put(hash, Found { who: who.clone(), expires_at: Some(row.expires_at) }, epoch);
        Ok(who)
    }

    fn fresh(&self, kind: Kind) -> Secret {
        Secret::generate(kind, self.db().random())
    }
}

/// Uses a code up. Whoever comes second waits for the first at the authorization's row, and is a replay.
async fn use_code(
    tx: &mut Tx<'_>,
    hash: Hash,
    client: &Client,
    exchange: &Exchange,
    (now, code_seconds): (Timestamp, i64),
) -> Result<Result<CodeRow, Outcome>, ApiError> {
    let Some(row) = tx.fetch_optional::<CodeRow>(queries::CODE, params![&hash.0]).await? else {
        return Ok(Err(Outcome::Refused(Code::OauthCodeInvalid)));
    };
    let code = match rules::judge(&row, client, exchange, (now, code_seconds)) {
        Ok(()) => {
            if tx.execute(queries::HOLD_BY_ID, params![row.authorization]).await? == 0 {
                return Ok(Err(Outcome::Refused(Code::OauthCodeRevoked)));
            }
            if tx.execute(queries::USE_CODE, params![&hash.0, now]).await? == 1 {
                return Ok(Ok(row));
            }
            // The same client was a moment faster by another connection.
            return Ok(Err(Outcome::Refused(Code::OauthCodeUsed)));
        }
        Err(code) if row.used_at.is_none() || rules::is_repeat(&row, client, exchange, now) => {
            return Ok(Err(Outcome::Refused(code)));
        }
        Err(code) => code,
    };
    tx.execute(queries::HOLD_BY_ID, params![row.authorization]).await?;
    revoke_code(tx, &hash.0, now).await?;
    announce(tx, row.account).await?;
    Ok(Err(Outcome::Replayed(row.account, code)))
}

pub(super) async fn insert(
    tx: &mut Tx<'_>,
    application: &str,
    token: &NewToken,
    now: Timestamp,
) -> Result<(), ApiError> {
    let scopes = token.scopes.to_string();
    let code = token.code.as_ref().map(<[u8; 32]>::as_slice);
    let values = params![
        &token.hash.0,
        token.kind,
        application,
        token.authorization,
        code,
        &scopes,
        now,
        token.expires_at
    ];
    tx.execute(queries::INSERT_TOKEN, values).await.map_err(super::deleted)?;
    Ok(())
}
