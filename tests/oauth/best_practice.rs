//! Requirements of RFC 9700 (Best Current Practice for OAuth 2.0 Security). The table names the tests that
//! cover them. This module has those that other modules lack.
//!
//! | requirement | section | tests |
//! |---|---|---|
//! | `redirect_uri` is compared as text; of a loopback address the port may differ | 2.1, 4.1.3 |
//! [`an_address_is_compared_as_text`], `pages::consent::a_wrong_app_or_address…` |
//! | no implicit grant, no passwords | 2.1.2, 2.4 | `pages::consent::what_is_wrong_otherwise…`,
//! `token::what_is_wrong…`, `metadata` |
//! | apps without a secret must use PKCE, `plain` is refused | 2.1.1 | `token::an_app_without_a_secret…`,
//! `pages::consent::what_is_wrong_otherwise…` |
//! | a verifier for a code without a challenge is refused | 4.8.2 |
//! `pages::consent::a_code_with_a_challenge…`, `token::what_is_wrong…` |
//! | a code is good once, five minutes, for its app and address; used twice, its tokens end | 4.5, 4.2.4 |
//! `api::oauth::a_code_lasts…`, `token::twenty_at_once…`, `token::what_is_wrong…` |
//! | refresh tokens of apps without a secret rotate, a reuse ends the family, idle ones end | 4.14 |
//! `token::a_public_apps_refresh_token…`, `…a_grandparent…`, `…an_idle…` |
//! | `iss` in the response | 4.4 | `clients::rust`, `clients::standard` |
//! | no open redirector | 4.11 | `pages::consent::a_wrong_app_or_address…`,
//! [`a_sign_in_leads_to_this_server_alone`] |
//! | credentials are not carried on by a redirect | 4.12 | [`nothing_typed_in_travels_on`] |
//! | pages are not framed, cached or named as referrer | 4.2.4, 4.16 |
//! [`pages_on_the_way_are_not_framed_cached_or_named`] |
//! | secrets are stored as hashes | 2.5, 4.10 | `process::secrets` |
//! | tokens are for one app, its scopes, and nothing beyond | 2.3 |
//! [`a_token_is_good_for_its_app_and_scopes`] |
//! | a revocation says nothing about unknown tokens | RFC 7009 | `revoke::unknown_and_foreign…` |
//! | introspection is for authenticated clients | RFC 7662 | `introspect` |
//! | metadata | 2.6, RFC 8414, 9728 | `metadata`, [`who_is_refused_learns_where_tokens_come_from`] |
//! | protection does not hang on `state` | 4.7 | [`an_answer_belongs_to_the_session_that_was_asked`] |

use testkit::{PASSWORD, TestServer, both_engines};

use crate::pages::sign_in::Browser;

async fn signed_in(server: &TestServer, email: &str) -> Browser {
    let mut browser = Browser::new(server);
    browser.sign_in(email, PASSWORD, "/").await;
    browser
}

#[both_engines]
async fn an_address_is_compared_as_text(server: TestServer) {
    server.person("a").await;
    let developer = server.person("developer").await;
    let request = serde_json::json!({
        "appName": "x", "redirectUris": ["http://127.0.0.1/back", "https://app.example/Back"],
        "allowedScopes": ["chat"],
    });
    let app = developer.signed_in().await.post("/api/applications/external/create", request).await.data();
    let id = app["clientId"].as_str().unwrap();
    let mut browser = signed_in(&server, "a@example.com").await;
    for (address, status) in [
        ("https://app.example/Back", 200),
        ("http://127.0.0.1:5123/back", 200),
        ("https://app.example/back", 400),
        ("https://app.example/Back/", 400),
        ("https://app.example/Back%3Fx=1", 400),
        ("https://app.example:443/Back", 400),
        ("https://app.example/x/../Back", 400),
        ("https://APP.example/Back", 400),
        ("https://app.example.evil.example/Back", 400),
        ("https://app.example@evil.example/Back", 400),
        ("http://app.example/Back", 400),
        ("http://127.0.0.1:5123/other", 400),
        ("http://localhost:5123/back", 400),
        ("http://127.0.0.1:1@evil.example/back", 400),
        ("http://127.0.0.1.evil.example/back", 400),
        ("javascript:alert(1)", 400),
    ] {
        let answer = browser
            .get(&format!("/oauth/authorize?client_id={id}&redirect_uri={address}&response_type=code"))
            .await;
        assert_eq!((answer.status, answer.header("location")), (status, ""), "{address}");
    }
}

#[both_engines]
async fn a_sign_in_leads_to_this_server_alone(server: TestServer) {
    server.person("a").await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "evil.example",
    ] {
        let mut browser = Browser::new(&server);
        let inside = browser.sign_in("a@example.com", PASSWORD, next).await;
        let location = inside.header("location");
        assert!(
            location.starts_with('/') && !location.starts_with("//") && !location.contains(['\\', '\t']),
            "{next} → {location}"
        );
    }
}

