//! `/oauth/`: the consent page

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use testkit::{App, CALLBACK, PASSWORD, Response, TestServer, both_engines};

use super::sign_in::Browser;

pub(super) fn address(app: &App, more: &str) -> String {
    let callback: String =
        CALLBACK.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");
    format!("/oauth/?client_id={}&redirect_uri={callback}&response_type=code{more}", app.id)
}

/// Sends the form of the page.
pub(super) async fn answer(
    browser: &mut Browser,
    page: &Response,
    decision: &str,
    scopes: &[&str],
) -> Response {
    assert_eq!(page.status, 200, "{}", page.body);
    let (csrf, query) =
        (page.hidden("csrf"), page.hidden("query").replace("&amp;", "&").replace("&#38;", "&"));
    let mut fields = vec![("csrf", csrf.as_str()), ("query", query.as_str()), ("decision", decision)];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let action = page.body.split_once("<form method=\"post\" action=\"/oauth").expect("the form").1;
    browser.post(&format!("/oauth{}", action.split('"').next().unwrap()), &fields).await
}

/// Returns the address at the app to which an answer leads: by a redirect, or by a page that leaves.
pub fn destination(answer: &Response) -> String {
    if answer.status == 302 {
        return answer.header("location").to_owned();
    }
    assert_eq!(answer.status, 200, "{}", answer.body);
    let link = answer.body.split_once("<a class=\"button primary\" href=\"").expect("a link").1;
    let href = link.split_once("\" rel=\"noreferrer\" data-leave").expect("a link that leaves").0;
    href.replace("&#38;", "&").replace("&amp;", "&")
}

pub(super) fn code(answer: &Response) -> String {
    let location = destination(answer);
    let rest = location.strip_prefix(CALLBACK).and_then(|rest| rest.strip_prefix("&code="));
    rest.expect("a code").split('&').next().unwrap().to_owned()
}

/// A person who is not signed in comes from an app, which gets a code.
#[both_engines]
async fn the_whole_way(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info chat note.add").await;
    let mut browser = Browser::new(&server);
    let start = address(&app, "&state=a%2Fb%20c");
    let door = browser.get(&start).await;
    assert_eq!(door.status, 303);
    let next = door.header("location").strip_prefix("/sign-in?next=").unwrap().to_owned();
    let form = browser.get(&format!("/sign-in?next={next}")).await;
    assert!(form.header("content-security-policy").contains("form-action 'self' https: http:;"));
    let carried = form.hidden("next").replace("&amp;", "&").replace("&#38;", "&");
    assert_eq!(carried, start);
    let inside = browser.sign_in("a@example.com", PASSWORD, &carried).await;
    assert_eq!((inside.status, inside.header("location")), (303, start.as_str()));
    let page = browser.get(&start).await;
    assert!(page.body.contains("Example App") && page.body.contains("app.example"), "{}", page.body);
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example;"));
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store"));
    // The person leaves out an optional scope.
    let back = answer(&mut browser, &page, "allow", &["chat"]).await;
    assert!(back.header("location").ends_with("&state=a%2Fb%20c"), "{}", back.header("location"));
    let tokens = server.anyone().post_form("/api/oauth/token/code", &app.exchange(&code(&back))).await.data();
    assert_eq!(tokens["scope"], serde_json::json!(["user.info", "chat"]));
    server.bearer(tokens["accessToken"].as_str().unwrap()).get("/api/secondme/user/info").await.data();
    // The same request shows no page again, and grants no more scopes than before.
    let again = browser.get(&start).await;
    assert!(code(&again) != code(&back));
    let tokens =
        server.anyone().post_form("/api/oauth/token/code", &app.exchange(&code(&again))).await.data();
    assert_eq!(tokens["scope"], serde_json::json!(["user.info", "chat"]));
}

