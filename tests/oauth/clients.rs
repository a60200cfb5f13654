//! Clients as their makers document them, over HTTP: challenge, metadata, registration, consent, tokens,
//! calls, more scopes, refresh, each with its habits.

use serde_json::{Value, json};
use testkit::{Actor, Response, TestServer, both_engines};

use super::{
    client_rows::{
        Habit,
        Registration::{Document, Dynamic, Typed},
        Row, rows,
    },
    flow::{Agent, signed_in},
    host::stay_offline,
};
use crate::{
    mcp::support::{MODERN, modern, send},
    pages::sign_in::Browser,
};

/// The scopes of the resource in the order in which the server writes them.
const SCOPES_IN_ORDER: &str = "userinfo memory.read memory.write note.write";

/// Returns the agent of a row.
async fn agent(server: &TestServer, developer: &Actor, row: &Row) -> Agent {
    let agent = match &row.registration {
        Dynamic(body, method) => {
            let (agent, made) = Agent::register(server, body, row.callback).await;
            assert_eq!(made["token_endpoint_auth_method"], *method, "{}: {made}", row.name);
            let has_secret = made.get("client_secret").is_some();
            assert_eq!(has_secret, method.starts_with("client_secret"), "{}: {made}", row.name);
            let is_empty = |value: &Value| value.is_null() || value == "";
            assert!(!made.as_object().unwrap().values().any(is_empty), "{}: {made}", row.name);
            agent
        }
        Document(url) => Agent::new(server, url, row.callback),
        Typed(kind) => {
            let wish = json!({
                "appName": row.name, "redirectUris": [row.callback], "clientType": kind,
                "allowedScopes": ["userinfo", "memory.read", "memory.write", "note.write", "chat.write"],
            });
            let made = developer.post("/api/applications/external/create", wish).await.data();
            let mut agent = Agent::new(server, made["clientId"].as_str().unwrap(), row.callback);
            if let Some(secret) = made["clientSecret"].as_str().filter(|_| *kind == "confidential") {
                agent.proof.push(("client_secret".to_owned(), secret.to_owned()));
            }
            agent
        }
    };
    let agent = if row.scope.is_empty() { agent } else { agent.asking(row.scope) };
    let slash = if row.has(Habit::TypesASlash) { "/" } else { "" };
    Agent { resource: Some(format!("{}/mcp{slash}", server.base_url())), ..agent }
}

/// Finds the server as a client does: from the challenge to the metadata of the resource and of its server.
/// Checks what the client needs there.
async fn discover(server: &TestServer, row: &Row) {
    let (name, anyone) = (row.name, server.anyone());
    let path = if row.has(Habit::TypesASlash) { "/mcp/" } else { "/mcp" };
    let first = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}});
    let refused = anyone.with("accept", "*/*").post(path, first).await;
    assert_eq!(refused.status, 401, "{name}");
    let challenge = refused.header("www-authenticate").to_owned();
    let url = challenge.split("resource_metadata=\"").nth(1).unwrap().split('"').next().unwrap();
    let resource = anyone.get(url.strip_prefix(server.base_url()).unwrap()).await.json();
    assert_eq!(resource["resource"], format!("{}{path}", server.base_url()), "{name}");
    assert_eq!(resource["authorization_servers"], json!([server.base_url()]), "{name}");
    let behind = if row.has(Habit::AppendsThePath) { "/mcp" } else { "" };
    let metadata = anyone.get(&format!("/.well-known/oauth-authorization-server{behind}")).await.json();
    assert_eq!(metadata["issuer"], server.base_url(), "{name}");
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]), "{name}");
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true, "{name}");
    let offers = |list: &str, value: &str| metadata[list].as_array().unwrap().contains(&json!(value));
    let methods = "token_endpoint_auth_methods_supported";
    match &row.registration {
        Dynamic(_, method) => {
            assert!(metadata["registration_endpoint"].is_string() && offers(methods, method), "{name}");
        }
        Document(url) => {
            assert_eq!(metadata["client_id_metadata_document_supported"], true, "{name}");
            assert!(offers(methods, "none"), "{name}");
            if url.contains("chatgpt.com") {
                assert!(offers(methods, "private_key_jwt"), "{name}");
                assert!(offers("token_endpoint_auth_signing_alg_values_supported", "RS256"), "{name}");
            }
        }
        Typed(_) => {}
    }
}

/// Calls a tool in the way of a client.
async fn call(caller: &Actor, row: &Row, tool: &str, arguments: Value) -> Response {
    let params = json!({"name": tool, "arguments": arguments});
    if row.has(Habit::Modern) {
        return modern(caller, "tools/call", params).await;
    }
    send(caller, json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params})).await
}

