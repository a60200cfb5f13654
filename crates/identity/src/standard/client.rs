//! Credentials of apps in a request: by HTTP Basic or in the form (RFC 6749 §2.3.1), never both. No I/O.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use web::{ApiError, Code};

use crate::application::Credentials;

/// Reads the credentials of an app from a request.
///
/// # Errors
/// [`Code::OauthClientInvalid`] if there are none, or they cannot be parsed; [`Code::InvalidParam`] if they
/// are sent twice.
pub(super) fn read(
    headers: &HeaderMap,
    id: Option<String>,
    secret: Option<String>,
) -> Result<Credentials, ApiError> {
    let secret = secret.filter(|secret| !secret.is_empty());
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else {
        let id = id.filter(|id| !id.is_empty()).ok_or(Code::OauthClientInvalid)?;
        return Ok(Credentials { id, secret });
    };
    let twice = |name: &str| ApiError::new(Code::InvalidParam).with(name);
    if lines.next().is_some() {
        return Err(twice("Authorization"));
    }
    let credentials = line.to_str().ok().and_then(basic).ok_or(Code::OauthClientInvalid)?;
    if secret.is_some() {
        return Err(twice("client_secret"));
    }
    if id.is_some_and(|id| id != credentials.id) {
        return Err(twice("client_id"));
    }
    Ok(credentials)
}

fn basic(line: &str) -> Option<Credentials> {
    let (scheme, encoded) = line.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let (id, secret) = (form_decoded(id), form_decoded(secret));
    (!id.is_empty()).then(|| Credentials { id, secret: Some(secret).filter(|secret| !secret.is_empty()) })
}

/// Decodes one half of HTTP Basic. The standard form-encodes both halves before it joins them.
fn form_decoded(text: &str) -> String {
    let pair = format!("={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(line: &str) -> HeaderMap {
        [(header::AUTHORIZATION, HeaderValue::from_str(line).unwrap())].into_iter().collect()
    }

    fn of_basic(text: &str) -> Result<(String, Option<String>), Code> {
        let headers = headers(&format!("Basic {}", STANDARD.encode(text)));
        read(&headers, None, None).map(|c| (c.id, c.secret)).map_err(|error| error.code())
    }

    #[test]
    fn basic_credentials() {
        assert_eq!(of_basic("a:b"), Ok(("a".into(), Some("b".into()))));
        assert_eq!(of_basic("a:b:c"), Ok(("a".into(), Some("b:c".into()))));
        assert_eq!(of_basic("a%3Ab:c+d%26&"), Ok(("a:b".into(), Some("c d&&".into()))));
        assert_eq!(of_basic("a:"), Ok(("a".into(), None)));
        for bad in ["", ":b", "a"] {
            assert_eq!(of_basic(bad), Err(Code::OauthClientInvalid), "{bad}");
        }
        for line in ["Basic", "Basic ???", "Bearer abc"] {
            let error = read(&headers(line), Some("a".into()), None).err().map(|error| error.code());
            assert_eq!(error, Some(Code::OauthClientInvalid), "{line}");
        }
    }

    #[test]
    fn one_way_and_not_two() {
        let line = headers(&format!("basic {}", STANDARD.encode("a:b")));
        assert!(read(&line, Some("a".into()), Some(String::new())).is_ok());
        for (id, secret) in [(Some("a"), Some("b")), (Some("x"), None), (None, Some("b"))] {
            let error = read(&line, id.map(Into::into), secret.map(Into::into)).err();
            assert_eq!(error.map(|error| error.code()), Some(Code::InvalidParam));
        }
        let form = read(&HeaderMap::new(), Some("a".into()), Some("b".into())).unwrap();
        assert_eq!((form.id.as_str(), form.secret.as_deref()), ("a", Some("b")));
        assert!(read(&HeaderMap::new(), None, Some("b".into())).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*") {
            let _ = of_basic(&text);
            let _ = basic(&text);
        }
    }
}
