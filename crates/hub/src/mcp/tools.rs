//! Actions as MCP tools: their names, their schemas, and responses of the Hub as tool results.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use http::{HeaderValue, Method, Request, Response, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use rmcp::model::{CallToolResult, ContentBlock, ListToolsResult, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    Hub,
    call::{has, may_call},
    catalog::{ActionSpec, Api},
    token::Checked,
};

/// Maximum number of tools per page.
const PAGE: usize = 100;
/// Maximum length of a tool's name for models and clients, and number of hexadecimal digits at the end of a
/// shortened one.
const LONGEST_NAME: usize = 64;
const DIGITS: usize = 8;
/// Number of characters before the hash of a shortened name.
const CODE_SHOWN: usize = LONGEST_NAME - DIGITS - 1;
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

/// Returns the name of an action's tool, such as `weather-basic__now`. A name that is too long, or contains
/// another character (a dot), is shortened and ends in a hash of the whole name. It does not depend on other
/// actions.
pub(crate) fn name(api: &str, action: &str) -> String {
    let whole = match action {
        "" => api.to_owned(),
        UNLISTED => format!("{api}{BETWEEN}{ANY}"),
        _ => format!("{api}{BETWEEN}{action}"),
    };
    if whole.len() <= LONGEST_NAME && whole.bytes().all(is_name_byte) {
        return whole;
    }
    let hash = Bytes::copy_from_slice(&Sha256::digest(&whole));
    let hash = format!("{hash:x}");
    let kept = whole.bytes().take(CODE_SHOWN);
    let kept = kept.map(|byte| if is_name_byte(byte) { char::from(byte) } else { '_' }).collect::<String>();
    format!("{kept}-{}", hash.get(..DIGITS).unwrap_or_default())
}

/// Returns true for a byte that every model accepts in a tool's name.
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Returns the API and the action of a tool, or `None` if there is no such tool.
pub(crate) fn find(hub: &Hub, tool: &str) -> Option<(Arc<Api>, String)> {
    let (api, action) = parts(tool);
    let action = if action == ANY { UNLISTED } else { action };
    if let Ok(api) = hub.api_of(api)
        && name(&api.spec.code, action) == tool
    {
        return Some((api, action.to_owned()));
    }
    // A shortened name ends in a hash and contains only the beginning of a long code.
    tool.rsplit_once('-').filter(|(_, hash)| hash.len() == DIGITS)?;
    hub.apis().into_iter().find_map(|api| {
        let code = &api.spec.code;
        let mut shown =
            code.bytes().take(CODE_SHOWN).map(|byte| if is_name_byte(byte) { byte } else { b'_' });
        let mut bytes = tool.bytes();
        if !shown.all(|byte| bytes.next() == Some(byte)) {
            return None;
        }
        let is_tool = |action: &&str| name(code, action) == tool;
        let action = api.spec.actions.keys().map(String::as_str).chain([UNLISTED]).find(is_tool)?.to_owned();
        Some((Arc::clone(&api), action))
    })
}

/// Creates the tool that calls any unlisted action.
fn tool_for_any(name: String, api: &Api) -> Tool {
    let about = [api.spec.name.as_str(), api.spec.description.as_str()];
    let about = about.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" – ");
    let schema = json!({
        "type": "object",
        "properties": {
            "action": {
                "type": "string", "pattern": "^[A-Za-z0-9._-]{0,64}$", "description": "The action's name",
            },
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
    let (api, mut action) = find(hub, tool).filter(|(api, _)| api.spec.enabled).ok_or_else(none)?;
    if action == UNLISTED {
        action = arguments.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
        arguments = match arguments.remove("arguments") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err("arguments should be an object".to_owned()),
        };
    }
    let path = path_of(&api.spec.code, &action).ok_or_else(none)?;
    if !has(&api, &action) {
        return Err(none());
    }
    Ok((path, arguments))
}

/// Splits a tool's name into API and action.
fn parts(tool: &str) -> (&str, &str) {
    tool.split_once(BETWEEN).unwrap_or((tool, ""))
}

/// Returns the path of a tool's action, or `None` if there is no such tool.
pub(crate) fn path(hub: &Hub, tool: &str) -> Option<String> {
    let (api, action) = find(hub, tool).filter(|(_, action)| action != UNLISTED)?;
    path_of(&api.spec.code, &action)
}

/// Returns the path of an action, or `None` if a name is invalid.
fn path_of(api: &str, action: &str) -> Option<String> {
    let is_segment =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if api.is_empty() || !is_segment(api) || !is_segment(action) {
        return None;
    }
    let path = if action.is_empty() { format!("/api/{api}") } else { format!("/api/{api}/{action}") };
    crate::Gateway::takes(&path).then_some(path)
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
    fn a_path_has_an_api_and_an_action() {
        for (api, action, tool, expected) in [
            ("weather-basic", "now", "weather-basic__now", "/api/weather-basic/now"),
            ("sun-rising", "", "sun-rising", "/api/sun-rising"),
            ("a", "b__c", "a__b__c", "/api/a/b__c"),
            ("a", "_b", "a___b", "/api/a/_b"),
        ] {
            assert_eq!(name(api, action), tool);
            assert_eq!(path_of(api, action).as_deref(), Some(expected));
            assert_eq!(parts(tool), (api, action));
        }
        for (api, action) in [
            ("", ""),
            ("", "x"),
            ("a", "b/c"),
            ("apikey", "hub"),
            ("secondme", ""),
            ("a b", ""),
            ("a", "b?c"),
        ] {
            assert_eq!(path_of(api, action), None, "{api} {action}");
        }
    }

    #[test]
    fn a_name_is_cut_to_what_models_take() {
        let api = "a".repeat(40);
        let (one, other) = (name(&api, &"b".repeat(40)), name(&api, &format!("{}c", "b".repeat(39))));
        assert_eq!((one.len(), other.len()), (LONGEST_NAME, LONGEST_NAME));
        assert!(one != other && one.starts_with(&format!("{api}__bb")), "{one} {other}");
        assert_eq!(name(&api, &"b".repeat(40)), one);
        let dotted = name("a", "v1.list");
        assert!(
            dotted.starts_with("a__v1_list-")
                && dotted != name("a", "v1_list")
                && dotted != name("a", "v1-list")
        );
        assert_eq!(name(&"a".repeat(64), UNLISTED).len(), LONGEST_NAME);
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
        fn any_name_fits(api in "[a-z0-9-]{1,64}", action in "[a-z0-9._-]{0,64}") {
            let name = name(&api, &action);
            prop_assert!(
                (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_name_byte), "{}", name,
            );
        }

        #[test]
        fn every_path_is_a_call_with_two_segments_at_most(api in "\\PC{0,20}", action in "\\PC{0,20}") {
            if let Some(path) = path_of(&api, &action) {
                prop_assert!(crate::Gateway::takes(&path) && path.split('/').count() <= 4);
                prop_assert!(path.parse::<http::Uri>().is_ok());
            }
        }
    }
}