/// Talks to the tools with a token, in the way of a client.
async fn talk(server: &TestServer, row: &Row, token: &str) {
    let (name, caller) = (row.name, server.bearer(token));
    if row.has(Habit::Modern) {
        let about = modern(&caller, "server/discover", json!({})).await;
        assert_eq!(about.json()["result"]["supportedVersions"][0], MODERN, "{name}: {}", about.body);
    } else if row.has(Habit::BareInitialize) {
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {}});
        let answer = caller.with("accept", "*/*").post("/mcp", message).await;
        assert!(answer.status < 500 && answer.header("content-type") == "application/json", "{name}");
    } else {
        let client = json!({"name": name, "version": "1"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let about = send(&caller, message).await;
        assert_eq!(about.json()["result"]["serverInfo"]["name"], "doppel", "{name}: {}", about.body);
        assert_eq!(about.header("mcp-session-id"), "", "{name}");
        let noted = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(
            send(&caller.with("mcp-protocol-version", "2025-11-25"), noted).await.status,
            202,
            "{name}"
        );
    }
    if row.has(Habit::TriesGet) {
        let got = caller.with("accept", "text/event-stream").get("/mcp").await;
        assert_eq!((got.status, got.header("allow")), (405, "POST"), "{name}");
    }
    let added = call(&caller, row, "add_memory", json!({"content": format!("Uses {name}")})).await;
    assert_eq!(added.json()["result"]["structuredContent"]["created"], true, "{name}: {}", added.body);
    let found = call(&caller, row, "search", json!({"query": name})).await;
    assert!(found.body.contains("memory:"), "{name}: {}", found.body);
}

/// Asks the double, which needs a scope that the client was not granted, and connects once more with what the
/// challenge names. Returns the new tokens.
async fn step_up(
    server: &TestServer,
    browser: &mut Browser,
    (row, agent): (&Row, &Agent),
    token: &str,
) -> Value {
    let (name, caller) = (row.name, server.bearer(token));
    let question = json!({"question": "Who are you?"});
    let refused = call(&caller, row, "ask_double", question.clone()).await;
    let challenge = if row.has(Habit::ReadsChallengesInResults) {
        assert_eq!(refused.status, 200, "{name}: {}", refused.body);
        let result = refused.json()["result"].clone();
        assert_eq!(result["isError"], true, "{name}: {result}");
        result["_meta"]["mcp/www_authenticate"][0].as_str().expect(name).to_owned()
    } else {
        assert_eq!(refused.status, 403, "{name}: {}", refused.body);
        refused.header("www-authenticate").to_owned()
    };
    assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{name}: {challenge}");
    let scope = challenge.split("scope=\"").nth(1).unwrap().split('"').next().unwrap();
    for kept in ["memory.read", "chat.write"] {
        assert!(scope.split(' ').any(|scope| scope == kept), "{name}: {scope}");
    }
    let tokens = agent.asking(scope).connect(server, browser).await;
    assert!(tokens["scope"].as_str().unwrap().contains("chat.write"), "{name}: {tokens}");
    let caller = server.bearer(tokens["access_token"].as_str().unwrap());
    let said = call(&caller, row, "ask_double", question).await;
    assert!(said.json()["result"]["structuredContent"]["answer"].is_string(), "{name}: {}", said.body);
    tokens
}

/// Checks the consent page of a row.
async fn check_page(browser: &mut Browser, row: &Row, agent: &Agent) {
    let name = row.name;
    let page = browser.get(&agent.address("&prompt=consent")).await;
    assert_eq!(page.status, 200, "{name}: {}", page.body);
    let is_plain_http = row.callback.contains("openwebui");
    let warns = page.body.contains("Any program on this computer");
    assert_eq!(warns, row.is_local && !is_plain_http, "{name}");
    assert_eq!(page.body.contains("redirect is not encrypted"), is_plain_http, "{name}");
    let is_verified = matches!(row.registration, Document(_) | Typed(_));
    assert_eq!(page.body.contains("Unverified"), !is_verified, "{name}");
}

async fn whole_way(server: &TestServer, browser: &mut Browser, developer: &Actor, row: &Row) {
    let name = row.name;
    discover(server, row).await;
    let agent = agent(server, developer, row).await;
    stay_offline(server).await;
    check_page(browser, row, &agent).await;
    let arrival = agent.allow(browser).await;
    // Some clients refuse an answer without it, others an answer with another one.
    assert_eq!(arrival.get("iss"), server.base_url(), "{name}");
    let answer = agent.exchange(server, arrival.get("code")).await;
    let tokens = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{name}: {tokens}");
    assert_eq!(
        (&tokens["scope"], &tokens["expires_in"], &tokens["token_type"]),
        (&json!(SCOPES_IN_ORDER), &json!(86_400), &json!("Bearer")),
        "{name}"
    );
    talk(server, row, tokens["access_token"].as_str().unwrap()).await;

    let refreshing = if row.has(Habit::RefreshesWithoutResource) {
        Agent { resource: None, ..agent.clone() }
    } else {
        agent.clone()
    };
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let next = refreshing.refresh(server, refresh).await;
    assert_eq!((next.status, &next.json()["scope"]), (200, &json!(SCOPES_IN_ORDER)), "{name}: {}", next.body);
    if row.has(Habit::RefreshesTwice) {
        let (one, two) =
            tokio::join!(refreshing.refresh(server, refresh), refreshing.refresh(server, refresh));
        assert_eq!((one.status, two.status), (200, 200), "{name}: {}", two.body);
    }
    let renewed = next.json()["access_token"].as_str().unwrap().to_owned();
    let more = step_up(server, browser, (row, &agent), &renewed).await;

    if row.has(Habit::RegistersAnew) {
        let form: Vec<(&str, &str)> = agent
            .proof
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain([("token", more["refresh_token"].as_str().unwrap())])
            .collect();
        assert_eq!(server.anyone().post_form("/oauth/revoke", &form).await.status, 200, "{name}");
        let access = more["access_token"].as_str().unwrap();
        let refused = call(&server.bearer(access), row, "whoami", json!({})).await;
        assert_eq!(refused.status, 401, "{name}");
        let gone = agent.refresh(server, more["refresh_token"].as_str().unwrap()).await;
        assert_eq!((gone.status, &gone.json()["error"]), (400, &json!("invalid_grant")), "{name}");
        let Dynamic(body, _) = &row.registration else { panic!("{name} registers") };
        let (again, _) = Agent::register(server, body, row.callback).await;
        assert_ne!(again.client_id, agent.client_id, "{name}");
        again.connect(server, browser).await;
    }
}

#[both_engines(
    "oauth.http_redirect_hosts = [\"openwebui.lan\"]\noauth.registration_limit = 1000\n\
     mcp.known_clients = ['{\"client_id\": \"https://api.factory.ai/mcp/oauth-client\", \
     \"client_name\": \"Factory\", \"redirect_uris\": [\"http://localhost/callback\"]}']"
)]
async fn every_client_connects(server: TestServer) {
    server.person("owner").await;
    let mut browser = signed_in(&server, "owner@example.com").await;
    let developer = server.person("developer").await.signed_in().await;
    for row in rows() {
        Box::pin(whole_way(&server, &mut browser, &developer, &row)).await;
    }
}

