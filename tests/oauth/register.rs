//! `/oauth/register` (RFC 7591)

use serde_json::{Value, json};
use testkit::{Response, TestServer, both_engines};

const REGISTER: &str = "/oauth/register";

async fn register(server: &TestServer, body: Value) -> Response {
    server.anyone().post(REGISTER, body).await
}

#[both_engines]
async fn it_is_off_unless_the_owner_switches_it_on(server: TestServer) {
    server.person("owner").await;
    register(&server, json!({"redirect_uris": ["https://app.example/cb"]}))
        .await
        .refused(404, "resource.fetch.not_found");
}

#[both_engines("oauth.dynamic_registration = true")]
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
    // By default it has a secret, and all scopes that an app may request.
    let other = register(&server, json!({"redirect_uris": ["https://app.example/cb"]})).await.json();
    assert!(
        other["client_secret"].as_str().unwrap().starts_with("lba_cs_")
            && other["client_secret_expires_at"] == 0
    );
    assert!(
        other["scope"].as_str().unwrap().contains("plaza.write")
            && !other["scope"].as_str().unwrap().contains("memory.write")
    );
    // An app that registered itself gets no token of its own.
    let (id, secret) = (other["client_id"].as_str().unwrap(), other["client_secret"].as_str().unwrap());
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let refused = server.anyone().post_form("/oauth/token", &form).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("unauthorized_client")));
}

#[both_engines("oauth.dynamic_registration = true")]
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
        (json!({"redirect_uris": ["javascript:alert(1)"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": vec!["https://app.example/cb"; 21]}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": uris, "token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
        (json!({"redirect_uris": uris, "grant_types": ["implicit"]}), "invalid_client_metadata"),
        (json!({"redirect_uris": uris, "grant_types": ["client_credentials"]}), "invalid_client_metadata"),
        (json!({"redirect_uris": uris, "response_types": ["token"]}), "invalid_client_metadata"),
        (json!({"redirect_uris": uris, "client_name": "x".repeat(101)}), "invalid_client_metadata"),
        (json!({"redirect_uris": uris, "client_name": "a\nb"}), "invalid_client_metadata"),
        (json!({"redirect_uris": uris, "response_types": ["code id_token"]}), "invalid_client_metadata"),
        (json!({"redirect_uris": "x"}), "invalid_request"),
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

#[both_engines("oauth.dynamic_registration = true")]
async fn app_scheme_is_registered(server: TestServer) {
    server.person("owner").await;
    let uris = json!(["cursor://anysphere.cursor-retrieval/oauth/user/callback", "com.example.app:/cb"]);
    let request = json!({"redirect_uris": uris, "token_endpoint_auth_method": "none"});
    let made = register(&server, request).await;
    assert_eq!((made.status, &made.json()["redirect_uris"]), (201, &uris), "{}", made.body);
    let refused =
        register(&server, json!({"redirect_uris": ["https://good.example/cb", "file:///x"]})).await.json();
    assert_eq!(
        refused["error_description"],
        "Invalid redirect URI: file:///x (the scheme file: is not allowed)"
    );
}

/// Clients such as VS Code and those for OpenID Connect also request unsupported features.
#[both_engines("oauth.dynamic_registration = true")]
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
        assert!(made["scope"].as_str().unwrap().contains("user.info"), "{made}");
    }
}

#[both_engines("oauth.dynamic_registration = true")]
async fn what_nobody_uses_is_removed(server: TestServer) {
    let owner = server.person("owner").await;
    let made = register(&server, json!({"redirect_uris": ["https://app.example/cb"]})).await.json();
    let id = made["client_id"].as_str().unwrap();
    let identity = &server.running().identity;
    server.clock().advance_ms(7 * 86_400_000 - 1);
    while identity.remove_expired().await.unwrap() {}
    identity.own_application(owner.account.id, id).await.unwrap();
    server.clock().advance_ms(1);
    while identity.remove_expired().await.unwrap() {}
    assert!(identity.own_application(owner.account.id, id).await.is_err());
}
