//! `/api/oauth/…`, `/api/auth/me`: codes, tokens, and access with them

use serde_json::{Value, json};
use testkit::{Actor, App, CALLBACK, Response, TestServer, both_engines};

const CODE: &str = "/gate/lab/api/oauth/token/code";
const REFRESH: &str = "/gate/lab/api/oauth/token/refresh";
const CLIENT: &str = "/gate/lab/api/oauth/token/client";
const INFO: &str = "/gate/lab/api/secondme/user/info";
const EXTERNAL: &str = "/api/oauth/authorize/external";

/// Returns the form with one field changed.
fn but<'a>(form: &[(&'a str, &'a str)], name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    form.iter().map(|(key, old)| (*key, if *key == name { value } else { *old })).collect()
}

fn text(data: &Value, name: &str) -> String {
    data[name].as_str().unwrap_or_else(|| panic!("no {name} in {data}")).to_owned()
}

async fn exchange(server: &TestServer, app: &App, code: &str) -> Response {
    server.anyone().post_form(CODE, &app.exchange(code)).await
}

/// A code can be exchanged once. Its tokens have the granted scopes. A replay after ten seconds revokes
/// them.
#[both_engines]
async fn a_code_becomes_tokens_that_open_the_api(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    let code = person.allow(&app, "user.info chat").await;
    assert!(code.starts_with("lba_ac_"));
    let data = exchange(&server, &app, &code).await.data();
    assert_eq!(data["tokenType"], "Bearer");
    assert_eq!(data["expiresIn"], 7200);
    assert_eq!(data["scope"], json!(["user.info", "chat"]));
    assert!(
        text(&data, "accessToken").starts_with("lba_at_")
            && text(&data, "refreshToken").starts_with("lba_rt_")
    );
    let bearer = server.bearer(&text(&data, "accessToken"));
    assert_eq!(bearer.get(INFO).await.data()["userId"], person.account.id.to_string());
    bearer.get("/api/secondme/user/shades").await.refused(403, "apikey.permission.denied");
    // The same request again at once may be a retry, so it revokes nothing.
    exchange(&server, &app, &code).await.refused(400, "oauth2.code.used");
    bearer.get(INFO).await.data();
    // Later it counts as a replay, which revokes the tokens.
    server.clock().advance_ms(10_000);
    exchange(&server, &app, &code).await.refused(400, "oauth2.code.used");
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    server
        .anyone()
        .post_form(REFRESH, &app.refresh(&text(&data, "refreshToken")))
        .await
        .refused(401, "oauth2.refresh_token.revoked");
}

/// A used code sent by somebody else revokes its tokens, even right after its use and after changes of
/// the clock.
#[both_engines]
async fn a_used_code_in_other_hands(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("user.info").await, developer.app("user.info").await);
    for (form, jump_ms, sub_code) in
        [(0, 0, "oauth2.code.invalid"), (1, 0, "oauth2.code.used"), (2, -86_400_000, "oauth2.code.used")]
    {
        let code = person.allow(&app, "user.info").await;
        let data = exchange(&server, &app, &code).await.data();
        let bearer = server.bearer(&text(&data, "accessToken"));
        let good = app.exchange(&code);
        // A client without the right secret cannot revoke anything.
        server
            .anyone()
            .post_form(CODE, &but(&good, "client_secret", "x"))
            .await
            .refused(401, "oauth2.client.secret_mismatch");
        bearer.get(INFO).await.data();
        server.clock().advance_ms(jump_ms);
        let form = match form {
            0 => other.exchange(&code),
            1 => but(&good, "redirect_uri", "https://app.example/elsewhere"),
            _ => good,
        };
        server.anyone().post_form(CODE, &form).await.refused(400, sub_code);
        bearer.get(INFO).await.refused(401, "auth.token.invalid");
    }
}

