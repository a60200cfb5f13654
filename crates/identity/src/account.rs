//! Accounts: creation, look-up, change, and deletion.

mod attempts;
pub mod model;
mod password_change;
mod people;
mod queries;
pub mod rules;

use std::net::IpAddr;

use store::{AccountId, Timestamp, Tx, params};
use web::{ApiError, Code, Issues};

pub(crate) use attempts::FORGET_ATTEMPTS_MS;
pub use model::{Account, NewAccount, Password};
pub use password_change::AlsoEnd;
pub use people::PASSWORD_LINK_SECONDS;

use crate::{
    Action, AuditAction, Identity, SignUp, audit,
    credential::{Hash, Kind, Secret},
};

/// Most routes that are tried for a new account. Each one but the first has 32 random bits.
const ROUTE_TRIES: usize = 8;

impl Identity {
    /// Creates an account on behalf of whoever runs the server. It is an administrator's if there is none
    /// yet.
    ///
    /// # Errors
    /// 422 with every invalid field, such as an e-mail address that is in use.
    pub async fn add_account(&self, new: NewAccount) -> Result<Account, ApiError> {
        let new = rules::check_new(new)?;
        let has_admin = self.db().fetch_optional::<(i64,)>(queries::ANY_ADMIN, params![]).await?.is_some();
        let is_admin = new.is_admin || !has_admin;
        self.make_account(NewAccount { is_admin, ..new }, None).await
    }

