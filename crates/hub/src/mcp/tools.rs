//! Actions as MCP tools: their names, their schemas, and responses of the Hub as tool results.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderValue, Method, Request, Response, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use rmcp::model::{CallToolResult, ContentBlock, ListToolsResult, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::{
    Hub,
    call::{has, may_call},
    catalogue::{ActionSpec, Api},
    token::Checked,
};

/// Maximum number of tools per page.
const PAGE: usize = 100;
/// Maximum size of a response for an agent, in bytes.
const LARGEST: usize = 4 << 20;
/// The separator between an API's code, which has no underscore, and an action's name.
const BETWEEN: &str = "__";
/// The suffix of a tool that calls any unlisted action of an API, which it takes as an argument. Action
/// names are lower case, so it cannot collide.
const ANY: &str = "ANY";
/// A placeholder for the unlisted actions of an API. No action has this name. A caller who may call it may
/// call all of them.
const UNLISTED: &str = "*";

/// Headers that belong to the MCP message, not to the call in it.
const OF_THE_MESSAGE: [header::HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::AUTHORIZATION,
];

/// Returns a page of the tools that a caller may use, ordered by name.
pub(super) fn page(hub: &Hub, caller: Option<&Checked>, after: Option<&str>) -> ListToolsResult {
    let apis = hub.apis();
    let mut tools = apis
        .iter()
        .filter(|api| api.spec.enabled)
        .flat_map(|api| {
            let listed = api.spec.actions.iter().map(|(action, spec)| (action.as_str(), Some(spec)));
            let actions = listed.chain(std::iter::once((UNLISTED, None)));
            actions.map(move |(action, spec)| (name(&api.spec.code, action), api, action, spec))
        })
        .filter(|(name, ..)| after.is_none_or(|after| name.as_str() > after))
        .filter(|(_, api, action, _)| may_call(hub, api, action, caller))
        .collect::<Vec<_>>();
    tools.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let more = tools.len() > PAGE;
    tools.truncate(PAGE);
    let next = tools.last().filter(|_| more).map(|(name, ..)| name.clone());
    let tool = |(name, api, _, spec): (String, &Arc<Api>, _, Option<&ActionSpec>)| match spec {
        Some(spec) => tool(name, api, spec),
        None => tool_for_any(name, api),
    };
    let tools = tools.into_iter().map(tool).collect();
    let mut result = ListToolsResult::with_all_items(tools);
    result.next_cursor = next;
    result
}

/// Returns the name of an action's tool, such as `weather-basic__now`.
pub(crate) fn name(api: &str, action: &str) -> String {
    match action {
        "" => api.to_owned(),
        UNLISTED => format!("{api}{BETWEEN}{ANY}"),
        _ => format!("{api}{BETWEEN}{action}"),
    }
}

/// Creates the tool that calls any unlisted action.
fn tool_for_any(name: String, api: &Api) -> Tool {
    let about = [api.spec.name.as_str(), api.spec.description.as_str()];
    let about = about.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" – ");
    let schema = json!({
        "type": "object",
        "properties": {
            "action": {"type": "string", "pattern": "^[A-Za-z0-9._-]{0,64}$", "description": "The action's name"},
            "arguments": {"type": "object", "description": "The action's arguments"},
        },
        "required": ["action"],
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, format!("{about} (any action, named by the argument \"action\")"), Arc::new(schema))
}

fn tool(name: String, api: &Api, spec: &ActionSpec) -> Tool {
    let about = [api.spec.name.as_str(), spec.summary.as_str(), api.spec.description.as_str()];
    let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
    let tool = Tool::new(name, about.join(" – "), Arc::new(schema(spec.parameters.as_ref())));
    if spec.method == "GET" { tool.with_annotations(ToolAnnotations::new().read_only(true)) } else { tool }
}

/// Returns the schema of a tool's arguments, which is always an object's.
pub(crate) fn schema(parameters: Option<&Value>) -> Map<String, Value> {
    let mut schema = match parameters {
        Some(Value::Object(schema)) => schema.clone(),
        _ => Map::new(),
    };
    schema.insert("type".to_owned(), json!("object"));
    schema
}

