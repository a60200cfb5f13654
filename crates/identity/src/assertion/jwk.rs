//! Public keys of apps (RFC 7517), and the signatures that they verify. No I/O.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use strum::{EnumString, IntoStaticStr};

/// Most keys of a set that are read.
const MAX_KEYS: usize = 50;
/// Smallest RSA modulus in bits.
const MIN_RSA_BITS: usize = 2048;
/// Largest RSA modulus in bits that is verified.
const MAX_RSA_BITS: usize = 8192;
/// Length of a coordinate on the curve P-256 in bytes.
const P256_BYTES: usize = 32;

/// The signature algorithms that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
}

impl Algorithm {
    /// Every algorithm, in the order in which the metadata lists them.
    pub(crate) const ALL: &[Self] = &[Self::Rs256, Self::Ps256, Self::Es256];

    /// Returns the name in headers and metadata.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the algorithm with a name. `none` and algorithms with shared secrets are not among them.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The uncompressed point.
    P256(Vec<u8>),
}

/// A public key of a set.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    id: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

/// The reason why a set of keys is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadSet {
    #[error("the key set is not a JSON object with keys")]
    Malformed,
    #[error("the key set contains a private or shared key")]
    Secret,
    #[error("the key set has an RSA key of less than 2048 bits")]
    Short,
    #[error("the key set has more than 50 keys")]
    TooMany,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

/// The members of a key that matter.
#[derive(Deserialize)]
struct Jwk {
    kty: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The private part of any kind of key.
    d: Option<serde_json::Value>,
    /// The other private parts of an RSA key.
    p: Option<serde_json::Value>,
    q: Option<serde_json::Value>,
    dp: Option<serde_json::Value>,
    dq: Option<serde_json::Value>,
    qi: Option<serde_json::Value>,
    oth: Option<serde_json::Value>,
    /// A shared secret.
    k: Option<serde_json::Value>,
}

impl Jwk {
    fn is_secret(&self) -> bool {
        let private = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.oth, &self.k];
        self.kty.as_deref() == Some("oct") || private.iter().any(|member| member.is_some())
    }

    /// Returns the key, or `None` if it is of a kind or for a use that is not supported.
    fn key(self) -> Result<Option<Key>, BadSet> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Ok(None);
        }
        let algorithm = match self.alg.as_deref() {
            None => None,
            Some(name) => match Algorithm::parse(name) {
                Some(algorithm) => Some(algorithm),
                None => return Ok(None),
            },
        };
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (self.kty.as_deref(), self.crv.as_deref()) {
            (Some("RSA"), _) => {
                let (Some(modulus), Some(exponent)) = (bytes(self.n), bytes(self.e)) else {
                    return Err(BadSet::Malformed);
                };
                let modulus: Vec<u8> = modulus.into_iter().skip_while(|byte| *byte == 0).collect();
                match bits(&modulus) {
                    length if length < MIN_RSA_BITS => return Err(BadSet::Short),
                    length if length > MAX_RSA_BITS => return Ok(None),
                    _ => Material::Rsa { modulus, exponent },
                }
            }
            (Some("EC"), Some("P-256")) => match (bytes(self.x), bytes(self.y)) {
                (Some(x), Some(y)) if x.len() == P256_BYTES && y.len() == P256_BYTES => {
                    Material::P256([vec![4], x, y].concat())
                }
                _ => return Err(BadSet::Malformed),
            },
            _ => return Ok(None),
        };
        Ok(Some(Key { id: self.kid, algorithm, material }))
    }
}

/// Returns the length of a big-endian number without leading zeros in bits.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| {
        let unused = usize::try_from(first.leading_zeros()).unwrap_or_default();
        (number.len() * 8).saturating_sub(unused)
    })
}

/// Parses a set of keys. Keys of other kinds and uses are left out.
///
/// # Errors
/// [`BadSet`] if the set is malformed, or contains a private, shared, or short key: whoever publishes such a
/// key does not protect it.
pub(crate) fn parse(json: &[u8]) -> Result<Vec<Key>, BadSet> {
    let set: Set = serde_json::from_slice(json).map_err(|_malformed| BadSet::Malformed)?;
    if set.keys.len() > MAX_KEYS {
        return Err(BadSet::TooMany);
    }
    if set.keys.iter().any(Jwk::is_secret) {
        return Err(BadSet::Secret);
    }
    set.keys.into_iter().filter_map(|jwk| jwk.key().transpose()).collect()
}