#[both_engines]
async fn errors_come_in_the_contracts_order(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("chat").await, developer.app("chat").await);
    let code = person.allow(&app, "chat").await;
    let good = app.exchange(&code);
    let nobody = server.anyone();
    // Each form also has all errors that are checked later.
    let wrong = but(&but(&but(&good, "code", "x"), "client_secret", "x"), "redirect_uri", "x");
    let unknown = but(&wrong, "client_id", "6f1c1f5e-0000-4000-8000-000000000000");
    for (form, status, sub_code) in [
        (but(&unknown, "grant_type", "password"), 400, "oauth2.grant_type.invalid"),
        (but(&unknown, "grant_type", "refresh_token"), 400, "oauth2.grant_type.unsupported"),
        (unknown.clone(), 400, "oauth2.client.invalid"),
        (but(&wrong, "client_id", "a\0b"), 400, "oauth2.client.invalid"),
        (wrong.clone(), 401, "oauth2.client.secret_mismatch"),
        (but(&wrong, "client_secret", &app.secret), 400, "oauth2.code.invalid"),
        (
            but(&but(&good, "client_id", &other.id), "client_secret", &other.secret),
            400,
            "oauth2.code.invalid",
        ),
        (but(&good, "redirect_uri", "https://app.example/callback"), 400, "oauth2.redirect_uri.mismatch"),
    ] {
        nobody.post_form(CODE, &form).await.refused(status, sub_code);
    }
    let mismatch = nobody.post_form(CODE, &wrong).await;
    assert_eq!(mismatch.json()["message"], "Client Secret 不匹配");
    // These requests have not used the code up.
    exchange(&server, &app, &code).await.data();
}

/// Token endpoints read forms and refuse JSON.
#[both_engines]
async fn only_forms_are_read(server: TestServer) {
    let app = server.person("developer").await.app("chat").await;
    let form = app.exchange("x");
    let body: Value =
        form.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect::<serde_json::Map<_, _>>().into();
    for (path, fields) in [(CODE, 5), (REFRESH, 4), (CLIENT, 3)] {
        let answer = server.anyone().post(path, body.clone()).await;
        let refusal = answer.refused(422, "invalid.param");
        assert_eq!(refusal["detail"].as_array().unwrap().len(), fields);
        assert_eq!(answer.body.matches("\"Field required\"").count(), fields, "{}", answer.body);
    }
}

#[both_engines]
async fn a_code_lasts_five_minutes(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("chat").await;
    let (early, late) = (person.allow(&app, "chat").await, person.allow(&app, "chat").await);
    server.clock().advance_ms(299_000);
    exchange(&server, &app, &early).await.data();
    server.clock().advance_ms(1_000);
    exchange(&server, &app, &late).await.refused(400, "oauth2.code.expired");
    while server.running().identity.remove_expired().await.unwrap() {}
    exchange(&server, &app, &late).await.refused(400, "oauth2.code.expired");
    server.clock().advance_ms(86_400_000);
    while server.running().identity.remove_expired().await.unwrap() {}
    exchange(&server, &app, &late).await.refused(400, "oauth2.code.invalid");
}

/// At most one request succeeds. The others count as retries.
#[both_engines]
async fn twenty_at_once_with_one_code(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let code = person.allow(&app, "user.info").await;
    let all = futures::future::join_all((0..20).map(|_| exchange(&server, &app, &code))).await;
    let (won, lost): (Vec<_>, Vec<_>) = all.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 19));
    for answer in lost {
        answer.refused(400, "oauth2.code.used");
    }
    server.bearer(&text(&won[0].data(), "accessToken")).get(INFO).await.data();
}

/// As in the SecondMe API, a refresh returns the same refresh token, and earlier access tokens stay
/// valid.
#[both_engines]
async fn refreshing_keeps_the_refresh_token_and_the_earlier_access_token(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let first = exchange(&server, &app, &person.allow(&app, "user.info").await).await.data();
    let refresh = text(&first, "refreshToken");
    let form = app.refresh(&refresh);
    let (one, two) = tokio::join!(async { server.anyone().post_form(REFRESH, &form).await }, async {
        server.anyone().post_form(REFRESH, &form).await
    },);
    let mut tokens = vec![text(&first, "accessToken")];
    for data in [one.data(), two.data()] {
        assert_eq!((text(&data, "refreshToken"), &data["scope"]), (refresh.clone(), &json!(["user.info"])));
        assert_eq!(data["expiresIn"], 7200);
        tokens.push(text(&data, "accessToken"));
    }
    for token in &tokens {
        server.bearer(token).get(INFO).await.data();
    }
    server.clock().advance_ms(7_200_000);
    for token in &tokens {
        server.bearer(token).get(INFO).await.refused(401, "auth.token.invalid");
    }
    // Use does not extend the life of the refresh token.
    server.clock().advance_ms(2_592_000_000 - 7_200_000);
    server.anyone().post_form(REFRESH, &form).await.refused(401, "oauth2.refresh_token.expired");
}

