//! The form and the claims of an assertion (RFC 7523 §3). No I/O.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use store::Timestamp;

use super::jwk::{Algorithm, Key, choose};

/// The type of an assertion in a form (RFC 7523 §2.2).
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest assertion in bytes.
pub(crate) const MAX_BYTES: usize = 16 * 1024;
/// Longest id of an assertion in bytes.
const MAX_ID: usize = 512;
/// Tolerance for clocks that differ, in seconds.
pub(crate) const SKEW_SECONDS: i64 = 60;
/// Longest lifetime of an assertion in seconds.
const MAX_LIFETIME_SECONDS: i64 = 600;
/// Members of the header that would have keys come from elsewhere, or change how the assertion is read.
const FORBIDDEN: [&str; 5] = ["jwk", "jku", "x5u", "x5c", "crit"];

/// The reason why an assertion is refused. It goes to the log, not to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("the assertion is not a signed JWT")]
    Malformed,
    #[error("the algorithm is not accepted")]
    Algorithm,
    #[error("the header has a member that is not accepted")]
    Header,
    #[error("iss or sub is not the client id")]
    Subject,
    #[error("aud is not this server")]
    Audience,
    #[error("exp is missing, past, or too far ahead")]
    Expiry,
    #[error("nbf or iat is in the future")]
    Early,
    #[error("jti is missing or too long")]
    Id,
    #[error("no key fits")]
    Key,
    #[error("the signature is wrong")]
    Signature,
    #[error("the assertion was used before")]
    Replayed,
    #[error("the client has no keys, or they cannot be had")]
    NoKeys,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: Option<String>,
}

/// An assertion that was parsed and not verified yet.
pub(crate) struct Assertion<'a> {
    algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    claims: Claims,
    message: &'a str,
    signature: Vec<u8>,
}

/// The claims of a valid assertion that are stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) id: String,
    /// The time after which the assertion is not valid any more, tolerance included.
    pub(crate) until: Timestamp,
}

/// Returns the client id that an unverified assertion names, for requests that name it nowhere else.
pub(crate) fn subject(text: &str) -> Option<String> {
    parse(text).ok()?.claims.sub
}

/// Parses an assertion.
///
/// # Errors
/// [`Invalid::Malformed`], [`Invalid::Algorithm`], [`Invalid::Header`].
pub(crate) fn parse(text: &str) -> Result<Assertion<'_>, Invalid> {
    if text.len() > MAX_BYTES {
        return Err(Invalid::Malformed);
    }
    let (message, signature) = text.rsplit_once('.').ok_or(Invalid::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(Invalid::Malformed)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_malformed| Invalid::Malformed);
    let header: Value = serde_json::from_slice(&decoded(header)?).map_err(|_malformed| Invalid::Malformed)?;
    let header = header.as_object().ok_or(Invalid::Malformed)?;
    if FORBIDDEN.iter().any(|name| header.contains_key(*name)) {
        return Err(Invalid::Header);
    }
    let algorithm =
        header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse).ok_or(Invalid::Algorithm)?;
    let key_id = header.get("kid").and_then(Value::as_str).map(str::to_owned);
    let claims = serde_json::from_slice(&decoded(payload)?).map_err(|_malformed| Invalid::Malformed)?;
    Ok(Assertion { algorithm, key_id, claims, message, signature: decoded(signature)? })
}

impl Assertion<'_> {
    /// Checks the claims. `audiences` are the values of `aud` of which one is needed; `wanted` is the
    /// algorithm that the client has registered, or empty.
    ///
    /// # Errors
    /// The first claim that is wrong.
    pub(crate) fn check(
        &self,
        client: &str,
        wanted: &str,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Accepted, Invalid> {
        if !wanted.is_empty() && wanted != self.algorithm.name() {
            return Err(Invalid::Algorithm);
        }
        let claims = &self.claims;
        if claims.iss.as_deref() != Some(client) || claims.sub.as_deref() != Some(client) {
            return Err(Invalid::Subject);
        }
        let is_ours =
            |value: &Value| value.as_str().is_some_and(|aud| audiences.iter().any(|own| own == aud));
        let is_meant = match &claims.aud {
            Some(Value::Array(list)) => list.iter().any(is_ours),
            Some(value) => is_ours(value),
            None => false,
        };
        if !is_meant {
            return Err(Invalid::Audience);
        }
        let seconds = now.as_millis() / 1000;
        let expiry = claims.exp.and_then(whole).ok_or(Invalid::Expiry)?;
        if expiry + SKEW_SECONDS <= seconds || expiry > seconds + MAX_LIFETIME_SECONDS + SKEW_SECONDS {
            return Err(Invalid::Expiry);
        }
        for time in [claims.nbf, claims.iat].into_iter().flatten() {
            if whole(time).is_none_or(|time| time > seconds + SKEW_SECONDS) {
                return Err(Invalid::Early);
            }
        }
        let id = claims.jti.clone().filter(|id| !id.is_empty() && id.len() <= MAX_ID).ok_or(Invalid::Id)?;
        Ok(Accepted { id, until: Timestamp((expiry + SKEW_SECONDS).saturating_mul(1000)) })
    }

    /// Checks the signature with the client's keys.
    ///
    /// # Errors
    /// [`Invalid::Key`] if no key fits, [`Invalid::Signature`].
    pub(crate) fn verify(&self, keys: &[Key]) -> Result<(), Invalid> {
        let key = choose(keys, self.key_id.as_deref(), self.algorithm).ok_or(Invalid::Key)?;
        let is_signed = key.has_signed(self.algorithm, self.message.as_bytes(), &self.signature);
        if is_signed { Ok(()) } else { Err(Invalid::Signature) }
    }
}

