//! Parsing and validation of tokens. No I/O.
//!
//! The order of the checks decides which error a caller gets, and is part of the API: form and algorithm,
//! issuer, signature, claims. Before the signature is checked, nothing of a token is trusted except the
//! name of the key to check it with.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use store::Timestamp;

use crate::call::code::{HubCode, HubError};

/// Maximum length of a token in bytes.
pub const MAX_TOKEN: usize = 8192;
/// The largest integer up to which an `f64` represents every integer: 2^53.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
/// Maximum lifetime of a token in seconds.
pub const MAX_LIFE: i64 = 7200;
/// Tolerance for an issuer's clock that is ahead of ours, in seconds.
pub const SKEW: i64 = 30;
/// Maximum length of `sub` in characters.
const MAX_SUB: usize = 256;
/// Maximum number of roles, groups, or actions, and maximum length of each in characters.
const MAX_LIST: usize = 100;
const MAX_ENTRY: usize = 256;

/// A parsed token whose signature is not checked yet.
pub(crate) struct Parsed<'t> {
    /// The text that the signature covers.
    pub(crate) signed: &'t str,
    pub(crate) signature: Vec<u8>,
    /// The AK that the token names; not trusted yet.
    pub(crate) issuer: String,
    claims: Claims,
}

/// The subject that a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The app itself.
    App,
    /// A person who uses the app.
    Person,
}

impl Kind {
    /// Returns the value of the `typ` claim.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app_token",
            Self::Person => "person_token",
        }
    }
}

/// The claims of a checked token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The kind of subject.
    pub kind: Kind,
    /// The AK, or the person's id in the app.
    pub sub: String,
    /// The person's name, if the user center issued the token.
    pub username: Option<String>,
    /// The person's roles.
    pub roles: Vec<String>,
    /// The person's groups, as paths.
    pub groups: Vec<String>,
    /// The actions the token is limited to; `None`: no limit.
    pub actions: Option<Vec<String>>,
    /// The time of expiry.
    pub expires_at: Timestamp,
}

/// The members of a header as JSON values. Their types are checked one by one, for precise messages.
#[derive(Deserialize)]
struct Header {
    alg: Value,
    typ: Option<Value>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    sub: Option<Value>,
    typ: Option<Value>,
    iat: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    roles: Option<Value>,
    groups: Option<Value>,
    actions: Option<Value>,
    username: Option<Value>,
}

fn invalid(detail: &str) -> HubError {
    HubError::new(HubCode::TokenInvalid).with(detail)
}

/// Parses a token and checks its form and algorithm. The signature is not checked.
pub(crate) fn parse(token: &str) -> Result<Parsed<'_>, HubError> {
    if token.is_empty() {
        return Err(HubError::new(HubCode::TokenMissing).with("the header Apihub-Token is empty"));
    }
    if token.len() > MAX_TOKEN {
        return Err(invalid("the token is longer than 8192 bytes"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| invalid("a token has three parts"))?;
    let (header, payload) = signed.split_once('.').ok_or_else(|| invalid("a token has three parts"))?;
    if payload.contains('.') {
        return Err(invalid("a token has three parts"));
    }
    let header: Header = part(header, "the header is no JSON object in base64url")?;
    if header.alg.as_str() != Some("HS256") {
        return Err(invalid("alg should be HS256"));
    }
    if header.typ.is_some_and(|typ| !typ.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("JWT"))) {
        return Err(invalid("typ in the header should be JWT"));
    }
    if header.crit.is_some() {
        return Err(invalid("no critical extension is understood"));
    }
    let claims: Claims = part(payload, "the payload is no JSON object in base64url")?;
    let issuer = match &claims.iss {
        Some(Value::String(issuer)) => issuer.clone(),
        Some(_) => return Err(invalid("iss should be a string")),
        None => return Err(invalid("iss is missing")),
    };
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .ok()
        .filter(|signature| signature.len() == 32)
        .ok_or_else(|| invalid("the signature should be 32 bytes in base64url"))?;
    Ok(Parsed { signed, signature, issuer, claims })
}

fn part<T: for<'de> Deserialize<'de>>(text: &str, expected: &str) -> Result<T, HubError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_no_base64| invalid(expected))?;
    // serde would also accept an array for a struct.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(invalid(expected));
    }
    serde_json::from_slice(&bytes).map_err(|_no_object| invalid(expected))
}

