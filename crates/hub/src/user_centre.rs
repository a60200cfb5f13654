//! The user centre: people who belong to a key, so that an application without a server of its own can let people
//! register and sign in.
//!
//! Two APIs of the catalogue stand on it: `user-center` for the people themselves, `user-center-admin` for those who
//! look after them. A user belongs to one key; nothing here reaches across keys, and every query begins with the key.

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

use store::params;
use web::{ApiError, Tasks};

pub(crate) use provider::{Admin, UserCentre, admin_spec, spec};

pub use model::{Filter, NewUser, Pool, Power, User, UserChange};
pub use rules::PasswordPolicy;

use crate::Hub;

const CLEAN_EVERY: Duration = Duration::from_secs(60);
/// Rows removed at a time.
const BATCH: i64 = 1000;

impl Hub {
    /// The users of one's own key, with every right over them.
    ///
    /// # Errors
    /// As [`Hub::key`].
    pub async fn own_pool(&self, account: i64, key: i64) -> Result<Pool, ApiError> {
        let key = self.key(account, key).await?;
        Ok(Pool { key: key.id, ak: key.ak, power: Power::Everybody })
    }

    /// Removes one batch of sign-ins that have ended; true when there may be more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_old_sessions(&self) -> store::Result<bool> {
        let now = self.db().clock().now();
        Ok(self.db().execute(queries::FORGET_SESSIONS, params![now, BATCH]).await? >= BATCH.unsigned_abs())
    }
}

pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let (cleaner, stopping) = (hub.clone(), tasks.clone());
    tasks.every(CLEAN_EVERY, move || {
        let (hub, stopping) = (cleaner.clone(), stopping.clone());
        async move {
            while !stopping.is_stopping() {
                match hub.forget_old_sessions().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => return tracing::warn!(%error, "old sign-ins not removed yet"),
                }
            }
        }
    });
}
