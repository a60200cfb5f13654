//! The needs of a message: the scope of the tool, resource or prompt that it names, and the limit that it
//! counts for. No I/O.

use serde_json::Value;

use crate::{
    limit::Action,
    need::Need,
    prompts, resources,
    spec::{self, Effect, ToolId},
};

/// Returns what a message needs, if it names a tool, a resource or a prompt that exists.
pub(crate) fn need(message: &Value) -> Option<Need> {
    let params = message.get("params");
    let named = |member: &str| params?.get(member)?.as_str();
    match method(message) {
        "tools/call" => spec::find(named("name")?).map(Need::of),
        "resources/read" => resources::need(named("uri")?),
        "prompts/get" => prompts::find(named("name")?).map(|prompt| prompt.need),
        _ => None,
    }
}

/// Returns the limits that a message counts for, beside that of all requests.
pub(crate) fn action(message: &Value) -> Option<Action> {
    if method(message) != "tools/call" {
        return None;
    }
    let spec = spec::find(message.get("params")?.get("name")?.as_str()?)?;
    match spec.id {
        ToolId::AskDouble => Some(Action::Ask),
        _ if spec.effect != Effect::Read => Some(Action::Write),
        _ => None,
    }
}

pub(crate) fn method(message: &Value) -> &str {
    message.get("method").and_then(Value::as_str).unwrap_or_default()
}

/// Puts arguments that are not an object into one. The tool then refuses them as it refuses any other wrong
/// argument. Returns true if the message was changed.
pub(crate) fn wrap_arguments(message: &mut Value) -> bool {
    if method(message) != "tools/call" {
        return false;
    }
    let arguments = message.get_mut("params").and_then(|params| params.get_mut("arguments"));
    match arguments {
        Some(arguments) if arguments.is_null() => {
            *arguments = Value::Object(serde_json::Map::new());
            true
        }
        Some(arguments) if !arguments.is_object() => {
            *arguments = serde_json::json!({"arguments": arguments.take()});
            true
        }
        _ => false,
    }
}

/// Returns true if a request names a version of the protocol in its header that this server does not know,
/// and none in its body.
pub(crate) fn is_unknown_version(header: Option<&str>, message: &Value) -> bool {
    let in_body = message.pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion");
    header.is_some_and(|version| !VERSIONS.contains(&version))
        && in_body.is_none()
        && method(message) != "initialize"
}

/// The versions of the protocol, the newest first.
pub(crate) const VERSIONS: [&str; 4] = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn messages_need_the_scope_of_what_they_name() {
        let scope = |message: Value| need(&message).map(|need| need.scope.name());
        let call = |name: &str| json!({"method": "tools/call", "params": {"name": name}});
        for (message, expected) in [
            (call("search"), Some("memory.read")),
            (call("ask_double"), Some("chat.write")),
            (call("forget"), Some("memory.write")),
            (call("add_note"), Some("note.write")),
            (call("nothing"), None),
            (json!({"method": "tools/list"}), None),
            (json!({"method": "resources/read", "params": {"uri": "doppel://profile"}}), Some("userinfo")),
            (json!({"method": "resources/read", "params": {"uri": "doppel://note/5"}}), Some("memory.read")),
            (json!({"method": "resources/read", "params": {"uri": "file:///etc/passwd"}}), None),
            (json!({"method": "prompts/get", "params": {"name": "context_about_me"}}), Some("memory.read")),
            (json!({"method": "tools/call", "params": {"name": 5}}), None),
            (json!(5), None),
        ] {
            assert_eq!(scope(message.clone()), expected, "{message}");
        }
        assert_eq!(action(&call("search")), None);
        assert_eq!(action(&call("add_memory")), Some(Action::Write));
        assert_eq!(action(&call("ask_double")), Some(Action::Ask));
    }

    #[test]
    fn arguments_that_are_no_object_reach_the_tool() {
        for (arguments, expected) in [
            (json!({"a": 1}), json!({"a": 1})),
            (json!(null), json!({})),
            (json!([1]), json!({"arguments": [1]})),
            (json!("x"), json!({"arguments": "x"})),
        ] {
            let mut message = json!({"method": "tools/call", "params": {"arguments": arguments}});
            wrap_arguments(&mut message);
            assert_eq!(message["params"]["arguments"], expected);
        }
    }

    #[test]
    fn versions_are_known_by_header_or_body() {
        let plain = json!({"method": "tools/list"});
        let meta = json!({"io.modelcontextprotocol/protocolVersion": "x"});
        let modern = json!({"method": "tools/list", "params": {"_meta": meta}});
        for (header, message, expected) in [
            (None, &plain, false),
            (Some("2025-06-18"), &plain, false),
            (Some("2024-11-05"), &plain, true),
            (Some("x"), &plain, true),
            (Some("x"), &modern, false),
            (Some("x"), &json!({"method": "initialize"}), false),
        ] {
            assert_eq!(is_unknown_version(header, message), expected, "{header:?} {message}");
        }
    }

    proptest! {
        #[test]
        fn any_message_is_looked_at_without_a_panic(method in ".{0,20}", name in ".{0,20}", uri in ".{0,40}")
        {
            for method in [method.as_str(), "tools/call", "resources/read", "prompts/get"] {
                let params = json!({"name": name, "uri": uri, "arguments": name});
                let mut message = json!({"method": method, "params": params});
                let _ = (need(&message), action(&message), wrap_arguments(&mut message));
            }
        }
    }
}
