//! The Hub as tools of a person's agents (`mcp.hub_tools_for_people`).

use identity::Audience;
use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::support::{ask, call, failed, modern, send, tools};
use crate::hub::support::{admin, another};

const FEW: &str = "userinfo memory.read";
const ALL: &str = "userinfo memory.read hub.call";

/// Adds an API whose action repeats its arguments.
async fn add_api(server: &TestServer) {
    let actions = json!({"find": {"summary": "Finds pets"}});
    let provider = json!({"kind": "echo"});
    let api = json!({
        "code": "pets", "name": "Pets", "provider": provider, "actions": actions, "accounts": ["*"],
    });
    admin(server).await.post("/api/apikey/hub/apis/save", api).await.data();
}

fn find() -> Value {
    json!({"name": "pets__find", "arguments": {"kind": "cat\u{202e}"}})
}

#[both_engines("mcp.hub_tools_for_people = true\nhub.keys = \"everybody\"")]
async fn agents_call_the_hub_if_the_person_allows_it(server: TestServer) {
    add_api(&server).await;
    let person = server.person("ann").await;
    another(&person.signed_in().await, json!({})).await;
    let app = server.person("developer").await.app(ALL).await;
    let metadata = server.anyone().get("/.well-known/oauth-authorization-server").await.json();
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("hub.call")), "{metadata}");

    // Not asked yet: it is listed, and a call asks for the scope.
    let agent = person.with_mcp_token(&app, FEW).await;
    assert!(tools(&agent).await.contains(&"pets__find".to_owned()));
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": find()});
    let refused = send(&agent, message).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains("scope=\"userinfo memory.read hub.call\""), "{challenge}");

    let agent = person.with_mcp_token(&app, ALL).await;
    let listed = ask(&agent, "tools/list", json!({})).await;
    let all = listed["result"]["tools"].as_array().unwrap();
    let tool = all.iter().find(|tool| tool["name"] == "pets__find").expect("the action");
    assert_eq!(tool["annotations"]["openWorldHint"], true);
    assert!(tool["description"].as_str().unwrap().contains("Finds pets"), "{tool}");
    for result in [
        call(&agent, "pets__find", find()["arguments"].clone()).await,
        modern(&agent, "tools/call", find()).await.json()["result"].clone(),
    ] {
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(result["isError"], false, "{result}");
        assert!(text.starts_with("The result of an API follows.") && text.contains("cat"), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
    failed(&call(&agent, "dogs__find", json!({})).await, "hub_error");
    let client = format!("app:{}", app.id);
    let calls = server
        .running()
        .agents
        .calls(&person.account, Some(&client), agents::log::CallId(i64::MAX), 10)
        .await
        .unwrap();
    assert_eq!((calls[0].tool.as_str(), calls[0].outcome.as_str()), ("dogs__find", "hub_error"));
    assert_eq!((calls[1].tool.as_str(), calls[1].outcome.as_str()), ("pets__find", "ok"));

    // Refused: it is not listed, and a call does not ask again.
    let token = person.some_of(Audience::Mcp, &app, ALL, FEW).await;
    let agent = server.bearer(&token);
    assert!(!tools(&agent).await.contains(&"pets__find".to_owned()));
    failed(&call(&agent, "pets__find", json!({})).await, "refused_by_person");
    // A key without the scope, and a token for the whole server.
    for agent in [person.with_key("memory.read memory.write").await, person.with_token(&app, FEW).await] {
        assert!(!tools(&agent).await.contains(&"pets__find".to_owned()));
        failed(&call(&agent, "pets__find", json!({})).await, "refused_by_person");
    }
    let own = person.with_key("hub.call").await;
    assert_eq!(tools(&own).await, ["pets__find"]);
    assert_eq!(call(&own, "pets__find", json!({})).await["isError"], false);
}

#[both_engines("hub.keys = \"everybody\"")]
async fn the_hub_is_not_offered_unless_the_operator_wants_that(server: TestServer) {
    add_api(&server).await;
    let person = server.person("ann").await;
    another(&person.signed_in().await, json!({})).await;
    let agent = person.with_key("*").await;
    assert_eq!(tools(&agent).await.len(), 11);
    let answer = ask(&agent, "tools/call", find()).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let metadata = server.anyone().get("/.well-known/oauth-authorization-server").await.json();
    assert!(!metadata.to_string().contains("hub.call"), "{metadata}");
}
