//! Password hashing: Argon2id, a few at a time, with a short queue for each purpose.
//!
//! One hash takes 19 MiB and tens of milliseconds on purpose. A flood of sign-ins must therefore wait in
//! line, and beyond the line be refused, instead of taking the memory and the processors of everybody else.

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

/// Memory in KiB, passes and lanes recommended by OWASP for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Hasher {
    pool: Arc<Pool>,
    /// The line for checks, and the line for new hashes.
    lines: (Arc<Line>, Arc<Line>),
}

#[derive(Debug)]
struct Pool {
    /// Hashes at once, of all lines together.
    slots: Arc<Semaphore>,
    random: Random,
}

/// Those who wait for one purpose. Each purpose has a queue of its own, and all but sign-in may hold only a part
/// of the slots: a flood of one never fills the queue of another, and sign-in never waits behind many of them.
#[derive(Debug)]
struct Line {
    /// Slots that the line may hold or wait for at once.
    share: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Longest queue; one more is refused.
    queue: usize,
}

impl Line {
    fn new(share: usize, queue: usize) -> Arc<Self> {
        let share = Arc::new(Semaphore::new(share.max(1)));
        Arc::new(Self { share, waiting: AtomicUsize::new(0), queue })
    }
}

/// Checked in place of the hash of an account that does not exist, so that both take as long. A constant,
/// because a hash made at start would keep its 19 MiB in the idle process. Nobody knows a password for it.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Hasher {
    /// Makes two hashers with one pool of `at_once` slots and queues of at most `queue`: one for accounts, with a
    /// line for sign-in and a line for new passwords, and one for the passwords that other rooms keep.
    pub fn pair(at_once: usize, queue: usize, random: Random) -> (Self, Self) {
        let slots = Arc::new(Semaphore::new(at_once.max(1)));
        let pool = Arc::new(Pool { slots, random });
        let (sign_in, new) = (Line::new(at_once, queue), Line::new(at_once / 2, queue));
        let others = Line::new(at_once / 2, queue);
        let accounts = Self { pool: Arc::clone(&pool), lines: (sign_in, new) };
        (accounts, Self { pool, lines: (Arc::clone(&others), others) })
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`Code::Unavailable`] when too many wait.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        let salt = self.pool.random.bytes();
        self.run(&self.lines.1, move || hash(&password, salt)).await?
    }

    /// True if the password has this hash. Without a hash it takes the same time and is false.
    ///
    /// # Errors
    /// [`Code::Unavailable`] when too many wait.
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
        // The slot goes with the work: a client that leaves does not free it early.
        let work = move || {
            let done = work();
            drop((slot, share));
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
    }
}

/// A place in the queue, given back when dropped.
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

/// The parameters are those of the stored hash, so that older hashes stay valid when the cost changes.
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

    /// Else an account that does not exist would be told by the time its check takes.
    #[test]
    fn nobodys_hash_costs_what_a_new_one_costs() {
        let new = hash("correct horse", [7; 16]).unwrap();
        let cost = |phc: &str| PasswordHash::new(phc).unwrap().params.to_string();
        assert_eq!(cost(NOBODY), cost(&new));
        assert_eq!(NOBODY.len(), new.len());
        assert!(!matches("", NOBODY));
    }

    /// A queue full of new passwords, or of other rooms' passwords, refuses its own kind alone.
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
