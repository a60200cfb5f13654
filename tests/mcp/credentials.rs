//! Callers of `/mcp`, and the challenges that others get.

use identity::Audience;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Actor, TestServer, both_engines};

use super::support::{ask, call, done, failed, send, tools};
use crate::hub::support::key as hub_key;

const ALL: &str = "userinfo memory.read memory.write note.write chat.write";

/// Bodies of a probe: a client may send anything before it knows that it has to sign in.
const PROBES: [&str; 6] = [
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#,
    r#"{"jsonrpc":"2.0","id":0,"method":"server/discover"}"#,
    r#"{"jsonrpc":"2.0","id":0,"method":"tools/list"}"#,
    "garbage",
    "",
    "[]",
];

async fn probe(agent: &Actor, method: Method, path: &str, body: &str) -> testkit::Response {
    agent.send(agent.request(method, path).header("accept", "*/*").body(body.to_owned())).await
}

#[both_engines("server.public_url = \"https://me.example\"")]
async fn whoever_has_no_credential_is_told_where_to_sign_in(server: TestServer) {
    let host = server.anyone().with("host", "me.example");
    for agent in [
        host.clone(),
        host.with("authorization", "Bearer"),
        host.with("authorization", "Bearer "),
        host.with("apihub-token", ""),
    ] {
        for body in PROBES {
            let answer = probe(&agent, Method::POST, "/mcp", body).await;
            assert_eq!(answer.status, 401, "{body}");
            assert_eq!(
                answer.header("www-authenticate"),
                "Bearer resource_metadata=\"https://me.example/.well-known/oauth-protected-resource/mcp\", \
                 scope=\"userinfo memory.read memory.write note.write\"",
            );
            assert_eq!(
                (answer.header("content-type"), answer.header("cache-control")),
                ("application/json", "no-store")
            );
            assert_eq!(
                answer.json(),
                json!({"error": "unauthorized", "error_description": "Sign in to use this server"})
            );
        }
    }
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        assert_eq!(probe(&host, method, "/mcp", "").await.status, 401);
    }
    let slash = probe(&host, Method::POST, "/mcp/", "").await;
    assert!(slash.header("www-authenticate").contains("oauth-protected-resource/mcp/\""));
    // A cookie is no credential here: a page could send it.
    let browser = server.person("a").await.signed_in().await.with("host", "me.example");
    assert_eq!(probe(&browser, Method::POST, "/mcp", PROBES[2]).await.status, 401);
    // Nor is a token in the query.
    let key = server.person("b").await.new_key("*", None).await.1;
    assert_eq!(probe(&host, Method::POST, &format!("/mcp?access_token={key}"), PROBES[2]).await.status, 401);
}

#[both_engines("server.public_url = \"https://me.example\"")]
async fn the_resource_describes_itself(server: TestServer) {
    for (path, resource) in [("/mcp", "https://me.example/mcp"), ("/mcp/", "https://me.example/mcp/")] {
        for method in [Method::GET, Method::HEAD] {
            let url = format!("/.well-known/oauth-protected-resource{path}");
            let answer = server.anyone().send(server.anyone().request(method.clone(), &url)).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
            assert_eq!(
                (answer.header("access-control-allow-origin"), answer.header("cache-control")),
                ("*", "max-age=300")
            );
            if method == Method::GET {
                assert_eq!(
                    answer.json(),
                    json!({
                        "resource": resource, "authorization_servers": ["https://me.example"],
                        "scopes_supported": ["userinfo", "memory.read", "memory.write", "note.write"],
                        "bearer_methods_supported": ["header"], "resource_name": "Doppel",
                        "resource_documentation": "https://me.example/docs",
                    })
                );
            }
        }
    }
    let root = server.anyone().get("/.well-known/oauth-protected-resource").await;
    assert_eq!(
        (root.header("access-control-allow-origin"), root.json()["resource"].clone()),
        ("*", json!("https://me.example"))
    );
    for path in ["/mcp/hub", "/mcp/hub/"] {
        server
            .anyone()
            .get(&format!("/.well-known/oauth-protected-resource{path}"))
            .await
            .refused(404, "resource.fetch.not_found");
    }
}

