//! The transport at `/mcp`: paths, headers, bodies, and both eras of the protocol.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

use super::support::{MODERN, ask, failed, modern, send};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

async fn raw(agent: &Actor, path: &str, body: &str) -> testkit::Response {
    let request = agent.request(Method::POST, path).header("content-type", "application/json");
    agent.send(request.body(body.to_owned())).await
}

#[both_engines]
async fn every_accept_header_is_served(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    for path in ["/mcp", "/mcp/"] {
        for accept in [
            None,
            Some("*/*"),
            Some("application/json"),
            Some("text/event-stream, application/json"),
            Some("text/html"),
            Some(""),
            Some("APPLICATION/JSON, TEXT/EVENT-STREAM"),
            Some("application/json;q=0.5, text/event-stream;q=0"),
        ] {
            let agent = accept.map_or_else(|| agent.clone(), |accept| agent.with("accept", accept));
            let answer = raw(&agent, path, LIST).await;
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, "application/json"),
                "{path} {accept:?}"
            );
            assert_eq!(answer.json()["result"]["tools"].as_array().unwrap().len(), 11);
        }
        let answer = raw(&agent.with("accept", "text/event-stream"), path, LIST).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
        assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-store", "no"));
        let data = answer.body.strip_prefix("event: message\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["id"], 1);
    }
}

#[both_engines]
async fn methods_and_bodies_are_refused_in_order(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    for method in [Method::GET, Method::DELETE, Method::PUT, Method::HEAD] {
        for path in ["/mcp", "/mcp/"] {
            let answer = agent.send(agent.request(method.clone(), path)).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method} {path}");
        }
    }
    for (kind, body, status, code) in [
        ("application/json", "{", 400, -32700),
        ("application/json", "", 400, -32700),
        ("application/json", "[]", 400, -32600),
        ("application/json", r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, 400, -32600),
        ("application/json", "{}", 400, -32600),
        ("application/json", "5", 400, -32600),
        ("application/json", r#"{"jsonrpc":"2.0","id":1}"#, 400, -32600),
        ("text/plain", LIST, 415, -32600),
        ("application/x-www-form-urlencoded", LIST, 415, -32600),
    ] {
        let request = agent.request(Method::POST, "/mcp").header("content-type", kind).body(body);
        let answer = agent.send(request).await;
        let error = answer.json();
        assert_eq!(
            (answer.status, &error["error"]["code"]),
            (status, &json!(code)),
            "{kind} {body}: {error}"
        );
        assert_eq!((&error["jsonrpc"], &error["id"]), (&json!("2.0"), &Value::Null), "{body}");
    }
    let parse = raw(&agent, "/mcp", "garbage").await;
    assert_eq!(parse.body, r#"{"error":{"code":-32700,"message":"Parse error"},"id":null,"jsonrpc":"2.0"}"#);
    let request = agent
        .request(Method::POST, "/mcp")
        .header("content-type", "application/json; charset=utf-8")
        .body(LIST);
    assert_eq!(agent.send(request).await.status, 200);
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"x":"{}"}}}}"#,
        "x".repeat(1 << 20)
    );
    assert_eq!(raw(&agent, "/mcp", &long).await.status, 413);
}

#[both_engines]
async fn the_older_era_is_served_without_a_session(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    for (asked, given) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2024-11-05", "2025-11-25"),
        (MODERN, "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let client = json!({"name": "x", "version": "1"});
        let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": client});
        let answer =
            send(&agent, json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})).await;
        assert_eq!(answer.header("mcp-session-id"), "");
        let body = answer.json();
        let result = &body["result"];
        assert_eq!(result["protocolVersion"], given, "{asked}: {result}");
        assert_eq!(result["capabilities"], json!({"tools": {}, "resources": {}, "prompts": {}}));
        assert_eq!(
            (&result["serverInfo"]["name"], &result["serverInfo"]["title"]),
            (&json!("doppel"), &json!("Doppel"))
        );
        assert!(result["instructions"].as_str().unwrap().len() < 2048);
        assert!(result.get("resultType").is_none());
    }
    let started = send(&agent, json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!((started.status, started.body.as_str()), (202, ""));
    assert_eq!(ask(&agent, "ping", json!({})).await["result"], json!({}));
    assert_eq!(ask(&agent, "nonsense", json!({})).await["error"]["code"], -32601);
    // Headers of sessions are ignored.
    let agent = agent
        .with("mcp-session-id", "x")
        .with("last-event-id", "5")
        .with("mcp-protocol-version", "2025-06-18");
    assert!(ask(&agent, "tools/list", json!({})).await["result"]["tools"].is_array());
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        let answer = ask(&agent, method, json!({"cursor": "x"})).await;
        assert_eq!(answer["error"]["code"], -32602, "{method}: {answer}");
    }
}

