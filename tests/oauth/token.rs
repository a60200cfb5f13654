//! `/oauth/token` (RFC 6749, 7636)

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testkit::{Actor, App, CALLBACK, Person, Response, TestServer, VERIFIER, both_engines};

use super::refused;

const TOKEN: &str = "/oauth/token";
const INFO: &str = "/api/secondme/user/info";

/// Returns a client that authenticates as the app by HTTP Basic.
fn basic(server: &TestServer, app: &App) -> Actor {
    let text = STANDARD.encode(format!("{}:{}", app.id, app.secret));
    server.anyone().with("authorization", &format!("Basic {text}"))
}

fn text(answer: &Response, name: &str) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

fn code_form<'a>(app: &'a App, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("client_id", &app.id),
        ("code_verifier", VERIFIER),
    ]
}

fn refresh_form<'a>(app: &'a App, token: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", &app.id)]
}

/// Returns the access and refresh tokens that a public app gets for a code.
async fn public_tokens(server: &TestServer, person: &Person, app: &App, scopes: &str) -> (String, String) {
    let code = person.allow_with_challenge(app, scopes).await;
    let answer = server.anyone().post_form(TOKEN, &code_form(app, &code)).await;
    (text(&answer, "access_token"), text(&answer, "refresh_token"))
}

async fn refresh(server: &TestServer, app: &App, token: &str) -> Response {
    server.anyone().post_form(TOKEN, &refresh_form(app, token)).await
}

#[both_engines]
async fn a_code_becomes_tokens_by_either_way_of_proving_oneself(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    for is_basic in [true, false] {
        let code = person.allow(&app, "user.info chat").await;
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
        let client = if is_basic {
            basic(&server, &app)
        } else {
            form.extend([("client_id", app.id.as_str()), ("client_secret", app.secret.as_str())]);
            server.anyone()
        };
        let answer = client.post_form(TOKEN, &form).await;
        let body = answer.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"], &body["scope"]),
            (&json!("Bearer"), &json!(7200), &json!("user.info chat")),
            "{body}"
        );
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
        server.bearer(&text(&answer, "access_token")).get(INFO).await.data();
        // Tokens of this endpoint are accepted by the Lab's endpoint as well.
        let token = text(&answer, "refresh_token");
        let lab = server.anyone().post_form("/api/oauth/token/refresh", &app.refresh(&token)).await.data();
        server.bearer(lab["accessToken"].as_str().unwrap()).get(INFO).await.data();
        for (wait_ms, status) in [(9_999, 200), (1, 401)] {
            server.clock().advance_ms(wait_ms);
            refused(&client.post_form(TOKEN, &form).await, 400, "invalid_grant");
            assert_eq!(
                server.bearer(&text(&answer, "access_token")).get(INFO).await.status,
                status,
                "{wait_ms}"
            );
        }
    }
}

