//! A program that waits for its person in a browser elsewhere.

use store::{Timestamp, from_row, params};
use web::{ApiError, Code};

use super::{insert, queries, rules};
use crate::{
    Identity,
    application::rules::uuid,
    credential::{Hash, Kind, Secret},
};

/// How long a program waits.
const WAIT_SECONDS: i64 = 600;
/// Most programs waiting at once, of everybody: who waits has shown nothing yet.
const MAX_WAITING: i64 = 10_000;
/// What it is called whose name nobody knows.
const NAME: &str = "CLI";

/// A program that waits.
#[derive(Debug, Clone)]
pub struct Device {
    /// What the program asks with. Whoever knows it gets the token.
    pub session: String,
    /// What the person compares, or types.
    pub user_code: String,
    /// When it waits no longer.
    pub expires_at: Timestamp,
}

/// What a waiting program is told.
pub(super) enum Polled {
    Pending,
    Authorized(Secret),
    Expired,
}

struct DeviceRow {
    user_code: String,
    expires_at: Timestamp,
    account: Option<i64>,
    salt: Option<[u8; 32]>,
    program: Option<i64>,
}

from_row!(DeviceRow { user_code, expires_at, account, salt, program });

impl Identity {
    /// A program begins to wait.
    ///
    /// # Errors
    /// [`Code::RateLimited`] when too many wait already.
    pub(super) async fn start_device(&self) -> Result<Device, ApiError> {
        let random = self.db().random();
        let (session, user_code) = (uuid(random.bytes()), rules::user_code(random.bytes()));
        let (hash, now) = (Hash::of(&session), self.db().clock().now());
        let expires_at = now.plus_secs(WAIT_SECONDS);
        let values = params![&hash.0, &user_code, now, expires_at];
        let (waiting,) = self.db().fetch_one::<(i64,)>(queries::WAITING, params![]).await?;
        // Nothing is inserted where, by chance, somebody waits with the same code.
        if waiting >= MAX_WAITING || self.db().execute(queries::INSERT_DEVICE, values).await? == 0 {
            return Err(ApiError::new(Code::RateLimited).retry_after(60));
        }
        Ok(Device { session, user_code, expires_at })
    }

    /// How it stands with a program that waits. A session that is not known looks like one that is over.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn poll_device(&self, session: &str) -> Result<Polled, ApiError> {
        let (hash, now) = (Hash::of(session), self.db().clock().now());
        let row: Option<DeviceRow> = self.db().fetch_optional(queries::DEVICE, params![&hash.0]).await?;
        let Some(row) = row.filter(|row| row.expires_at > now) else { return Ok(Polled::Expired) };
        let (Some(account), Some(salt)) = (row.account, row.salt) else { return Ok(Polled::Pending) };
        // The same each time it asks, for an answer may be lost on the way.
        let token = Secret::after(Kind::AccessToken, session, &salt);
        if row.program.is_none() {
            let (id, token_hash) = (self.db().ids().next(), token.hash());
            self.db()
                .write(move |tx| {
                    Box::pin(async move {
                        if tx.execute(queries::FETCH_DEVICE, params![&hash.0, id]).await? == 1 {
                            insert(tx, id, token_hash, account, NAME, now).await?;
                        }
                        Ok::<_, ApiError>(())
                    })
                })
                .await?;
        }
        Ok(Polled::Authorized(token))
    }

    /// The program that waits with this session, or with the code that the person typed.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`] when none waits.
    pub async fn waiting_device(&self, session: &str) -> Result<String, ApiError> {
        let (hash, now) = (Hash::of(session), self.db().clock().now());
        let row: Option<DeviceRow> = self.db().fetch_optional(queries::DEVICE, params![&hash.0]).await?;
        let row = row.filter(|row| row.expires_at > now && row.account.is_none());
        row.map(|row| row.user_code).ok_or_else(|| Code::OauthCodeInvalid.into())
    }

    /// Lets the program in that waits with this code.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`] when none waits with it, or somebody let it in already.
    pub async fn let_device_in(&self, account: i64, user_code: &str) -> Result<(), ApiError> {
        let code = rules::read_user_code(user_code).ok_or(Code::OauthCodeInvalid)?;
        let (salt, now) = (self.db().random().bytes::<32>(), self.db().clock().now());
        let values = params![&code, now, account, &salt];
        match self.db().execute(queries::LET_IN, values).await? {
            0 => Err(Code::OauthCodeInvalid.into()),
            _ => Ok(()),
        }
    }
}