#[both_engines]
async fn an_unknown_version_is_refused_with_a_json_rpc_body(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    for version in ["2024-11-05", "x", "2030-01-01"] {
        let answer = raw(&agent.with("mcp-protocol-version", version), "/mcp", LIST).await;
        let body = answer.json();
        assert_eq!(
            (answer.status, &body["error"]["code"], &body["id"]),
            (400, &json!(-32600), &Value::Null),
            "{version}"
        );
    }
}

#[both_engines]
async fn the_present_era_is_served(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    let found = modern(&agent, "server/discover", json!({})).await;
    assert_eq!(found.header("content-type"), "application/json");
    let found = found.json();
    let result = &found["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["supportedVersions"], json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]));
    assert_eq!(result["capabilities"], json!({"tools": {}, "resources": {}, "prompts": {}}));
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(300_000), &json!("private")));
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "doppel");
    for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        let list = modern(&agent, method, json!({})).await.json();
        let result = &list["result"];
        assert_eq!(
            (&result["resultType"], &result["ttlMs"], &result["cacheScope"]),
            (&json!("complete"), &json!(300_000), &json!("private")),
            "{list}"
        );
    }
    let read = modern(&agent, "resources/read", json!({"uri": "doppel://profile"})).await.json();
    assert_eq!(
        (&read["result"]["ttlMs"], &read["result"]["cacheScope"]),
        (&json!(0), &json!("private")),
        "{read}"
    );
    let called = modern(&agent, "tools/call", json!({"name": "search", "arguments": {"query": "coffee"}}))
        .await
        .json();
    let result = &called["result"];
    assert_eq!(
        (&called["id"], &result["resultType"], &result["isError"]),
        (&json!(7), &json!("complete"), &json!(false)),
        "{called}"
    );
    assert_eq!(result["content"], json!([{"type": "text", "text": "{\"results\":[]}"}]));
    assert_eq!(result["structuredContent"], json!({"results": []}));
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "doppel");
}

#[both_engines]
async fn the_present_era_refuses_what_it_must(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    for (method, params, status, code) in [
        ("nonsense", json!({}), 404, -32601),
        ("ping", json!({}), 404, -32601),
        ("logging/setLevel", json!({"level": "info"}), 404, -32601),
        ("tools/call", json!({"name": "nonsense", "arguments": {}}), 200, -32602),
        ("prompts/get", json!({"name": "nonsense"}), 200, -32602),
        ("resources/read", json!({"uri": "doppel://memory/5"}), 200, -32602),
        ("resources/read", json!({"uri": "file:///x"}), 200, -32602),
        ("tools/list", json!({"cursor": "x"}), 200, -32602),
    ] {
        let answer = modern(&agent, method, params).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]["code"]), (status, &json!(code)), "{method}: {body}");
        if method == "resources/read" {
            assert!(body["error"]["data"]["uri"].is_string() && body.get("result").is_none(), "{body}");
        }
    }
    // Older clients have another code for resources.
    let older = ask(&agent, "resources/read", json!({"uri": "doppel://memory/5"})).await;
    assert_eq!(
        (&older["error"]["code"], &older["error"]["data"]["uri"]),
        (&json!(-32002), &json!("doppel://memory/5"))
    );
    let meta = |version: &str| {
        json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        })
    };
    let message =
        |params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let search = |version: &str| {
        message(json!({"name": "search", "arguments": {"query": "x"}, "_meta": meta(version)}))
    };
    let without = message(json!({
        "name": "search",
        "arguments": {"query": "x"},
        "_meta": {"io.modelcontextprotocol/protocolVersion": MODERN},
    }));
    for (headers, message, code) in [
        (vec![("mcp-protocol-version", MODERN), ("mcp-name", "search")], search(MODERN), -32020),
        (vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/call")], search(MODERN), -32020),
        (
            vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/list"), ("mcp-name", "search")],
            search(MODERN),
            -32020,
        ),
        (
            vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "fetch")],
            search(MODERN),
            -32020,
        ),
        (
            vec![
                ("mcp-protocol-version", "2025-11-25"),
                ("mcp-method", "tools/call"),
                ("mcp-name", "search"),
            ],
            search(MODERN),
            -32020,
        ),
        (
            vec![
                ("mcp-protocol-version", "2099-01-01"),
                ("mcp-method", "tools/call"),
                ("mcp-name", "search"),
            ],
            search("2099-01-01"),
            -32022,
        ),
        (
            vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "search")],
            without,
            -32602,
        ),
    ] {
        let actor = headers.iter().fold(agent.clone(), |actor, (name, value)| actor.with(name, value));
        let answer = send(&actor, message).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]["code"]), (400, &json!(code)), "{headers:?}: {body}");
        if code == -32022 {
            assert_eq!(body["error"]["data"]["requested"], "2099-01-01", "{body}");
            assert!(body["error"]["data"]["supported"].as_array().unwrap().contains(&json!(MODERN)));
        }
    }
}

