//! Password hashing with Argon2id. Few hashes are computed at once, and each purpose has a short queue.
//!
//! One hash takes 19 MiB and tens of milliseconds, by design. A flood of sign-ins must therefore wait in a
//! queue, and is refused when the queue is full. Otherwise it would take the memory and the processors that
//! everybody needs.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use store::Random;
use tokio::sync::Semaphore;
use web::{ApiError, Code};

/// Memory in KiB, passes, and lanes, as OWASP recommends for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Hasher {
    pool: Arc<Pool>,
    /// The queue for checks, and the queue for new hashes.
    lines: (Arc<Line>, Arc<Line>),
}

#[derive(Debug)]
struct Pool {
    /// Permits for hashes computed at once, for all queues together.
    slots: Arc<Semaphore>,
    random: Random,
}

/// The queue of one purpose. All queues but that of sign-in may use only some of the slots. So a flood in one
/// queue never fills another, and sign-in never waits behind many hashes of others.
#[derive(Debug)]
struct Line {
    /// Permits for the slots that the queue may use or wait for at once.
    share: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Most waiting hashes; one more is refused.
    queue: usize,
}

impl Line {
    fn new(share: usize, queue: usize) -> Arc<Self> {
        let share = Arc::new(Semaphore::new(share.max(1)));
        Arc::new(Self { share, waiting: AtomicUsize::new(0), queue })
    }
}

/// A hash that is checked if the account does not exist, so that both cases take the same time. No known
/// password has it. It is a constant, because computing a hash at start would leave its 19 MiB allocated.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Hasher {
    /// Creates two hashers that share `at_once` slots, with queues of at most `queue` each. The first is for
    /// accounts and has one queue for sign-in and one for new passwords. The second is for passwords that
    /// other crates store.
    pub fn pair(at_once: usize, queue: usize, random: Random) -> (Self, Self) {
        let slots = Arc::new(Semaphore::new(at_once.max(1)));
        let pool = Arc::new(Pool { slots, random });
        let (sign_in, new) = (Line::new(at_once, queue), Line::new(at_once / 2, queue));
        let others = Line::new(at_once / 2, queue);
        let accounts = Self { pool: Arc::clone(&pool), lines: (sign_in, new) };
        (accounts, Self { pool, lines: (Arc::clone(&others), others) })
    }

    /// Returns the hash of a password as a PHC string.
    ///
    /// # Errors
    /// [`Code::Unavailable`] if the queue is full.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        let salt = self.pool.random.bytes();
        self.run(&self.lines.1, move || hash(&password, salt)).await?
    }

    /// True if the password has this hash. Without a hash this takes the same time and returns false.
    ///
    /// # Errors
    /// [`Code::Unavailable`] if the queue is full.
    pub async fn verify(&self, password: String, phc: Option<String>) -> Result<bool, ApiError> {
        let exists = phc.is_some();
        let phc = phc.unwrap_or_else(|| NOBODY.to_owned());
        let matches = self.run(&self.lines.0, move || matches(&password, &phc)).await?;
        Ok(matches && exists)
    }

    async fn run<T: Send + 'static>(
        &self,
        line: &Line,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let busy = || ApiError::new(Code::Unavailable).because("too many passwords to check").retry_after(2);
        let waiting = Waiting::join(line).ok_or_else(busy)?;
        let share = Arc::clone(&line.share).acquire_owned().await.map_err(ApiError::internal)?;
        let slot = Arc::clone(&self.pool.slots).acquire_owned().await.map_err(ApiError::internal)?;
        drop(waiting);
        // The slot belongs to the computation, so a client that disconnects does not free it early.
        let work = move || {
            let done = work();
            drop((slot, share));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
    }
}

/// A place in a queue, which is freed when this is dropped.
struct Waiting<'a>(&'a Line);

impl<'a> Waiting<'a> {
    fn join(line: &'a Line) -> Option<Self> {
        let place = Self(line);
        let before = line.waiting.fetch_add(1, Ordering::Relaxed);
        (before < line.queue).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon2() -> Result<Argon2<'static>, ApiError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(ApiError::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: [u8; 16]) -> Result<String, ApiError> {
    let hash: PasswordHash =
        argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(ApiError::internal)?;
    Ok(hash.to_string())
}

/// Checks a password with the parameters of the stored hash, so that older hashes stay valid when the cost
/// changes.
fn matches(password: &str, phc: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_alone() {
        let phc = hash("correct horse", [7; 16]).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(matches("correct horse", &phc));
        assert!(!matches("Correct horse", &phc));
        assert!(!matches("correct horse", "junk"));
    }

    /// Otherwise the duration of a check would reveal if an account exists.
    #[test]
    fn nobodys_hash_costs_what_a_new_one_costs() {
        let new = hash("correct horse", [7; 16]).unwrap();
        let cost = |phc: &str| PasswordHash::new(phc).unwrap().params.to_string();
        assert_eq!(cost(NOBODY), cost(&new));
        assert_eq!(NOBODY.len(), new.len());
        assert!(!matches("", NOBODY));
    }

    /// A full queue of new passwords, or of other crates' passwords, refuses only its own kind.
    #[tokio::test]
    async fn a_full_line_leaves_the_others_open() {
        let (accounts, others) = Hasher::pair(1, 2, Random::seeded(1));
        let flood = (0..20).map(|_| accounts.hash("correct horse".into()));
        let guests = (0..20).map(|_| others.verify("correct horse".into(), None));
        let (new, guests, one, two) = tokio::join!(
            futures::future::join_all(flood),
            futures::future::join_all(guests),
            accounts.verify("correct horse".into(), None),
            accounts.verify("correct horse".into(), None),
        );
        let done = |refused: bool| if refused { 0 } else { 1 };
        assert!(new.iter().map(|hash| done(hash.is_err())).sum::<i32>() <= 3, "the flood itself is refused");
        assert!(guests.iter().map(|check| done(check.is_err())).sum::<i32>() <= 3);
        assert!(one.is_ok() && two.is_ok(), "sign-in goes on");
    }
}
