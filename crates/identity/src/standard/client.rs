//! Credentials of apps in a request: by HTTP Basic or in the form (RFC 6749 §2.3.1), or by an assertion
//! (RFC 7523), never by two of these. No I/O.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use web::{ApiError, Code};

use super::fields::Fields;
use crate::{
    application::{Assertion, Credentials},
    assertion,
};

/// Reads the credentials of an app from a request.
///
/// # Errors
/// [`Code::OauthClientInvalid`] if there are none, or they cannot be parsed; [`Code::InvalidParam`] if they
/// are sent twice.
pub(super) fn read(headers: &HeaderMap, fields: &Fields) -> Result<Credentials, ApiError> {
    let (id, secret) = (fields.optional("client_id")?, fields.optional("client_secret")?);
    let assertion = fields.optional("client_assertion")?;
    let twice = |name: &str| ApiError::new(Code::InvalidParam).with(name);
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let line = lines.next();
    if lines.next().is_some() || (line.is_some() && assertion.is_some()) {
        return Err(twice("Authorization"));
    }
    if assertion.is_some() && secret.is_some() {
        return Err(twice("client_secret"));
    }
    if let Some(text) = assertion {
        return asserted(text, id, fields.optional("client_assertion_type")?);
    }
    let Some(line) = line else {
        let id = id.ok_or(Code::OauthClientInvalid)?.to_owned();
        return Ok(Credentials { id, secret: secret.map(str::to_owned), ..Credentials::default() });
    };
    let credentials = line.to_str().ok().and_then(basic).ok_or(Code::OauthClientInvalid)?;
    if secret.is_some() {
        return Err(twice("client_secret"));
    }
    if id.is_some_and(|id| id != credentials.id) {
        return Err(twice("client_id"));
    }
    Ok(credentials)
}

/// Returns the credentials of an app that sends an assertion, which names the app if the form does not.
fn asserted(text: &str, id: Option<&str>, kind: Option<&str>) -> Result<Credentials, ApiError> {
    if kind != Some(assertion::TYPE) {
        return Err(ApiError::new(Code::InvalidParam).with("client_assertion_type"));
    }
    let subject = assertion::subject(text).ok_or(Code::OauthClientInvalid)?;
    if id.is_some_and(|id| id != subject) {
        return Err(Code::OauthClientInvalid.into());
    }
    let assertion = Some(Assertion { text: text.to_owned(), is_for_revocation: false });
    Ok(Credentials { id: subject, assertion, ..Credentials::default() })
}

fn basic(line: &str) -> Option<Credentials> {
    let (scheme, encoded) = line.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let (id, secret) = (form_decoded(id), form_decoded(secret));
    let secret = Some(secret).filter(|secret| !secret.is_empty());
    (!id.is_empty()).then(|| Credentials { id, secret, ..Credentials::default() })
}

/// Decodes one half of HTTP Basic. The standard form-encodes both halves before it joins them.
fn form_decoded(text: &str) -> String {
    let pair = format!("={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(line: &str) -> HeaderMap {
        [(header::AUTHORIZATION, HeaderValue::from_str(line).unwrap())].into_iter().collect()
    }

    fn of_basic(text: &str) -> Result<(String, Option<String>), Code> {
        let headers = headers(&format!("Basic {}", STANDARD.encode(text)));
        read(&headers, &Fields::of(&[])).map(|c| (c.id, c.secret)).map_err(|error| error.code())
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
            let error =
                read(&headers(line), &Fields::of(&[("client_id", "a")])).err().map(|error| error.code());
            assert_eq!(error, Some(Code::OauthClientInvalid), "{line}");
        }
    }

    #[test]
    fn one_way_and_not_two() {
        let line = headers(&format!("basic {}", STANDARD.encode("a:b")));
        assert!(read(&line, &Fields::of(&[("client_id", "a"), ("client_secret", "")])).is_ok());
        for fields in [
            &[("client_id", "a"), ("client_secret", "b")][..],
            &[("client_id", "x")],
            &[("client_secret", "b")],
            &[("client_assertion", "x"), ("client_assertion_type", assertion::TYPE)],
        ] {
            let error = read(&line, &Fields::of(fields)).err();
            assert_eq!(error.map(|error| error.code()), Some(Code::InvalidParam));
        }
        let form =
            read(&HeaderMap::new(), &Fields::of(&[("client_id", "a"), ("client_secret", "b")])).unwrap();
        assert_eq!((form.id.as_str(), form.secret.as_deref()), ("a", Some("b")));
        assert!(read(&HeaderMap::new(), &Fields::of(&[("client_secret", "b")])).is_err());
    }

    #[test]
    fn an_assertion_names_the_app() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let text =
            format!("{}.{}.AAAA", part(r#"{"alg":"RS256"}"#), part(r#"{"sub":"https://a.example/c"}"#));
        let good = [("client_assertion", text.as_str()), ("client_assertion_type", assertion::TYPE)];
        let sent = |more: &[(&str, &str)]| read(&HeaderMap::new(), &Fields::of(&[&good[..], more].concat()));
        assert_eq!(sent(&[]).unwrap().id, "https://a.example/c");
        assert!(sent(&[("client_id", "https://a.example/c")]).unwrap().assertion.is_some());
        let code = |result: Result<Credentials, ApiError>| result.err().map(|error| error.code());
        assert_eq!(code(sent(&[("client_id", "https://b.example/c")])), Some(Code::OauthClientInvalid));
        assert_eq!(code(sent(&[("client_secret", "x")])), Some(Code::InvalidParam));
        let untyped = Fields::of(&good[..1]);
        assert_eq!(code(read(&HeaderMap::new(), &untyped)), Some(Code::InvalidParam));
        let malformed = Fields::of(&[("client_assertion", "x"), good[1]]);
        assert_eq!(code(read(&HeaderMap::new(), &malformed)), Some(Code::OauthClientInvalid));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*") {
            let _ = of_basic(&text);
            let _ = basic(&text);
        }
    }
}