#[both_engines]
async fn wrong_arguments_are_the_tools_to_refuse(server: TestServer) {
    let agent = server.person("a").await.with_key("*").await;
    for arguments in
        [json!({}), json!({"query": ""}), json!({"query": 5}), json!({"q": "x"}), json!([1]), json!("x")]
    {
        for answer in [
            ask(&agent, "tools/call", json!({"name": "search", "arguments": arguments})).await,
            modern(&agent, "tools/call", json!({"name": "search", "arguments": arguments})).await.json(),
        ] {
            failed(&answer["result"], "invalid_argument");
        }
    }
    let answer = ask(&agent, "tools/call", json!({"name": "whoami", "arguments": null})).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
}

#[both_engines(
    "server.cors_origins = [\"https://app.example\"]\n[mcp]\nallowed_origins = [\"https://agent.example\"]"
)]
async fn only_allowed_pages_use_it(server: TestServer) {
    let key = server.person("a").await.with_key("*").await;
    let own = server.base_url().to_owned();
    for (origin, host, expected) in [
        (None, None, 200),
        (Some(own.as_str()), None, 200),
        (Some("https://app.example"), None, 200),
        (Some("https://agent.example"), None, 200),
        (Some("http://localhost:6274"), None, 200),
        (Some("https://evil.example"), None, 403),
        (Some("null"), None, 403),
        (Some("http://evil.example:8080"), Some("evil.example:8080"), 403),
        (None, Some("evil.example:8080"), 403),
        (None, Some("localhost:1"), 200),
    ] {
        for agent in [&key, &server.anyone()] {
            let with = |agent: Actor, name: &str, value: Option<&str>| {
                value.map_or_else(|| agent.clone(), |value| agent.with(name, value))
            };
            let agent = with(with(agent.clone(), "origin", origin), "host", host);
            let answer = raw(&agent, "/mcp", LIST).await;
            assert!(
                answer.status == expected || expected == 200 && answer.status == 401,
                "{origin:?} {host:?}: {}",
                answer.body
            );
            if expected == 403 {
                let body = answer.json();
                assert!(body.get("id").is_none() && body["error"]["code"] == -32600, "{body}");
                assert_eq!(answer.header("access-control-allow-origin"), "");
            } else if origin == Some("https://agent.example") {
                assert_eq!(answer.header("access-control-allow-origin"), "https://agent.example");
                assert!(answer.header("access-control-expose-headers").contains("www-authenticate"));
            }
        }
    }
    // A proxy may send its own name as `Host`.
    let proxied = key.with("host", "backend:8080").with("x-forwarded-for", "203.0.113.9");
    assert_eq!(raw(&proxied, "/mcp", LIST).await.status, 200);
}

#[both_engines]
async fn a_page_of_this_machine_may_ask_first(server: TestServer) {
    for path in ["/mcp", "/mcp/", "/mcp/hub"] {
        let preflight = async |origin: &str| {
            let page = server
                .anyone()
                .with("origin", origin)
                .with("access-control-request-method", "POST")
                .with("access-control-request-headers", "authorization,mcp-protocol-version");
            page.send(page.request(Method::OPTIONS, path)).await
        };
        let answer = preflight("http://localhost:6274").await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, "http://localhost:6274")
        );
        let headers = "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, \
            mcp-session-id, last-event-id, apihub-token";
        assert_eq!(answer.header("access-control-allow-headers"), headers);
        assert_eq!(preflight("https://evil.example").await.status, 403);
    }
}
