//! Accounts: making, finding, changing and deleting them.

mod attempts;
pub mod model;
mod password_change;
mod queries;
pub mod rules;

use std::net::IpAddr;

use store::{Param, Timestamp, Tx, params};
use web::{ApiError, Code, Issues};

pub(crate) use attempts::FORGET_ATTEMPTS_MS;
pub use model::{Account, NewAccount, Password};
pub use password_change::AlsoEnd;

use crate::{
    Action, Identity, SignUp,
    credential::{Hash, Kind, Secret},
};

/// Routes to try before giving up; each but the first carries 32 random bits.
const ROUTE_TRIES: usize = 8;

impl Identity {
    /// Makes an account in the name of whoever runs the server; the first one is an administrator.
    ///
    /// # Errors
    /// 422 for what is wrong with a field, an e-mail in use among them.
    pub async fn add_account(&self, new: NewAccount) -> Result<Account, ApiError> {
        let new = rules::check_new(new)?;
        let has_admin = self.db().fetch_optional::<(i64,)>(queries::ANY_ADMIN, params![]).await?.is_some();
        let is_admin = new.is_admin || !has_admin;
        self.make_account(NewAccount { is_admin, ..new }, None).await
    }

    /// The oldest administrator's account that is not switched off.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn first_administrator(&self) -> Result<Option<i64>, ApiError> {
        let found: Option<(i64,)> = self.db().fetch_optional(queries::FIRST_ADMIN, params![]).await?;
        Ok(found.map(|(id,)| id))
    }

    /// Makes an account for a visitor, if sign-up is open or the link is good. A link works once.
    ///
    /// # Errors
    /// [`Code::SignUpClosed`]; 422 as [`Identity::add_account`]; [`Code::RateLimited`] when the address has tried
    /// too often, which is decided before anything is said about the e-mail.
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

    /// Whether the holder of this link (or a visitor without one) may make an account.
    ///
    /// # Errors
    /// [`Code::SignUpClosed`].
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
                Some((makes_admin,)) if makes_admin || self.settings().sign_up != SignUp::Closed => Ok(()),
                Some(_) | None => Err(Code::SignUpClosed.into()),
            };
        }
        if self.settings().sign_up == SignUp::Open { Ok(()) } else { Err(Code::SignUpClosed.into()) }
    }

    /// Makes an account of what [`rules::check_new`] has checked.
    async fn make_account(&self, new: NewAccount, link: Option<Hash>) -> Result<Account, ApiError> {
        // An e-mail in use is found before a hash is paid for; the transaction checks again.
        if self.db().fetch_optional::<(i64,)>(queries::EMAIL_TAKEN, params![&new.email]).await?.is_some() {
            return Err(email_taken());
        }
        let password_hash = self.0.account_hasher.hash(new.password.expose().to_owned()).await?;
        let id = self.db().ids().next();
        let now = self.db().clock().now();
        let random = self.db().random().clone();
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

    /// A link with which the owner makes their account, good for a day; `None` once there is an administrator.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_up_link(&self) -> Result<Option<Secret>, ApiError> {
        if self.db().fetch_optional::<(i64,)>(queries::ANY_ADMIN, params![]).await?.is_some() {
            return Ok(None);
        }
        self.make_link(true, 24 * 3600).await.map(Some)
    }

    /// A link that lets its holder make one account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn invitation_link(&self, seconds: i64) -> Result<Secret, ApiError> {
        self.make_link(false, seconds).await
    }

    async fn make_link(&self, makes_admin: bool, seconds: i64) -> Result<Secret, ApiError> {
        let link = Secret::generate(Kind::SignUpLink, self.db().random());
        let now = self.db().clock().now();
        let hash = link.hash();
        self.db()
            .execute(queries::INSERT_LINK, params![&hash.0, makes_admin, now, now.plus_secs(seconds)])
            .await?;
        Ok(link)
    }

    /// The account of an id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account(&self, id: i64) -> Result<Option<Account>, ApiError> {
        Ok(self.db().fetch_optional(queries::BY_ID, params![id]).await?)
    }

    /// The accounts of ids, in no order. Those that do not exist are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts_of(&self, ids: &[i64]) -> Result<Vec<Account>, ApiError> {
        let mut all = Vec::new();
        for some in ids.chunks(queries::IDS) {
            let mut values: Vec<Param<'_>> = some.iter().map(|id| Param::from(*id)).collect();
            // No account has the id 0.
            values.resize(queries::IDS, Param::Int(0));
            all.extend(self.db().fetch_all::<Account>(queries::BY_IDS.as_str(), &values).await?);
        }
        Ok(all)
    }

    /// The account of an e-mail, in any case.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, ApiError> {
        let email = rules::normalise_email(email);
        Ok(self.db().fetch_optional(queries::BY_EMAIL, params![&email]).await?)
    }

    /// Up to `limit` accounts with ids above `after`, in the order they were made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts(&self, after: i64, limit: i64) -> Result<Vec<Account>, ApiError> {
        Ok(self.db().fetch_all(queries::LIST, params![after, limit]).await?)
    }

    /// Checks an e-mail and a password, slowly for whoever guesses.
    ///
    /// # Errors
    /// [`Code::SignInFailed`] whether the account does not exist, is disabled or has another password;
    /// [`Code::SignInSlowed`].
    pub async fn check_password(
        &self,
        email: &str,
        password: &Password,
        address: IpAddr,
    ) -> Result<i64, ApiError> {
        let email = rules::normalise_email(email);
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
            Some(_) | None => Err(Code::SignInFailed.into()),
        }
    }

    /// Switches an account off, with everything it owns, or on again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_disabled(&self, id: i64, disabled: bool) -> Result<(), ApiError> {
        let since: Option<Timestamp> = disabled.then(|| self.db().clock().now());
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::SET_DISABLED, params![id, since]).await?;
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        Ok(())
    }

    /// Changes the name of an account inside another room's transaction.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_name(tx: &mut Tx<'_>, id: i64, name: &str) -> Result<(), ApiError> {
        tx.execute(queries::SET_NAME, params![id, name]).await?;
        Ok(())
    }

    /// Changes the route of an account inside another room's transaction; false when another has it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_route(tx: &mut Tx<'_>, id: i64, route: &str) -> Result<bool, ApiError> {
        match tx.execute(queries::SET_ROUTE, params![id, route]).await {
            Ok(changed) => Ok(changed == 1),
            // Two at once: the statement's own look did not see the other.
            Err(store::Error::Unique) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an account and, by the schema, everything it owns in the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_account(&self, id: i64) -> Result<(), ApiError> {
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(queries::DELETE, params![id]).await?;
                    announce(tx, id).await
                })
            })
            .await?;
        self.0.cache.forget_account(id);
        Ok(())
    }
}

/// Tells other processes that what they know of an account's credentials may no longer hold.
pub(crate) async fn announce(tx: &mut Tx<'_>, account: i64) -> Result<(), ApiError> {
    Ok(tx.notify(crate::cache::TOPIC, &account.to_string()).await?)
}

fn email_taken() -> ApiError {
    let mut issues = Issues::body();
    issues.add("email_taken", "email", "An account with this e-mail exists already");
    issues.finish().err().unwrap_or_else(|| ApiError::new(Code::Unprocessable))
}
