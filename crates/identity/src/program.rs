//! Programs that a person signs in themself, without an app in between: command-line tools and agents
//! (contract X-01 … X-05).
//!
//! Either the person carries a code from a page to the program, which proves by PKCE that it asked for it; or the
//! program waits while the person lets it in from a browser elsewhere.

mod device;
mod model;
mod queries;
mod routes;
pub mod rules;

use store::{Epoch, Timestamp, Tx, from_row, params};
use web::{ApiError, Code};

pub use device::Device;
pub use routes::{PUBLIC, router};

use crate::{
    Caller, Credential, Identity,
    account::announce,
    cache::Found,
    caller::Who,
    credential::{Hash, Kind, Secret},
    grant::rules::{is_challenge, is_proven},
};

/// How long a program stays signed in (contract X-01).
pub const TOKEN_SECONDS: i64 = 604_800;
/// How long a code may wait to be carried to the program.
pub const CODE_SECONDS: i64 = 300;
/// Most programs of an account; the oldest goes when another comes.
const MAX_PROGRAMS: i64 = 50;

/// A program as its person sees it.
#[derive(Debug, Clone)]
pub struct Program {
    /// For ending it.
    pub id: i64,
    /// What it called itself when it was signed in.
    pub name: String,
    /// When it was signed in.
    pub created_at: Timestamp,
    /// When it is signed out by itself.
    pub expires_at: Timestamp,
    /// When it last called, to the minute.
    pub last_used_at: Option<Timestamp>,
}

from_row!(Program { id, name, created_at, expires_at, last_used_at });

/// A code in the store.
struct CodeRow {
    account: i64,
    is_disabled: bool,
    challenge: String,
    expires_at: Timestamp,
    program: Option<i64>,
}

from_row!(CodeRow { account, is_disabled, challenge, expires_at, program });

/// What became of a code.
enum Outcome {
    Done,
    Refused(Code),
    /// It was used before, and the program it let in then is signed out; the account.
    Replayed(i64),
}

impl Identity {
    /// Makes the code that a person carries to the program whose challenge this is.
    ///
    /// # Errors
    /// [`Code::InvalidParam`] for a challenge that is none.
    pub async fn program_code(&self, account: i64, challenge: &str) -> Result<Secret, ApiError> {
        if !is_challenge(challenge) {
            return Err(ApiError::new(Code::InvalidParam).with("challenge"));
        }
        let code = Secret::generate(Kind::Code, self.db().random());
        let (hash, now) = (code.hash(), self.db().clock().now());
        let values = params![&hash.0, account, challenge, now.plus_secs(CODE_SECONDS)];
        self.db().execute(queries::INSERT_CODE, values).await?;
        Ok(code)
    }

    /// Lets a program in for its code, once. A second time signs out what the first let in.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`], [`Code::OauthCodeUsed`], [`Code::OauthCodeExpired`], [`Code::OauthCodeRevoked`].
    pub async fn exchange_program_code(
        &self,
        code: &str,
        verifier: String,
        name: String,
    ) -> Result<Secret, ApiError> {
        let code = Secret::parse(Kind::Code, code).ok_or(Code::OauthCodeInvalid)?.hash();
        let token = Secret::generate(Kind::AccessToken, self.db().random());
        let (hash, id, now) = (token.hash(), self.db().ids().next(), self.db().clock().now());
        let outcome = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let row: Option<CodeRow> = tx.fetch_optional(queries::CODE, params![&code.0]).await?;
                    let Some(row) = row else { return Ok(Outcome::Refused(Code::OauthCodeInvalid)) };
                    match judge(&row, &verifier, now) {
                        Err(Code::OauthCodeUsed) => {}
                        Err(code) => return Ok(Outcome::Refused(code)),
                        // Of two at once the second waits here, and is a replay.
                        Ok(()) if tx.execute(queries::USE_CODE, params![&code.0, id]).await? == 1 => {
                            insert(tx, id, hash, row.account, &name, now).await?;
                            return Ok(Outcome::Done);
                        }
                        Ok(()) => {}
                    }
                    tx.execute(queries::END_OF_CODE, params![&code.0]).await?;
                    announce(tx, row.account).await?;
                    Ok::<_, ApiError>(Outcome::Replayed(row.account))
                })
            })
            .await?;
        match outcome {
            Outcome::Done => Ok(token),
            Outcome::Refused(code) => Err(code.into()),
            Outcome::Replayed(account) => {
                self.0.cache.forget_account(account);
                Err(Code::OauthCodeUsed.into())
            }
        }
    }

    /// The programs an account has signed in, the latest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn programs(&self, account: i64) -> Result<Vec<Program>, ApiError> {
        self.flush().await;
        let now = self.db().clock().now();
        Ok(self.db().fetch_all(queries::LIST, params![account, now]).await?)
    }

    /// Signs a program out; false when the account has none of this id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_program(&self, account: i64, id: i64) -> Result<bool, ApiError> {
        let ended = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let ended = tx.execute(queries::END, params![id, account]).await?;
                    announce(tx, account).await?;
                    Ok::<_, ApiError>(ended == 1)
                })
            })
            .await?;
        self.0.cache.forget_account(account);
        Ok(ended)
    }

    /// The caller of an access token that no application has.
    pub(crate) async fn program_caller(&self, hash: Hash, epoch: Epoch) -> Result<Who, ApiError> {
        let now = self.db().clock().now();
        let row: Option<(i64, i64, Timestamp)> =
            self.db().fetch_optional(queries::BY_HASH, params![&hash.0, now]).await?;
        let (id, account, expires_at) = row.ok_or(Code::TokenInvalid)?;
        // A program is never the one who runs this server, whoever signed it in.
        let who = Who::Person(Caller::new(account, false, Credential::Program { id }));
        self.0.cache.put(hash, Found { who: who.clone(), expires_at: Some(expires_at) }, epoch);
        Ok(who)
    }
}

fn judge(row: &CodeRow, verifier: &str, now: Timestamp) -> Result<(), Code> {
    if row.program.is_some() {
        return Err(Code::OauthCodeUsed);
    }
    if row.expires_at.wait_from(now, CODE_SECONDS * 1000) == 0 {
        return Err(Code::OauthCodeExpired);
    }
    if row.is_disabled {
        return Err(Code::OauthCodeRevoked);
    }
    if is_proven(Some(&row.challenge), Some(verifier)) { Ok(()) } else { Err(Code::OauthCodeInvalid) }
}

async fn insert(
    tx: &mut Tx<'_>,
    id: i64,
    hash: Hash,
    account: i64,
    name: &str,
    now: Timestamp,
) -> Result<(), ApiError> {
    let values = params![id, &hash.0, account, name, now, now.plus_secs(TOKEN_SECONDS)];
    tx.execute(queries::INSERT, values).await?;
    tx.execute(queries::TRIM, params![account, MAX_PROGRAMS]).await?;
    Ok(())
}

/// Signs out every program of an account inside a transaction, with what is on its way to become one.
pub(crate) async fn end_all(tx: &mut Tx<'_>, account: i64) -> Result<(), ApiError> {
    for sql in [queries::END_ALL, queries::DELETE_CODES, queries::DELETE_DEVICES] {
        tx.execute(sql, params![account]).await?;
    }
    Ok(())
}
