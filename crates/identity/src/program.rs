//! Sign-in of programs that people run themselves, such as command-line tools and agents, without an app in
//! between.
//!
//! There are two ways. The person copies a code from a page into the program, which proves by PKCE that it
//! requested the code. Or the program polls while the person approves it in a browser, possibly on another
//! device.

mod device;
mod model;
mod queries;
mod routes;
pub mod rules;

use store::{AccountId, Epoch, Timestamp, Tx, from_row, params};
use web::{ApiError, Code};

pub use device::Device;
pub use routes::{PUBLIC, router};

use crate::{
    AuditAction, Caller, Credential, Identity, ProgramId,
    account::announce,
    cache::Found,
    caller::Who,
    credential::{Hash, Kind, Secret},
    grant::rules::{is_challenge, is_proven},
};

/// Lifetime of a program's sign-in in seconds: seven days.
pub const TOKEN_SECONDS: i64 = 604_800;
/// Lifetime in seconds of the code that a person copies into the program.
pub const CODE_SECONDS: i64 = 300;
/// Most programs of an account. A further one replaces the oldest.
const MAX_PROGRAMS: i64 = 50;

/// A program in the list of the person who signed it in.
#[derive(Debug, Clone)]
pub struct Program {
    /// The id, with which the program can be signed out.
    pub id: ProgramId,
    /// The name that the program sent when it was signed in.
    pub name: String,
    /// The time of the sign-in.
    pub created_at: Timestamp,
    /// The time at which the sign-in expires.
    pub expires_at: Timestamp,
    /// The time of the last call, to the minute.
    pub last_used_at: Option<Timestamp>,
}

from_row!(Program { id, name, created_at, expires_at, last_used_at });

/// A stored code.
struct CodeRow {
    account: AccountId,
    is_disabled: bool,
    challenge: String,
    expires_at: Timestamp,
    program: Option<ProgramId>,
}

from_row!(CodeRow { account, is_disabled, challenge, expires_at, program });

/// The outcome of the exchange of a code.
enum Outcome {
    Done,
    Refused(Code),
    /// The code was used before, so the program that it signed in is signed out. Holds the account.
    Replayed(AccountId),
}

impl Identity {
    /// Creates the code that a person copies into the program with this PKCE challenge.
    ///
    /// # Errors
    /// [`Code::InvalidParam`] if the challenge is not valid.
    pub async fn program_code(&self, account: AccountId, challenge: &str) -> Result<Secret, ApiError> {
        if !is_challenge(challenge) {
            return Err(ApiError::new(Code::InvalidParam).with("challenge"));
        }
        let code = Secret::generate(Kind::Code, self.db().random());
        let (hash, now) = (code.hash(), self.db().clock().now());
        let values = params![&hash.0, account, challenge, now.plus_secs(CODE_SECONDS)];
        self.db().execute(queries::INSERT_CODE, values).await?;
        Ok(code)
    }

    /// Exchanges a code for a token, once. A second use signs out the program that the first one signed in.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`] if the code is unknown or the verifier is wrong; [`Code::OauthCodeUsed`] if
    /// the code was used before; [`Code::OauthCodeExpired`]; [`Code::OauthCodeRevoked`] if the account is
    /// disabled.
    pub async fn exchange_program_code(
        &self,
        code: &str,
        verifier: String,
        name: String,
    ) -> Result<Secret, ApiError> {
        let code = Secret::parse(Kind::Code, code).ok_or(Code::OauthCodeInvalid)?.hash();
        let token = Secret::generate(Kind::AccessToken, self.db().random());
        let (hash, id, now) = (token.hash(), ProgramId(self.db().ids().next()), self.db().clock().now());
        let entry = self.audit(AuditAction::ProgramConnected, &name);
        let outcome = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let row: Option<CodeRow> = tx.fetch_optional(queries::CODE, params![&code.0]).await?;
                    let Some(row) = row else { return Ok(Outcome::Refused(Code::OauthCodeInvalid)) };
                    match judge(&row, &verifier, now) {
                        Err(Code::OauthCodeUsed) => {}
                        Err(code) => return Ok(Outcome::Refused(code)),
                        // Of two concurrent uses the second waits here and counts as a replay.
                        Ok(()) if tx.execute(queries::USE_CODE, params![&code.0, id]).await? == 1 => {
                            insert(tx, id, hash, row.account, &name, now).await?;
                            entry.by(row.account).record(tx).await?;
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

    /// Returns the programs that an account has signed in, latest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn programs(&self, account: AccountId) -> Result<Vec<Program>, ApiError> {
        self.flush().await;
        let now = self.db().clock().now();
        Ok(self.db().fetch_all(queries::LIST, params![account, now]).await?)
    }

    /// Signs a program out. Returns false if the account has no program with this id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_program(&self, account: AccountId, id: ProgramId) -> Result<bool, ApiError> {
        let entry = self.audit(AuditAction::ProgramEnded, id).by(account);
        let ended = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let ended = tx.execute(queries::END, params![id, account]).await?;
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

    /// Returns the caller of an access token that belongs to no app.
    pub(crate) async fn program_caller(&self, hash: Hash, epoch: Epoch) -> Result<Who, ApiError> {
        let now = self.db().clock().now();
        let row: Option<(ProgramId, AccountId, Timestamp, String)> =
            self.db().fetch_optional(queries::BY_HASH, params![&hash.0, now]).await?;
        let (id, account, expires_at, name) = row.ok_or(Code::TokenInvalid)?;
        // A program never has administrator rights, even if an administrator signed it in.
        let who = Who::Person(Caller::new(account, false, Credential::Program { id }).named(name));
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
    id: ProgramId,
    hash: Hash,
    account: AccountId,
    name: &str,
    now: Timestamp,
) -> Result<(), ApiError> {
    let values = params![id, &hash.0, account, name, now, now.plus_secs(TOKEN_SECONDS)];
    tx.execute(queries::INSERT, values).await?;
    tx.execute(queries::TRIM, params![account, MAX_PROGRAMS]).await?;
    Ok(())
}

/// Signs out every program of an account inside a transaction, and deletes pending codes and approved
/// sign-ins.
pub(crate) async fn end_all(tx: &mut Tx<'_>, account: AccountId) -> Result<(), ApiError> {
    for sql in [queries::END_ALL, queries::DELETE_CODES, queries::DELETE_DEVICES] {
        tx.execute(sql, params![account]).await?;
    }
    Ok(())
}
