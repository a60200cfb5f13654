//! Actions as tools: their names and schemas, and an answer of the Hub as a tool's result.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderValue, Method, Request, Response, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use rmcp::model::{CallToolResult, ContentBlock, ListToolsResult, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use crate::{
    Hub,
    call::may_call,
    catalogue::{ActionSpec, Api},
    token::Checked,
};

/// Tools in an answer.
const PAGE: usize = 100;
/// Largest answer that is given to an agent.
const LARGEST: usize = 4 << 20;
/// Between an API's code, which has no underscore, and an action's name.
const BETWEEN: &str = "__";

/// Headers of a message that say nothing of the call in it.
const OF_THE_MESSAGE: [header::HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::AUTHORIZATION,
];

/// One page of the tools that a caller may use, in the order of their names.
pub(super) fn page(hub: &Hub, caller: Option<&Checked>, after: Option<&str>) -> ListToolsResult {
    let apis = hub.apis();
    let mut tools = apis
        .iter()
        .filter(|api| api.spec.enabled)
        .flat_map(|api| {
            api.spec
                .actions
                .iter()
                .map(move |(action, spec)| (name(&api.spec.code, action), api, action, spec))
        })
        .filter(|(name, ..)| after.is_none_or(|after| name.as_str() > after))
        .filter(|(_, api, action, _)| may_call(hub, api, action, caller))
        .collect::<Vec<_>>();
    tools.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let more = tools.len() > PAGE;
    tools.truncate(PAGE);
    let next = tools.last().filter(|_| more).map(|(name, ..)| name.clone());
    let tools = tools.into_iter().map(|(name, api, _, spec)| tool(name, api, spec)).collect();
    let mut result = ListToolsResult::with_all_items(tools);
    result.next_cursor = next;
    result
}

/// The name of an action's tool: `weather-basic__now`.
pub(crate) fn name(api: &str, action: &str) -> String {
    if action.is_empty() { api.to_owned() } else { format!("{api}{BETWEEN}{action}") }
}

fn tool(name: String, api: &Api, spec: &ActionSpec) -> Tool {
    let about = [api.spec.name.as_str(), spec.summary.as_str(), api.spec.description.as_str()];
    let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
    let tool = Tool::new(name, about.join(" – "), Arc::new(schema(spec.parameters.as_ref())));
    if spec.method == "GET" { tool.with_annotations(ToolAnnotations::new().read_only(true)) } else { tool }
}

/// The schema of a tool's arguments: always an object's.
pub(crate) fn schema(parameters: Option<&Value>) -> Map<String, Value> {
    let mut schema = match parameters {
        Some(Value::Object(schema)) => schema.clone(),
        _ => Map::new(),
    };
    schema.insert("type".to_owned(), json!("object"));
    schema
}

/// The path of a tool's action; `None` for a name that no tool has.
pub(crate) fn path(tool: &str) -> Option<String> {
    let (api, action) = tool.split_once(BETWEEN).unwrap_or((tool, ""));
    let is_segment =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if api.is_empty() || !is_segment(api) || !is_segment(action) {
        return None;
    }
    let path = if action.is_empty() { format!("/api/{api}") } else { format!("/api/{api}/{action}") };
    crate::Door::takes(&path).then_some(path)
}

/// The call of an action, from whoever sent a message.
pub(super) fn call(message: &Parts, path: &str, body: Vec<u8>) -> http::Result<Request<Body>> {
    let mut call = Request::builder().method(Method::POST).uri(path).body(Body::from(body))?;
    *call.headers_mut() = message.headers.clone();
    for name in &OF_THE_MESSAGE {
        call.headers_mut().remove(name);
    }
    call.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Among them the address of the one who is connected.
    *call.extensions_mut() = message.extensions.clone();
    Ok(call)
}

/// An answer of the Hub as the result of a tool.
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
        // What an upstream's answer was passed through as.
        _ => CallToolResult::success(vec![ContentBlock::text(text)]),
    }
}

fn succeeded(result: Value) -> CallToolResult {
    match result {
        object @ Value::Object(_) => CallToolResult::structured(object),
        // Older clients take nothing but an object as structured content.
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