#[both_engines]
async fn a_bad_token_is_challenged(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(ALL).await;
    let token = person.tokens_for(Audience::Mcp, &app, ALL).await.access;
    let own = app.own_token().await;
    let (id, key) = person.new_key("*", None).await;
    person.signed_in().await.post(&format!("/api/apikey/{id}/delete"), json!({})).await;
    let wrong = format!("{}x", token.expose());
    for bad in ["lba_at_x", "lba_ak_x", "x", "a.b", &wrong, &own, &key, "Basic abc"] {
        let line = if bad.contains(' ') { bad.to_owned() } else { format!("Bearer {bad}") };
        let agent = server.anyone().with("authorization", &line);
        let answer = probe(&agent, Method::POST, "/mcp", PROBES[2]).await;
        assert_eq!(answer.status, 401, "{bad}: {}", answer.body);
        let header = answer.header("www-authenticate");
        assert!(
            header.starts_with(
                "Bearer error=\"invalid_token\", error_description=\"The access token \
            is unknown or no longer valid\", resource_metadata="
            ),
            "{header}"
        );
        assert_eq!(answer.json()["error"], "invalid_token");
    }
    let good = server.anyone().with("authorization", &format!("bEARER   {}", token.expose()));
    assert_eq!(probe(&good, Method::POST, "/mcp", "").await.status, 415);
}

#[both_engines]
async fn tokens_of_both_audiences_and_keys_open_the_tools(server: TestServer) {
    let person = server.person("ann").await;
    let app = server.person("developer").await.app(ALL).await;
    let for_server = person.with_token(&app, "userinfo memory.read note.write chat.write").await;
    let for_tools = person.with_mcp_token(&app, ALL).await;
    let program = server.anyone().with("authorization", &format!("Bearer {}", person.program_token().await));
    for (agent, client) in [
        (for_server, "Example App"),
        (for_tools, "Example App"),
        (person.with_key("*").await, "test"),
        (program, "test"),
    ] {
        let found = call(&agent, "whoami", json!({})).await;
        assert_eq!(
            (&done(&found)["name"], &done(&found)["client"]),
            (&json!("ann"), &json!(client)),
            "{found}"
        );
    }
}

#[both_engines]
async fn hub_tokens_get_the_hub_at_both_paths(server: TestServer) {
    let key = hub_key(&server, "a", json!({})).await;
    let token = key.token(&key.app_claims());
    let person = server.person("b").await.with_key("*").await;
    let bearer = server.anyone().with("authorization", &format!("Bearer {token}"));
    let header = server.anyone().with("apihub-token", &token);
    // The token of the Hub counts, whatever else is sent.
    for agent in [bearer, header, person.with("apihub-token", &token)] {
        for path in ["/mcp", "/mcp/", "/mcp/hub", "/mcp/hub/"] {
            let agent = agent.with("accept", "application/json, text/event-stream");
            let answer =
                agent.post(path, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await.json();
            let names: Vec<&str> = answer["result"]["tools"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tool| tool["name"].as_str().unwrap())
                .collect();
            assert!(names.contains(&"echo__ANY") && !names.contains(&"search"), "{path}: {names:?}");
        }
    }
    let answer = send(
        &server.anyone().with("apihub-token", "x"),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
    )
    .await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer error=\"invalid_token\""));
    // Without a token the Hub has a path of its own, and sends nobody to sign in.
    let anonymous =
        server.anyone().post("/mcp/hub", json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    assert_eq!(anonymous.status, 200, "{}", anonymous.body);
}

#[both_engines]
async fn a_key_opens_what_its_scopes_name_and_asks_for_no_more(server: TestServer) {
    let person = server.person("a").await;
    for (scopes, expected) in [
        (
            "*",
            vec![
                "search",
                "fetch",
                "recall",
                "list_memories",
                "recent_activity",
                "whoami",
                "add_memory",
                "add_note",
                "update_memory",
                "forget",
                "ask_double",
            ],
        ),
        ("userinfo", vec!["whoami"]),
        ("memory.read", vec!["search", "fetch", "recall", "list_memories", "recent_activity"]),
        ("memory.write", vec!["add_memory", "update_memory", "forget"]),
        ("note.write", vec!["add_note"]),
        ("user.info", vec!["whoami"]),
        ("user.info.softmemory", vec!["search", "fetch", "recall", "list_memories", "recent_activity"]),
        ("note.add", vec!["add_note"]),
        ("chat", vec!["ask_double"]),
        ("plaza.read", vec![]),
    ] {
        let agent = person.with_key(scopes).await;
        assert_eq!(tools(&agent).await, expected, "{scopes}");
        if !expected.contains(&"forget") {
            failed(&call(&agent, "forget", json!({"id": "memory:1"})).await, "refused_by_person");
        }
    }
}