/// Redirects with 307 or 308 would send the form, which may contain a password, to the next address.
#[both_engines]
async fn nothing_typed_in_travels_on(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("chat").await;
    let mut browser = Browser::new(&server);
    let inside = browser.sign_in("a@example.com", PASSWORD, "/").await;
    assert_eq!(inside.status, 303);
    let page = browser
        .get(&format!(
            "/oauth/authorize?client_id={}&redirect_uri={}&response_type=code",
            app.id,
            testkit::CALLBACK
        ))
        .await;
    let (csrf, query) =
        (page.hidden("csrf"), page.hidden("query").replace("&amp;", "&").replace("&#38;", "&"));
    let answer = browser
        .post(
            "/oauth/authorize",
            &[("csrf", &csrf), ("query", &query), ("decision", "allow"), ("scope", "chat")],
        )
        .await;
    // The page leaves by a script, so nothing of the form is sent on.
    assert_eq!((answer.status, answer.header("location")), (200, ""), "{}", answer.body);
    let ask = format!("/oauth/?client_id={}&redirect_uri={}&response_type=code", app.id, testkit::CALLBACK);
    let page = browser.get(&format!("{ask}&prompt=consent")).await;
    let (csrf, query) =
        (page.hidden("csrf"), page.hidden("query").replace("&amp;", "&").replace("&#38;", "&"));
    let form = [("csrf", csrf.as_str()), ("query", &query), ("decision", "allow"), ("scope", "chat")];
    let answer = browser.post("/oauth/", &form).await;
    // As in the SecondMe API. Browsers follow it with GET.
    assert_eq!(answer.status, 302, "{}", answer.body);
}

#[both_engines("accounts.sign_up = \"open\"")]
async fn pages_on_the_way_are_not_framed_cached_or_named(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("chat").await;
    let ask = format!("/oauth/?client_id={}&redirect_uri={}&response_type=code", app.id, testkit::CALLBACK);
    let mut nobody = Browser::new(&server);
    let mut person = signed_in(&server, "a@example.com").await;
    let pages = [
        nobody.get("/sign-in").await,
        nobody.get("/sign-up").await,
        person.get("/oauth/?client_id=x").await,
        person.get(&ask).await,
        person.get("/auth/skills?challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").await,
    ];
    for page in pages {
        assert!(matches!(page.status, 200 | 404), "{}", page.status);
        assert_eq!(
            (page.header("referrer-policy"), page.header("cache-control")),
            ("no-referrer", "no-store"),
            "{}",
            page.body
        );
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    }
}

#[both_engines]
async fn a_token_is_good_for_its_app_and_scopes(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let (app, other) = (developer.app("user.info chat").await, developer.app("user.info chat").await);
    let tokens = person.tokens(&app, "user.info").await;
    let bearer = server.bearer(tokens.access.expose());
    bearer.get("/api/secondme/user/info").await.data();
    bearer.get("/api/secondme/memory/key/search").await.refused(403, "apikey.permission.denied");
    // It can neither manage keys or apps, nor authorize another app.
    bearer.get("/api/apikey/list").await.refused(403, "auth.session.required");
    bearer.get("/api/applications/external/list").await.refused(403, "auth.session.required");
    let request =
        serde_json::json!({"clientId": other.id, "redirectUri": testkit::CALLBACK, "scope": ["user.info"]});
    let answer = bearer.post("/api/oauth/authorize/external", request).await;
    assert!(matches!(answer.status, 400..=403), "{}", answer.body);
    // A refresh token gives no access to the API, and other apps cannot use it.
    let refresh = tokens.refresh.unwrap();
    server.bearer(refresh.expose()).get("/api/secondme/user/info").await.refused(401, "auth.token.invalid");
    server
        .anyone()
        .post_form("/api/oauth/token/refresh", &other.refresh(refresh.expose()))
        .await
        .refused(400, "oauth2.refresh_token.invalid");
}

#[both_engines("server.public_url = \"https://doppel.example\"")]
async fn who_is_refused_learns_where_tokens_come_from(server: TestServer) {
    let challenge =
        "Bearer resource_metadata=\"https://doppel.example/.well-known/oauth-protected-resource\"";
    for (path, bearer) in [
        ("/api/secondme/user/info", ""),
        ("/gate/lab/api/secondme/user/info", "lba_at_x"),
        ("/v1/models", "x"),
    ] {
        let answer = server.bearer(bearer).get(path).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, challenge), "{path}");
    }
}

/// Protection does not depend on `state`: a form of another session authorizes nothing.
#[both_engines]
async fn an_answer_belongs_to_the_session_that_was_asked(server: TestServer) {
    server.person("a").await;
    server.person("b").await;
    let app = server.person("developer").await.app("chat").await;
    let ask = format!(
        "/oauth/authorize?client_id={}&redirect_uri={}&response_type=code",
        app.id,
        testkit::CALLBACK
    );
    let (mut one, mut other) =
        (signed_in(&server, "a@example.com").await, signed_in(&server, "b@example.com").await);
    let page = one.get(&ask).await;
    let (csrf, query) =
        (page.hidden("csrf"), page.hidden("query").replace("&amp;", "&").replace("&#38;", "&"));
    let form = [("csrf", csrf.as_str()), ("query", query.as_str()), ("decision", "allow"), ("scope", "chat")];
    let answer = other.post("/oauth/authorize", &form).await;
    assert_eq!((answer.status, answer.header("location")), (403, ""));
    let page = one.post("/oauth/authorize", &form).await;
    assert!(page.status == 200 && page.body.contains("data-leave"), "{}", page.body);
}
