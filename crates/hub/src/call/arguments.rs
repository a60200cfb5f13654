//! The arguments of a call: the JSON body merged with the query. The query takes precedence.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use std::time::Duration;

use super::code::{HubCode, HubError};

/// Maximum number of query parameters.
const MAX_PARAMETERS: usize = 256;
/// The time for which the rest of a refused body is read and discarded.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads a body of at most `limit` bytes.
pub(super) async fn body(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, HubError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_none_or(|length: usize| length <= limit) {
        match Limited::new(&mut body, limit).collect().await {
            Ok(whole) => return Ok(whole.to_bytes()),
            Err(error) if !error.is::<LengthLimitError>() => {
                return Err(HubError::new(HubCode::InvalidParams).with("the body broke off"));
            }
            Err(_too_large) => {}
        }
    }
    web::extract::discard(body, limit as u64, PATIENCE).await;
    Err(HubError::new(HubCode::BodyTooLarge).with(format!("the limit is {limit} bytes")))
}

/// Merges a body and a query.
///
/// The body must be a JSON object, `null`, or empty, whatever its content type says. A name that occurs
/// several times in the query becomes a list of values.
pub(super) fn merged(query: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, HubError> {
    let invalid = |detail: String| HubError::new(HubCode::InvalidParams).with(detail);
    let mut arguments = if body.iter().all(u8::is_ascii_whitespace) {
        Map::new()
    } else {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(Value::Null) => Map::new(),
            Ok(_) => return Err(invalid("the body should be a JSON object".into())),
            Err(error) => return Err(invalid(format!("the body is no JSON: {error}"))),
        }
    };
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(arguments) };
    let mut named: Map<String, Value> = Map::new();
    for (at, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
        if at >= MAX_PARAMETERS {
            return Err(invalid(format!("more than {MAX_PARAMETERS} parameters in the query")));
        }
        let value = Value::String(value.into_owned());
        match named.get_mut(name.as_ref()) {
            None => {
                named.insert(name.into_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    arguments.append(&mut named);
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn ask(query: &str, body: &str) -> Value {
        merged(Some(query), body.as_bytes()).map_or_else(|error| error.detail, Value::Object)
    }

    #[test]
    fn the_query_wins() {
        assert_eq!(ask("", ""), json!({}));
        assert_eq!(ask("", "null"), json!({}));
        assert_eq!(ask("", " \r\n"), json!({}));
        assert_eq!(ask("a=1", r#"{"a":2,"b":3}"#), json!({"a": "1", "b": 3}));
        assert_eq!(ask("a=1&a=2&a=3", "null"), json!({"a": ["1", "2", "3"]}));
        assert_eq!(ask("q=%E5%8C%97%E4%BA%AC+x", ""), json!({"q": "北京 x"}));
        assert_eq!(ask("", "[1]"), json!("the body should be a JSON object"));
        assert_eq!(ask("", "7"), json!("the body should be a JSON object"));
        assert!(ask("", "{\"a\":").as_str().unwrap().starts_with("the body is no JSON: "));
    }

    proptest! {
        #[test]
        fn any_bytes_are_arguments_or_refused(query in "\\PC{0,60}", body: Vec<u8>) {
            let _ = merged(Some(&query), &body);
        }
    }
}
