//! Random bytes, from an injected source.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes. Clones of a seeded source share its sequence.
#[derive(Debug, Clone)]
pub struct Random(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Seeded(Arc<AtomicU64>),
}

impl Random {
    /// Creates a source that uses the operating system's generator, fit for secrets.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Creates a source with a repeatable sequence, for tests. Not fit for secrets.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(AtomicU64::new(seed))))
    }

    /// Returns `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Returns `n_bytes` random bytes as twice as many lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self, n_bytes: usize) -> String {
        let mut bytes = vec![0; n_bytes];
        self.fill(&mut bytes);
        crate::sql::hex(&bytes)
    }

    fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => {
                if let Err(error) = getrandom::fill(bytes) {
                    // Nothing that goes on from here could be trusted: every secret would be guessable.
                    tracing::error!(%error, "the operating system gives no random bytes");
                    std::process::abort();
                }
            }
            Source::Seeded(state) => {
                for chunk in bytes.chunks_mut(8) {
                    let word = split_mix_64(state).to_le_bytes();
                    chunk.copy_from_slice(word.split_at(chunk.len()).0);
                }
            }
        }
    }
}

/// Makes one step of `SplitMix64`, a short generator in which every seed gives an unrelated sequence.
fn split_mix_64(state: &AtomicU64) -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut z = state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence() {
        let (a, b) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(a.bytes::<20>(), b.bytes::<20>());
        assert_eq!(a.hex(9), b.hex(9));
        assert_ne!(a.bytes::<16>(), Random::seeded(8).bytes::<16>());
    }

    #[test]
    fn hex_has_two_lower_case_digits_a_byte() {
        let text = Random::system().hex(33);
        assert_eq!(text.len(), 66);
        assert!(text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
        assert_ne!(text, Random::system().hex(33));
        assert_eq!(Random::system().hex(0), "");
    }
}
