//! The profile: who the person says they are (contract C-04, X-16).

pub mod model;
mod queries;
pub(crate) mod routes;
pub mod rules;

use identity::{Account, Caller, Identity};
use store::params;
use web::{ApiError, Code};

pub use model::{Change, Profile};

use crate::Memory;

impl Memory {
    /// The account and the profile of a person.
    ///
    /// # Errors
    /// When the store fails, or the account has just been deleted.
    pub async fn profile(&self, account: i64) -> Result<(Account, Profile), ApiError> {
        let who = self.0.identity.account(account).await?.ok_or(Code::AuthMissing)?;
        let profile = self.db().fetch_optional(queries::FIND, params![account]).await?;
        Ok((who, profile.unwrap_or_default()))
    }

    /// What the app that calls knows the person by; `None` when no app calls.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn app_scoped_id(&self, caller: &Caller) -> Result<Option<String>, ApiError> {
        match caller.application() {
            Some(application) => self.0.identity.app_scoped_id(application, caller.account()).await,
            None => Ok(None),
        }
    }

    /// Changes what is given and leaves the rest, all of it or nothing.
    ///
    /// # Errors
    /// 422 for what is wrong with a field, [`Code::ProfileUpdateFailed`] for a route that is taken.
    pub async fn update_profile(&self, account: i64, change: Change) -> Result<(), ApiError> {
        rules::check(&change)?;
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(name) = &change.name {
                        Identity::set_name(tx, account, name.trim()).await?;
                    }
                    if let Some(route) = &change.route {
                        let route = route.to_ascii_lowercase();
                        if !Identity::set_route(tx, account, &route).await? {
                            return Err(
                                ApiError::new(Code::ProfileUpdateFailed).with("origin_route is taken")
                            );
                        }
                    }
                    let values = params![
                        account,
                        change.avatar.as_deref(),
                        change.cover.as_deref(),
                        change.bio.as_deref(),
                        change.self_introduction.as_deref(),
                        now
                    ];
                    tx.execute(queries::SAVE, values).await?;
                    Ok(())
                })
            })
            .await
    }
}
