//! `/oauth/register` (RFC 7591)

use serde_json::{Value, json};
use testkit::{Response, TestServer, both_engines};

use super::{
    flow::{Agent, signed_in},
    refused,
};

const REGISTER: &str = "/oauth/register";

async fn register(server: &TestServer, body: Value) -> Response {
    server.anyone().post(REGISTER, body).await
}

#[both_engines("oauth.dynamic_registration = false")]
async fn the_owner_switches_it_off(server: TestServer) {
    server.person("owner").await;
    for path in [REGISTER, "/register"] {
        let answer = server.anyone().post(path, json!({"redirect_uris": ["https://app.example/cb"]})).await;
        answer.refused(404, "resource.fetch.not_found");
    }
    let metadata = server.anyone().get("/.well-known/oauth-authorization-server").await.json();
    assert!(metadata.get("registration_endpoint").is_none(), "{metadata}");
}

#[both_engines]
async fn an_agent_registers_itself(server: TestServer) {
    server.person("owner").await;
    let metadata = server.anyone().get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["registration_endpoint"], format!("{}{REGISTER}", server.base_url()));
    let request = json!({
        "redirect_uris": ["http://127.0.0.1/callback"], "client_name": "An agent",
        "scope": "memory.read openid",
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"], "software_id": "ignored",
    });
    let answer = register(&server, request).await;
    let made = answer.json();
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{made}");
    assert_eq!((&made["client_name"], &made["scope"]), (&json!("An agent"), &json!("memory.read")));
    assert_eq!(made["token_endpoint_auth_method"], "none");
    assert!(made.get("client_secret").is_none() && made["client_id"].as_str().unwrap().len() == 36);
    // By default it has a secret, and the scopes of the tools.
    let other = register(&server, json!({"redirect_uris": ["https://app.example/cb"]})).await.json();
    assert!(
        other["client_secret"].as_str().unwrap().starts_with("lba_cs_")
            && other["client_secret_expires_at"] == 0
    );
    assert_eq!(other["scope"], "userinfo memory.read memory.write chat.write note.write");
    // An app that registered itself gets no token of its own.
    let (id, secret) = (other["client_id"].as_str().unwrap(), other["client_secret"].as_str().unwrap());
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let refused = server.anyone().post_form("/oauth/token", &form).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("unauthorized_client")));
}

#[both_engines]
async fn what_is_wrong_is_said_by_the_standards_names(server: TestServer) {
    let uris = json!(["https://app.example/cb"]);
    register(&server, json!({"redirect_uris": uris})).await.json()["error"]
        .as_str()
        .expect("nobody to own it yet");
    server.person("owner").await;
    for (request, error) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["http://app.example/cb"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["https://*.example/cb"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["javascript:alert(1)", "nodot://cb"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": "x"}), "invalid_redirect_uri"),
        (json!([]), "invalid_request"),
    ] {
        let answer = register(&server, request.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &json!(error)),
            "{request} {}",
            answer.body
        );
    }
}

#[both_engines]
async fn app_scheme_is_registered(server: TestServer) {
    server.person("owner").await;
    let uris = json!(["cursor://anysphere.cursor-retrieval/oauth/user/callback", "com.example.app:/cb"]);
    let request = json!({"redirect_uris": uris, "token_endpoint_auth_method": "none"});
    let made = register(&server, request).await;
    assert_eq!((made.status, &made.json()["redirect_uris"]), (201, &uris), "{}", made.body);
    let narrowed =
        register(&server, json!({"redirect_uris": ["https://good.example/cb", "file:///x"]})).await.json();
    assert_eq!(narrowed["redirect_uris"], json!(["https://good.example/cb"]));
}

/// Clients such as VS Code and those for OpenID Connect also request unsupported features.
#[both_engines]
async fn a_registration_is_narrowed_rather_than_refused(server: TestServer) {
    server.person("owner").await;
    let uris = json!(["http://127.0.0.1:33418", "https://vscode.dev/redirect"]);
    for more in [
        json!({
            "grant_types": [
                "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
            ],
        }),
        json!({"response_types": ["code", "id_token"]}),
        json!({"scope": "openid offline_access"}),
        json!({"scope": ""}),
        json!({"logo_uri": "http://client.example/logo.png"}),
        json!({"logo_uri": "javascript:alert(1)"}),
        json!({"grant_types": [], "response_types": []}),
    ] {
        let mut request = json!({
            "client_name": "Visual Studio Code", "token_endpoint_auth_method": "none", "redirect_uris": uris,
        });
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        let answer = register(&server, request).await;
        let made = answer.json();
        assert_eq!(
            (answer.status, &made["grant_types"]),
            (201, &json!(["authorization_code", "refresh_token"])),
            "{more} {made}"
        );
        assert_eq!((&made["response_types"], made.get("logo_uri")), (&json!(["code"]), None));
        assert!(made["scope"].as_str().unwrap().contains("userinfo"), "{made}");
    }
}

/// Some clients register once for each connection.
#[both_engines]
async fn what_nobody_uses_is_removed(server: TestServer) {
    const DAY_MS: i64 = 86_400_000;
    let owner = server.person("owner").await;
    let mut browser = signed_in(&server, "owner@example.com").await;
    let body = json!({"redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none"});
    let (unused, _) = Agent::register(&server, &body, "https://app.example/cb").await;
    let (used, _) = Agent::register(&server, &body, "https://app.example/cb").await;
    let tokens = used.connect(&server, &mut browser).await;
    let identity = &server.running().identity;
    let is_there = async |agent: &Agent| {
        while identity.remove_expired().await.unwrap() {}
        identity.own_application(owner.account.id, &agent.client_id).await.is_ok()
    };
    server.clock().advance_ms(DAY_MS - 1);
    assert!(is_there(&unused).await);
    server.clock().advance_ms(1);
    assert!(!is_there(&unused).await && is_there(&used).await);
    refused(&unused.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await, 401, "invalid_client");
    server.clock().advance_ms(89 * DAY_MS - 1);
    assert!(is_there(&used).await);
    server.clock().advance_ms(1);
    assert!(!is_there(&used).await);
    refused(&used.refresh(&server, tokens["refresh_token"].as_str().unwrap()).await, 401, "invalid_client");
}

#[both_engines("oauth.registration_limit = 3")]
async fn a_flood_of_registrations_is_stopped(server: TestServer) {
    server.person("owner").await;
    let body = json!({"redirect_uris": ["https://app.example/cb"]});
    for path in [REGISTER, "/register", REGISTER] {
        assert_eq!(server.anyone().post(path, body.clone()).await.status, 201);
    }
    for path in [REGISTER, "/register"] {
        let answer = server.anyone().post(path, body.clone()).await;
        assert!(answer.status == 429 && !answer.header("retry-after").is_empty(), "{}", answer.body);
    }
    server.clock().advance_ms(3_600_000);
    assert_eq!(register(&server, body).await.status, 201);
    let huge = json!({"redirect_uris": ["https://app.example/cb"], "client_name": "x".repeat(16 * 1024)});
    assert_eq!(register(&server, huge).await.status, 413);
}