#[both_engines]
async fn what_is_wrong_with_a_refresh(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("chat").await, developer.app("chat").await);
    let tokens = person.tokens(&app, "chat").await;
    let (refresh, access) = (tokens.refresh.unwrap(), tokens.access);
    let good = app.refresh(refresh.expose());
    for (form, status, sub_code) in [
        (but(&good, "grant_type", "x"), 400, "oauth2.grant_type.invalid"),
        (but(&good, "grant_type", "authorization_code"), 400, "oauth2.grant_type.unsupported"),
        (but(&good, "client_id", "x"), 400, "oauth2.client.invalid"),
        (but(&good, "client_secret", "x"), 401, "oauth2.client.secret_mismatch"),
        (but(&good, "refresh_token", "x"), 400, "oauth2.refresh_token.invalid"),
        (but(&good, "refresh_token", access.expose()), 400, "oauth2.refresh_token.invalid"),
        (other.refresh(refresh.expose()), 400, "oauth2.refresh_token.invalid"),
    ] {
        server.anyone().post_form(REFRESH, &form).await.refused(status, sub_code);
    }
    server.bearer(refresh.expose()).get(INFO).await.refused(401, "auth.token.invalid");
}

/// A revocation ends access tokens, refresh tokens and unused codes.
#[both_engines]
async fn a_revoked_authorization_opens_nothing(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let tokens = person.tokens(&app, "user.info").await;
    let waiting = person.allow(&app, "user.info").await;
    let bearer = server.bearer(tokens.access.expose());
    let before = bearer.get("/api/auth/me").await.data();
    person.revoke(&app).await;
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    let refresh = tokens.refresh.unwrap();
    server
        .anyone()
        .post_form(REFRESH, &app.refresh(refresh.expose()))
        .await
        .refused(401, "oauth2.refresh_token.revoked");
    exchange(&server, &app, &waiting).await.refused(400, "oauth2.code.revoked");
    // A new authorization has the same app-scoped user id.
    let again = person.with_token(&app, "user.info").await.get("/api/auth/me").await.data();
    assert_eq!(before, again);
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn who_i_am_to_an_app(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("chat").await, developer.app("chat").await);
    let me = person.with_token(&app, "chat").await.get("/gate/lab/api/auth/me").await.data();
    assert_eq!(
        (text(&me, "userId"), text(&me, "email")),
        (person.account.id.to_string(), "a@example.com".into())
    );
    let id = text(&me, "appScopedUserId");
    assert!(id.starts_with("asu_"));
    let elsewhere = person.with_token(&other, "chat").await.get("/api/auth/me").await.data();
    assert_ne!(text(&elsewhere, "appScopedUserId"), id);
    let another = developer.with_token(&app, "chat").await.get("/api/auth/me").await.data();
    assert_ne!(text(&another, "appScopedUserId"), id);
    assert_eq!(
        person.with_key("chat").await.get("/api/auth/me").await.data()["appScopedUserId"],
        Value::Null
    );
}

/// The client credentials grant returns a token of the app itself, without a refresh token.
#[both_engines]
async fn an_app_in_its_own_name(server: TestServer) {
    let app = server.person("developer").await.app("chat.write voice").await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
    ];
    let answer = server.anyone().post_form(CLIENT, &form).await;
    let data = answer.data();
    assert!(data.get("refreshToken").is_none());
    assert_eq!((&data["expiresIn"], &data["scope"]), (&json!(604_800), &json!(["chat.write"])));
    let bearer = server.bearer(&text(&data, "accessToken"));
    for path in [INFO, "/api/auth/me", "/api/apikey/list"] {
        bearer.get(path).await.refused(400, "secondme.user.invalid_id");
    }
    for (scope, status, sub_code) in [
        ("nonsense", 400, "oauth2.scope.invalid"),
        ("*", 400, "oauth2.scope.invalid"),
        ("voice userinfo", 403, "oauth2.scope.disallowed"),
    ] {
        let form: Vec<_> = form.into_iter().chain([("scope", scope)]).collect();
        server.anyone().post_form(CLIENT, &form).await.refused(status, sub_code);
    }
}

#[both_engines]
async fn an_app_that_is_not_approved_does_nothing(server: TestServer) {
    use identity::application::Status;
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    let code = person.allow(&app, "user.info").await;
    let bearer = person.with_token(&app, "user.info").await;
    let own = server.bearer(&app.own_token().await);
    let session = person.signed_in().await;
    let request = json!({"clientId": app.id, "redirectUri": CALLBACK, "scope": ["chat"]});
    for (status, sub_code) in [
        (Status::Pending, "oauth2.application.pending_review"),
        (Status::Rejected, "oauth2.application.rejected"),
        (Status::Suspended, "oauth2.application.suspended"),
    ] {
        server.running().identity.set_application_status(&app.id, status).await.unwrap();
        exchange(&server, &app, &code).await.refused(403, sub_code);
        bearer.get(INFO).await.refused(403, sub_code);
        own.get(INFO).await.refused(403, sub_code);
        session.post(EXTERNAL, request.clone()).await.refused(403, sub_code);
    }
    server.running().identity.set_application_status(&app.id, Status::Approved).await.unwrap();
    bearer.get(INFO).await.data();
    exchange(&server, &app, &code).await.data();
}

