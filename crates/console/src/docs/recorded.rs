//! The requests of the examples, and the responses that a test got for them (`tests/examples.rs`). No I/O.
//!
//! A word in capitals, such as `NOTE_ID`, is the place of a value that the reader has. In JSON, `#NOTE_ID` is
//! the place of a number.

#![expect(clippy::indexing_slicing, reason = "a JSON value returns null for an absent member")]

use std::sync::LazyLock;

use serde_json::Value;

/// By operation: `values` of parameters, the `body`; for the test `given`, which must exist, `as`, who
/// calls, and `with`, the credential.
static REQUESTS: LazyLock<Value> = LazyLock::new(|| parsed(include_str!("../../guides/requests.json")));

/// By operation: the `status` and the `body` of the response, as JSON, or as a text for a stream.
static RESPONSES: LazyLock<Value> = LazyLock::new(|| parsed(include_str!("../../guides/responses.json")));

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Returns true if the example of an operation is written down, rather than made of the document.
pub(super) fn has_request(operation: &str) -> bool {
    REQUESTS.get(operation).is_some()
}

/// Returns true if an operation accepts no API key although its document has bearer credentials: those of
/// programs.
pub(super) fn needs_session(operation: &str) -> bool {
    REQUESTS[operation]["with"] == "session"
}

/// Returns the value of a parameter in the example of an operation; null if the example has none.
pub(super) fn parameter(operation: &str, name: &str) -> &'static Value {
    &REQUESTS[operation]["values"][name]
}

/// Returns the body of the example of an operation.
pub(super) fn body(operation: &str) -> Option<&'static Value> {
    REQUESTS[operation].get("body")
}

/// Returns the response to the example of an operation.
pub(super) fn response(operation: &str) -> Option<&'static Value> {
    RESPONSES.get(operation)
}

/// Returns a body as JSON, with the places of numbers unquoted.
pub(super) fn json(body: &Value) -> String {
    let text = body.to_string();
    let mut parts = text.split("\"#");
    let mut unquoted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split('"').next().unwrap_or_default();
        if name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
            unquoted.push_str(&part.replacen('"', "", 1));
        } else {
            unquoted.push_str("\"#");
            unquoted.push_str(part);
        }
    }
    unquoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_files_are_read() {
        assert!(REQUESTS.as_object().is_some_and(|all| all.len() > 100));
        assert!(RESPONSES.is_object());
        assert!(body("addNote").is_some() && body("me").is_none());
        assert_eq!(parameter("deleteNote", "id"), "NOTE_ID");
        assert_eq!(parameter("nothing", "id"), &Value::Null);
    }

    #[test]
    fn places_of_numbers_are_not_quoted() {
        let body = json!({"a": "#NOTE_ID", "b": ["#X"], "c": "# title"});
        assert_eq!(json(&body), r##"{"a":NOTE_ID,"b":[X],"c":"# title"}"##);
    }
}
