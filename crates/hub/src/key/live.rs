//! Keys as token checks need them: with the secret opened and prepared, and cached for a short time.

use std::sync::Arc;

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use sha2::Sha256;
use store::{AccountId, Timestamp};

use super::Rules;
use crate::{
    HubKeyId,
    catalog::{ApiSpec, rules::may_use},
    limits::{Bucket, Quota},
};

/// A secret that is prepared to verify signatures in constant time.
#[derive(Clone)]
pub(crate) struct Verifier {
    prepared: Hmac<Sha256>,
}

impl Verifier {
    pub(super) fn new(secret: &[u8]) -> Self {
        // HMAC accepts keys of any length, so this cannot fail.
        let prepared = Hmac::new_from_slice(secret).unwrap_or_else(|_never| Hmac::new(&Default::default()));
        Self { prepared }
    }

    /// Returns true if `signature` is the HMAC-SHA-256 of `text`.
    pub(crate) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let mut mac = self.prepared.clone();
        mac.update(text);
        mac.verify_slice(signature).is_ok()
    }
}

/// A key that tokens are checked against.
pub(crate) struct LiveKey {
    pub(crate) id: HubKeyId,
    pub(crate) account: AccountId,
    /// The e-mail address of the key's account.
    pub(super) email: String,
    /// True if the account administers the server.
    pub(super) is_admin: bool,
    pub(crate) ak: String,
    pub(crate) version: i64,
    pub(crate) is_enabled: bool,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) rules: Rules,
    pub(crate) bucket: Arc<Bucket>,
    /// The limits as the value of the `RateLimit-Policy` header.
    pub(crate) policy: HeaderValue,
    pub(super) secret: Verifier,
    pub(super) older: Option<(Verifier, Timestamp)>,
    pub(super) text: Vec<u8>,
}

impl LiveKey {
    /// Checks a signature. Returns until when the secret that made it is valid (`i64::MAX` for the current
    /// secret), or `None` if the signature is wrong.
    pub(crate) fn verify(&self, text: &[u8], signature: &[u8], now: Timestamp) -> Option<Timestamp> {
        if self.secret.verify(text, signature) {
            return Some(Timestamp(i64::MAX));
        }
        let (older, until) = self.older.as_ref()?;
        (*until > now && older.verify(text, signature)).then_some(*until)
    }

    /// Returns true if a signature was made with the base64-decoded secret. Some Java libraries decode it
    /// unasked.
    pub(crate) fn was_decoded(&self, text: &[u8], signature: &[u8]) -> bool {
        let config = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        [STANDARD, URL_SAFE].iter().any(|alphabet| {
            let decoded = GeneralPurpose::new(alphabet, config).decode(&self.text);
            decoded.is_ok_and(|secret| Verifier::new(&secret).verify(text, signature))
        })
    }

    /// Returns true if the key is enabled and has not expired.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.is_enabled && self.expires_at.is_none_or(|expiry| expiry > now)
    }

    /// Returns true if the key's account may use an API.
    pub(crate) fn may_use(&self, spec: &ApiSpec) -> bool {
        may_use(spec, self.is_admin, &self.email, &self.ak)
    }

    /// Returns the limits of calls with this key, per second and per day.
    pub(crate) fn quota(&self) -> Quota {
        Quota::new(self.rules.per_second, self.rules.per_day)
    }

    /// Signs a text with the current secret.
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = self.secret.prepared.clone();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_standard_one() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let verifier = Verifier::new(b"Jefe");
        let signature: Vec<u8> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&expected[at..at + 2], 16).unwrap()).collect();
        assert!(verifier.verify(b"what do ya want for nothing?", &signature));
        assert!(!verifier.verify(b"what do ya want for something?", &signature));
        assert!(!verifier.verify(b"what do ya want for nothing?", &signature[..31]));
        // `verify_slice` compares in constant time, and nothing else compares signatures.
        for bit in 0..256 {
            let mut wrong = signature.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifier.verify(b"what do ya want for nothing?", &wrong), "{bit}");
        }
    }
}
