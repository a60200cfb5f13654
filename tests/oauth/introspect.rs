//! `/oauth/introspect` (RFC 7662)

use serde_json::{Value, json};
use testkit::{App, START, TestServer, both_engines};

use super::refused;

const INTROSPECT: &str = "/oauth/introspect";

async fn ask(server: &TestServer, app: &App, token: &str) -> Value {
    let form = [
        ("token", token),
        ("token_type_hint", "access_token"),
        ("client_id", &app.id),
        ("client_secret", &app.secret),
    ];
    let answer = server.anyone().post_form(INTROSPECT, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[both_engines]
async fn what_a_token_is_good_for(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    let tokens = person.tokens(&app, "user.info chat").await;
    let me = server.bearer(tokens.access.expose()).get("/api/auth/me").await.data();
    let now = START.as_millis() / 1000;
    assert_eq!(
        ask(&server, &app, tokens.access.expose()).await,
        json!({
            "active": true, "scope": "user.info chat", "client_id": app.id, "token_type": "Bearer",
            "exp": now + 7200, "iat": now, "sub": me["appScopedUserId"], "iss": server.base_url(),
            "aud": server.base_url(),
        })
    );
    assert_eq!(
        ask(&server, &app, tokens.refresh.unwrap().expose()).await,
        json!({
            "active": true, "scope": "user.info chat", "client_id": app.id,
            "exp": now + 2_592_000, "iat": now, "sub": me["appScopedUserId"], "iss": server.base_url(),
            "aud": server.base_url(),
        })
    );
    let own = ask(&server, &app, &app.own_token().await).await;
    assert_eq!((&own["active"], &own["scope"], own.get("sub")), (&json!(true), &json!("chat"), None));
    // A revocation takes effect at once, even though tokens are cached.
    person.revoke(&app).await;
    assert_eq!(ask(&server, &app, tokens.access.expose()).await, json!({"active": false}));
}

#[both_engines]
async fn everything_else_looks_alike(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("user.info").await, developer.app("user.info").await);
    let foreign = person.tokens(&other, "user.info").await.access;
    let (_, key) = person.new_key("*", None).await;
    let over = person.tokens(&app, "user.info").await.access;
    server.clock().advance_ms(7_200_000);
    for token in ["x", foreign.expose(), &key, over.expose(), &format!("lba_at_{}", "0".repeat(56))] {
        assert_eq!(ask(&server, &app, token).await, json!({"active": false}), "{token}");
    }
}

#[both_engines]
async fn only_a_client_with_a_secret_may_ask(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, public) = (developer.app("user.info").await, developer.public_app("user.info").await);
    let token = person.tokens(&app, "user.info").await.access;
    let nobody = server.anyone();
    for (id, secret) in
        [("", ""), (app.id.as_str(), ""), (&app.id, "wrong"), (&public.id, ""), (&public.id, &public.secret)]
    {
        for token in [token.expose(), "x"] {
            let form = [("token", token), ("client_id", id), ("client_secret", secret)];
            refused(&nobody.post_form(INTROSPECT, &form).await, 401, "invalid_client");
        }
    }
    let form = [("client_id", app.id.as_str()), ("client_secret", &app.secret)];
    refused(&nobody.post_form(INTROSPECT, &form).await, 400, "invalid_request");
}