#[both_engines]
async fn what_is_wrong_is_said_by_the_standards_names(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other, public) =
        (developer.app("chat").await, developer.app("chat").await, developer.public_app("chat").await);
    let code = person.allow(&app, "chat").await;
    let good =
        vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let but = |name: &str, value: &'static str| -> Vec<(&str, &str)> {
        good.iter().map(|(key, old)| (*key, if *key == name { value } else { *old })).collect()
    };
    let without = |name: &str| good.iter().filter(|(key, _)| *key != name).copied().collect::<Vec<_>>();
    let client = basic(&server, &app);
    for (form, error) in [
        (without("grant_type"), "invalid_request"),
        (without("code"), "invalid_request"),
        (without("redirect_uri"), "invalid_request"),
        (but("grant_type", "password"), "unsupported_grant_type"),
        (but("grant_type", "urn:ietf:params:oauth:grant-type:implicit"), "unsupported_grant_type"),
        (but("code", "x"), "invalid_grant"),
        (but("redirect_uri", "https://app.example/callback"), "invalid_grant"),
        ([good.clone(), vec![("code", "x")]].concat(), "invalid_request"),
        ([good.clone(), vec![("code_verifier", VERIFIER)]].concat(), "invalid_grant"),
        ([good.clone(), vec![("client_secret", "x")]].concat(), "invalid_request"),
        ([good.clone(), vec![("client_id", &other.id)]].concat(), "invalid_request"),
    ] {
        refused(&client.post_form(TOKEN, &form).await, 400, error);
    }
    refused(&basic(&server, &other).post_form(TOKEN, &good).await, 400, "invalid_grant");
    let nobody = server.anyone();
    for (id, secret) in
        [(app.id.as_str(), "wrong"), (&app.id, ""), ("x", "x"), ("", ""), (&public.id, &public.secret)]
    {
        let form = [good.clone(), vec![("client_id", id), ("client_secret", secret)]].concat();
        refused(&nobody.post_form(TOKEN, &form).await, 401, "invalid_client");
    }
    for line in
        ["Basic", "Basic ???", "Bearer x", &format!("Basic {}", STANDARD.encode(format!("{}:x", app.id)))]
    {
        refused(&nobody.with("authorization", line).post_form(TOKEN, &good).await, 401, "invalid_client");
    }
    refused(&nobody.post(TOKEN, json!({"grant_type": "authorization_code"})).await, 400, "invalid_request");
    let huge = "x".repeat(2 << 20);
    assert_eq!(nobody.post_form(TOKEN, &[("code", huge.as_str())]).await.status, 413);
    // These requests have not used the code up.
    assert_eq!(client.post_form(TOKEN, &good).await.status, 200);
}

#[both_engines]
async fn an_app_without_a_secret_shows_its_verifier(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let app = developer.public_app("user.info").await;
    let code = person.allow_with_challenge(&app, "user.info").await;
    let good = code_form(&app, &code);
    let without: Vec<_> = good.iter().filter(|(name, _)| *name != "code_verifier").copied().collect();
    refused(&server.anyone().post_form(TOKEN, &without).await, 400, "invalid_grant");
    let wrong: Vec<_> = without.iter().copied().chain([("code_verifier", "wrong")]).collect();
    refused(&server.anyone().post_form(TOKEN, &wrong).await, 400, "invalid_grant");
    server
        .bearer(&text(&server.anyone().post_form(TOKEN, &good).await, "access_token"))
        .get(INFO)
        .await
        .data();
    // A code that was requested without a challenge could be used by anybody.
    let free = person.allow(&app, "user.info").await;
    let form: Vec<_> =
        code_form(&app, &free).into_iter().filter(|(name, _)| *name != "code_verifier").collect();
    refused(&server.anyone().post_form(TOKEN, &form).await, 400, "invalid_grant");
    let request = json!({"clientId": app.id, "redirectUri": CALLBACK, "scope": ["user.info"]});
    person
        .signed_in()
        .await
        .post("/api/oauth/authorize/external", request)
        .await
        .refused(403, "oauth2.application.unauthorized");
    // It gets no token of its own, and cannot authenticate at the Lab's endpoints.
    let own = [("grant_type", "client_credentials"), ("client_id", app.id.as_str())];
    refused(&server.anyone().post_form(TOKEN, &own).await, 400, "unauthorized_client");
    server
        .anyone()
        .post_form("/api/oauth/token/code", &app.exchange(&code))
        .await
        .refused(401, "oauth2.client.secret_mismatch");
}

#[both_engines]
async fn an_app_in_its_own_name(server: TestServer) {
    let developer = server.person("developer").await;
    let app = developer.app("chat.write voice").await;
    let client = basic(&server, &app);
    let answer = client.post_form(TOKEN, &[("grant_type", "client_credentials")]).await;
    let body = answer.json();
    assert_eq!((&body["scope"], &body["expires_in"]), (&json!("chat.write"), &json!(604_800)), "{body}");
    assert!(body.get("refresh_token").is_none());
    server.bearer(&text(&answer, "access_token")).get(INFO).await.refused(400, "secondme.user.invalid_id");
    for scope in ["nonsense", "*", "userinfo"] {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        refused(&client.post_form(TOKEN, &form).await, 400, "invalid_scope");
    }
    let id = &app.id;
    server
        .running()
        .identity
        .set_application_status(id, identity::application::Status::Suspended)
        .await
        .unwrap();
    refused(
        &client.post_form(TOKEN, &[("grant_type", "client_credentials")]).await,
        400,
        "unauthorized_client",
    );
}

