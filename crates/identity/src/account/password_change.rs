//! Password changes, and the credentials that end with the old password.

use store::params;
use web::{ApiError, Code, Issues};

use super::{Account, Password, announce, model, queries, rules};
use crate::{AuditAction, Identity, SessionId, grant, key, program};

/// The credentials that end with the old password, besides sessions and programs.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlsoEnd {
    /// The authorizations of apps.
    pub apps: bool,
    /// API keys.
    pub keys: bool,
}

impl Identity {
    /// Sets a password without asking for the old one, and ends every session and program of the account.
    ///
    /// # Errors
    /// 422 if the password is too short, too long, or the e-mail address.
    pub async fn set_password(
        &self,
        account: &Account,
        password: Password,
        also: AlsoEnd,
    ) -> Result<(), ApiError> {
        self.replace_password(account, password, None, also).await
    }

    /// Changes a password for a person who knows the old one. Ends every other session and every program.
    ///
    /// # Errors
    /// [`Code::SignInFailed`] if the old password is wrong; [`Code::SignInSlowed`] after too many attempts;
    /// 422 if the new password is too short, too long, or the e-mail address.
    pub async fn change_password(
        &self,
        account: &Account,
        session: SessionId,
        (old, new): (Password, Password),
        also: AlsoEnd,
    ) -> Result<(), ApiError> {
        self.count_attempt(&account.email, None).await?;
        let row: Option<model::AccountWithPassword> =
            self.db().fetch_optional(queries::PASSWORD_BY_ID, params![account.id]).await?;
        let phc = row.map(|row| row.password_hash);
        if !self.0.account_hasher.verify(old.expose().to_owned(), phc).await? {
            self.record(self.audit(AuditAction::PasswordRefused, &account.email).by(account.id)).await?;
            return Err(Code::SignInFailed.into());
        }
        self.forgive_attempts(&account.email, None).await?;
        self.replace_password(account, new, Some(session), also).await
    }

    async fn replace_password(
        &self,
        account: &Account,
        password: Password,
        keep: Option<SessionId>,
        also: AlsoEnd,
    ) -> Result<(), ApiError> {
        let mut issues = Issues::body();
        rules::check_password(&mut issues, &password, &account.email);
        issues.finish()?;
        let hash = self.0.account_hasher.hash(password.expose().to_owned()).await?;
        let (id, now) = (account.id, self.db().clock().now());
        let (ids, random) = (self.db().ids().clone(), self.db().random().clone());
        let act = if keep.is_some() { AuditAction::PasswordChanged } else { AuditAction::PasswordSet };
        let entry = self.audit(act, &account.email);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::SET_PASSWORD, params![id, &hash]).await?;
                    entry.record(tx).await?;
                    Self::end_sessions(tx, id, keep).await?;
                    program::end_all(tx, id).await?;
                    if also.apps {
                        grant::revoke_all(tx, id, now, &ids, &random).await?;
                    }
                    if also.keys {
                        key::delete_all(tx, id).await?;
                    }
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        self.deliver_soon();
        Ok(())
    }
}
