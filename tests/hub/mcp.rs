//! `/mcp`: the catalogue for agents.

use serde_json::{Map, Value, json};
use testkit::{TestServer, both_engines};

use super::support::{admin, another, key, refused};

/// An API with an action for everybody and one for callers with a key.
async fn pets(server: &TestServer) {
    let definition = json!({"code": "pets", "name": "Pets", "provider": {"kind": "echo"}, "actions": {
        "find": {"summary": "Find a pet", "anonymous": true, "method": "GET", "parameters": {"properties": {"name": {"type": "string"}}}},
        "add": {"summary": "Add a pet"},
    }});
    let admin = admin(server).await;
    admin.post("/api/apikey/hub/apis/save", definition).await.data();
    let actions: Map<String, Value> = (0..150).map(|at| (format!("a{at}"), json!({}))).collect();
    let many = json!({"code": "many", "provider": {"kind": "echo"}, "actions": actions});
    admin.post("/api/apikey/hub/apis/save", many).await.data();
}

both_engines! {
    async fn an_agent_uses_the_actions_it_may_call(server) {
        pets(&server).await;
        let key = key(&server, "a", json!({})).await;
        let limited = another(&key.owner, json!({"allow": ["pets/find"]})).await;
        let (token, less) = (key.token(&key.app_claims()), limited.token(&limited.app_claims()));
        let variables = [("BASE_URL", server.base_url()), ("TOKEN", &token), ("AK", &key.ak), ("LIMITED", &less)];
        assert_eq!(testkit::clients::run("mcp_hub.py", &variables).await, "done\n");
        // Calls of tools are calls: they have their record.
        let calls = key.owner.get(&format!("/api/apikey/hub/calls?key={}&api=pets", key.id)).await.data();
        assert_eq!(calls["list"].as_array().unwrap().len(), 2, "{calls}");
        assert_eq!(calls["list"][0]["action"], "add");
    }

    async fn a_bad_token_opens_nothing(server) {
        pets(&server).await;
        let key = key(&server, "a", json!({"ips": ["203.0.113.7"]})).await;
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let ask = async |name: &str, value: &str| {
            let agent = server.anyone().with("accept", "application/json, text/event-stream").with(name, value);
            agent.post("/mcp", message.clone()).await
        };
        refused(&ask("apihub-token", "x").await, 401, "TOKEN_INVALID");
        refused(&ask("authorization", "Bearer x").await, 401, "TOKEN_INVALID");
        let elsewhere = ask("apihub-token", &key.token(&key.app_claims())).await;
        refused(&elsewhere, 403, "IP_NOT_ALLOWED");
        assert_eq!(elsewhere.header("www-authenticate"), "Bearer");
        // A key of the Lab is none of the Hub's.
        let (_, lab) = server.person("b").await.new_key("*", None).await;
        refused(&ask("authorization", &format!("Bearer {lab}")).await, 401, "TOKEN_INVALID");
        assert_eq!(ask("x-nothing", "").await.status, 200);
    }

    async fn without_anonymous_callers_an_agent_needs_a_token(server: "[hub]\nanonymous = false") {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let agent = server.anyone().with("accept", "application/json, text/event-stream");
        refused(&agent.post("/mcp", message).await, 401, "TOKEN_MISSING");
    }

    async fn tools_share_the_limits_of_calls(server: "[hub]\naddress_burst = 2\naddress_per_second = 1") {
        pets(&server).await;
        let agent = server.anyone().with("accept", "application/json, text/event-stream");
        let mut answers = Vec::new();
        for id in 0..3 {
            let message = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "pets__find", "arguments": {}}});
            answers.push(agent.post("/mcp", message).await.json()["result"].clone());
        }
        assert_eq!((&answers[0]["isError"], &answers[1]["isError"]), (&json!(false), &json!(false)));
        let told: Value = serde_json::from_str(answers[2]["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!((&answers[2]["isError"], &told["code"]), (&json!(true), &json!("RATE_LIMITED")));
    }
}