    /// Returns the oldest administrator's account that is not disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) async fn first_administrator(&self) -> Result<Option<AccountId>, ApiError> {
        let found: Option<(AccountId,)> = self.db().fetch_optional(queries::FIRST_ADMIN, params![]).await?;
        Ok(found.map(|(id,)| id))
    }

    /// Creates an account for a visitor, if sign-up is open or the link is valid. A link works once.
    ///
    /// # Errors
    /// [`Code::SignUpClosed`]; 422 as for [`Identity::add_account`]; [`Code::RateLimited`] if the address has
    /// tried too often. The limit is checked before the response reveals if the e-mail address is in use.
    pub async fn sign_up(
        &self,
        new: NewAccount,
        link: Option<&str>,
        address: IpAddr,
    ) -> Result<Account, ApiError> {
        let link = link.and_then(|text| Secret::parse(Kind::SignUpLink, text));
        self.may_sign_up(link.as_ref()).await?;
        let new = rules::check_new(NewAccount { is_admin: false, ..new })?;
        self.permit(Action::SignUp, address).await?;
        self.make_account(new, link.map(|link| link.hash())).await
    }

    /// Checks that the holder of this link (or a visitor without one) may create an account.
    ///
    /// # Errors
    /// [`Code::SignUpClosed`] if they may not.
    pub async fn check_sign_up(&self, link: Option<&str>) -> Result<(), ApiError> {
        let link = link.and_then(|text| Secret::parse(Kind::SignUpLink, text));
        self.may_sign_up(link.as_ref()).await
    }

    async fn may_sign_up(&self, link: Option<&Secret>) -> Result<(), ApiError> {
        if let Some(link) = link {
            let hash = link.hash();
            let now = self.db().clock().now();
            let found: Option<(bool,)> =
                self.db().fetch_optional(queries::LINK, params![&hash.0, now]).await?;
            return match found {
                Some((true,)) => Ok(()),
                Some(_) if self.sign_up_mode().await? != SignUp::Closed => Ok(()),
                Some(_) | None => Err(Code::SignUpClosed.into()),
            };
        }
        if self.sign_up_mode().await? == SignUp::Open { Ok(()) } else { Err(Code::SignUpClosed.into()) }
    }

    /// Creates an account from validated input.
    async fn make_account(&self, new: NewAccount, link: Option<Hash>) -> Result<Account, ApiError> {
        // An e-mail address in use is found before the costly hash; the transaction checks again.
        if self.db().fetch_optional::<(i64,)>(queries::EMAIL_TAKEN, params![&new.email]).await?.is_some() {
            return Err(email_taken());
        }
        let password_hash = self.0.account_hasher.hash(new.password.expose().to_owned()).await?;
        let id = AccountId(self.db().ids().next());
        let now = self.db().clock().now();
        let random = self.db().random().clone();
        let entry = self.audit(AuditAction::AccountCreated, &new.email);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let mut is_admin = new.is_admin;
                    if let Some(link) = link {
                        let taken: Option<(bool,)> =
                            tx.fetch_optional(queries::TAKE_LINK, params![&link.0, now]).await?;
                        let (makes_admin,) = taken.ok_or(Code::SignUpClosed)?;
                        is_admin |= makes_admin;
                    }
                    if is_admin {
                        tx.execute(queries::DELETE_SET_UP_LINKS, params![]).await?;
                    }
                    if tx.fetch_optional::<(i64,)>(queries::EMAIL_TAKEN, params![&new.email]).await?.is_some()
                    {
                        return Err(email_taken());
                    }
                    let first = rules::first_route(&new.email);
                    let mut route = first.clone();
                    for _ in 0..ROUTE_TRIES {
                        let values =
                            params![id, &new.email, &new.name, &route, &password_hash, is_admin, now];
                        if tx.execute(queries::INSERT, values).await? == 1 {
                            entry.record(tx).await?;
                            return Ok(Account {
                                id,
                                email: new.email,
                                name: new.name,
                                route,
                                is_admin,
                                created_at: now,
                                disabled_at: None,
                            });
                        }
                        route = format!("{first}{}", random.hex(4));
                    }
                    Err(email_taken())
                })
            })
            .await
    }

    /// Creates the link with which the owner of the server creates an administrator's account. It is valid
    /// for a day. Returns `None` if there is an administrator.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_up_link(&self) -> Result<Option<Secret>, ApiError> {
        if self.db().fetch_optional::<(i64,)>(queries::ANY_ADMIN, params![]).await?.is_some() {
            return Ok(None);
        }
        self.make_link(true, 24 * 3600).await.map(Some)
    }

    /// Creates a link that lets its holder create one account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitation_link(&self, seconds: i64) -> Result<Secret, ApiError> {
        self.make_link(false, seconds).await
    }

    async fn make_link(&self, makes_admin: bool, seconds: i64) -> Result<Secret, ApiError> {
        let link = Secret::generate(Kind::SignUpLink, self.db().random());
        let now = self.db().clock().now();
        let (hash, expires_at) = (link.hash(), now.plus_secs(seconds));
        let entry = self.audit(AuditAction::AccountInvited, if makes_admin { "administrator" } else { "" });
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::INSERT_LINK, params![&hash.0, makes_admin, now, expires_at]).await?;
                    entry.record(tx).await
                })
            })
            .await?;
        Ok(link)
    }

    /// Returns the account with an id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, ApiError> {
        Ok(self.db().fetch_optional(queries::BY_ID, params![id]).await?)
    }

    /// Returns the accounts with these ids, in no particular order. Unknown ids are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn accounts_of(&self, ids: &[AccountId]) -> Result<Vec<Account>, ApiError> {
        Ok(self.db().fetch_in(&queries::BY_IDS, &[], ids).await?)
    }

    /// Returns the account with an e-mail address; the case does not matter.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, ApiError> {
        let email = rules::normalize_email(email);
        Ok(self.db().fetch_optional(queries::BY_EMAIL, params![&email]).await?)
    }

    /// Returns the account with a route, unless it is disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn account_by_route(&self, route: &str) -> Result<Option<Account>, ApiError> {
        let route = route.to_ascii_lowercase();
        Ok(self.db().fetch_optional(queries::BY_ROUTE, params![&route]).await?)
    }

    /// Returns up to `limit` accounts with ids above `after`, in the order of their creation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn accounts(&self, after: AccountId, limit: i64) -> Result<Vec<Account>, ApiError> {
        Ok(self.db().fetch_all(queries::LIST, params![after, limit]).await?)
    }

    /// Checks an e-mail address and a password, and slows down repeated attempts.
    ///
    /// # Errors
    /// [`Code::SignInFailed`] if the account does not exist, is disabled, or has another password;
    /// [`Code::SignInSlowed`] after too many attempts.
    pub async fn check_password(
        &self,
        email: &str,
        password: &Password,
        address: IpAddr,
    ) -> Result<AccountId, ApiError> {
        let email = rules::normalize_email(email);
        self.count_attempt(&email, Some(address)).await?;
        let row: Option<model::AccountWithPassword> =
            self.db().fetch_optional(queries::PASSWORD_BY_EMAIL, params![&email]).await?;
        let password: String = password.expose().chars().take(rules::MAX_PASSWORD + 1).collect();
        let phc = row.as_ref().map(|row| row.password_hash.clone());
        let is_right = self.0.account_hasher.verify(password, phc).await?;
        match row {
            Some(row) if is_right && row.disabled_at.is_none() => {
                self.forgive_attempts(&email, Some(address)).await?;
                Ok(row.id)
            }
            Some(_) => {
                self.record(self.audit(AuditAction::SessionRefused, &email)).await?;
                Err(Code::SignInFailed.into())
            }
            // People type passwords into the wrong field: what belongs to no account is not logged.
            None => {
                self.record(self.audit(AuditAction::SessionRefused, "unknown e-mail")).await?;
                Err(Code::SignInFailed.into())
            }
        }
    }

    /// Disables an account with all its credentials, or enables it again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_disabled(&self, id: AccountId, disabled: bool) -> Result<(), ApiError> {
        let since: Option<Timestamp> = disabled.then(|| self.db().clock().now());
        let entry =
            self.audit(if disabled { AuditAction::AccountDisabled } else { AuditAction::AccountEnabled }, id);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::SET_DISABLED, params![id, since]).await?;
                    audit_of(tx, entry, id).await?;
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        Ok(())
    }

    /// Changes the name of an account inside another crate's transaction.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_name(tx: &mut Tx<'_>, id: AccountId, name: &str) -> Result<(), ApiError> {
        tx.execute(queries::SET_NAME, params![id, name]).await?;
        Ok(())
    }

    /// Changes the route of an account inside another crate's transaction. Returns false if another account
    /// has the route.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_route(tx: &mut Tx<'_>, id: AccountId, route: &str) -> Result<bool, ApiError> {
        match tx.execute(queries::SET_ROUTE, params![id, route]).await {
            Ok(changed) => Ok(changed == 1),
            // The statement's own check does not see a concurrent change.
            Err(store::Error::Unique) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an account and all its rows, by the foreign keys of the schema.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_account(&self, id: AccountId) -> Result<(), ApiError> {
        let entry = self.audit(AuditAction::AccountDeleted, id);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    audit_of(tx, entry, id).await?;
                    tx.execute(queries::DELETE, params![id]).await?;
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        Ok(())
    }
}

/// Records an act on an account under its e-mail address.
async fn audit_of(tx: &mut Tx<'_>, entry: audit::Pending, id: AccountId) -> Result<(), ApiError> {
    let found: Option<Account> = tx.fetch_optional(queries::BY_ID, params![id]).await?;
    match found {
        Some(account) => entry.about(account.email).record(tx).await,
        None => Ok(()),
    }
}

/// Notifies other processes that their cached credentials of an account may be out of date.
pub(crate) async fn announce(tx: &mut Tx<'_>, account: AccountId) -> Result<(), ApiError> {
    Ok(tx.notify(crate::cache::TOPIC, &account.to_string()).await?)
}

fn email_taken() -> ApiError {
    let mut issues = Issues::body();
    issues.add("email_taken", "email", "An account with this e-mail exists already");
    issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable))
}