#[both_engines("oauth.http_redirect_hosts = [\"openwebui.lan\"]\noauth.registration_limit = 1000")]
async fn bug_15_what_clients_register_is_accepted(server: TestServer) {
    server.person("owner").await;
    let mut names = Vec::new();
    for row in rows() {
        let Dynamic(body, _) = &row.registration else { continue };
        for path in ["/oauth/register", "/register"] {
            let made = server.anyone().post(path, body.clone()).await;
            assert_eq!(made.status, 201, "{}: {}", row.name, made.body);
            assert_eq!(made.header("cache-control"), "no-store", "{}", row.name);
            let made = made.json();
            let uris = made["redirect_uris"].as_array().unwrap();
            assert_eq!(uris, body["redirect_uris"].as_array().unwrap(), "{}", row.name);
            assert!(
                made["scope"].as_str().is_some_and(|scope| scope.contains("memory.read")),
                "{}",
                row.name
            );
        }
        names.push(row.name);
    }
    for name in ["VS Code", "Claude", "Cursor", "mcp-remote", "Open WebUI", "Gemini CLI"] {
        assert!(names.iter().any(|row| row.starts_with(name)), "{name}: {names:?}");
    }
}

/// Agents without a browser use the person's key, as `bearer_token_env_var` of Codex.
#[both_engines]
async fn a_key_needs_no_sign_in(server: TestServer) {
    let (_, key) = server.person("a").await.new_key("memory.read memory.write", None).await;
    let row = Row { habits: &[Habit::Modern], ..rows().remove(0) };
    talk(&server, &row, &key).await;
}
