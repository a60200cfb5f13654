//! `/mcp/hub`: the catalog of APIs as tools for agents. Tokens of the Hub open it at `/mcp`, too
//! (`tests/mcp`).

use serde_json::{Map, Value, json};
use testkit::{TestServer, both_engines};

use super::support::{Key, admin, another, key, refused};

/// Defines an API with an action for everybody and one for callers with a key.
async fn pets(server: &TestServer) {
    let definition = json!({"code": "pets", "name": "Pets", "accounts": ["*"], "provider": {"kind": "echo"},
        "actions": {
        "find": {
            "summary": "Find a pet",
            "anonymous": true,
            "method": "GET",
            "parameters": {"properties": {"name": {"type": "string"}}},
        },
        "add": {"summary": "Add a pet"},
    }});
    let admin = admin(server).await;
    admin.post("/api/apikey/hub/apis/save", definition).await.data();
    let actions: Map<String, Value> = (0..150).map(|at| (format!("a{at}"), json!({}))).collect();
    let many = json!({"code": "many", "accounts": ["*"], "provider": {"kind": "echo"}, "actions": actions});
    admin.post("/api/apikey/hub/apis/save", many).await.data();
    let code = format!("long-{}", "x".repeat(40));
    let long = json!({
        "code": code,
        "accounts": ["*"],
        "provider": {"kind": "echo"},
        "actions": {"do.it.with.a.long.name": {}},
    });
    admin.post("/api/apikey/hub/apis/save", long).await.data();
}

#[both_engines]
async fn an_agent_uses_the_actions_it_may_call(server: TestServer) {
    pets(&server).await;
    let key = key(&server, "a", json!({})).await;
    let limited = another(&key.owner, json!({"allow": ["pets/find"]})).await;
    let (token, less) = (key.token(&key.app_claims()), limited.token(&limited.app_claims()));
    let variables = [("BASE_URL", server.base_url()), ("TOKEN", &token), ("AK", &key.ak), ("LIMITED", &less)];
    assert_eq!(testkit::clients::run("mcp_hub.py", &variables).await, "done\n");
    assert_eq!(testkit::clients::run("mcp_hub.mjs", &variables).await, "done\n");
    // Calls of tools are in the call log.
    let calls = key.owner.get(&format!("/api/apikey/hub/calls?key={}&api=pets", key.id)).await.data();
    assert_eq!(calls["list"].as_array().unwrap().len(), 4, "{calls}");
    assert_eq!(calls["list"][0]["action"], "add");
}