impl Parsed<'_> {
    /// Validates the claims. Call it after the signature was checked.
    pub(crate) fn identity(self, now: Timestamp) -> Result<Identity, HubError> {
        let Claims { sub, typ, iat, exp, nbf, roles, groups, actions, username, .. } = self.claims;
        let kind = match typ.as_ref().map(|typ| typ.as_str()) {
            Some(Some("app_token")) => Kind::App,
            Some(Some("person_token")) => Kind::Person,
            Some(_) => return Err(invalid("typ should be app_token or person_token")),
            None => return Err(invalid("typ is missing")),
        };
        let expires_at = lifetime(iat, exp, nbf, now)?;
        let sub = match sub {
            Some(Value::String(sub))
                if !sub.is_empty() && sub.chars().count() <= MAX_SUB && !has_control(&sub) =>
            {
                sub
            }
            Some(_) => return Err(invalid("sub should be a string of 1 to 256 characters")),
            None => return Err(invalid("sub is missing")),
        };
        if kind == Kind::App && sub != self.issuer {
            return Err(invalid("sub of an app_token should be the AK, as iss"));
        }
        let username = match username {
            Some(Value::String(name)) if name.chars().count() <= MAX_SUB && !has_control(&name) => Some(name),
            None | Some(Value::Null) => None,
            Some(_) => return Err(invalid("username should be a string")),
        };
        let groups = list(groups, "groups")?.unwrap_or_default();
        if !groups.iter().all(|group| group.starts_with('/')) {
            return Err(invalid("groups should be paths that begin with /"));
        }
        let roles = list(roles, "roles")?.unwrap_or_default();
        Ok(Identity { kind, sub, username, roles, groups, actions: list(actions, "actions")?, expires_at })
    }
}

/// Checks the validity period and returns its end.
fn lifetime(
    iat: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    now: Timestamp,
) -> Result<Timestamp, HubError> {
    let seconds = |value: Option<Value>, name: &str| match value {
        Some(value) => {
            numeric_date(&value).ok_or_else(|| invalid(&format!("{name} should be a number of seconds")))
        }
        None => Err(invalid(&format!("{name} is missing"))),
    };
    let now = now.as_millis().div_euclid(1000);
    let (iat, exp) = (seconds(iat, "iat")?, seconds(exp, "exp")?);
    if iat > now + SKEW {
        return Err(invalid("iat is in the future"));
    }
    if nbf.is_some() && seconds(nbf, "nbf")? > now + SKEW {
        return Err(invalid("nbf is in the future"));
    }
    if exp <= now {
        return Err(HubCode::TokenExpired.into());
    }
    if exp.saturating_sub(iat) > MAX_LIFE {
        return Err(HubError::new(HubCode::TokenLifetimeTooLong).with("exp - iat should be at most 7200"));
    }
    if exp <= iat {
        return Err(invalid("exp should be after iat"));
    }
    Ok(Timestamp(0).plus_secs(exp))
}

/// Returns the seconds of a NumericDate (RFC 7519 §2), rounded down. Returns `None` for other values and
/// for numbers that no `f64` represents exactly.
fn numeric_date(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| seconds.abs() <= MAX_EXACT)?;
        format!("{:.0}", seconds.floor()).parse().ok()
    })
}

/// Parses a list of texts; `None` if it is absent or `null`.
fn list(value: Option<Value>, name: &str) -> Result<Option<Vec<String>>, HubError> {
    let wrong = || invalid(&format!("{name} should be a list of at most 100 strings"));
    let entries = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(entries)) if entries.len() <= MAX_LIST => entries,
        Some(_) => return Err(wrong()),
    };
    let text = |entry| match entry {
        Value::String(text) if text.chars().count() <= MAX_ENTRY && !has_control(&text) => Ok(text),
        _ => Err(wrong()),
    };
    entries.into_iter().map(text).collect::<Result<_, _>>().map(Some)
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Returns true if one of the groups is the required one or inside it: a member of `/a/b` belongs to `/a`,
/// too.
pub(crate) fn is_in_group(groups: &[String], required: &str) -> bool {
    let required = required.trim_end_matches('/');
    groups.iter().any(|group| {
        group.strip_prefix(required).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parent_covers_its_children() {
        let groups = vec!["/技术部/运维部".to_owned()];
        for (required, expected) in [
            ("/技术部", true),
            ("/技术部/", true),
            ("/技术部/运维部", true),
            ("/技术", false),
            ("/技术部/运维部/一组", false),
            ("/市场部", false),
            ("/", true),
        ] {
            assert_eq!(is_in_group(&groups, required), expected, "{required}");
        }
        assert!(!is_in_group(&[], "/a"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused(text in "\\PC{0,300}") {
            prop_assert!(parse(&text).is_err());
        }

        #[test]
        fn any_three_parts_are_refused_or_parsed(
            header in "[ -~]{0,40}",
            payload in "[ -~]{0,60}",
            signature: [u8; 32],
        ) {
            let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            let token = format!(
                "{}.{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()), encode(&signature),
            );
            let _ = parse(&token).map(|parsed| parsed.identity(Timestamp(0)));
        }
    }
}
