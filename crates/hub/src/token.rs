//! Tokens that callers sign with a key's secret: checked strictly, and remembered while they are good.

#[cfg(test)]
mod fuzz_tests;
pub mod rules;

use std::sync::{Arc, OnceLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::Timestamp;

pub use rules::{Identity, Kind};

use crate::{
    Hub,
    call::code::{HubCode, HubError},
    key::{Ak, LiveKey},
    limits::Bucket,
};

/// Most tokens remembered.
const CAPACITY: usize = 20_000;
/// Longer tokens are checked each time, so that what is remembered stays small.
const LONGEST_REMEMBERED: usize = 2048;

/// A token that was checked, and what it was checked against.
pub(crate) struct Verified {
    pub(crate) ak: Ak,
    pub(crate) identity: Identity,
    /// The person's own limit.
    pub(crate) bucket: Option<Arc<Bucket>>,
    /// What upstreams are told of it, once one was.
    pub(crate) told: OnceLock<Vec<(HeaderName, HeaderValue)>>,
    version: i64,
    /// The end of the token, or of the secret that signed it.
    until: Timestamp,
}

/// Tokens checked before, by the hash of their text. What a token says never changes; whether its key still says the
/// same is seen by the key's version, with every call.
pub(crate) struct Tokens(Cache<[u8; 32], Arc<Verified>>);

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

/// A caller whose token is good, so far as the token alone can tell.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) key: Arc<LiveKey>,
    pub(crate) token: Arc<Verified>,
}

/// A token that was refused, and its key where that is known.
pub(crate) struct Refused {
    pub(crate) error: HubError,
    pub(crate) key: Option<Arc<LiveKey>>,
}

impl<E: Into<HubError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), key: None }
    }
}

impl Hub {
    /// Signs a token with a key's own secret, for what this program issues in the key's name (such as the user
    /// centre's tokens). The claims are the caller's affair; `iss` is the key's AK.
    ///
    /// # Errors
    /// `KEY_NOT_FOUND`, `KEY_DISABLED`; when the store fails.
    pub async fn issue_token(&self, ak: &str, mut claims: Map<String, Value>) -> Result<String, HubError> {
        const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
        let now = self.db().clock().now();
        let known = Ak::parse(ak).ok_or(HubCode::KeyNotFound)?;
        let key = self.live_key(known, ak).await?.ok_or(HubCode::KeyNotFound)?;
        if !key.is_live(now) {
            return Err(HubCode::KeyDisabled.into());
        }
        claims.insert("iss".into(), ak.into());
        let claims =
            serde_json::to_vec(&claims).map_err(|error| HubError::new(HubCode::Unknown).because(error))?;
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// Whether pages may use a key at all that asks for a list of their domains: `None` when there is no such key in
    /// force, else how many domains are on its list.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listed_domains(&self, ak: &str) -> Result<Option<usize>, HubError> {
        let Some(known) = Ak::parse(ak) else { return Ok(None) };
        let key = self.live_key(known, ak).await?;
        let now = self.db().clock().now();
        Ok(key.filter(|key| key.is_live(now)).map(|key| key.rules.domains.len()))
    }

    /// Checks a token. Whether its key is in force, and what it may do, is for the caller to see.
    pub(crate) async fn check_token(&self, token: &str, now: Timestamp) -> Result<Checked, Refused> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(known) = self.tokens().0.get(&hash)
            && known.until > now
            && let Some(key) = self.live_keys().get(&known.ak).flatten()
            && key.version == known.version
        {
            return Ok(Checked { key, token: known });
        }
        let parsed = rules::parse(token)?;
        let ak = Ak::parse(&parsed.issuer).ok_or(HubCode::KeyNotFound)?;
        let key = self.live_key(ak, &parsed.issuer).await?.ok_or(HubCode::KeyNotFound)?;
        let refused = |error| Refused { error, key: Some(Arc::clone(&key)) };
        let Some(good_until) = key.verify(parsed.signed.as_bytes(), &parsed.signature, now) else {
            let detail = if key.was_decoded(parsed.signed.as_bytes(), &parsed.signature) {
                "the signature was made with the base64-decoded SK: some Java libraries decode the key they are given; \
                 base64-encode the SK before passing it to them"
            } else {
                "the signature does not fit"
            };
            return Err(refused(HubError::new(HubCode::TokenInvalid).with(detail)));
        };
        let identity = parsed.identity(now).map_err(refused)?;
        let bucket = match identity.kind {
            Kind::App => None,
            Kind::Person => Some(
                self.limits()
                    .person_bucket(self, &key.ak, &identity.sub)
                    .await
                    .map_err(|error| refused(error.into()))?,
            ),
        };
        let until = good_until.min(identity.expires_at);
        let verified =
            Arc::new(Verified { ak, identity, bucket, told: OnceLock::new(), version: key.version, until });
        if token.len() <= LONGEST_REMEMBERED {
            self.tokens().0.insert(hash, Arc::clone(&verified));
        }
        Ok(Checked { key, token: verified })
    }
}
