//! Accounts as administrators see and change them: the list, roles, links for a new password, and who may
//! sign up.

use store::{AccountId, params};
use web::{ApiError, Code, Issues};

use super::{Account, Password, announce, queries, rules};
use crate::{
    AuditAction, Identity, SignUp,
    credential::{Kind, Secret},
    program,
};

/// Lifetime of a link for a new password in seconds: a day.
pub const PASSWORD_LINK_SECONDS: i64 = 86_400;

impl Identity {
    /// Returns up to `limit` accounts with ids above `after` whose name or e-mail address contains `text`, in
    /// the order of their creation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn find_accounts(
        &self,
        text: &str,
        after: AccountId,
        limit: i64,
    ) -> Result<Vec<Account>, ApiError> {
        let text = text.trim().to_lowercase();
        Ok(self.db().fetch_all(queries::FIND, params![after, &text, limit]).await?)
    }

    /// Makes an account an administrator's, or an ordinary one again.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown id; [`Code::InvalidParam`] if no administrator would be left.
    pub async fn set_admin(&self, id: AccountId, is_admin: bool) -> Result<(), ApiError> {
        let entry = self.audit(AuditAction::AccountRoleChanged, "");
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    // Of two concurrent changes the second waits here and counts after the first.
                    tx.execute(queries::HOLD_ADMINS, params![]).await?;
                    let found: Option<Account> = tx.fetch_optional(queries::BY_ID, params![id]).await?;
                    let account = found.ok_or(Code::NotFound)?;
                    tx.execute(queries::SET_ADMIN, params![id, is_admin]).await?;
                    has_administrator(tx).await?;
                    let role = if is_admin { "administrator" } else { "person" };
                    entry.about(format!("{}: {role}", account.email)).record(tx).await?;
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        Ok(())
    }

    /// Creates a link with which the owner of an account sets a new password, once. Earlier links of the
    /// account become invalid.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown id.
    pub async fn password_link(&self, id: AccountId) -> Result<Secret, ApiError> {
        let link = Secret::generate(Kind::PasswordLink, self.db().random());
        let (hash, until) = (link.hash(), self.db().clock().now().plus_secs(PASSWORD_LINK_SECONDS));
        let entry = self.audit(AuditAction::PasswordLinkMade, "");
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let found: Option<Account> = tx.fetch_optional(queries::BY_ID, params![id]).await?;
                    let account = found.ok_or(Code::NotFound)?;
                    tx.execute(queries::DELETE_PASSWORD_LINKS, params![id]).await?;
                    tx.execute(queries::INSERT_PASSWORD_LINK, params![&hash.0, id, until]).await?;
                    entry.about(account.email).record(tx).await
                })
            })
            .await?;
        Ok(link)
    }

    /// Returns the account of a link for a new password.
    ///
    /// # Errors
    /// [`Code::NotFound`] if the link is unknown, used or expired, or the account is disabled.
    pub async fn account_of_password_link(&self, link: &str) -> Result<Account, ApiError> {
        let hash = Secret::parse(Kind::PasswordLink, link).ok_or(Code::NotFound)?.hash();
        let now = self.db().clock().now();
        let found = self.db().fetch_optional(queries::PASSWORD_LINK, params![&hash.0, now]).await?;
        found.ok_or_else(|| Code::NotFound.into())
    }

    /// Sets a new password with a link, which works once, and ends every session and program of the account.
    ///
    /// # Errors
    /// [`Code::NotFound`] as for [`Identity::account_of_password_link`]; 422 if the password is too short,
    /// too long, or the e-mail address.
    pub async fn set_password_with_link(&self, link: &str, password: Password) -> Result<Account, ApiError> {
        let account = self.account_of_password_link(link).await?;
        let mut issues = Issues::body();
        rules::check_password(&mut issues, &password, &account.email);
        issues.finish()?;
        let link = Secret::parse(Kind::PasswordLink, link).ok_or(Code::NotFound)?.hash();
        let hash = self.0.account_hasher.hash(password.expose().to_owned()).await?;
        let (id, now) = (account.id, self.db().clock().now());
        let entry = self.audit(AuditAction::PasswordSet, &account.email).by(id);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(queries::TAKE_PASSWORD_LINK, params![&link.0, now]).await? == 0 {
                        return Err(ApiError::new(Code::NotFound));
                    }
                    tx.execute(queries::SET_PASSWORD, params![id, &hash]).await?;
                    Self::end_sessions(tx, id, None).await?;
                    program::end_all(tx, id).await?;
                    entry.record(tx).await?;
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        Ok(account)
    }

    /// Returns who may create an account: as a page has set it, or else the configuration.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sign_up_mode(&self) -> Result<SignUp, ApiError> {
        let stored: Option<(String,)> =
            self.db().fetch_optional(queries::SETTING, params![SIGN_UP_SETTING]).await?;
        let mode = stored.and_then(|(text,)| text.parse().ok());
        Ok(mode.unwrap_or(self.settings().sign_up))
    }

    /// Sets who may create an account, for all processes.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_sign_up_mode(&self, mode: SignUp) -> Result<(), ApiError> {
        let entry = self.audit(AuditAction::SignUpChanged, mode.name());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::SET_SETTING, params![SIGN_UP_SETTING, mode.name()]).await?;
                    entry.record(tx).await
                })
            })
            .await
    }
}

const SIGN_UP_SETTING: &str = "accounts.sign_up";

/// Refuses a change after which no administrator could sign in.
///
/// # Errors
/// [`Code::InvalidParam`].
async fn has_administrator(tx: &store::Tx<'_>) -> Result<(), ApiError> {
    let found: Option<(AccountId,)> = tx.fetch_optional(queries::FIRST_ADMIN, params![]).await?;
    if found.is_some() { Ok(()) } else { Err(ApiError::new(Code::InvalidParam).with("administrators >= 1")) }
}
