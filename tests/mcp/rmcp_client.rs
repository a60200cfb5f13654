//! The client of the crate `rmcp` with its authorization: 401, discovery, registration or a document,
//! consent, calls, more scopes, refresh, and the end.

use reqwest::Url;
use rmcp::{
    RoleClient, ServiceError,
    model::{CallToolRequestParams, CallToolResult, ProtocolVersion},
    service::{ClientLifecycleMode, ClientServiceExt, RunningService},
    transport::{
        StreamableHttpClientTransport,
        auth::{
            AuthClient, AuthError, AuthorizationCallback, AuthorizationRequest, OAuthState,
            WWWAuthenticateParams,
        },
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use testkit::{TestServer, both_engines};

use crate::{
    oauth::{
        flow::{boxes, decide, signed_in},
        host::Hosted,
    },
    pages::{consent::destination, sign_in::Browser},
};

const CALLBACK: &str = "http://127.0.0.1:41999/callback";

type Client = RunningService<RoleClient, ()>;

/// Opens the address of the consent page in the person's browser and allows everything. Returns the address
/// to which the browser goes.
async fn allow(server: &TestServer, browser: &mut Browser, url: &str) -> String {
    let path = url.strip_prefix(server.base_url()).expect("an address of the server");
    let page = browser.get(path).await;
    if page.status == 302 {
        return page.header("location").to_owned();
    }
    let (_, ticked) = boxes(&page);
    let ticked: Vec<&str> = ticked.iter().map(String::as_str).collect();
    destination(&decide(browser, &page, "allow", &ticked).await)
}

fn mcp(server: &TestServer) -> String {
    format!("{}/mcp", server.base_url())
}

/// Starts an authorization from the challenge of a call without a token.
async fn challenged(server: &TestServer, request: AuthorizationRequest) -> OAuthState {
    let answer = server.anyone().post("/mcp", json!({})).await;
    assert_eq!(answer.status, 401);
    let mut state = OAuthState::new(mcp(server), None).await.unwrap();
    let request = request.with_challenge(answer.header("www-authenticate"));
    Box::pin(state.start_authorization(request)).await.unwrap();
    state
}

/// Connects with what was authorized.
async fn connected(
    server: &TestServer,
    auth: &AuthClient<reqwest::Client>,
    lifecycle: ClientLifecycleMode,
) -> Client {
    let config = StreamableHttpClientTransportConfig::with_uri(mcp(server));
    let transport = StreamableHttpClientTransport::with_client(auth.clone(), config);
    Box::pin(().serve_with_lifecycle(transport, lifecycle)).await.unwrap()
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> Result<CallToolResult, ServiceError> {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await
}

/// Uses the tools, asks for more scopes, refreshes, and is ended by the person.
async fn whole_way(
    server: &TestServer,
    browser: &mut Browser,
    state: OAuthState,
    lifecycle: ClientLifecycleMode,
) {
    let manager = state.into_authorization_manager().expect("an authorized client");
    let (client_id, _) = manager.get_credentials().await.unwrap();
    let auth = AuthClient::new(testkit::http(), manager);
    let client = Box::pin(connected(server, &auth, lifecycle)).await;
    assert_eq!(client.list_all_tools().await.unwrap().len(), 11);
    let added = call(&client, "add_memory", json!({"content": "Plays the cello"})).await.unwrap();
    let id = added.structured_content.unwrap()["id"].clone();
    let found = call(&client, "search", json!({"query": "cello"})).await.unwrap();
    assert_eq!(found.structured_content.unwrap()["results"][0]["id"], id);
    let wrong = call(&client, "search", json!({"query": ""})).await.unwrap();
    assert_eq!(wrong.is_error, Some(true));

    // The double needs a scope that was not asked for.
    let question = json!({"question": "Who are you?"});
    let refused = call(&client, "ask_double", question.clone()).await.unwrap_err();
    let challenge = refused.auth_challenge().expect("a challenge").to_owned();
    let challenge = WWWAuthenticateParams::parse(&challenge, &Url::parse(&mcp(server)).unwrap());
    assert!(challenge.is_insufficient_scope(), "{challenge:?}");
    {
        let manager = auth.auth_manager.lock().await;
        let url = manager.request_scope_upgrade(&challenge.scope.unwrap()).await.unwrap();
        let back = allow(server, browser, &url).await;
        let back = AuthorizationCallback::from_redirect_url(&back).unwrap();
        let issuer = back.issuer.as_deref();
        manager.exchange_code_for_token_with_issuer(&back.code, &back.csrf_token, issuer).await.unwrap();
        let scopes = manager.get_current_scopes().await;
        for scope in ["memory.read", "chat.write"] {
            assert!(scopes.contains(&scope.to_owned()), "{scopes:?}");
        }
    }
    let said = call(&client, "ask_double", question).await.unwrap();
    assert!(!said.structured_content.unwrap()["answer"].as_str().unwrap().is_empty());

    // A refresh gives another token, with which the same connection goes on.
    let before = auth.get_access_token().await.unwrap();
    auth.auth_manager.lock().await.refresh_token().await.unwrap();
    assert_ne!(auth.get_access_token().await.unwrap(), before);
    assert_eq!(client.list_all_tools().await.unwrap().len(), 11);

    // The person ends it: the next call needs a new sign-in, and there is nothing left to refresh.
    let who = server.running().identity.account_by_email("a@example.com").await.unwrap().unwrap();
    let standing = server.running().identity.standing(who.id, &client_id).await.unwrap().unwrap();
    let csrf = browser.get("/account").await.hidden("csrf");
    let ended = browser.post(&format!("/account/apps/{}/revoke", standing.id), &[("csrf", &csrf)]).await;
    assert_eq!(ended.status, 303);
    let refused = call(&client, "whoami", json!({})).await.unwrap_err();
    assert!(refused.is_authorization_required(), "{refused:?}");
    let refused = auth.auth_manager.lock().await.refresh_token().await.unwrap_err();
    assert!(matches!(refused, AuthError::TokenRefreshRejected(_)), "{refused:?}");
    client.cancel().await.unwrap();
}

#[both_engines]
async fn the_rust_client_registers_and_uses_the_tools(server: TestServer) {
    server.person("a").await;
    let mut browser = signed_in(&server, "a@example.com").await;
    let request = AuthorizationRequest::new(CALLBACK).with_client_name("Rust agent");
    let mut state = challenged(&server, request.clone()).await;
    let url = state.get_authorization_url().await.unwrap();
    let resource =
        Url::parse(&url).unwrap().query_pairs().find(|(name, _)| name == "resource").unwrap().1.into_owned();
    assert_eq!(resource, mcp(&server));
    let back = allow(&server, &mut browser, &url).await;
    Box::pin(state.handle_callback_url(&back)).await.unwrap();
    Box::pin(whole_way(&server, &mut browser, state, ClientLifecycleMode::Initialize)).await;

    // The client compares `iss`, which is in the answer.
    let mut state = challenged(&server, request).await;
    let back = allow(&server, &mut browser, &state.get_authorization_url().await.unwrap()).await;
    let mut forged = Url::parse(&back).unwrap();
    let kept: Vec<(String, String)> =
        forged.query_pairs().into_owned().filter(|(name, _)| name != "iss").collect();
    forged.query_pairs_mut().clear().extend_pairs(kept).append_pair("iss", "https://evil.example");
    let refused = state.handle_callback_url(forged.as_str()).await.unwrap_err();
    assert!(matches!(refused, AuthError::AuthorizationServerMismatch { .. }), "{refused:?}");
}

#[both_engines]
async fn the_rust_client_is_known_by_its_document(hosted: Hosted) {
    let Hosted { server, host } = hosted;
    let id = host.url("/oauth/client.json");
    host.json(
        "/oauth/client.json",
        &json!({
            "client_id": id, "client_name": "Rust agent", "redirect_uris": ["http://127.0.0.1/callback"],
            "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none",
        }),
    );
    let mut browser = signed_in(&server, "a@example.com").await;
    let request = AuthorizationRequest::new(CALLBACK).with_client_metadata_url(&id);
    let mut state = challenged(&server, request).await;
    let back = allow(&server, &mut browser, &state.get_authorization_url().await.unwrap()).await;
    Box::pin(state.handle_callback_url(&back)).await.unwrap();
    assert_eq!(state.get_credentials().await.unwrap().0, id);
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
    Box::pin(whole_way(&server, &mut browser, state, lifecycle)).await;
}