impl Key {
    /// True if the key is of the kind that an algorithm needs.
    fn fits(&self, algorithm: Algorithm) -> bool {
        let is_kind = match self.material {
            Material::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Material::P256(_) => algorithm == Algorithm::Es256,
        };
        is_kind && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// True if the key made a signature.
    pub(crate) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (&self.material, algorithm) {
            (Material::Rsa { modulus, exponent }, Algorithm::Rs256 | Algorithm::Ps256) => {
                let parameters = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::Rs256 | Algorithm::Es256 => &RSA_PKCS1_2048_8192_SHA256,
                };
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, signature).is_ok()
            }
            (Material::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// Returns the key that an assertion names, or without a name the only one that fits the algorithm.
pub(crate) fn choose<'k>(keys: &'k [Key], id: Option<&str>, algorithm: Algorithm) -> Option<&'k Key> {
    let mut fitting =
        keys.iter().filter(|key| key.fits(algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id)));
    let first = fitting.next()?;
    if fitting.next().is_some() { None } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The keys of RFC 7515, appendix A.2 and A.3.
    const N: &str = "\
        ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-\
        yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e\
        -KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco\
        9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    const PAYLOAD: &str =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const RS256: &str = "\
        cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbd\
        s9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0Gar\
        ZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9\
        Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const ES256: &str =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn rsa() -> Value {
        json!({"kty": "RSA", "n": N, "e": "AQAB", "kid": "r"})
    }

    fn p256() -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": "p"})
    }

    fn set(keys: &[Value]) -> Result<Vec<Key>, BadSet> {
        parse(json!({"keys": keys}).to_string().as_bytes())
    }

    #[test]
    fn signatures_of_rfc_7515_are_verified() {
        let keys = set(&[rsa(), p256()]).unwrap();
        for (algorithm, header, signature) in [
            (Algorithm::Rs256, "eyJhbGciOiJSUzI1NiJ9", RS256),
            (Algorithm::Es256, "eyJhbGciOiJFUzI1NiJ9", ES256),
        ] {
            let message = format!("{header}.{PAYLOAD}");
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let key = choose(&keys, None, algorithm).unwrap();
            assert!(key.has_signed(algorithm, message.as_bytes(), &signature));
            assert!(!key.has_signed(algorithm, format!("{message}x").as_bytes(), &signature));
            assert!(!key.has_signed(algorithm, message.as_bytes(), &[]));
        }
        let wrong = choose(&keys, None, Algorithm::Ps256).unwrap();
        let message = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
        assert!(!wrong.has_signed(
            Algorithm::Ps256,
            message.as_bytes(),
            &URL_SAFE_NO_PAD.decode(RS256).unwrap()
        ));
    }

    #[test]
    fn the_key_is_the_one_named_or_the_only_one() {
        let keys = set(&[rsa(), json!({"kty": "RSA", "n": N, "e": "AQAB", "kid": "other"}), p256()]).unwrap();
        assert!(choose(&keys, Some("r"), Algorithm::Rs256).is_some());
        assert!(choose(&keys, None, Algorithm::Rs256).is_none(), "two fit");
        assert!(choose(&keys, None, Algorithm::Es256).is_some());
        assert!(choose(&keys, Some("p"), Algorithm::Rs256).is_none(), "another kind of key");
        assert!(choose(&keys, Some("unknown"), Algorithm::Rs256).is_none());
    }

    #[test]
    fn a_set_with_a_secret_is_void() {
        for (more, bad) in [
            (json!({"kty": "oct", "k": "AAAA"}), BadSet::Secret),
            (json!({"kty": "RSA", "n": N, "e": "AQAB", "d": "AAAA"}), BadSet::Secret),
            (json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": "AAAA"}), BadSet::Secret),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": X, "d": "AAAA"}), BadSet::Secret),
            (json!({"kty": "RSA", "n": &N[..168], "e": "AQAB"}), BadSet::Short),
            (json!({"kty": "RSA", "e": "AQAB"}), BadSet::Malformed),
            (json!({"kty": "EC", "crv": "P-256", "x": X, "y": "AA"}), BadSet::Malformed),
        ] {
            assert_eq!(set(&[rsa(), more.clone()]).err(), Some(bad), "{more}");
        }
        for other in [
            json!({"kty": "OKP", "crv": "Ed25519", "x": X}),
            json!({"kty": "EC", "crv": "P-384", "x": X, "y": Y}),
            json!({"kty": "RSA", "n": N, "e": "AQAB", "use": "enc"}),
            json!({"kty": "RSA", "n": N, "e": "AQAB", "alg": "RS512"}),
            json!({}),
        ] {
            assert_eq!(set(std::slice::from_ref(&other)).map(|keys| keys.len()), Ok(0), "{other}");
        }
        for text in ["", "[]", "{}", "{\"keys\":{}}", "null"] {
            assert_eq!(parse(text.as_bytes()).err(), Some(BadSet::Malformed), "{text}");
        }
        let many: Vec<Value> = (0..51).map(|_| p256()).collect();
        assert_eq!(set(&many).err(), Some(BadSet::TooMany));
    }
}
