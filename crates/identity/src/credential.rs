//! Credentials: their format, the check before any look-up, and the hash, which alone is stored.
//!
//! A credential consists of a prefix for its kind, 256 random bits as 50 lower-case base-36 characters, and a
//! checksum of 6 characters: `lba_ak_` + `[0-9a-z]{56}`. A mistyped or made-up credential has a wrong
//! checksum and is refused without a database query.

use std::fmt;

use sha2::{Digest, Sha256};
use store::Random;
use subtle::ConstantTimeEq;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Number of base-36 characters that hold 256 bits.
const BODY: usize = 50;
const CHECKSUM: usize = 6;
/// Number of characters shown of a credential after it was issued: the prefix and six more.
const HINT: usize = 13;
/// 36^6. The checksum is the CRC-32 of the characters before it, modulo this number.
const CHECKSUM_RANGE: u32 = 2_176_782_336;

/// The kinds of credentials. Each has a prefix of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person's API key.
    ApiKey,
    /// A sign-in session of the console, stored in a cookie.
    Session,
    /// The visitor cookie, which binds a form to the browser that got it.
    Visitor,
    /// A link that lets its holder create an account.
    SignUpLink,
    /// A link that lets the owner of an account set a new password.
    PasswordLink,
    /// The client secret of an app.
    ClientSecret,
    /// An authorization code of OAuth.
    Code,
    /// The access token of an app.
    AccessToken,
    /// The refresh token of an app.
    RefreshToken,
    /// The secret that signs the webhook events of an app.
    WebhookSecret,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::ApiKey,
        Self::Session,
        Self::Visitor,
        Self::SignUpLink,
        Self::PasswordLink,
        Self::ClientSecret,
        Self::Code,
        Self::AccessToken,
        Self::RefreshToken,
        Self::WebhookSecret,
    ];

    /// Returns the prefix of credentials of this kind.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "lba_ak_",
            Self::Session => "lba_ss_",
            Self::Visitor => "lba_vs_",
            Self::SignUpLink => "lba_su_",
            Self::PasswordLink => "lba_pl_",
            Self::ClientSecret => "lba_cs_",
            Self::Code => "lba_ac_",
            Self::AccessToken => "lba_at_",
            Self::RefreshToken => "lba_rt_",
            Self::WebhookSecret => "whs_",
        }
    }
}

/// The SHA-256 of a credential, by which it is stored and looked up. Credentials are random enough that even
/// a fast hash cannot be searched.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Returns the hash of a text that is as hard to guess as a credential.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// True if this is the hash of `presented`. Compares in constant time.
    pub fn is_of(&self, presented: &str) -> bool {
        self.0.ct_eq(&Self::of(presented).0).into()
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

/// A credential in the clear. It exists only between its creation or receipt and its hashing. It is never
/// stored, and `Debug` does not show it.
#[derive(Clone)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Creates a random credential.
    pub fn generate(kind: Kind, random: &Random) -> Self {
        Self::of(kind, random.bytes::<32>())
    }

    /// Derives a credential from another one and a salt. Both together always give the same result; neither
    /// alone reveals anything about it.
    pub fn after(kind: Kind, other: &str, salt: &[u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(kind.prefix())
            .chain_update([0])
            .chain_update(salt)
            .chain_update(other)
            .finalize();
        Self::of(kind, digest.into())
    }

    fn of(kind: Kind, bytes: [u8; 32]) -> Self {
        let mut text = String::with_capacity(kind.prefix().len() + BODY + CHECKSUM);
        text.push_str(kind.prefix());
        push_base36(&mut text, bytes);
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(text)
    }

    /// Parses a credential of a kind. Returns `None` if its prefix, length, or checksum is wrong.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let body = text.strip_prefix(kind.prefix())?;
        if body.len() != BODY + CHECKSUM
            || !body.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        {
            return None;
        }
        let (signed, given) = text.split_at_checked(text.len() - CHECKSUM)?;
        (checksum(signed) == given).then(|| Self(text.to_owned()))
    }

    /// Returns the text of the credential, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the hash for storage and look-up.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }

    /// Returns the first characters: enough for the owner to recognize the credential, and of no use to
    /// others.
    pub fn hint(&self) -> String {
        self.0.chars().take(HINT).collect()
    }

    /// Derives a value for one purpose that only a holder of this credential can compute. The value does not
    /// reveal the credential.
    pub fn derive(&self, purpose: &str) -> String {
        let digest = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(&self.0).finalize();
        let mut text = String::new();
        push_base36(&mut text, digest.into());
        text
    }
}

