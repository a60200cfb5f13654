//! Sign-in of a program that polls while the person approves it in a browser (as in RFC 8628).

use std::net::IpAddr;

use store::{AccountId, Timestamp, Tx, from_row, params};
use web::{ApiError, Code};

use super::{insert, queries, rules};
use crate::{
    Action, AuditAction, Identity, ProgramId,
    application::rules::uuid,
    credential::{Hash, Kind, Secret},
    limit,
};

/// Time in seconds for which a program may wait.
const WAIT_SECONDS: i64 = 600;
/// Most programs that wait at once, for all addresses together, because a waiting program is not
/// authenticated. A further one replaces the oldest one of the address that has most of them.
const MAX_WAITING: i64 = 10_000;
/// The name of every program that is signed in this way, because these programs send none.
const NAME: &str = "CLI";

/// A program that waits to be signed in.
#[derive(Debug, Clone)]
pub struct Device {
    /// The secret with which the program polls. Its holder gets the token.
    pub session: String,
    /// The code that the person compares or types.
    pub user_code: String,
    /// The time at which the program stops waiting.
    pub expires_at: Timestamp,
}

/// The state that a waiting program gets when it polls.
pub(super) enum Polled {
    Pending,
    Authorized(Secret),
    Expired,
}

struct DeviceRow {
    user_code: String,
    expires_at: Timestamp,
    account: Option<AccountId>,
    salt: Option<[u8; 32]>,
    program: Option<ProgramId>,
}

from_row!(DeviceRow { user_code, expires_at, account, salt, program });

impl DeviceRow {
    fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.wait_from(now, WAIT_SECONDS * 1000) > 0
    }
}

impl Identity {
    /// Registers a program that begins to wait.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if the address has begun too often.
    pub async fn start_device(&self, address: IpAddr) -> Result<Device, ApiError> {
        self.permit(Action::Device, address).await?;
        let random = self.db().random();
        let (session, user_code) = (uuid(random.bytes()), rules::user_code(random.bytes()));
        let (hash, code, now) = (Hash::of(&session), user_code.clone(), self.db().clock().now());
        let (expires_at, origin) = (now.plus_secs(WAIT_SECONDS), limit::origin(address));
        let is_new = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let (waiting,) =
                        tx.fetch_one::<(i64,)>(queries::WAITING, params![now, expires_at]).await?;
                    if waiting >= MAX_WAITING {
                        tx.execute(queries::EVICT_DEVICE, params![now, expires_at]).await?;
                    }
                    let values = params![&hash.0, &code, now, expires_at, &origin];
                    Ok::<_, ApiError>(tx.execute(queries::INSERT_DEVICE, values).await? == 1)
                })
            })
            .await?;
        // By chance another program waits with the same code.
        if is_new { Ok(Device { session, user_code, expires_at }) } else { Err(busy()) }
    }

    /// Returns the state of a waiting program. An unknown session looks like an expired one.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn poll_device(&self, session: &str) -> Result<Polled, ApiError> {
        let (hash, now) = (Hash::of(session), self.db().clock().now());
        let row: Option<DeviceRow> = self.db().fetch_optional(queries::DEVICE, params![&hash.0]).await?;
        let Some(row) = row.filter(|row| row.is_alive(now)) else { return Ok(Polled::Expired) };
        let (Some(account), Some(salt)) = (row.account, row.salt) else { return Ok(Polled::Pending) };
        // Each poll returns the same token, because a response may be lost on the way.
        let token = Secret::after(Kind::AccessToken, session, &salt);
        if row.program.is_none() {
            let (id, token_hash) = (ProgramId(self.db().ids().next()), token.hash());
            let entry = self.audit(AuditAction::ProgramConnected, NAME).by(account);
            self.db()
                .write(move |tx| {
                    Box::pin(async move {
                        if tx.execute(queries::FETCH_DEVICE, params![&hash.0, id]).await? == 1 {
                            insert(tx, id, token_hash, account, NAME, now).await?;
                            entry.record(tx).await?;
                        }
                        Ok::<_, ApiError>(())
                    })
                })
                .await?;
        }
        Ok(Polled::Authorized(token))
    }

    /// Returns the user code of the program that waits with this session.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`] if none waits.
    pub async fn waiting_device(&self, session: &str) -> Result<String, ApiError> {
        let (hash, now) = (Hash::of(session), self.db().clock().now());
        let row: Option<DeviceRow> = self.db().fetch_optional(queries::DEVICE, params![&hash.0]).await?;
        let row = row.filter(|row| row.is_alive(now) && row.account.is_none());
        row.map(|row| row.user_code).ok_or_else(|| Code::OauthCodeInvalid.into())
    }

    /// Signs in the program that waits with this code, as the person typed it.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`] if no program waits with the code, or it was signed in already;
    /// [`Code::RateLimited`] after too many wrong codes from the account or the address (RFC 8628 §5.1).
    pub async fn let_device_in(
        &self,
        account: AccountId,
        user_code: &str,
        address: IpAddr,
    ) -> Result<(), ApiError> {
        let rate = self.settings().limits.user_code;
        let limits = vec![
            (limit::subject("user code", &account.0.to_be_bytes()), rate),
            (limit::subject("user code", &limit::origin(address)), rate),
        ];
        let code = rules::read_user_code(user_code);
        let (salt, now) = (self.db().random().bytes::<32>(), self.db().clock().now());
        let is_right = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let held = limit::LockedLimits::take(tx, limits, now).await?;
                    if let Some(code) = code
                        && let_in(tx, &code, account, &salt, now).await?
                    {
                        return Ok(true);
                    }
                    held.save(tx).await?;
                    Ok::<_, ApiError>(false)
                })
            })
            .await?;
        if is_right { Ok(()) } else { Err(Code::OauthCodeInvalid.into()) }
    }

    /// Signs in the program that waits with this session, which cannot be guessed.
    ///
    /// # Errors
    /// [`Code::OauthCodeInvalid`] if no program waits with the session, or it was signed in already.
    pub async fn let_session_in(&self, account: AccountId, session: &str) -> Result<(), ApiError> {
        let code = self.waiting_device(session).await?;
        let (salt, now) = (self.db().random().bytes::<32>(), self.db().clock().now());
        let is_done = self
            .db()
            .write(move |tx| Box::pin(async move { let_in(tx, &code, account, &salt, now).await }))
            .await?;
        if is_done { Ok(()) } else { Err(Code::OauthCodeInvalid.into()) }
    }
}

async fn let_in(
    tx: &mut Tx<'_>,
    code: &str,
    account: AccountId,
    salt: &[u8; 32],
    now: Timestamp,
) -> Result<bool, ApiError> {
    let values = params![code, now, account, salt, now.plus_secs(WAIT_SECONDS)];
    Ok(tx.execute(queries::LET_IN, values).await? == 1)
}

fn busy() -> ApiError {
    ApiError::new(Code::RateLimited).retry_after(1)
}
