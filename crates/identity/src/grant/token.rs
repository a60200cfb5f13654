//! Access tokens: exchange of codes, tokens of apps in their own name, and the callers of tokens.

use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code};

use super::{
    model::{AccessRow, CodeRow, Exchange, Tokens},
    queries, revoke_code, rules,
};
use crate::{
    AppCaller, Audience, AuthorizationId, Caller, Credential, Identity, ScopeSet,
    account::announce,
    application::{Credentials, model::Client},
    cache::Found,
    caller::Who,
    credential::{Hash, Kind, Secret},
};

/// The outcome of the exchange of a code.
enum Outcome {
    /// Holds the scopes of the tokens, and the lifetime of the access token in seconds.
    Done(ScopeSet, i64),
    Refused(Code),
    /// The code was used before, and the tokens that it obtained are revoked. Holds the account and the error
    /// for the client.
    Replayed(AccountId, Code),
}

/// A token to be stored.
pub(super) struct NewToken {
    pub(super) hash: Hash,
    pub(super) kind: &'static str,
    pub(super) authorization: Option<AuthorizationId>,
    pub(super) audience: Audience,
    pub(super) code: Option<[u8; 32]>,
    pub(super) scopes: ScopeSet,
    pub(super) expires_at: Timestamp,
}

impl Identity {
    /// Exchanges a code for tokens, once. A second use revokes the tokens that the first one obtained, unless
    /// the same client repeats its request within seconds.
    ///
    /// # Errors
    /// The errors of the client: [`Code::OauthClientInvalid`], [`Code::OauthSecretMismatch`], the code of the
    /// app's status. Then those of the code: [`Code::OauthCodeInvalid`] if it is unknown, another app's, or
    /// sent with a wrong verifier; [`Code::OauthCodeUsed`]; [`Code::OauthCodeExpired`];
    /// [`Code::OauthCodeRevoked`]; [`Code::OauthRedirectMismatch`]; [`Code::OauthTargetInvalid`]. Only a
    /// successful exchange uses the code up.
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
                    let access_seconds = settings.access_seconds(row.audience);
                    let scopes = row.scopes.within(row.allowed).within(client.most(row.audience));
                    for (kind, hash, seconds) in [
                        ("access", access_hash, access_seconds),
                        ("refresh", refresh_hash, settings.refresh_seconds(row.audience)),
                    ] {
                        let token = NewToken {
                            hash,
                            kind,
                            authorization: Some(row.authorization),
                            audience: row.audience,
                            code: Some(code.0),
                            scopes: row.scopes,
                            expires_at: now.plus_secs(seconds),
                        };
                        insert(tx, &client.id, &token, now).await?;
                    }
                    Ok(Outcome::Done(scopes, access_seconds))
                })
            })
            .await?;
        match outcome {
            Outcome::Done(scopes, expires_in) => {
                Ok(Tokens { access, refresh: Some(refresh), expires_in, scopes })
            }
            Outcome::Refused(code) => Err(code.into()),
            Outcome::Replayed(account, code) => {
                self.0.cache.forget_account(account);
                Err(code.into())
            }
        }
    }

    /// Creates an access token for an app in its own name.
    ///
    /// # Errors
    /// The errors of the client: [`Code::OauthClientInvalid`], [`Code::OauthSecretMismatch`], the code of the
    /// app's status. Then [`Code::OauthApplicationUnauthorized`] for public apps and those that registered
    /// themselves, and [`Code::OauthScopeInvalid`] or [`Code::OauthScopeDisallowed`] for the scopes.
    pub async fn app_token(
        &self,
        credentials: &Credentials,
        requested: Option<&str>,
    ) -> Result<Tokens, ApiError> {
        let client = self.client(credentials).await?;
        // Such an app has access only in the name of people who consented.
        if client.is_public || client.is_self_registered {
            return Err(Code::OauthApplicationUnauthorized.into());
        }
        let scopes = rules::own_scopes(requested, client.most(Audience::Server))?;
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
                        audience: Audience::Server,
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

    /// Returns the caller of an access token.
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
        let most = row.audience.most(row.app_scopes, row.is_self_registered);
        let (scopes, application) = (row.scopes.within(most), row.application);
        let who = match (row.authorization, row.account, row.allowed) {
            (Some(authorization), Some(account), Some(allowed)) => {
                let (name, audience) = (row.name, row.audience);
                let scopes = scopes.within(allowed);
                let refused = row.asked.unwrap_or_default().refused(allowed);
                // An app never has administrator rights, even in the name of an administrator.
                let credential =
                    Credential::Token { application, name, authorization, audience, scopes, refused, most };
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

/// Marks a code as used. Of two concurrent uses the second waits for the authorization's lock and counts as a
/// replay.
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
        Ok(()) if exchange.audience.is_some_and(|audience| audience != row.audience) => {
            return Ok(Err(Outcome::Refused(Code::OauthTargetInvalid)));
        }
        Ok(()) => {
            if tx.execute(queries::HOLD_BY_ID, params![row.authorization]).await? == 0 {
                return Ok(Err(Outcome::Refused(Code::OauthCodeRevoked)));
            }
            if tx.execute(queries::USE_CODE, params![&hash.0, now]).await? == 1 {
                return Ok(Ok(row));
            }
            // The same client was faster on another connection.
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
        token.expires_at,
        token.audience.name()
    ];
    tx.execute(queries::INSERT_TOKEN, values).await.map_err(super::deleted)?;
    Ok(())
}
