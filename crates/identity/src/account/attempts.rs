//! Delays for people who guess passwords, per account and per address.
//!
//! An attempt is counted before the password is checked, so that concurrent attempts gain nothing. The first
//! few attempts have no delay. After that the delay doubles with each attempt. Attempts on unknown accounts
//! are counted in the same way, so that the delay reveals nothing.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use store::{Backoff, Timestamp, params};
use web::{ApiError, Code};

use crate::{Identity, limit::origin};

/// Time without an attempt after which earlier ones are forgotten, in milliseconds.
pub(crate) const FORGET_ATTEMPTS_MS: i64 = 3_600_000;

/// Locks the row without changing it.
const TOUCH: &str = "INSERT INTO sign_in_attempt (subject, attempts, blocked_until, updated_at) VALUES ($1, \
    0, 0, $2) \
     ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject RETURNING attempts, blocked_until, \
     updated_at";

const SAVE: &str =
    "UPDATE sign_in_attempt SET attempts = $2, blocked_until = $3, updated_at = $4 WHERE subject = $1";

const FORGIVE_ACCOUNT: &str = "DELETE FROM sign_in_attempt WHERE subject = $1";

const FORGIVE_ADDRESS: &str = "UPDATE sign_in_attempt SET attempts = attempts - 1, blocked_until = 0 \
     WHERE subject = $1 AND attempts > 0";

/// The number of attempts without delay, and the delays of the others.
#[derive(Debug, Clone, Copy)]
struct Policy {
    free: i64,
    backoff: Backoff,
}

/// At most one minute, so that nobody who knows an e-mail address can lock its owner out for long.
const ACCOUNT: Policy = Policy { free: 5, backoff: Backoff::doubling(1000, 60_000) };
/// Higher limits, because many people may share an address.
const ADDRESS: Policy = Policy { free: 30, backoff: Backoff::doubling(1000, 900_000) };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    attempts: i64,
    blocked_until: i64,
    updated_at: i64,
}

impl Policy {
    /// Returns the record after one more attempt.
    ///
    /// # Errors
    /// The milliseconds to wait if the attempt comes too early; the record then stays as it is.
    fn attempt(self, record: Record, now: i64) -> Result<Record, i64> {
        let wait = Timestamp(record.blocked_until).wait_from(Timestamp(now), self.backoff.longest_ms());
        if wait > 0 {
            return Err(wait);
        }
        let before = if now - record.updated_at > FORGET_ATTEMPTS_MS { 0 } else { record.attempts };
        let attempts = before + 1;
        let over = attempts - self.free;
        let wait = if over > 0 { self.backoff.wait_ms(over) } else { 0 };
        Ok(Record { attempts, blocked_until: now + wait, updated_at: now })
    }
}

impl Identity {
    /// Counts an attempt on an account, and from an address if one is known.
    pub(super) async fn count_attempt(&self, email: &str, address: Option<IpAddr>) -> Result<(), ApiError> {
        let mut subjects = vec![(account_subject(email), ACCOUNT)];
        subjects.extend(address.map(|address| (origin(address), ADDRESS)));
        self.count(subjects).await
    }

    /// Counts an attempt at a password that another crate stores, before it is checked: per owner and per
    /// address, as for sign-ins. `owner` identifies the owner of the password, in a form that no other crate
    /// uses.
    ///
    /// # Errors
    /// [`Code::SignInSlowed`] if the attempt comes too early.
    pub async fn count_guess(&self, owner: &str, address: IpAddr) -> Result<(), ApiError> {
        self.count_attempt(&elsewhere(owner), Some(address)).await
    }

    /// Undoes the count of a successful attempt at such a password.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forgive_guess(&self, owner: &str, address: IpAddr) -> Result<(), ApiError> {
        self.forgive_attempts(&elsewhere(owner), Some(address)).await
    }

    async fn count(&self, mut subjects: Vec<([u8; 32], Policy)>) -> Result<(), ApiError> {
        let now = self.db().clock().now();
        // All transactions lock in the same order, which prevents deadlocks.
        subjects.sort_by_key(|(subject, _)| *subject);
        self.db()
            .write(move |tx| {
                Box::pin(async move {
                    for (subject, policy) in &subjects {
                        let (attempts, blocked_until, updated_at): (i64, i64, i64) =
                            tx.fetch_one(TOUCH, params![subject, now]).await?;
                        let record = Record { attempts, blocked_until, updated_at };
                        let record = policy.attempt(record, now.as_millis()).map_err(slowed)?;
                        let save = params![
                            subject,
                            record.attempts,
                            record.blocked_until,
                            Timestamp(record.updated_at)
                        ];
                        tx.execute(SAVE, save).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Undoes the count of a successful attempt.
    pub(super) async fn forgive_attempts(
        &self,
        email: &str,
        address: Option<IpAddr>,
    ) -> Result<(), ApiError> {
        self.db().execute(FORGIVE_ACCOUNT, params![&account_subject(email)]).await?;
        if let Some(address) = address {
            self.db().execute(FORGIVE_ADDRESS, params![&origin(address)]).await?;
        }
        Ok(())
    }
}

/// Returns a name that no account has, because an e-mail address has no NUL character.
fn elsewhere(owner: &str) -> String {
    format!("\0{owner}")
}

fn slowed(wait_ms: i64) -> ApiError {
    ApiError::new(Code::SignInSlowed)
        .retry_after(u32::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(u32::MAX))
}

fn account_subject(email: &str) -> [u8; 32] {
    Sha256::new().chain_update("account\0").chain_update(email).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let mut record = Record { attempts: 0, blocked_until: 0, updated_at: 0 };
        let mut now = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..14 {
            record = ACCOUNT.attempt(record, now).unwrap();
            waits.push((record.blocked_until - now) / 1000);
            if record.blocked_until > now {
                assert_eq!(ACCOUNT.attempt(record, record.blocked_until - 1), Err(1));
            }
            now = record.blocked_until;
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let rested = ACCOUNT.attempt(record, now + FORGET_ATTEMPTS_MS + 1).unwrap();
        assert_eq!(rested.attempts, 1);
    }

    proptest! {
        /// No jump of the clock makes anybody wait longer than the longest delay, after which an attempt is
        /// permitted. (The clocks of processes may differ by two seconds.)
        #[test]
        fn no_clock_makes_anybody_wait_longer(
            moves in proptest::collection::vec((-4_000_000_000_i64..4_000_000_000, 0_usize..40), 1..20),
        ) {
            for policy in [ACCOUNT, ADDRESS] {
                let mut record = Record { attempts: 0, blocked_until: 0, updated_at: 0 };
                let mut now = 1_800_000_000_000;
                let longest_ms = policy.backoff.longest_ms();
                for (step, tries) in &moves {
                    now += step;
                    for _ in 0..*tries {
                        match policy.attempt(record, now) {
                            Ok(next) => record = next,
                            Err(wait) => {
                                prop_assert!((1..=longest_ms).contains(&wait));
                                prop_assert!(policy.attempt(record, now + longest_ms + 2_000).is_ok());
                            }
                        }
                    }
                }
            }
        }
    }
}
