//! Invitation codes, which new people redeem for a certificate.

pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use store::{AccountId, Database, Timestamp, Tx, params};
use web::{ApiError, Code};

pub use model::{Invitation, Redeemed};

use crate::{
    InvitationId, Plaza,
    certificate::NotIssued,
    moderation::log::{self, ModerationAction},
    rate::{self, Action},
};

/// Most codes that an administrator can issue at once.
pub const MAX_ISSUED: i64 = 100;
/// Most codes on a page.
const PER_PAGE: i64 = 100;

/// Creates a code that belongs to an account, and returns it.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    db: &Database,
    account: AccountId,
    note: &str,
    now: Timestamp,
) -> Result<String, ApiError> {
    let code = rules::code(&db.random().bytes::<8>());
    tx.execute(queries::INSERT, params![&code, db.ids().next(), account, note, now]).await?;
    Ok(code)
}

impl Plaza {
    /// Redeems a code.
    ///
    /// If several people redeem one code at once, one of them succeeds. A person who already has a
    /// certificate does not use the code up. Every attempt counts toward the rate limit, except those that
    /// fail with a server error.
    ///
    /// # Errors
    /// [`Code::InvitationNotFound`] if there is no such code; [`Code::InvitationSelf`] if it is the person's
    /// own; [`Code::InvitationUsed`] if it was redeemed; [`Code::InvitationSlowed`] after too many attempts.
    pub async fn redeem(&self, account: AccountId, code: &str) -> Result<Redeemed, ApiError> {
        let (now, most) = (self.db().clock().now(), self.settings().redeems_per_hour);
        self.db()
            .write(move |tx| {
                Box::pin(async move { rate::count(tx, account, Action::Redeem, most, now).await })
            })
            .await?;
        let tried = self.try_code(account, rules::normalize(code), now).await;
        if tried.as_ref().is_err_and(|error| error.code().status().is_server_error()) {
            rate::give_back(self.db(), account, Action::Redeem).await?;
        }
        tried
    }

    async fn try_code(&self, account: AccountId, code: String, now: Timestamp) -> Result<Redeemed, ApiError> {
        let found: Option<(AccountId, Option<AccountId>)> =
            self.db().fetch_optional(queries::FIND, params![&code]).await?;
        let (inviter, used_by) = found.ok_or(Code::InvitationNotFound)?;
        if inviter == account {
            return Err(Code::InvitationSelf.into());
        }
        if used_by.is_some() {
            return Err(Code::InvitationUsed.into());
        }
        if let Some(certificate) = self.certificate(account).await? {
            return Ok(Redeemed { code, inviter, is_issued: false, number: certificate.number });
        }
        let (plaza, taken) = (self.clone(), code.clone());
        let issued = self.db().write(move |tx| {
            Box::pin(async move {
                if tx.execute(queries::TAKE, params![&taken, account, now]).await? == 0 {
                    return Err(NotIssued::Failed(Code::InvitationUsed.into()));
                }
                plaza.issue(tx, account, now).await
            })
        });
        match issued.await {
            Ok(number) => Ok(Redeemed { code, inviter, is_issued: true, number }),
            // The same person redeemed another code at the same time.
            Err(NotIssued::Already) => {
                let certificate = self.certificate(account).await?.ok_or(Code::Internal)?;
                Ok(Redeemed { code, inviter, is_issued: false, number: certificate.number })
            }
            Err(NotIssued::Failed(error)) => Err(error),
        }
    }

    /// Returns the codes of an account, newest first, with the accounts that redeemed them; at most 100.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invitations(&self, account: AccountId) -> Result<Vec<Invitation>, ApiError> {
        Ok(self.db().fetch_all(queries::OF_ACCOUNT, params![account, PER_PAGE]).await?)
    }

    /// Returns a page of all accounts' codes with ids below `before`, newest first; for administrators.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all_invitations(&self, before: InvitationId) -> Result<Vec<Invitation>, ApiError> {
        Ok(self.db().fetch_all(queries::ALL, params![before, PER_PAGE]).await?)
    }

    /// Issues codes that belong to an administrator, and returns them.
    ///
    /// # Errors
    /// 422 if the note is too long, or the number of codes is not 1 to [`MAX_ISSUED`].
    pub async fn issue_codes(
        &self,
        admin: AccountId,
        number: i64,
        note: &str,
    ) -> Result<Vec<String>, ApiError> {
        let note = rules::check_issue(number, note)?;
        let (db, now) = (self.db().clone(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let mut codes = Vec::new();
                    for _ in 0..number {
                        codes.push(insert(tx, &db, admin, &note, now).await?);
                    }
                    Ok(codes)
                })
            })
            .await
    }

    /// Withdraws a code. Returns false if there is none with this id that is neither used nor withdrawn.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_code(&self, admin: AccountId, id: InvitationId) -> Result<bool, ApiError> {
        let (db, now) = (self.db().clone(), self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let taken: Option<(String, AccountId)> =
                        tx.fetch_optional(queries::WITHDRAW, params![id, now]).await?;
                    let Some((code, account)) = taken else { return Ok(false) };
                    let entry =
                        ModerationAction { action: "code.withdraw", target: &code, account, reason: "" };
                    log::note(tx, &db, admin, entry, now).await?;
                    Ok::<_, ApiError>(true)
                })
            })
            .await
    }

    /// Replaces the note of a code. Returns false if there is no such code.
    ///
    /// # Errors
    /// 422 if the note is too long.
    pub async fn note_code(&self, id: InvitationId, note: &str) -> Result<bool, ApiError> {
        let note = rules::check_issue(1, note)?;
        Ok(self.db().execute(queries::NOTE, params![id, &note]).await? == 1)
    }
}