/// Resolves a tool to the path of its action and the action's arguments.
///
/// # Errors
/// A message if the tool does not exist or the arguments are invalid. Permissions are checked by the call
/// itself.
pub(super) fn asked(
    hub: &Hub,
    tool: &str,
    mut arguments: Map<String, Value>,
) -> Result<(String, Map<String, Value>), String> {
    let none = || format!("no such tool: {tool}");
    let (api, mut action) = parts(tool);
    let named = arguments.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
    if action == ANY {
        arguments = match arguments.remove("arguments") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err("arguments should be an object".to_owned()),
        };
        action = &named;
    }
    let path = path_of(api, action).ok_or_else(none)?;
    let api = hub.api_of(api).ok().filter(|api| api.spec.enabled).ok_or_else(none)?;
    if !has(&api, action) {
        return Err(none());
    }
    Ok((path, arguments))
}

/// Splits a tool's name into API and action.
fn parts(tool: &str) -> (&str, &str) {
    tool.split_once(BETWEEN).unwrap_or((tool, ""))
}

/// Returns the path of a tool's action, or `None` if the name is invalid.
pub(crate) fn path(tool: &str) -> Option<String> {
    let (api, action) = parts(tool);
    path_of(api, action)
}

/// Returns the path of an action, or `None` if a name is invalid.
fn path_of(api: &str, action: &str) -> Option<String> {
    let is_segment =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if api.is_empty() || !is_segment(api) || !is_segment(action) {
        return None;
    }
    let path = if action.is_empty() { format!("/api/{api}") } else { format!("/api/{api}/{action}") };
    crate::Door::takes(&path).then_some(path)
}

/// Creates the request of a call, with the caller's headers and address from the MCP message.
pub(super) fn call(message: &Parts, path: &str, body: Vec<u8>) -> http::Result<Request<Body>> {
    let mut call = Request::builder().method(Method::POST).uri(path).body(Body::from(body))?;
    *call.headers_mut() = message.headers.clone();
    for name in &OF_THE_MESSAGE {
        call.headers_mut().remove(name);
    }
    call.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Includes the client's address.
    *call.extensions_mut() = message.extensions.clone();
    Ok(call)
}

/// Converts a response of the Hub to a tool result.
pub(super) async fn result(response: Response<Body>) -> CallToolResult {
    let is_ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let Ok(whole) = Limited::new(response.into_body(), LARGEST).collect().await else {
        return failed("the answer is too large for an agent, or broke off");
    };
    let Ok(text) = String::from_utf8(whole.to_bytes().to_vec()) else {
        return failed("the answer is no text");
    };
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut envelope)) if is_ours && envelope.contains_key("success") => {
            if envelope.get("success") == Some(&Value::Bool(true)) {
                succeeded(envelope.remove("result").unwrap_or_default())
            } else {
                envelope.remove("success");
                failed(&Value::Object(envelope).to_string())
            }
        }
        // The upstream's response was passed through without an envelope.
        _ => CallToolResult::success(vec![ContentBlock::text(text)]),
    }
}

fn succeeded(result: Value) -> CallToolResult {
    match result {
        object @ Value::Object(_) => CallToolResult::structured(object),
        // Older clients accept only objects as structured content.
        Value::String(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
        other => CallToolResult::success(vec![ContentBlock::text(other.to_string())]),
    }
}

fn failed(why: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_leads_back_to_its_action() {
        for (api, action, expected) in [
            ("weather-basic", "now", "/api/weather-basic/now"),
            ("sun-rising", "", "/api/sun-rising"),
            ("a", "b__c", "/api/a/b__c"),
            ("a", "_b", "/api/a/_b"),
        ] {
            assert_eq!(path(&name(api, action)).as_deref(), Some(expected));
        }
        for tool in ["", "__x", "a__b/c", "../x", "apikey__hub", "secondme", "a b", "a__b?c"] {
            assert_eq!(path(tool), None, "{tool}");
        }
    }

    #[test]
    fn a_schema_is_an_objects() {
        let parameters = json!({"properties": {"lng": {"type": "number"}}, "required": ["lng"]});
        assert_eq!(Value::Object(schema(Some(&parameters)))["type"], "object");
        assert_eq!(Value::Object(schema(None)), json!({"type": "object"}));
        assert_eq!(Value::Object(schema(Some(&json!([1])))), json!({"type": "object"}));
    }

    proptest! {
        #[test]
        fn every_path_is_a_call_with_two_segments_at_most(tool in "\\PC{0,40}") {
            if let Some(path) = path(&tool) {
                prop_assert!(crate::Door::takes(&path) && path.split('/').count() <= 4);
                prop_assert!(path.parse::<http::Uri>().is_ok());
            }
        }
    }
}