/// RFC 8252 §8.6: any program can listen on a loopback port, so a public app never gets a code without
/// the page.
#[both_engines]
async fn a_public_app_always_sees_the_page(server: TestServer) {
    let person = server.person("a").await;
    let developer = server.person("developer").await;
    let request = serde_json::json!({
        "appName": "CLI", "redirectUris": ["http://127.0.0.1/cb", "https://x.example/cb"],
        "allowedScopes": ["user.info"], "clientType": "public",
    });
    let made = developer.signed_in().await.post("/api/applications/external/create", request).await.data();
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let pkce = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    for callback in ["http://127.0.0.1:4000/cb", "http://127.0.0.1:31337/cb", "https://x.example/cb"] {
        let ask = format!(
            "/oauth/authorize?client_id={}&redirect_uri={callback}&response_type=code&{pkce}",
            made["clientId"].as_str().unwrap()
        );
        let page = browser.get(&ask).await;
        let back = answer(&mut browser, &page, "allow", &[]).await;
        assert!(destination(&back).starts_with(&format!("{callback}?code=")), "{}", back.body);
        assert_eq!(browser.get(&ask).await.status, 200, "the same once more");
        let silent = browser.get(&format!("{ask}&prompt=none&state=s")).await;
        let location = silent.header("location");
        assert!(
            silent.status == 302 && location.starts_with(&format!("{callback}?error=consent_required&")),
            "{location}"
        );
        assert!(location.contains("&state=s&iss="), "{location}");
    }
    assert!(
        server
            .running()
            .identity
            .standing(person.account.id, made["clientId"].as_str().unwrap())
            .await
            .unwrap()
            .is_some()
    );
}

#[both_engines]
async fn an_app_with_a_secret_says_whether_it_wants_the_page(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let first = browser.get(&address(&app, "&prompt=none")).await;
    assert!(
        first.status == 302 && first.header("location").contains("error=consent_required"),
        "{}",
        first.body
    );
    person.tokens(&app, "user.info").await;
    for silent in ["", "&prompt=none", "&prompt=unheard-of"] {
        code(&browser.get(&address(&app, silent)).await);
    }
    assert_eq!(browser.get(&address(&app, "&prompt=consent")).await.status, 200);
}

/// A changed app, or one with a new secret, may belong to somebody else.
#[both_engines]
async fn an_app_that_has_changed_sees_the_page_again(server: TestServer) {
    server.person("a").await;
    let developer = server.person("developer").await;
    let app = developer.app("user.info").await;
    let program = server.bearer(&developer.program_token().await);
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let base = format!("/api/applications/external/{}", app.id);
    let request = serde_json::json!({"redirectUris": [CALLBACK, "https://other.example/cb"]});
    for (path, body) in
        [("", serde_json::Value::Null), ("/update", request), ("/regenerate-secret", serde_json::json!({}))]
    {
        if !path.is_empty() {
            server.clock().advance_ms(1);
            program.post(&format!("{base}{path}"), body).await.data();
        }
        let page = browser.get(&address(&app, "")).await;
        code(&answer(&mut browser, &page, "allow", &[]).await);
        code(&browser.get(&address(&app, "")).await);
    }
}

/// An app that a program registers gets access only by the person's session, not by the program or a key.
#[both_engines]
async fn a_program_allows_no_app(server: TestServer) {
    let person = server.person("a").await;
    let program = server.bearer(&person.program_token().await);
    let request = serde_json::json!({
        "appName": "x", "redirectUris": ["https://x.example/cb"], "allowedScopes": ["user.info"],
    });
    let app = program.post("/api/applications/external/create", request).await.data();
    let ask = serde_json::json!({
        "clientId": app["clientId"], "redirectUri": "https://x.example/cb", "scope": ["user.info"],
    });
    program.post("/api/oauth/authorize/external", ask.clone()).await.refused(403, "auth.session.required");
    person
        .with_key("*")
        .await
        .post("/api/oauth/authorize/external", ask.clone())
        .await
        .refused(403, "auth.session.required");
    assert!(server.running().identity.authorizations(person.account.id).await.unwrap().is_empty());
    person.signed_in().await.post("/api/oauth/authorize/external", ask).await.data();
}