#[both_engines]
async fn allowing_an_app_without_the_page(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("user.info chat").await, developer.app("user.info chat").await);
    let session = person.signed_in().await;
    let request = |client: &str, uri: &str, scope: &[&str]| {
        json!({
            "clientId": client, "redirectUri": uri, "scope": scope, "state": "abc123",
        })
    };
    let data = session.post(EXTERNAL, request(&app.id, CALLBACK, &["user.info"])).await.data();
    assert_eq!(data["state"], "abc123");
    let tokens = exchange(&server, &app, &text(&data, "code")).await.data();
    for (body, status, sub_code) in [
        (request("x", CALLBACK, &["chat"]), 404, "oauth2.application.not_found"),
        (request(&app.id, "https://evil.example", &["chat"]), 400, "oauth2.redirect_uri.mismatch"),
        (request(&app.id, CALLBACK, &["nonsense"]), 400, "oauth2.scope.invalid"),
        (request(&app.id, CALLBACK, &[]), 400, "oauth2.scope.invalid"),
        (request(&app.id, CALLBACK, &["voice"]), 403, "oauth2.scope.disallowed"),
        (json!({}), 422, "invalid.param"),
    ] {
        session.post(EXTERNAL, body).await.refused(status, sub_code);
    }
    // An app can neither extend its own scopes nor authorize another app.
    let bearer = server.bearer(&text(&tokens, "accessToken"));
    bearer.post(EXTERNAL, request(&app.id, CALLBACK, &["user.info"])).await.data();
    bearer
        .post(EXTERNAL, request(&app.id, CALLBACK, &["chat"]))
        .await
        .refused(403, "oauth2.scope.disallowed");
    bearer
        .post(EXTERNAL, request(&other.id, CALLBACK, &["user.info"]))
        .await
        .refused(403, "oauth2.application.unauthorized");
    let key: Actor = person.with_key("*").await;
    key.post(EXTERNAL, request(&app.id, CALLBACK, &["chat"])).await.refused(403, "auth.session.required");
}

/// Scopes that the person or the developer removes are removed from existing tokens as well.
#[both_engines]
async fn less_is_less_at_once(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let app = developer.app("user.info user.info.shades").await;
    let bearer = person.with_token(&app, "user.info user.info.shades").await;
    let shades = "/api/secondme/user/shades";
    bearer.get(shades).await.data();
    let session = developer.signed_in().await;
    let update = format!("/api/applications/external/{}/update", app.id);
    session.post(&update, json!({"allowedScopes": ["user.info"]})).await.data();
    let body = bearer.get(shades).await.refused(403, "apikey.permission.denied");
    assert_eq!(body["message"], "缺少必需的权限: userinfo");
    bearer.get(INFO).await.data();
    session.post(&format!("/api/applications/external/{}/delete", app.id), json!({})).await.data();
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn the_last_use_of_an_authorization_is_noted(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let bearer = person.with_token(&app, "user.info").await;
    let identity = &server.running().identity;
    assert_eq!(identity.authorizations(person.account.id).await.unwrap()[0].last_used_at, None);
    bearer.get(INFO).await.data();
    let list = identity.authorizations(person.account.id).await.unwrap();
    assert_eq!(list[0].last_used_at, Some(server.clock().now()));
    assert_eq!(list[0].scopes.names(), ["user.info"]);
}

#[both_engines]
async fn a_disabled_account_takes_its_apps_along(server: TestServer) {
    let (person, developer) = (server.person("a").await, server.person("developer").await);
    let app = developer.app("user.info").await;
    let tokens = person.tokens(&app, "user.info").await;
    let bearer = server.bearer(tokens.access.expose());
    let identity = server.running().identity.clone();
    identity.set_disabled(person.account.id, true).await.unwrap();
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    let refresh = tokens.refresh.unwrap();
    server
        .anyone()
        .post_form(REFRESH, &app.refresh(refresh.expose()))
        .await
        .refused(401, "oauth2.refresh_token.revoked");
    identity.set_disabled(person.account.id, false).await.unwrap();
    identity.set_disabled(developer.account.id, true).await.unwrap();
    server
        .anyone()
        .post_form(REFRESH, &app.refresh(refresh.expose()))
        .await
        .refused(403, "oauth2.application.suspended");
}
