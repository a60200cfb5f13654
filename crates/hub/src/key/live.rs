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
use store::{AccountId, RESYNC, Timestamp, from_row, params};
use tokio::sync::broadcast::error::RecvError;
use web::{ApiError, Tasks};

use super::{AK_BYTES, Rules, TOPIC, purpose, queries};
use crate::{
    Hub, HubKeyId,
    call::code::{HubCode, HubError},
    catalogue::{ApiSpec, rules::may_use},
    limits::{Bucket, Quota, policy},
};

/// The public half of a key, decoded from hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ak([u8; AK_BYTES]);

impl Ak {
    /// Parses 24 lower-case hexadecimal digits. Other texts name no key.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != AK_BYTES || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; AK_BYTES];
        for (place, [high, low]) in bytes.iter_mut().zip(pairs) {
            *place = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

/// The detail for a key whose secret cannot be opened any more.
const LOST: &str = "the sealing key of this key's secret is lost: rotate the key or create another";

/// A secret that is prepared to verify signatures in constant time.
#[derive(Clone)]
pub(crate) struct Verifier {
    prepared: Hmac<Sha256>,
}

impl Verifier {
    fn new(secret: &[u8]) -> Self {
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
    email: String,
    /// True if the account administers the server.
    is_admin: bool,
    pub(crate) ak: String,
    pub(crate) version: i64,
    pub(crate) is_enabled: bool,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) rules: Rules,
    pub(crate) bucket: Arc<Bucket>,
    /// The limits as the value of the `RateLimit-Policy` header.
    pub(crate) policy: HeaderValue,
    secret: Verifier,
    older: Option<(Verifier, Timestamp)>,
    text: Vec<u8>,
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

/// A row of [`queries::BY_AK`].
struct Row {
    id: HubKeyId,
    account: AccountId,
    version: i64,
    sealed: Vec<u8>,
    older: Option<Vec<u8>>,
    until: Option<Timestamp>,
    is_enabled: bool,
    expires_at: Option<Timestamp>,
    rules: String,
    email: String,
    is_admin: bool,
}

from_row!(Row { id, account, version, sealed, older, until, is_enabled, expires_at, rules, email, is_admin });

impl Hub {
    /// Returns the key of an AK, from the cache or the store, or `None` if there is none.
    ///
    /// # Errors
    /// `KEY_DISABLED` for a key whose secret was sealed with a key that is configured as lost; any error of
    /// the store.
    pub(crate) async fn live_key(&self, ak: Ak, text: &str) -> Result<Option<Arc<LiveKey>>, HubError> {
        if let Some(found) = self.live_keys().get(&ak) {
            return Ok(found);
        }
        let epoch = self.live_keys().epoch();
        let row: Option<Row> = self.db().fetch_optional(queries::BY_AK, params![text]).await?;
        let found = match row {
            Some(row) => Some(Arc::new(self.opened(text, row).await?)),
            None => None,
        };
        self.live_keys().put(ak, found.clone(), epoch);
        Ok(found)
    }

    async fn opened(&self, ak: &str, row: Row) -> Result<LiveKey, HubError> {
        let Row {
            id,
            account,
            version,
            sealed,
            older,
            until,
            is_enabled,
            expires_at,
            rules,
            email,
            is_admin,
        } = row;
        let purpose = purpose(ak);
        let open = |sealed: &[u8]| {
            self.sealer().open(&purpose, sealed).map_err(|error| match error.is_lost() {
                true => HubError::new(HubCode::KeyDisabled).with(LOST).because(error),
                false => HubError::from(ApiError::internal(error)),
            })
        };
        let text = open(&sealed)?;
        let older = match older.zip(until) {
            Some((sealed, until)) if until > self.db().clock().now() => {
                Some((Verifier::new(&open(&sealed)?), until))
            }
            _ => None,
        };
        let rules = super::rules::stored(&rules)?;
        Ok(LiveKey {
            id,
            account,
            email,
            is_admin,
            ak: ak.to_owned(),
            version,
            is_enabled,
            expires_at,
            policy: policy(Quota::new(rules.per_second, rules.per_day)),
            rules,
            bucket: self.limits().key_bucket(self, ak).await?,
            secret: Verifier::new(&text),
            older,
            text,
        })
    }
}

/// Drops cached keys, and reloads the catalog, when other processes change them.
pub(crate) fn start(hub: &Hub, tasks: &Tasks) {
    let (hub, stopping) = (hub.clone(), tasks.clone());
    let mut notices = hub.db().notices();
    tasks.spawn(async move {
        loop {
            let notice = tokio::select! {
                notice = notices.recv() => notice,
                () = stopping.stopping() => return,
            };
            match notice {
                Ok(notice) if notice.topic == TOPIC => hub.forget_key(&notice.payload),
                Ok(notice) if notice.topic == crate::catalogue::TOPIC => hub.reload_catalogue().await,
                Ok(notice) if notice.topic != RESYNC => {}
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    hub.live_keys().forget_all();
                    hub.reload_catalogue().await;
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn only_24_lower_case_digits_are_an_ak(text in "[0-9a-fA-Fg]{0,30}") {
            let is_ak = text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            prop_assert_eq!(Ak::parse(&text).is_some(), is_ak);
        }
    }
}
