//! Numbers about the whole server, for administrators.

use std::time::{Duration, Instant};

use store::params;
use web::ApiError;

use crate::Identity;

const COUNT: &str = "SELECT COUNT(*), COUNT(disabled_at) FROM account";

/// The accounts of a server, and the state of its database.
#[derive(Debug, Clone, Copy)]
pub struct Overview {
    /// Number of accounts.
    pub accounts: i64,
    /// Number of those that are disabled.
    pub disabled: i64,
    /// The name of the database's engine.
    pub engine: &'static str,
    /// The time in which the database answers; `None` if it is not ready.
    pub ready: Option<Duration>,
}

impl Identity {
    /// Counts the accounts, and asks the database if it is ready.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn overview(&self) -> Result<Overview, ApiError> {
        let db = &self.0.db;
        let start = Instant::now();
        let ready = db.ping().await.ok().map(|()| start.elapsed());
        let (accounts, disabled): (i64, i64) = db.fetch_one(COUNT, params![]).await?;
        Ok(Overview { accounts, disabled, engine: db.engine_name(), ready })
    }
}