/// Returns a time of a JWT in whole seconds, or `None` for one that no clock shows.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(seconds: f64) -> Option<i64> {
    (0.0..1e12).contains(&seconds).then_some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const CLIENT: &str = "https://chatgpt.com/oauth/client.json";

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.AAAA", part(header), part(claims))
    }

    fn claims() -> Value {
        json!({
            "iss": CLIENT, "sub": CLIENT, "aud": "https://me.example/oauth/token", "jti": "1",
            "exp": 1_800_000_300, "iat": 1_800_000_000, "nbf": 1_800_000_000,
        })
    }

    fn check(claims: &Value) -> Result<Accepted, Invalid> {
        let text = token(&json!({"alg": "RS256"}), claims);
        let audiences = ["https://me.example", "https://me.example/oauth/token", "https://me.example/token"];
        parse(&text)?.check(CLIENT, "", &audiences.map(str::to_owned), NOW)
    }

    #[test]
    fn the_claims_of_the_standard() {
        let accepted = Accepted { id: "1".into(), until: Timestamp(1_800_000_360_000) };
        assert_eq!(check(&claims()), Ok(accepted));
        for (name, value, expected) in [
            ("aud", json!("https://me.example"), None),
            ("aud", json!("https://me.example/token"), None),
            ("aud", json!(["https://other.example", "https://me.example/oauth/token"]), None),
            ("aud", json!("https://me.example//token"), Some(Invalid::Audience)),
            ("aud", json!("https://me.example//oauth/token"), Some(Invalid::Audience)),
            ("aud", json!("https://me.example/"), Some(Invalid::Audience)),
            ("aud", json!("https://ME.example"), Some(Invalid::Audience)),
            ("aud", json!("https://other.example/oauth/token"), Some(Invalid::Audience)),
            ("aud", json!("https://me.example/mcp"), Some(Invalid::Audience)),
            ("aud", json!([]), Some(Invalid::Audience)),
            ("aud", Value::Null, Some(Invalid::Audience)),
            ("iss", json!("https://evil.example/c"), Some(Invalid::Subject)),
            ("sub", json!("https://evil.example/c"), Some(Invalid::Subject)),
            ("sub", Value::Null, Some(Invalid::Subject)),
            ("exp", json!(1_799_999_941), None),
            ("exp", json!(1_799_999_940), Some(Invalid::Expiry)),
            ("exp", json!(1_800_000_660), None),
            ("exp", json!(1_800_000_661), Some(Invalid::Expiry)),
            ("exp", json!(1.8e9 + 0.5), None),
            ("exp", Value::Null, Some(Invalid::Expiry)),
            ("exp", json!(-1), Some(Invalid::Expiry)),
            ("exp", json!(1e300), Some(Invalid::Expiry)),
            ("nbf", json!(1_800_000_060), None),
            ("nbf", json!(1_800_000_061), Some(Invalid::Early)),
            ("iat", json!(1_800_000_061), Some(Invalid::Early)),
            ("iat", Value::Null, None),
            ("jti", Value::Null, Some(Invalid::Id)),
            ("jti", json!(""), Some(Invalid::Id)),
            ("jti", json!("x".repeat(513)), Some(Invalid::Id)),
        ] {
            let mut changed = claims();
            changed[name] = value;
            assert_eq!(check(&changed).err(), expected, "{changed}");
        }
    }

    #[test]
    fn algorithms_and_headers_that_are_refused() {
        for (header, expected) in [
            (json!({"alg": "HS256"}), Invalid::Algorithm),
            (json!({"alg": "none"}), Invalid::Algorithm),
            (json!({"alg": "None"}), Invalid::Algorithm),
            (json!({"alg": "RS512"}), Invalid::Algorithm),
            (json!({}), Invalid::Algorithm),
            (json!({"alg": "RS256", "jwk": {}}), Invalid::Header),
            (json!({"alg": "RS256", "jku": "https://evil.example/keys"}), Invalid::Header),
            (json!({"alg": "RS256", "x5u": "https://evil.example/keys"}), Invalid::Header),
            (json!({"alg": "RS256", "crit": ["b64"]}), Invalid::Header),
            (json!([]), Invalid::Malformed),
        ] {
            assert_eq!(parse(&token(&header, &claims())).err(), Some(expected), "{header}");
        }
        let es256 = token(&json!({"alg": "ES256", "kid": "k"}), &claims());
        let parsed = parse(&es256).unwrap();
        assert_eq!(parsed.key_id.as_deref(), Some("k"));
        assert_eq!(parsed.check(CLIENT, "RS256", &[], NOW).err(), Some(Invalid::Algorithm));
        assert_eq!(parsed.verify(&[]).err(), Some(Invalid::Key));
        for text in ["", ".", "..", "a.b.c", "e30.e30", &"x".repeat(MAX_BYTES + 1)] {
            assert!(parse(text).is_err(), "{}", text.len());
        }
        assert_eq!(subject(&es256).as_deref(), Some(CLIENT));
    }

    proptest! {
        #[test]
        fn parsing_anything_never_panics(text in "[A-Za-z0-9_.-]{0,80}") {
            let _ = parse(&text);
        }
    }
}
