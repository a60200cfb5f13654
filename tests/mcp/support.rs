//! Agents that talk to `/mcp`.

use serde_json::{Value, json};
use testkit::{Actor, Response};

/// The newest version of the protocol.
pub const MODERN: &str = "2026-07-28";

/// Sends a message as a client of the protocol before 2026-07-28.
pub async fn send(agent: &Actor, message: Value) -> Response {
    agent.with("accept", "application/json, text/event-stream").post("/mcp", message).await
}

/// Sends a request, and returns the response.
pub async fn ask(agent: &Actor, method: &str, params: Value) -> Value {
    let answer = send(agent, json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await;
    assert_eq!(answer.status, 200, "{method}: {}", answer.body);
    answer.json()
}

/// Sends a request of the protocol of 2026-07-28.
pub async fn modern(agent: &Actor, method: &str, params: Value) -> Response {
    let name = params["name"].as_str().or(params["uri"].as_str()).map(str::to_owned);
    let mut params = params;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut agent = agent.with("mcp-protocol-version", MODERN).with("mcp-method", method);
    if let Some(name) = name {
        agent = agent.with("mcp-name", &name);
    }
    send(&agent, json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})).await
}

/// Calls a tool, and returns the result.
pub async fn call(agent: &Actor, tool: &str, arguments: Value) -> Value {
    let answer = ask(agent, "tools/call", json!({"name": tool, "arguments": arguments})).await;
    answer["result"].clone()
}

/// Calls a tool that succeeds, and returns its structured content.
#[track_caller]
pub fn done(result: &Value) -> &Value {
    assert_eq!(result["isError"], false, "{result}");
    assert_eq!(result["content"].as_array().map(Vec::len), Some(1), "{result}");
    let text = result["content"][0]["text"].as_str().expect("a text");
    let json = text.split_once('\n').map_or(text, |(_, json)| json);
    let told: Value = serde_json::from_str(json).expect("the text is the structure");
    assert_eq!(told, result["structuredContent"]);
    &result["structuredContent"]
}

/// Checks that a call failed with a code.
#[track_caller]
pub fn failed(result: &Value, code: &str) {
    assert_eq!(
        (&result["isError"], &result["_meta"]["doppel/error"]),
        (&json!(true), &json!(code)),
        "{result}"
    );
    assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.ends_with('.')), "{result}");
    // Clients check the structured content of failed calls against the tool's schema, too.
    assert!(result.get("structuredContent").is_none(), "{result}");
}

/// Returns the names of the listed tools.
pub async fn tools(agent: &Actor) -> Vec<String> {
    let list = ask(agent, "tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().expect("tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}
