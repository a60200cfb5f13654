//! Clients as their makers document them: what each registers, where it is called back, and what it sends.

use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use super::{
    flow::{Agent, SCOPES, signed_in},
    host::stay_offline,
};

/// The way in which a client gets its id.
enum Registration {
    /// It registers with this body, and gets this authentication method.
    Dynamic(Value, &'static str),
    /// Its id is the URL of a document that is built in.
    Document(&'static str),
    /// A person registers it, without a secret.
    Typed,
}
use Registration::{Document, Dynamic, Typed};

struct Row {
    name: &'static str,
    registration: Registration,
    callback: &'static str,
    /// The scopes that it asks for; empty for those of the resource.
    scope: &'static str,
    /// True if the page has to warn of other programs on the machine.
    is_local: bool,
}

fn row(name: &'static str, registration: Registration, callback: &'static str) -> Row {
    Row { name, registration, callback, scope: "", is_local: !callback.starts_with("https://") }
}

fn rows() -> Vec<Row> {
    let code = json!(["authorization_code", "refresh_token"]);
    let device =
        json!(["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]);
    vec![
        row(
            "Claude by registration",
            Dynamic(
                json!({
                    "client_name": "Claude", "grant_types": code, "response_types": ["code"],
                    "token_endpoint_auth_method": "none", "scope": SCOPES,
                    "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
                }),
                "none",
            ),
            "https://claude.ai/api/mcp/auth_callback",
        ),
        row(
            "Claude by document",
            Document("https://claude.ai/oauth/mcp-oauth-client-metadata"),
            "https://claude.ai/api/mcp/auth_callback",
        ),
        row("Claude, typed in", Typed, "https://claude.com/api/mcp/auth_callback"),
        row(
            "Claude Code by document",
            Document("https://claude.ai/oauth/claude-code-client-metadata"),
            "http://localhost:54212/callback",
        ),
        row(
            "Claude Code by registration",
            Dynamic(
                json!({
                    "client_name": "Claude Code (doppel)",
                    "redirect_uris": ["http://localhost:54212/callback"],
                    "grant_types": code, "response_types": ["code"], "token_endpoint_auth_method": "none",
                }),
                "none",
            ),
            "http://localhost:54212/callback",
        ),
        row(
            "ChatGPT by registration",
            Dynamic(
                json!({
                    "client_name": "ChatGPT", "redirect_uris": ["https://chatgpt.com/connector/oauth/cb_1"],
                    "grant_types": code, "response_types": ["code"],
                    "token_endpoint_auth_method": "client_secret_post",
                }),
                "client_secret_post",
            ),
            "https://chatgpt.com/connector/oauth/cb_1",
        ),
        row(
            "Codex by document",
            Document("https://chatgpt.com/oauth/codex/cb_2/client.json"),
            "http://127.0.0.1:40001/callback/cb_2",
        ),
        row(
            "VS Code by document",
            Document("https://vscode.dev/oauth/client-metadata.json"),
            "http://127.0.0.1:33418/",
        ),
        row(
            "VS Code on the web",
            Document("https://vscode.dev/oauth/client-metadata.json"),
            "https://vscode.dev/redirect",
        ),
        row(
            "VS Code by registration",
            Dynamic(
                json!({
                    "client_name": "Visual Studio Code", "client_uri": "https://code.visualstudio.com",
                    "grant_types": device,
                    "response_types": ["code"], "application_type": "native",
                    "token_endpoint_auth_method": "none",
                    "redirect_uris": [
                        "https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect",
                        "http://127.0.0.1/", "http://127.0.0.1:33418/",
                    ],
                }),
                "none",
            ),
            "http://127.0.0.1:50123/",
        ),
        row(
            "Cursor",
            Dynamic(
                json!({
                    "client_name": "Cursor", "grant_types": code, "response_types": ["code"],
                    "token_endpoint_auth_method": "none",
                    "redirect_uris": [
                        "cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback",
                        "https://www.cursor.com/agents/mcp/oauth/callback",
                    ],
                    "application_type": "native", "logo_uri": null, "scope": "",
                }),
                "none",
            ),
            "cursor://anysphere.cursor-mcp/oauth/callback",
        ),
        row(
            "opencode by document",
            Document("https://opencode.ai/oauth/opencode/client.json"),
            "http://127.0.0.1:19876/callback",
        ),
        row(
            "opencode by registration",
            Dynamic(
                json!({
                    "redirect_uris": ["http://127.0.0.1:19876/mcp/oauth/callback"],
                    "client_name": "OpenCode", "grant_types": code,
                    "client_uri": "https://opencode.ai", "response_types": ["code"],
                    "token_endpoint_auth_method": "none",
                }),
                "none",
            ),
            "http://127.0.0.1:19876/mcp/oauth/callback",
        ),
        row(
            "Open WebUI",
            Dynamic(
                json!({
                    "client_name": "Open WebUI",
                    "redirect_uris": ["http://openwebui.lan:3000/oauth/clients/mcp:doppel/callback"],
                    "grant_types": code, "response_types": ["code"],
                    "token_endpoint_auth_method": "client_secret_post",
                    "scope": SCOPES, "jwks": null, "tos_uri": null, "contacts": null,
                    "software_version": null,
                }),
                "client_secret_post",
            ),
            "http://openwebui.lan:3000/oauth/clients/mcp:doppel/callback",
        ),
        row(
            "Gemini CLI",
            Dynamic(
                json!({
                    "client_name": "Gemini CLI MCP Client",
                    "redirect_uris": ["http://localhost:7777/oauth/callback"],
                    "grant_types": code, "response_types": ["code"], "token_endpoint_auth_method": "none",
                    "scope": "",
                }),
                "none",
            ),
            "http://localhost:40404/oauth/callback",
        ),
        row(
            "Antigravity",
            Dynamic(
                json!({"redirect_uris": ["https://antigravity.google/oauth-callback"],
                "token_endpoint_auth_method": "none"}),
                "none",
            ),
            "https://antigravity.google/oauth-callback",
        ),
        Row {
            scope: "openid email profile",
            ..row(
                "mcp-remote",
                Dynamic(
                    json!({
                        "redirect_uris": ["http://localhost:3334/oauth/callback"],
                        "token_endpoint_auth_method": "none", "grant_types": code,
                        "response_types": ["code"], "client_name": "MCP CLI Proxy",
                        "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
                        "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d", "software_version": "0.1.37",
                        "scope": "openid email profile",
                    }),
                    "none",
                ),
                "http://localhost:3334/oauth/callback",
            )
        },
        row("Zed", Document("https://zed.dev/oauth/client-metadata.json"), "http://127.0.0.1:41000/callback"),
        row(
            "Grok",
            Document("https://grok.com/oauth/mcp-client.json"),
            "https://grok.com/connectors-oauth-exchange-code/",
        ),
        row(
            "Copilot Studio",
            Dynamic(
                json!({
                    "client_name": "Copilot Studio",
                    "redirect_uris": ["https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect"],
                    "grant_types": code, "response_types": ["code"],
                    "token_endpoint_auth_method": "client_secret_basic",
                }),
                "client_secret_basic",
            ),
            "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect",
        ),
        row(
            "inspector",
            Dynamic(
                json!({
                    "redirect_uris": ["http://localhost:6274/oauth/callback"],
                    "token_endpoint_auth_method": "none",
                    "grant_types": code, "response_types": ["code"], "client_name": "MCP Inspector",
                    "client_uri": "https://github.com/modelcontextprotocol/inspector", "scope": SCOPES,
                }),
                "none",
            ),
            "http://localhost:6274/oauth/callback",
        ),
    ]
}

/// Returns the agent of a row.
async fn agent(server: &TestServer, row: &Row) -> Agent {
    let agent = match &row.registration {
        Dynamic(body, method) => {
            let (agent, made) = Agent::register(server, body, row.callback).await;
            assert_eq!(made["token_endpoint_auth_method"], *method, "{}: {made}", row.name);
            assert_eq!(
                made.get("client_secret").is_some(),
                method.starts_with("client_secret"),
                "{}: {made}",
                row.name
            );
            let is_empty = |value: &Value| value.is_null() || value == "";
            assert!(!made.as_object().unwrap().values().any(is_empty), "{}: {made}", row.name);
            agent
        }
        Document(url) => Agent::new(server, url, row.callback),
        Typed => {
            let developer = server.person("developer").await.signed_in().await;
            let wish = json!({
                "appName": row.name, "redirectUris": [row.callback], "clientType": "public",
                "allowedScopes": ["userinfo", "memory.read", "memory.write", "note.write", "chat.write"],
            });
            let made = developer.post("/api/applications/external/create", wish).await.data();
            Agent::new(server, made["clientId"].as_str().unwrap(), row.callback)
        }
    };
    if row.scope.is_empty() { agent } else { agent.asking(row.scope) }
}

#[both_engines("oauth.http_redirect_hosts = [\"openwebui.lan\"]\noauth.registration_limit = 1000")]
async fn every_client_connects(server: TestServer) {
    server.person("owner").await;
    let mut browser = signed_in(&server, "owner@example.com").await;
    let issuer = server.base_url();
    for row in rows() {
        let name = row.name;
        let agent = agent(&server, &row).await;
        stay_offline(&server).await;
        let page = browser.get(&agent.address("&prompt=consent")).await;
        assert_eq!(page.status, 200, "{name}: {}", page.body);
        assert_eq!(
            page.body.contains("Any program on this computer"),
            row.is_local && !row.callback.contains("openwebui"),
            "{name}"
        );
        assert_eq!(
            page.body.contains("redirect is not encrypted"),
            row.callback.contains("openwebui"),
            "{name}"
        );
        let is_verified = matches!(row.registration, Document(_) | Typed);
        assert_eq!(page.body.contains("Unverified"), !is_verified, "{name}");
        let arrival = agent.allow(&mut browser).await;
        assert_eq!(arrival.get("iss"), issuer, "{name}");
        let answer = agent.exchange(&server, arrival.get("code")).await;
        let tokens = answer.json();
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{name}: {tokens}");
        assert_eq!(
            (&tokens["scope"], &tokens["expires_in"], &tokens["token_type"]),
            (&json!(SCOPES_IN_ORDER), &json!(86_400), &json!("Bearer")),
            "{name}"
        );
        let next = agent.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await;
        assert_eq!(
            (next.status, &next.json()["scope"]),
            (200, &json!(SCOPES_IN_ORDER)),
            "{name}: {}",
            next.body
        );
        // A later connection of the same client asks for more.
        let more = agent.asking("userinfo memory.read chat.write").connect(&server, &mut browser).await;
        assert!(more["scope"].as_str().unwrap().contains("chat.write"), "{name}: {more}");
    }
}

/// The same scopes in the order in which the server writes them.
const SCOPES_IN_ORDER: &str = "userinfo memory.read memory.write note.write";