/// A picture from another server would tell the app's owner who looks at the page.
#[both_engines]
async fn pictures_come_from_this_server_alone(server: TestServer) {
    server.person("a").await;
    let developer = server.person("developer").await.signed_in().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let own = format!("{}/cdn/picture.png", server.base_url());
    for (icon, shown) in [
        ("https://tracker.example/pixel.png", None),
        ("", None),
        (own.as_str(), Some("src=\"/cdn/picture.png\"")),
    ] {
        let mut request = serde_json::json!({
            "appName": "éclair", "redirectUris": ["https://x.example/cb"], "allowedScopes": ["user.info"],
        });
        // The server under test has no https, so the API does not accept its own pictures.
        if icon.starts_with("https://") {
            request["iconUrl"] = icon.into();
        }
        let app = developer.post("/api/applications/external/create", request).await.data();
        let id = app["clientId"].as_str().unwrap().to_owned();
        if shown.is_some() {
            const SET: &str = "UPDATE application SET icon_url = $2 WHERE id = $1";
            server.running().db.execute(SET, store::params![&id, icon]).await.unwrap();
        }
        let page = browser
            .get(&format!("/oauth/?client_id={id}&redirect_uri=https://x.example/cb&response_type=code"))
            .await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("img-src 'self';") && !page.body.contains("tracker.example"), "{policy}");
        match shown {
            Some(shown) => assert!(page.body.contains(shown), "{}", page.body),
            None => assert!(page.body.contains(">É</span>"), "{}", page.body),
        }
    }
    assert!(browser.get("/account").await.header("content-security-policy").contains("img-src 'self';"));
}

#[both_engines]
async fn a_refusal_is_literal(server: TestServer) {
    let mut browser = Browser::new(&server);
    server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    for (state, back) in [("", ""), ("&state=abc123", "&state=abc123"), ("&state=", "&state=")] {
        let page = browser.get(&address(&app, state)).await;
        let refused = answer(&mut browser, &page, "deny", &["chat"]).await;
        assert_eq!(refused.status, 302);
        let expected =
            format!("{CALLBACK}&error=access_denied&error_description=User%20denied%20access{back}");
        assert_eq!(refused.header("location"), expected);
    }
}

