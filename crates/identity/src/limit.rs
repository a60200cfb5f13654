//! Rate limits, per client address, on actions that anybody may repeat.
//!
//! A limited action takes the client's address as an argument and counts itself, so that no route to it can
//! omit the limit.

mod queries;
pub mod rules;

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use store::{Timestamp, Tx, params};
use web::{ApiError, Code};

pub use rules::Rate;

use crate::Identity;

/// The limits of all actions, from the settings `[accounts]` and `[oauth]`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// New accounts per address, on this server or with a key of the Hub.
    pub sign_up: Rate,
    /// Sign-ins started by programs, per address.
    pub device: Rate,
    /// Wrong user codes, per address and per account.
    pub user_code: Rate,
    /// Apps that register themselves, per address.
    pub registration: Rate,
}

/// An action that is limited per client address.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// Creating an account.
    SignUp,
    /// Creating an account with the Hub key that has this AK.
    HubSignUp(&'a str),
    /// Starting the sign-in of a program.
    Device,
    /// Registering an app without an account.
    Registration,
    /// Having this server fetch a document of an app.
    Document,
    /// Writing to an avatar without an account, so often.
    GuestMessage(Rate),
}

impl Action<'_> {
    fn rate(self, limits: &Limits) -> Rate {
        match self {
            Self::SignUp | Self::HubSignUp(_) => limits.sign_up,
            Self::Device => limits.device,
            Self::Registration => limits.registration,
            Self::Document => DOCUMENTS,
            Self::GuestMessage(rate) => rate,
        }
    }

    fn subject(self, address: IpAddr) -> Subject {
        match self {
            Self::SignUp => subject("sign up", &origin(address)),
            Self::HubSignUp(ak) => subject(&format!("hub sign up {ak}"), &origin(address)),
            Self::Device => subject("device", &origin(address)),
            Self::Registration => subject("registration", &origin(address)),
            Self::Document => subject("document", &origin(address)),
            Self::GuestMessage(_) => subject("guest message", &origin(address)),
        }
    }
}

/// Most documents that are fetched for one address.
const DOCUMENTS: Rate = Rate::per_seconds(10, 60);
/// Most documents that are fetched for all addresses together.
const ALL_DOCUMENTS: Rate = Rate::per_seconds(60, 60);

/// The subject of a limit: the SHA-256 of who is limited in what.
pub(crate) type Subject = [u8; 32];

/// Returns the hash of a client's network: an IPv4 address, or the /64 network of an IPv6 address.
pub(crate) fn origin(address: IpAddr) -> [u8; 32] {
    let hash = Sha256::new().chain_update("address\0");
    match address.to_canonical() {
        IpAddr::V4(v4) => hash.chain_update(v4.octets()),
        IpAddr::V6(v6) => hash.chain_update(v6.octets().first_chunk::<8>().copied().unwrap_or_default()),
    }
    .finalize()
    .into()
}

/// Returns the subject of an action by `who`.
pub(crate) fn subject(action: &str, who: &[u8]) -> Subject {
    Sha256::new().chain_update(who).chain_update(action).finalize().into()
}

impl Identity {
    /// Counts a document that is fetched for an address.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if the address or the server has used up its limit.
    pub(crate) async fn permit_document(&self, address: IpAddr) -> Result<(), ApiError> {
        let limits = vec![
            (Action::Document.subject(address), DOCUMENTS),
            (subject("documents", b"all"), ALL_DOCUMENTS),
        ];
        let now = self.db().clock().now();
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let held = LockedLimits::take(tx, limits, now).await?;
                    held.save(tx).await
                })
            })
            .await
    }

    /// Counts an action of a client address. Called before the action.
    ///
    /// # Errors
    /// [`Code::RateLimited`] with `Retry-After` if the address has used up its limit.
    pub async fn permit(&self, action: Action<'_>, address: IpAddr) -> Result<(), ApiError> {
        let (subject, rate) = (action.subject(address), action.rate(&self.settings().limits));
        let now = self.db().clock().now();
        // Refused requests cost only a read.
        let used: Option<(Timestamp,)> = self.db().fetch_optional(queries::READ, params![&subject]).await?;
        rate.take(used.map(|(free_at,)| free_at), now).map_err(refused)?;
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    let held = LockedLimits::take(tx, vec![(subject, rate)], now).await?;
                    held.save(tx).await
                })
            })
            .await
    }
}

/// Limits whose rows are locked, with the times to store once the action is counted.
pub(crate) struct LockedLimits(Vec<(Subject, Timestamp)>);

impl LockedLimits {
    /// Locks the rows of limits inside a transaction.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if one of the limits is used up.
    pub(crate) async fn take(
        tx: &mut Tx<'_>,
        mut limits: Vec<(Subject, Rate)>,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        // All transactions lock in the same order, which prevents deadlocks.
        limits.sort_by_key(|(subject, _)| *subject);
        let mut held = Vec::with_capacity(limits.len());
        for (subject, rate) in limits {
            let (free_at,): (Timestamp,) = tx.fetch_one(queries::LOCK, params![&subject, now]).await?;
            held.push((subject, rate.take(Some(free_at), now).map_err(refused)?));
        }
        Ok(Self(held))
    }

    /// Stores the new times, which counts the action.
    pub(crate) async fn save(self, tx: &mut Tx<'_>) -> Result<(), ApiError> {
        for (subject, free_at) in self.0 {
            tx.execute(queries::SAVE, params![&subject, free_at]).await?;
        }
        Ok(())
    }
}

fn refused(wait_ms: i64) -> ApiError {
    let seconds = u32::try_from(wait_ms.saturating_add(999) / 1000).unwrap_or(u32::MAX);
    ApiError::new(Code::RateLimited).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_is_its_network() {
        let of = |text: &str| origin(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn each_action_has_a_limit_of_its_own() {
        let address = "192.0.2.1".parse().unwrap();
        let all = [
            Action::SignUp,
            Action::HubSignUp("a"),
            Action::HubSignUp("b"),
            Action::Device,
            Action::Registration,
            Action::Document,
            Action::GuestMessage(DOCUMENTS),
        ];
        let subjects: std::collections::HashSet<Subject> = all.map(|action| action.subject(address)).into();
        assert_eq!(subjects.len(), all.len());
    }
}