/// A tool whose scope the person was never asked about is listed, and a call asks for it.
#[both_engines("server.public_url = \"https://me.example\"")]
async fn more_scopes_are_asked_for_when_they_are_needed(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(ALL).await;
    let agent = person.with_mcp_token(&app, "userinfo memory.read").await.with("host", "me.example");
    assert_eq!(tools(&agent).await.len(), 11);
    for (method, params, scope, text) in [
        (
            "tools/call",
            json!({"name": "ask_double", "arguments": {"question": "x"}}),
            "userinfo memory.read chat.write",
            "Talking to the double was not allowed yet",
        ),
        (
            "tools/call",
            json!({"name": "add_memory", "arguments": {}}),
            "userinfo memory.read memory.write",
            "Changing memories was not allowed yet",
        ),
        (
            "tools/call",
            json!({"name": "add_note"}),
            "userinfo memory.read note.write",
            "Adding notes was not allowed yet",
        ),
        (
            "prompts/get",
            json!({"name": "getting_started"}),
            "userinfo memory.read memory.write",
            "Changing memories was not allowed yet",
        ),
    ] {
        let answer =
            send(&agent, json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_eq!(
            answer.header("www-authenticate"),
            format!(
                "Bearer error=\"insufficient_scope\", scope=\"{scope}\", \
                    resource_metadata=\"https://me.example/.well-known/oauth-protected-resource/mcp\", \
                    error_description=\"{text}\""
            )
        );
        assert_eq!(answer.json(), json!({"error": "insufficient_scope", "error_description": text}));
    }
    // Once the person has allowed it, it works with the next token.
    let agent =
        person.with_mcp_token(&app, "userinfo memory.read memory.write").await.with("host", "me.example");
    done(&call(&agent, "add_memory", json!({"content": "Likes tea"})).await);
}

/// Refused scopes: their tools are not listed, and a call of one sends nobody around in circles.
#[both_engines]
async fn refused_scopes_are_not_asked_for_again(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(ALL).await;
    let token = person.some_of(Audience::Mcp, &app, ALL, "userinfo memory.read").await;
    let agent = server.anyone().with("authorization", &format!("Bearer {token}"));
    assert_eq!(
        tools(&agent).await,
        ["search", "fetch", "recall", "list_memories", "recent_activity", "whoami"]
    );
    for (tool, arguments) in [
        ("add_memory", json!({"content": "x"})),
        ("add_note", json!({"content": "x"})),
        ("ask_double", json!({"question": "x"})),
    ] {
        failed(&call(&agent, tool, arguments).await, "refused_by_person");
    }
    assert_eq!(
        ask(&agent, "prompts/list", json!({})).await["result"]["prompts"].as_array().unwrap().len(),
        1
    );
    assert_eq!(ask(&agent, "prompts/get", json!({"name": "getting_started"})).await["error"]["code"], -32602);
}

/// Memories are written with tokens for the tools only; others are not shown those tools.
#[both_engines]
async fn a_token_for_the_server_is_not_shown_what_it_cannot_get(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(ALL).await;
    let agent = person.with_token(&app, "userinfo memory.read").await;
    let listed = tools(&agent).await;
    assert!(
        !listed.iter().any(|tool| ["add_memory", "update_memory", "forget"].contains(&tool.as_str())),
        "{listed:?}"
    );
    failed(&call(&agent, "add_memory", json!({"content": "x"})).await, "refused_by_person");
}

/// An app that may not request a scope is not sent to ask for it.
#[both_engines]
async fn what_an_app_may_not_request_is_not_listed(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("userinfo memory.read").await;
    let agent = person.with_mcp_token(&app, "userinfo memory.read").await;
    assert!(!tools(&agent).await.contains(&"ask_double".to_owned()));
    failed(&call(&agent, "ask_double", json!({"question": "x"})).await, "refused_by_person");
}

#[both_engines]
async fn an_ended_authorization_ends_at_once(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app(ALL).await;
    let agent = person.with_mcp_token(&app, ALL).await;
    done(&call(&agent, "whoami", json!({})).await);
    person.revoke(&app).await;
    let answer = send(&agent, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    assert_eq!((answer.status, answer.json()["error"].clone()), (401, json!("invalid_token")));
}

#[both_engines("[mcp]\nrequests_per_minute = 6\nwrites_per_minute = 2\nasks_per_minute = 1")]
async fn each_agent_has_limits(server: TestServer) {
    let person = server.person("a").await;
    let agent = person.with_key("*").await;
    let call = |tool: &str, arguments: Value| {
        let params = json!({"name": tool, "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    };
    let write = call("add_memory", json!({"content": "x"}));
    let question = call("ask_double", json!({"question": "x"}));
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let mut found = Vec::new();
    for message in [&write, &write, &write, &question, &question, &list, &list] {
        let answer = send(&agent, message.clone()).await;
        found.push(answer.status);
        if answer.status == 429 {
            assert!((1..=60).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
        }
    }
    assert_eq!(found, [200, 200, 429, 200, 429, 200, 429]);
    // Others are not concerned, and a minute later all is well.
    assert_eq!(send(&person.with_key("*").await, list.clone()).await.status, 200);
    server.clock().advance_ms(60_000);
    assert_eq!(send(&agent, list).await.status, 200);
}