#[both_engines]
async fn who_asks_for_more_is_asked_about(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    person.tokens(&app, "user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    code(&browser.get(&address(&app, "&scope=user.info")).await);
    let page = browser.get(&address(&app, "&scope=user.info+chat,nonsense")).await;
    assert!(page.body.contains("value=\"chat\"") && !page.body.contains("value=\"nonsense\""));
    code(&answer(&mut browser, &page, "allow", &["chat"]).await);
    // After a revocation the page is shown again.
    person.revoke(&app).await;
    assert_eq!(browser.get(&address(&app, "&scope=user.info")).await.status, 200);
}

/// RFC 9700 §4.11: there is no redirect to an address that the app has not registered.
#[both_engines]
async fn a_wrong_app_or_address_is_a_page_and_no_redirect(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let id = app.id.as_str();
    for (query, status) in [
        (String::new(), 404),
        ("client_id=x&redirect_uri=https://evil.example".into(), 404),
        (format!("client_id={id}"), 400),
        (format!("client_id={id}&redirect_uri=https://evil.example"), 400),
        (format!("client_id={id}&redirect_uri={CALLBACK}/more"), 400),
        (format!("client_id={id}&redirect_uri={CALLBACK}&redirect_uri=https://evil.example"), 400),
    ] {
        for path in ["/oauth", "/oauth/", "/oauth/authorize"] {
            let answer = browser.get(&format!("{path}?{query}&response_type=code")).await;
            assert_eq!((answer.status, answer.header("location")), (status, ""), "{query}");
            assert!(answer.header("content-type").starts_with("text/html"));
        }
        let page = browser.get("/account").await;
        let fields = [("csrf", page.hidden("csrf")), ("query", query.clone()), ("decision", "deny".into())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post("/oauth/authorize", &fields).await;
        assert_eq!((answer.status, answer.header("location")), (status, ""), "{query}");
    }
}

#[both_engines]
async fn what_is_wrong_otherwise_is_told_to_the_app(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let base = format!("/oauth?client_id={}&redirect_uri={CALLBACK}", app.id);
    for (more, error) in [
        ("&response_type=token&state=s", "unsupported_response_type"),
        ("&state=s", "invalid_request"),
        ("&response_type=code&scope=voice", "invalid_scope"),
        (
            "&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&\
             code_challenge_method=plain",
            "invalid_request",
        ),
    ] {
        let answer = browser.get(&format!("{base}{more}")).await;
        let location = answer.header("location");
        assert!(
            answer.status == 302
                && location.starts_with(&format!("{CALLBACK}&error={error}&error_description=")),
            "{location}"
        );
        assert_eq!(location.ends_with("&state=s"), more.contains("&state=s"), "{location}");
        assert!(location.split_once("error_description=").unwrap().1.len() > 10, "says why");
    }
}

#[both_engines]
async fn an_answer_needs_the_pages_own_token(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let query = address(&app, "").replace("/oauth/?", "");
    let fields = [("csrf", "x"), ("query", query.as_str()), ("decision", "allow")];
    assert_eq!(browser.post("/oauth/authorize", &fields).await.status, 403);
}

/// RFC 7636: a code with a challenge needs its verifier, and one without a challenge accepts none.
#[both_engines]
async fn a_code_with_a_challenge_needs_the_verifier(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    let pkce = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let page = browser.get(&address(&app, pkce)).await;
    let bound = code(&answer(&mut browser, &page, "allow", &[]).await);
    let free = code(&browser.get(&address(&app, "")).await);
    let verifier = ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let nobody = server.anyone();
    let form = |code, more: Option<(&'static str, &'static str)>| {
        app.exchange(code).into_iter().chain(more).collect::<Vec<_>>()
    };
    for (code, more) in [(&bound, None), (&bound, Some(("code_verifier", "wrong"))), (&free, Some(verifier))]
    {
        nobody
            .post_form("/api/oauth/token/code", &form(code, more))
            .await
            .refused(400, "oauth2.code.invalid");
    }
    nobody.post_form("/api/oauth/token/code", &form(&bound, Some(verifier))).await.data();
    nobody.post_form("/api/oauth/token/code", &form(&free, None)).await.data();
}

#[both_engines]
async fn consent_page_ignores_accept(server: TestServer) {
    let person = server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let session = person.signed_in().await;
    for path in ["/oauth", "/oauth/", "/oauth/authorize"] {
        let ask = address(&app, "&state=s").replace("/oauth/?", &format!("{path}?"));
        for accept in [None, Some("*/*"), Some("application/json"), Some("text/plain")] {
            let with = |actor: &testkit::Actor| {
                accept.map_or_else(|| actor.clone(), |accept| actor.with("accept", accept))
            };
            let door = with(&server.anyone()).get(&ask).await;
            assert_eq!(door.status, 303, "{path} {accept:?}: {}", door.body);
            assert!(
                door.header("location").starts_with("/sign-in?next=%2Foauth"),
                "{}",
                door.header("location")
            );
            let head = with(&server.anyone()).request(reqwest::Method::HEAD, &ask).send().await.unwrap();
            assert_eq!(
                (head.status().as_u16(), head.headers()["location"].to_str().unwrap()),
                (303, door.header("location"))
            );
            let page = with(&session).get(&ask).await;
            assert!(page.status == 200 && page.header("content-type").starts_with("text/html"));
            for wrong in [
                format!("{path}?client_id=x"),
                format!("{path}?client_id={}&redirect_uri=https://evil.example", app.id),
            ] {
                let page = with(&session).get(&wrong).await;
                assert!(
                    matches!(page.status, 400 | 404) && page.header("content-type").starts_with("text/html"),
                    "{wrong}"
                );
            }
        }
        // A request with `Authorization` gets JSON.
        person.with_key("*").await.get(&ask).await.refused(403, "auth.session.required");
    }
    for path in ["/oauth/token", "/oauth/revoke"] {
        assert!(
            server.anyone().post_form(path, &[]).await.header("content-type").starts_with("application/json"),
            "{path}"
        );
    }
}

#[both_engines]
async fn unregistered_redirect_uri_is_shown_escaped(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info").await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    for (came, shown) in [
        ("http://127.0.0.1:3000/cb%2F", "<code>http://127.0.0.1:3000/cb/</code>"),
        (
            "https://x.example/%3Cscript%3Ealert(1)%3C/script%3E%26a",
            "<code>https://x.example/&#60;script&#62;alert(1)&#60;/script&#62;&#38;a</code>",
        ),
        ("%22%3E%3Cimg%20src=x%3E", "<code>&#34;&#62;&#60;img src=x&#62;</code>"),
    ] {
        let page = browser
            .get(&format!("/oauth/?client_id={}&redirect_uri={came}&response_type=code", app.id))
            .await;
        assert!(page.status == 400 && page.body.contains(shown), "{}", page.body);
        assert!(!page.body.contains("app.example"), "no registered address: {}", page.body);
    }
    let long = format!("https://x.example/{}\u{202e}", "a".repeat(2000));
    let long: String = utf8_percent_encode(&long, NON_ALPHANUMERIC).to_string();
    let page = browser.get(&format!("/oauth/?client_id={}&redirect_uri={long}", app.id)).await;
    assert!(page.status == 400 && !page.body.contains(&"a".repeat(300)) && !page.body.contains('\u{202e}'));
    let none = browser.get(&format!("/oauth/?client_id={}", app.id)).await;
    assert!(none.status == 400 && none.body.contains("has no redirect_uri"), "{}", none.body);
    browser.plant("doppel_language", "zh");
    let page = browser.get(&format!("/oauth/?client_id={}&redirect_uri=https://evil.example", app.id)).await;
    assert!(
        page.body.contains("收到的 redirect_uri：")
            && page.body.contains("<code>https://evil.example</code>"),
        "{}",
        page.body
    );
}

#[both_engines]
async fn app_schemes_and_private_hosts_get_codes(server: TestServer) {
    server.person("a").await;
    let developer = server.person("developer").await.signed_in().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("a@example.com", PASSWORD, "/").await;
    for (uri, policy, told) in [
        ("com.example.app:/cb", "com.example.app:", "a program on this computer (com.example.app:)"),
        ("myapp://cb?x=1", "myapp:", "a program on this computer (myapp:)"),
        ("cursor://anysphere/oauth/callback", "cursor:", "a program on this computer (cursor:)"),
        ("http://192.168.1.10:3000/cb", "http://192.168.1.10:3000", "redirected to 192.168.1.10:3000"),
        (
            "http://host.docker.internal:3000/cb",
            "http://host.docker.internal:3000",
            "redirected to host.docker.internal:3000",
        ),
        ("http://[fd12::1]:3000/cb", "http:", "redirected to [fd12::1]:3000"),
    ] {
        let request =
            serde_json::json!({"appName": "x", "redirectUris": [uri], "allowedScopes": ["user.info"]});
        let app = developer.post("/api/applications/external/create", request).await.data();
        let encoded: String = utf8_percent_encode(uri, NON_ALPHANUMERIC).to_string();
        let ask = format!(
            "/oauth/?client_id={}&redirect_uri={encoded}&response_type=code&state=s",
            app["clientId"].as_str().unwrap()
        );
        let next: String = utf8_percent_encode(&ask, NON_ALPHANUMERIC).to_string();
        let form = Browser::new(&server).get(&format!("/sign-in?next={next}")).await;
        let scheme = policy.split_once(':').unwrap().0;
        assert!(form.header("content-security-policy").contains(&format!("{scheme}:")), "{uri}");
        let page = browser.get(&ask).await;
        assert!(
            page.header("content-security-policy").contains(&format!("form-action 'self' {policy};")),
            "{uri}"
        );
        assert!(page.body.contains(told), "{uri}: {}", page.body);
        let back = answer(&mut browser, &page, "allow", &[]).await;
        let joint = if uri.contains('?') { '&' } else { '?' };
        let location = back.header("location");
        assert!(
            back.status == 302
                && location.starts_with(&format!("{uri}{joint}code=lba_ac_"))
                && location.ends_with("&state=s"),
            "{location}"
        );
        let other = browser.get(&ask.replace(&encoded, &format!("{encoded}x"))).await;
        assert_eq!((other.status, other.header("location")), (400, ""), "to the letter");
    }
}
