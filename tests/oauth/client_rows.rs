//! Clients as their makers document them: what each registers, where it is called back, and how it behaves.

use serde_json::{Value, json};

use super::flow::SCOPES;

/// The way in which a client gets its id.
pub enum Registration {
    /// It registers with this body, and gets this authentication method.
    Dynamic(Value, &'static str),
    /// Its id is the URL of a document that is built in.
    Document(&'static str),
    /// A person registers it, as `public` or `confidential`, and types in its id.
    Typed(&'static str),
}
use Registration::{Document, Dynamic, Typed};

/// A habit of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Its first message has empty parameters and accepts everything.
    BareInitialize,
    /// It tries GET after its first message, and expects 405.
    TriesGet,
    /// It refreshes twice at once, and goes on with either answer.
    RefreshesTwice,
    /// Its refreshes name no resource.
    RefreshesWithoutResource,
    /// It reads challenges for more scopes in results only.
    ReadsChallengesInResults,
    /// It registers once more after a refused token.
    RegistersAnew,
    /// It looks for the metadata with the path of the server behind.
    AppendsThePath,
    /// It speaks the protocol of 2026-07-28.
    Modern,
    /// It sends the address of the server with a slash at its end.
    TypesASlash,
}
use Habit::{
    AppendsThePath, BareInitialize, Modern, ReadsChallengesInResults, RefreshesTwice,
    RefreshesWithoutResource, RegistersAnew, TriesGet, TypesASlash,
};

pub struct Row {
    pub name: &'static str,
    pub registration: Registration,
    pub callback: &'static str,
    /// The scopes that it asks for; empty for those of the resource.
    pub scope: &'static str,
    /// True if the page has to warn of other programs on the machine.
    pub is_local: bool,
    pub habits: &'static [Habit],
}

impl Row {
    pub fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }

    /// Returns the same row with habits.
    fn that(self, habits: &'static [Habit]) -> Self {
        Self { habits, ..self }
    }
}

fn row(name: &'static str, registration: Registration, callback: &'static str) -> Row {
    let is_local = !callback.starts_with("https://");
    Row { name, registration, callback, scope: "", is_local, habits: &[] }
}

/// Returns a client that registers without a secret, under a name, with one callback.
fn plain(name: &'static str, callback: &'static str) -> Row {
    let body = json!({
        "client_name": name, "redirect_uris": [callback], "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
    });
    row(name, Dynamic(body, "none"), callback)
}

pub fn rows() -> Vec<Row> {
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
        )
        .that(&[RefreshesTwice, RegistersAnew]),
        row(
            "Claude by document",
            Document("https://claude.ai/oauth/mcp-oauth-client-metadata"),
            "https://claude.ai/api/mcp/auth_callback",
        )
        .that(&[RefreshesTwice]),
        row("Claude, typed in", Typed("public"), "https://claude.com/api/mcp/auth_callback"),
        row("Claude with a secret", Typed("confidential"), "https://claude.ai/api/mcp/auth_callback"),
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
        )
        .that(&[Modern]),
        row(
            "Codex by document",
            Document("https://chatgpt.com/oauth/codex/cb_2/client.json"),
            "http://127.0.0.1:40001/callback/cb_2",
        )
        .that(&[Modern, ReadsChallengesInResults, RefreshesWithoutResource]),
        row(
            "VS Code by document",
            Document("https://vscode.dev/oauth/client-metadata.json"),
            "http://127.0.0.1:33418/",
        )
        .that(&[TriesGet]),
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
        )
        .that(&[TriesGet, RegistersAnew, TypesASlash]),
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
        )
        .that(&[Modern]),
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
        )
        .that(&[BareInitialize, AppendsThePath]),
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
            "Factory",
            Document("https://api.factory.ai/mcp/oauth-client"),
            "http://localhost:38000/callback",
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
        row(
            "Claude Code without a port",
            Document("https://claude.ai/oauth/claude-code-client-metadata"),
            "http://localhost/callback",
        ),
        row(
            "ChatGPT by document",
            Document("https://chatgpt.com/oauth/client.json"),
            "https://chatgpt.com/connector_platform_oauth_redirect",
        )
        .that(&[Modern, ReadsChallengesInResults]),
        row(
            "ChatGPT by the document of a connector",
            Document("https://chatgpt.com/oauth/cb_1/client.json"),
            "https://chatgpt.com/connector/oauth/cb_1",
        )
        .that(&[ReadsChallengesInResults]),
        row("ChatGPT, typed in", Typed("confidential"), "https://chatgpt.com/connector/oauth/cb_1"),
        row("ChatGPT under review", Typed("public"), "https://platform.openai.com/apps-manage/oauth"),
        plain("Codex by registration", "http://localhost:40001/callback/cb_2")
            .that(&[RefreshesWithoutResource]),
        row("VS Code, typed in", Typed("public"), "https://insiders.vscode.dev/redirect"),
        row("Cursor, typed in", Typed("confidential"), "https://www.cursor.com/agents/mcp/oauth/callback"),
        plain("Cursor on this machine", "http://localhost:8787/callback"),
        row("opencode, typed in", Typed("public"), "http://127.0.0.1:19876/mcp/oauth/callback"),
        row("Copilot Studio, typed in", Typed("confidential"), TEAMS),
        row("Open WebUI, static", Typed("confidential"), "https://chat.example/oauth/clients/mcp:1/callback")
            .that(&[BareInitialize, AppendsThePath]),
        row("mcp-remote, static", Typed("public"), "http://127.0.0.1:3334/oauth/callback"),
        plain("inspector on the command line", "http://127.0.0.1:6276/oauth/callback"),
        plain("Le Chat", "https://callback.mistral.ai/v1/integrations_auth/oauth2_callback"),
        plain("Windsurf", "http://127.0.0.1:39393/callback"),
        plain("JetBrains", "http://localhost:63342/api/mcp/oauth/callback"),
        plain("Cline", "vscode://saoudrizwan.claude-dev/mcp-auth/callback/1"),
        plain("Continue", "http://localhost:3000/oauth/callback"),
        plain("LibreChat", "https://chat.example/api/mcp/doppel/oauth/callback"),
        plain("n8n", "https://n8n.example/rest/oauth2-credential/callback"),
    ]
}

const TEAMS: &str = "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect";
