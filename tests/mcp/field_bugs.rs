//! Faults that clients have met at other servers, by number: those of the tools. Those of the authorization
//! server are in `tests/oauth/field_bugs.rs`.

use identity::Audience;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

use super::support::{ask, call, failed, send, tools};

const SCOPES: &str = "userinfo memory.read memory.write note.write chat.write";

fn list() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
}

/// Returns the challenge that a client without a credential gets for a body.
async fn challenge(agent: &Actor, path: &str, body: &str) -> String {
    let answer = agent.send(agent.request(Method::POST, path).body(body.to_owned())).await;
    assert_eq!(answer.status, 401, "{body}");
    answer.header("www-authenticate").to_owned()
}

#[both_engines]
async fn bug_02_every_probe_finds_the_challenge(server: TestServer) {
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
    for body in [initialize, r#"{"method":"server/discover"}"#, &list().to_string(), "garbage", ""] {
        let challenge = challenge(&server.anyone(), "/mcp", body).await;
        assert!(challenge.starts_with("Bearer resource_metadata=\""), "{challenge}");
        assert!(challenge.contains("scope=\"userinfo memory.read"), "{challenge}");
    }
}

#[both_engines]
async fn bug_03_the_resource_is_the_url_that_was_used(server: TestServer) {
    for path in ["/mcp", "/mcp/"] {
        let challenge = challenge(&server.anyone(), path, "").await;
        let url = challenge.split('"').nth(1).unwrap();
        let document = server.anyone().get(url.strip_prefix(server.base_url()).unwrap()).await.json();
        assert_eq!(document["resource"], format!("{}{path}", server.base_url()));
        assert_eq!(document["authorization_servers"], json!([server.base_url()]));
    }
}

#[both_engines]
async fn bug_04_a_slash_changes_nothing(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    let (plain, slash) = (agent.post("/mcp", list()).await, agent.post("/mcp/", list()).await);
    assert_eq!((plain.status, plain.body), (slash.status, slash.body));
}

#[both_engines]
async fn bug_12_a_403_lists_granted_and_needed_scopes(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, "userinfo memory.read").await;
    let params = json!({"name": "add_note", "arguments": {"content": "x"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let answer = send(&agent, message).await;
    assert_eq!(answer.status, 403);
    assert!(answer.header("www-authenticate").contains("scope=\"userinfo memory.read note.write\""));
}

#[both_engines]
async fn bug_14_no_accept_header_is_refused(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    let both = "text/event-stream, application/json";
    for accept in ["*/*", "application/json", "text/event-stream", both, "APPLICATION/JSON"] {
        assert_eq!(agent.with("accept", accept).post("/mcp", list()).await.status, 200, "{accept}");
    }
    assert_eq!(agent.post("/mcp", list()).await.status, 200);
}

#[both_engines]
async fn bug_16_schemas_are_flat(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    let listed = ask(&agent, "tools/list", json!({})).await;
    for tool in listed["result"]["tools"].as_array().unwrap() {
        let schema = &tool["inputSchema"];
        assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
        for property in schema["properties"].as_object().unwrap().values() {
            assert!(property["type"].is_string() && property["description"].is_string(), "{tool}");
        }
        for word in ["$ref", "$defs", "anyOf", "oneOf", "\"null\"", "\"format\""] {
            assert!(!tool.to_string().contains(word), "{tool}");
        }
    }
}

#[both_engines("server.public_url = \"https://me.example\"")]
async fn bug_19_a_proxy_may_rewrite_the_host(server: TestServer) {
    let proxied = server.anyone().with("host", "backend:8080").with("x-forwarded-for", "203.0.113.9");
    let challenge = challenge(&proxied, "/mcp", "").await;
    assert!(
        challenge.contains("\"https://me.example/.well-known/oauth-protected-resource/mcp\""),
        "{challenge}"
    );
    let document = proxied.get("/.well-known/oauth-protected-resource/mcp").await.json();
    assert_eq!(document["resource"], "https://me.example/mcp");
}

#[both_engines]
async fn bug_20_an_ended_agent_is_refused_at_its_next_call(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let agent = person.with_mcp_token(&app, SCOPES).await;
    assert_eq!(send(&agent, list()).await.status, 200);
    person.revoke(&app).await;
    let answer = send(&agent, list()).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
}

#[both_engines]
async fn bug_21_tools_of_a_refused_scope_are_not_listed(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(SCOPES).await;
    let token =
        person.some_of(Audience::Mcp, &app, SCOPES, "userinfo memory.read note.write chat.write").await;
    let agent = server.anyone().with("authorization", &format!("Bearer {token}"));
    let listed = tools(&agent).await;
    for tool in ["add_memory", "update_memory", "forget"] {
        assert!(!listed.contains(&tool.to_owned()), "{listed:?}");
        let arguments = json!({"id": "memory:1", "content": "x"});
        failed(&call(&agent, tool, arguments).await, "refused_by_person");
    }
}