#[both_engines]
async fn a_bad_token_opens_nothing(server: TestServer) {
    pets(&server).await;
    let key = key(&server, "a", json!({"ips": ["203.0.113.7"]})).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let ask = async |name: &str, value: &str| {
        let agent = server.anyone().with("accept", "application/json, text/event-stream").with(name, value);
        agent.post("/mcp/hub", message.clone()).await
    };
    refused(&ask("apihub-token", "x").await, 401, "TOKEN_INVALID");
    refused(&ask("authorization", "Bearer x").await, 401, "TOKEN_INVALID");
    let elsewhere = ask("apihub-token", &key.token(&key.app_claims())).await;
    refused(&elsewhere, 403, "IP_NOT_ALLOWED");
    assert_eq!(elsewhere.header("www-authenticate"), "", "another token would not help");
    let wrong = ask("authorization", "Bearer x").await;
    assert_eq!(wrong.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    // An API key of the Lab is not accepted.
    let (_, lab) = server.person("b").await.new_key("*", None).await;
    refused(&ask("authorization", &format!("Bearer {lab}")).await, 401, "TOKEN_INVALID");
    assert_eq!(ask("x-nothing", "").await.status, 200);
}

#[both_engines("[hub]\nanonymous = false")]
async fn without_anonymous_callers_an_agent_needs_a_token(server: TestServer) {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let agent = server.anyone().with("accept", "application/json, text/event-stream");
    let answer = agent.post("/mcp/hub", message).await;
    refused(&answer, 401, "TOKEN_MISSING");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

/// An API that serves unlisted actions has one tool for all of them.
#[both_engines]
async fn actions_that_are_not_listed_have_a_tool_together(server: TestServer) {
    pets(&server).await;
    let key = key(&server, "a", json!({})).await;
    let limited = another(&key.owner, json!({"allow": ["echo/hello", "pets/find"]})).await;
    let ask = async |key: &Key, method: &str, params: Value| {
        let agent = server
            .anyone()
            .with("accept", "application/json, text/event-stream")
            .with("apihub-token", &key.token(&key.app_claims()));
        agent
            .post("/mcp/hub", json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            .await
            .json()
    };
    let names = |answer: &Value| -> Vec<String> {
        answer["result"]["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = ask(&key, "tools/list", json!({})).await;
    assert_eq!(names(&first)[0], "echo__ANY");
    assert_eq!(first["result"]["tools"][0]["inputSchema"]["required"], json!(["action"]));
    // Listed actions are followed by the tool for the others. The pages contain each tool once.
    let mut all = names(&first);
    let mut next = first["result"]["nextCursor"].clone();
    while next.is_string() {
        let page = ask(&key, "tools/list", json!({"cursor": next})).await;
        all.extend(names(&page));
        next = page["result"]["nextCursor"].clone();
    }
    let mut sorted = all.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(all, sorted);
    for name in ["pets__ANY", "pets__add", "many__a149", "echo__ANY"] {
        assert!(all.iter().any(|tool| tool == name), "{name}: {all:?}");
    }
    assert_eq!(names(&ask(&limited, "tools/list", json!({})).await), ["pets__find"]);
    let call = async |name: &str, arguments: Value| {
        ask(&key, "tools/call", json!({"name": name, "arguments": arguments})).await
    };
    let answer = call("echo__ANY", json!({"action": "do-it", "arguments": {"action": "mine"}})).await;
    let told = &answer["result"]["structuredContent"];
    assert_eq!(
        (&told["action"], &told["arguments"]),
        (&json!("do-it"), &json!({"action": "mine"})),
        "{answer}"
    );
    assert_eq!(
        call("echo__ANY", json!({"action": "x"})).await["result"]["structuredContent"]["arguments"],
        json!({})
    );
    for (name, arguments) in [
        ("nowhere__x", json!({})),
        ("weather-basic__now", json!({})),
        ("user-center__nothing", json!({})),
        ("secondme", json!({})),
        ("echo__ANY", json!({"action": "a/b"})),
        ("echo__ANY", json!({"action": "x", "arguments": [1]})),
    ] {
        let answer = call(name, arguments).await;
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
    }
    // An action that the key may not call is refused by the call, with its code.
    let answer =
        ask(&limited, "tools/call", json!({"name": "echo__ANY", "arguments": {"action": "other"}})).await;
    assert_eq!(answer["result"]["isError"], true);
    assert!(
        answer["result"]["content"][0]["text"].as_str().unwrap().contains("PERMISSION_DENIED"),
        "{answer}"
    );
    let answer =
        ask(&limited, "tools/call", json!({"name": "echo__ANY", "arguments": {"action": "hello"}})).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
}

#[both_engines("[hub]\naddress_burst = 2\naddress_per_second = 1")]
async fn tools_share_the_limits_of_calls(server: TestServer) {
    pets(&server).await;
    let agent = server.anyone().with("accept", "application/json, text/event-stream");
    let mut answers = Vec::new();
    for id in 0..3 {
        let message = json!({
            "jsonrpc": "2.0",
            "id": id,
            "method": "tools/call",
            "params": {"name": "pets__find", "arguments": {}},
        });
        answers.push(agent.post("/mcp/hub", message).await.json()["result"].clone());
    }
    assert_eq!((&answers[0]["isError"], &answers[1]["isError"]), (&json!(false), &json!(false)));
    let told: Value = serde_json::from_str(answers[2]["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!((&answers[2]["isError"], &told["code"]), (&json!(true), &json!("RATE_LIMITED")));
}

#[both_engines]
async fn every_accept_header_is_served(server: TestServer) {
    pets(&server).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for path in ["/mcp/hub", "/mcp/hub/"] {
        for accept in [
            None,
            Some("*/*"),
            Some("application/json"),
            Some("text/html"),
            Some("application/json, text/event-stream"),
        ] {
            let agent = server.anyone();
            let agent = match accept {
                Some(accept) => agent.with("accept", accept),
                None => agent,
            };
            let answer = agent.post(path, message.clone()).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, "application/json"),
                "{accept:?}"
            );
            assert!(answer.json()["result"]["tools"].is_array(), "{accept:?}");
        }
    }
    // What `curl -d` sends.
    let request = server.anyone().request(reqwest::Method::POST, "/mcp/hub").body(message.to_string());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(server.anyone().send(request).await.status, 200);
    // A client that takes event streams alone gets one event.
    let answer = server.anyone().with("accept", "text/event-stream").post("/mcp/hub", message.clone()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    let data = answer.body.strip_prefix("event: message\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert!(data["result"]["tools"].is_array() && data["id"] == 1, "{data}");
    let broken = server.anyone().request(reqwest::Method::POST, "/mcp/hub").body("{");
    let broken = server.anyone().send(broken).await;
    assert!((400..500).contains(&broken.status) && broken.status != 406, "{}", broken.status);
}

/// Its tokens are not those of the OAuth server, so no client is sent there to sign in.
#[both_engines("[hub]\nanonymous = false")]
async fn nobody_is_sent_to_sign_in_for_it(server: TestServer) {
    let answer =
        server.anyone().post("/mcp/hub", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    refused(&answer, 401, "TOKEN_MISSING");
    assert!(
        !answer.header("www-authenticate").contains("resource_metadata"),
        "{}",
        answer.header("www-authenticate")
    );
    assert_eq!(server.anyone().get("/.well-known/oauth-protected-resource/mcp/hub").await.status, 404);
    assert_eq!(server.anyone().get("/.well-known/oauth-protected-resource").await.status, 200);
}

/// Pages of other origins cannot use it, even with DNS rebinding.
#[both_engines("server.cors_origins = [\"https://app.example\"]")]
async fn only_allowed_pages_use_it(server: TestServer) {
    pets(&server).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let own = server.base_url().to_owned();
    for (origin, host, expected) in [
        (None, None, 200),
        (Some(own.as_str()), None, 200),
        (Some("https://app.example"), None, 200),
        (Some("http://localhost:6274"), None, 200),
        (Some("https://evil.example"), None, 403),
        (Some("null"), None, 403),
        (Some("http://evil.example:8080"), Some("evil.example:8080"), 403),
        (None, Some("evil.example:8080"), 403),
        (None, Some("localhost:1"), 200),
    ] {
        let mut agent = server.anyone().with("accept", "application/json, text/event-stream");
        for (name, value) in [("origin", origin), ("host", host)] {
            if let Some(value) = value {
                agent = agent.with(name, value);
            }
        }
        let answer = agent.post("/mcp/hub", message.clone()).await;
        let body = answer.json();
        assert_eq!(answer.status, expected, "{origin:?} {host:?}: {body}");
        assert_eq!(body["jsonrpc"], "2.0");
        if expected == 403 {
            assert!(body.get("id").is_none() && body["error"]["code"] == -32600, "{body}");
            assert_eq!(answer.header("access-control-allow-origin"), "");
        } else {
            assert_eq!(answer.header("access-control-allow-origin"), origin.unwrap_or_default());
        }
    }
    // A proxy may send its own name as `Host`.
    let proxied = server
        .anyone()
        .with("accept", "application/json, text/event-stream")
        .with("host", "backend:8080")
        .with("x-forwarded-for", "203.0.113.9");
    assert_eq!(proxied.post("/mcp/hub", message).await.status, 200);
}

#[both_engines]
async fn a_page_of_this_machine_may_ask_first(server: TestServer) {
    let preflight = |origin: &str| {
        let page = server
            .anyone()
            .with("origin", origin)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "authorization,mcp-protocol-version");
        async move { page.send(page.request("OPTIONS".parse().unwrap(), "/mcp/hub")).await }
    };
    let answer = preflight("http://localhost:6274").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "http://localhost:6274"));
    assert!(answer.header("access-control-allow-headers").contains("mcp-protocol-version"));
    assert_eq!(preflight("https://evil.example").await.status, 403);
}
