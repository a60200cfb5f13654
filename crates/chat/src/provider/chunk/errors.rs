//! Errors that a provider reports inside a stream. No I/O.

use serde_json::Value;

/// Values of codes and messages that mean that all is well, or nothing at all.
const FINE: &[&str] = &["", "0", "0.0", "200", "ok", "success", "succeed", "none", "null", "false"];
/// Members that describe an error at the top level of an event.
const DESCRIBING: &[&str] = &["message", "msg", "error_msg", "error_message", "detail"];
const CODES: &[&str] = &["code", "status", "error_code", "errorCode"];

/// Returns true if an event reports an error. Some gateways send the members of an error in each event, with
/// values that mean none.
pub(super) fn is_reported(value: &Value) -> bool {
    let is_said = |name: &&str| value.get(name).is_some_and(|said| !said.is_object() && is_failure(said));
    let says = |names: &[&str]| names.iter().any(is_said);
    let is_named = |name: &str| value.get(name).and_then(Value::as_str) == Some("error");
    if value.get("error").is_some_and(|error| *error != Value::Bool(true) && is_failure(error)) {
        return true;
    }
    // The form of some providers: a code beside the answer.
    if value.pointer("/base_resp/status_code").is_some_and(is_failure) {
        return true;
    }
    let has_answer = value.get("choices").is_some_and(|choices| !choices.is_null());
    !has_answer && (is_named("object") || is_named("type") || (says(CODES) && says(DESCRIBING)))
}

/// Returns true if a value says more than that all is well.
fn is_failure(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => !FINE.contains(&number.to_string().as_str()),
        Value::String(text) => !FINE.contains(&text.trim().to_ascii_lowercase().as_str()),
        Value::Array(items) => items.iter().any(is_failure),
        Value::Object(members) => members.values().any(is_failure),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_are_told_from_members_that_say_nothing() {
        for value in [
            json!({"error": {"message": "boom"}}),
            json!({"error": {"code": 500}}),
            json!({"error": "boom"}),
            json!({"error": {"error": {"message": "boom"}}}),
            json!({"object": "error", "message": "no", "code": 400}),
            json!({"type": "error"}),
            json!({"code": "InvalidParameter", "message": "no", "request_id": "x"}),
            json!({"choices": null, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
        ] {
            assert!(is_reported(&value), "{value}");
        }
        for value in [
            json!({"choices": []}),
            json!({"error": null}),
            json!({"error": {}}),
            json!({"error": []}),
            json!({"error": ""}),
            json!({"error": false}),
            json!({"error": {"code": null, "message": ""}}),
            json!({"error": {"code": 0, "message": "success"}}),
            json!({"choices": [], "code": 200, "message": "ok"}),
            json!({"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"message": {"role": "assistant", "content": "x"}, "status": "streaming"}),
        ] {
            assert!(!is_reported(&value), "{value}");
        }
    }
}
