//! The user center: people who belong to a key. It lets an app without a server of its own register people
//! and sign them in.
//!
//! It consists of two APIs of the catalog: `user-center` for the people themselves, and `user-center-admin`
//! for managing them. A user belongs to one key, and every query begins with the key.

mod admin;
mod arguments;
mod model;
mod own;
mod provider;
mod queries;
pub mod rules;
mod sessions;
mod sign_in;
mod tokens;
mod users;

use std::time::Duration;

use store::{AccountId, params};
use web::{ApiError, Tasks};

pub(crate) use provider::{Admin, UserCenter, admin_spec, spec};

pub use model::{Filter, NewUser, Pool, Power, User, UserChange};
pub use rules::PasswordPolicy;

use crate::{HubKeyId, Services};

const CLEAN_EVERY: Duration = Duration::from_secs(60);
/// Rows deleted at a time.
const BATCH: i64 = 1000;

impl Services {
    /// Returns the users of one of the account's own keys, with all rights over them.
    ///
    /// # Errors
    /// [`web::Code::HubKeyNotFound`] if the key is unknown or belongs to another account.
    pub async fn own_pool(&self, account: AccountId, key: HubKeyId) -> Result<Pool, ApiError> {
        let key = self.key(account, key).await?;
        Ok(Pool { key: key.id, ak: key.ak, power: Power::Everybody })
    }

    /// Deletes one batch of expired sign-ins. Returns true if there may be more.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget_old_sessions(&self) -> store::Result<bool> {
        let now = self.db().clock().now();
        Ok(self.db().execute(queries::FORGET_SESSIONS, params![now, BATCH]).await? >= BATCH.unsigned_abs())
    }
}

pub(crate) fn start(services: &Services, tasks: &Tasks) {
    let (cleaner, stopping) = (services.clone(), tasks.clone());
    tasks.every(CLEAN_EVERY, move || {
        let (services, stopping) = (cleaner.clone(), stopping.clone());
        async move {
            while !stopping.is_stopping() {
                match services.forget_old_sessions().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return tracing::warn!(%error, "old sign-ins not removed yet"),
                }
            }
        }
    });
}