/// Compares two texts in a time that depends on their lengths alone.
pub fn equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Returns 256 bits as 50 lower-case letters and digits.
pub(crate) fn base36(bytes: [u8; 32]) -> String {
    let mut text = String::with_capacity(BODY);
    push_base36(&mut text, bytes);
    text
}

/// Writes 256 bits as exactly [`BODY`] base-36 characters.
fn push_base36(text: &mut String, bytes: [u8; 32]) {
    let mut limbs: [u32; 8] = std::array::from_fn(|i| {
        bytes.chunks_exact(4).nth(i).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
    });
    let start = text.len();
    for _ in 0..BODY {
        let mut remainder = 0_u64;
        for limb in &mut limbs {
            let value = (remainder << 32) | u64::from(*limb);
            *limb = u32::try_from(value / 36).unwrap_or(0);
            remainder = value % 36;
        }
        text.push(digit(remainder));
    }
    debug_assert_eq!(text.len() - start, BODY);
}

fn checksum(text: &str) -> String {
    let mut rest = u64::from(crc32fast::hash(text.as_bytes()) % CHECKSUM_RANGE);
    (0..CHECKSUM)
        .map(|_| {
            let character = digit(rest % 36);
            rest /= 36;
            character
        })
        .collect()
}

fn digit(value: u64) -> char {
    usize::try_from(value).ok().and_then(|i| ALPHABET.get(i)).map_or('0', |byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::generate(Kind::ApiKey, &Random::system());
        assert_eq!(format!("{secret:?} {:?}", secret.hash()), "Secret Hash");
        assert!(secret.expose().starts_with(&secret.hint()));
        assert_eq!(secret.hint().len(), "lba_ak_".len() + 6);
    }

    #[test]
    fn a_hash_knows_its_own_text_alone() {
        let secret = Secret::generate(Kind::ClientSecret, &Random::system());
        assert!(secret.hash().is_of(secret.expose()));
        assert!(!secret.hash().is_of("") && !secret.hash().is_of(&secret.hint()));
    }

    #[test]
    fn a_credential_after_another_can_be_made_again_from_both() {
        let first = Secret::generate(Kind::RefreshToken, &Random::seeded(1));
        let next = |kind, salt: u8| Secret::after(kind, first.expose(), &[salt; 32]).expose().to_owned();
        let again = next(Kind::RefreshToken, 1);
        assert!(Secret::parse(Kind::RefreshToken, &again).is_some());
        assert_eq!(next(Kind::RefreshToken, 1), again);
        assert!(next(Kind::RefreshToken, 2) != again && again != first.expose());
        assert_ne!(next(Kind::AccessToken, 1)[7..], again[7..]);
    }

    #[test]
    fn base36_keeps_all_bits() {
        let mut all = String::new();
        push_base36(&mut all, [255; 32]);
        let mut none = String::new();
        push_base36(&mut none, [0; 32]);
        assert_eq!(none, "0".repeat(BODY));
        // 2^256 - 1 in base 36, least significant digit first.
        assert_eq!(
            all.chars().rev().collect::<String>(),
            "6dp5qcb22im238nr3wvp0ic7q99w035jmy2iw7i6n43d37jtof"
        );
    }

    proptest! {
        #[test]
        fn every_generated_secret_parses_as_its_kind_alone(seed in any::<u64>()) {
            let random = Random::seeded(seed);
            for kind in Kind::ALL {
                let secret = Secret::generate(*kind, &random);
                for other in Kind::ALL {
                    prop_assert_eq!(Secret::parse(*other, secret.expose()).is_some(), kind == other);
                }
            }
        }

        #[test]
        fn one_wrong_character_is_noticed(seed in any::<u64>(), place in 7_usize..63, with in "[0-9a-z]") {
            let secret = Secret::generate(Kind::ApiKey, &Random::seeded(seed));
            let mut text = secret.expose().to_owned();
            text.replace_range(place..=place, &with);
            prop_assert_eq!(Secret::parse(Kind::ApiKey, &text).is_some(), text == secret.expose());
        }

        #[test]
        fn parsing_anything_never_panics(text in ".*") {
            for kind in Kind::ALL {
                prop_assert!(Secret::parse(*kind, &text).is_none());
                let prefixed = format!("{}{text}", kind.prefix());
                prop_assert!(Secret::parse(*kind, &prefixed).is_none());
            }
        }

        #[test]
        fn equal_is_equality(a in ".{0,8}", b in ".{0,8}") {
            prop_assert_eq!(equal(&a, &b), a == b);
            prop_assert!(equal(&a, &a));
        }
    }
}