#[both_engines]
async fn a_secret_keeps_its_refresh_token_and_may_ask_for_less(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    let tokens = person.tokens(&app, "user.info chat").await;
    let refresh = tokens.refresh.unwrap();
    let client = basic(&server, &app);
    let less = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose()), ("scope", "chat")];
    let answer = client.post_form(TOKEN, &less).await;
    assert_eq!(
        (text(&answer, "scope"), text(&answer, "refresh_token")),
        ("chat".into(), refresh.expose().to_owned())
    );
    server.bearer(&text(&answer, "access_token")).get(INFO).await.refused(403, "apikey.permission.denied");
    for more in ["voice", "*", "voice plaza.read"] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose()), ("scope", more)];
        refused(&client.post_form(TOKEN, &form).await, 400, "invalid_scope");
    }
    // Clients repeat the scopes of their first request, of which only a part may have been granted.
    for (scope, got) in
        [("chat voice", "chat"), ("user.info chat note.add", "user.info chat"), ("userinfo", "user.info")]
    {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose()), ("scope", scope)];
        assert_eq!(text(&client.post_form(TOKEN, &form).await, "scope"), got, "{scope}");
    }
    // Unknown scopes are ignored, as on the consent page. A list with no other scope counts as missing.
    for (scope, got) in [
        ("user.info openid", "user.info"),
        ("openid offline_access", "user.info chat"),
        ("", "user.info chat"),
    ] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose()), ("scope", scope)];
        assert_eq!(text(&client.post_form(TOKEN, &form).await, "scope"), got, "{scope}");
    }
    let all = [("grant_type", "refresh_token"), ("refresh_token", refresh.expose())];
    assert_eq!(text(&client.post_form(TOKEN, &all).await, "scope"), "user.info chat");
}

#[both_engines]
async fn a_public_apps_refresh_token_changes_with_each_use(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("user.info").await;
    let (access, first) = public_tokens(&server, &person, &app, "user.info").await;
    let answer = refresh(&server, &app, &first).await;
    let second = text(&answer, "refresh_token");
    assert_ne!(first, second);
    // For two minutes a repeated request gets the same response, because the first one may have been
    // lost.
    server.clock().advance_ms(119_000);
    let again = refresh(&server, &app, &first).await;
    assert_eq!(
        (text(&again, "refresh_token"), text(&again, "access_token")),
        (second.clone(), text(&answer, "access_token"))
    );
    assert_eq!(again.json()["expires_in"], 7_081);
    for token in [&access, &text(&answer, "access_token")] {
        server.bearer(token).get(INFO).await.data();
    }
    // Later it counts as a reuse, and all tokens are revoked.
    server.clock().advance_ms(1_000);
    refused(&refresh(&server, &app, &first).await, 400, "invalid_grant");
    for token in [&access, &text(&answer, "access_token")] {
        server.bearer(token).get(INFO).await.refused(401, "auth.token.invalid");
    }
    refused(&refresh(&server, &app, &second).await, 400, "invalid_grant");
    // The person's authorization stays valid.
    public_tokens(&server, &person, &app, "user.info").await;
}

