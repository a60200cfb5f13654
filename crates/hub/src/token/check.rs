//! Checking and signing tokens.

use std::sync::{Arc, OnceLock};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::Timestamp;

use super::{
    Checked, Refused, Verified,
    rules::{self, Kind},
};
use crate::{
    Services,
    call::code::{HubCode, HubError},
    key::Ak,
};

/// Maximum length of a cached token in bytes. Longer ones are checked each time, to bound the cache's
/// memory.
const LONGEST_REMEMBERED: usize = 2048;

impl Services {
    /// Signs a token with a key's own secret, for tokens that this program issues in the key's name (such
    /// as the user center's). Sets `iss` to the AK; the caller is responsible for the other claims.
    ///
    /// # Errors
    /// `KEY_NOT_FOUND` or `KEY_DISABLED`; any error of the store.
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

    /// Returns the number of domains on a key's allowlist, or `None` if no such key is in force. Used where
    /// pages may use a key only if it lists domains.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn listed_domains(&self, ak: &str) -> Result<Option<usize>, HubError> {
        let Some(known) = Ak::parse(ak) else { return Ok(None) };
        let key = self.live_key(known, ak).await?;
        let now = self.db().clock().now();
        Ok(key.filter(|key| key.is_live(now)).map(|key| key.rules.domains.len()))
    }

    /// Checks a token. The caller has to check that the key is in force and allows the call.
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
                "the signature was made with the base64-decoded SK: some Java libraries decode the key they \
                 are given; \
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
                    .person_bucket(self.db(), &key.ak, &identity.sub)
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