/// The grace period only applies to the latest predecessor of a refresh token.
#[both_engines]
async fn a_grandparent_is_a_reuse_at_once(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("user.info").await;
    let (_, first) = public_tokens(&server, &person, &app, "user.info").await;
    let second = text(&refresh(&server, &app, &first).await, "refresh_token");
    let third = refresh(&server, &app, &second).await;
    refused(&refresh(&server, &app, &first).await, 400, "invalid_grant");
    refused(&refresh(&server, &app, &text(&third, "refresh_token")).await, 400, "invalid_grant");
    server.bearer(&text(&third, "access_token")).get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn many_refreshes_at_once_leave_a_working_client(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("user.info").await;
    let (_, first) = public_tokens(&server, &person, &app, "user.info").await;
    let all = futures::future::join_all((0..20).map(|_| refresh(&server, &app, &first))).await;
    let mut next: Vec<(String, String)> =
        all.iter().map(|answer| (text(answer, "refresh_token"), text(answer, "access_token"))).collect();
    next.dedup();
    assert_eq!(next.len(), 1, "all got the same");
    server.bearer(&next[0].1).get(INFO).await.data();
    text(&refresh(&server, &app, &next[0].0).await, "refresh_token");
}

#[both_engines]
async fn an_idle_refresh_token_ends(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("user.info").await;
    let (_, first) = public_tokens(&server, &person, &app, "user.info").await;
    server.clock().advance_ms(2_591_999_000);
    let second = text(&refresh(&server, &app, &first).await, "refresh_token");
    server.clock().advance_ms(2_592_000_000);
    refused(&refresh(&server, &app, &second).await, 400, "invalid_grant");
}

/// At most one request succeeds. The others count as retries, unless they lack the verifier.
#[both_engines]
async fn twenty_at_once_with_one_code(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("user.info").await;
    let code = person.allow_with_challenge(&app, "user.info").await;
    let form = code_form(&app, &code);
    let all =
        futures::future::join_all((0..20).map(|_| async { server.anyone().post_form(TOKEN, &form).await }))
            .await;
    let (won, lost): (Vec<_>, Vec<_>) = all.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 19));
    lost.iter().for_each(|answer| {
        refused(answer, 400, "invalid_grant");
    });
    let bearer = server.bearer(&text(won[0], "access_token"));
    bearer.get(INFO).await.data();
    let stolen: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, if *name == "code_verifier" { "x" } else { *value }))
        .collect();
    refused(&server.anyone().post_form(TOKEN, &stolen).await, 400, "invalid_grant");
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
    refused(&refresh(&server, &app, &text(won[0], "refresh_token")).await, 400, "invalid_grant");
}

/// No token obtained during a revocation is valid after it, in any order.
#[both_engines]
async fn a_revocation_during_requests(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.public_app("user.info").await;
    let (access, first) = public_tokens(&server, &person, &app, "user.info").await;
    let code = person.allow_with_challenge(&app, "user.info").await;
    let form = code_form(&app, &code);
    let (nobody, bearer) = (server.anyone(), server.bearer(&access));
    let (exchanged, refreshed, called, ()) = tokio::join!(
        nobody.post_form(TOKEN, &form),
        refresh(&server, &app, &first),
        bearer.get(INFO),
        person.revoke(&app),
    );
    assert!(matches!(called.status, 200 | 401));
    for answer in [exchanged, refreshed] {
        if answer.status == 200 {
            server.bearer(&text(&answer, "access_token")).get(INFO).await.refused(401, "auth.token.invalid");
            refused(&refresh(&server, &app, &text(&answer, "refresh_token")).await, 400, "invalid_grant");
        } else {
            refused(&answer, 400, "invalid_grant");
        }
    }
    bearer.get(INFO).await.refused(401, "auth.token.invalid");
}

#[both_engines]
async fn errors_are_plain_json_whatever_is_asked_for(server: TestServer) {
    let browser = server.anyone().with("accept", "text/html").with("accept-language", "zh-CN");
    let body: Value = refused(&browser.post_form(TOKEN, &[("grant_type", "x")]).await, 401, "invalid_client");
    assert_eq!(body["error_description"], "Invalid client id");
    assert_eq!(server.anyone().get(TOKEN).await.status, 405);
}
