//! The crates `oauth2` and `openidconnect` as clients of a complete server.

use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IntrospectionUrl, PkceCodeChallenge, RedirectUrl, RefreshToken, RevocationUrl, Scope,
    TokenIntrospectionResponse, TokenResponse, TokenUrl, basic::BasicClient,
};
use openidconnect::{
    AuthenticationFlow, IssuerUrl, JsonWebKeySet, Nonce,
    core::{CoreClient, CoreResponseType},
};
use serde_json::Value;
use testkit::{App, CALLBACK, PASSWORD, TestServer, both_engines};

use crate::pages::sign_in::Browser;

/// The HTTP client of the libraries.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.execute(request.try_into()?).await?;
            let mut response = http::Response::builder().status(answer.status());
            for (name, value) in answer.headers() {
                response = response.header(name, value);
            }
            Ok(response.body(answer.bytes().await?.to_vec()).expect("a response"))
        })
    }
}

/// Allows the app in the person's browser, and returns the code.
async fn allow(browser: &mut Browser, address: &str, state: &CsrfToken, issuer: &str) -> String {
    let page = browser.get(address).await;
    let location = if page.status == 302 {
        page.header("location").to_owned()
    } else {
        let query = page.hidden("query").replace("&#38;", "&").replace("&amp;", "&");
        let csrf = page.hidden("csrf");
        let scopes = page.body.matches("name=\"scope\"").count();
        assert_eq!(scopes, 2, "{}", page.body);
        let form = [
            ("csrf", csrf.as_str()),
            ("query", &query),
            ("decision", "allow"),
            ("scope", "user.info"),
            ("scope", "chat"),
        ];
        crate::pages::consent::destination(&browser.post("/oauth/authorize", &form).await)
    };
    let answer =
        location.strip_prefix(CALLBACK).and_then(|rest| rest.strip_prefix('&')).expect("the app's address");
    let find = |name: &str| {
        let pair = answer.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        pair.unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
    };
    assert_eq!(find("state"), *state.secret());
    assert_eq!(find("iss").replace("%3A", ":").replace("%2F", "/"), issuer);
    find("code")
}

/// Runs all grants of the standard that an app with or without a secret may use.
async fn flow(server: &TestServer, app: &App, secret: Option<&str>, way: AuthType) {
    let http = Http(testkit::http());
    let metadata: Value = server.anyone().get("/.well-known/oauth-authorization-server").await.json();
    let at = |name: &str| metadata[name].as_str().unwrap().to_owned();
    let mut client = BasicClient::new(ClientId::new(app.id.clone()))
        .set_auth_type(way)
        .set_auth_uri(AuthUrl::new(at("authorization_endpoint")).unwrap())
        .set_token_uri(TokenUrl::new(at("token_endpoint")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(at("introspection_endpoint")).unwrap())
        .set_revocation_url(RevocationUrl::new(at("revocation_endpoint")).unwrap())
        .set_redirect_uri(RedirectUrl::new(CALLBACK.into()).unwrap());
    if let Some(secret) = secret {
        client = client.set_client_secret(ClientSecret::new(secret.to_owned()));
    }
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let scopes = ["user.info", "chat"].map(|name| Scope::new(name.into()));
    let (url, state) =
        client.authorize_url(CsrfToken::new_random).add_scopes(scopes).set_pkce_challenge(challenge).url();
    let mut browser = Browser::new(server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    let address = url.as_str().strip_prefix(server.base_url()).unwrap();
    let code = allow(&mut browser, address, &state, server.base_url()).await;
    let exchange = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
    let tokens = exchange.request_async(&http).await.expect("tokens");
    assert_eq!(tokens.expires_in().unwrap().as_secs(), 7200);
    assert_eq!(tokens.scopes().unwrap().len(), 2);
    server.bearer(tokens.access_token().secret()).get("/api/secondme/user/info").await.data();
    let first: &RefreshToken = tokens.refresh_token().unwrap();
    let next = client.exchange_refresh_token(first).request_async(&http).await.expect("new tokens");
    server.bearer(next.access_token().secret()).get("/api/secondme/user/info").await.data();
    let newest = next.refresh_token().unwrap();
    assert_eq!(newest.secret() == first.secret(), secret.is_some());
    if secret.is_some() {
        let about = client.introspect(next.access_token()).request_async(&http).await.expect("an answer");
        assert!(about.active() && about.client_id().unwrap().as_str() == app.id);
        let own = client.exchange_client_credentials().add_scope(Scope::new("chat".into()));
        assert!(own.request_async(&http).await.expect("a token").refresh_token().is_none());
    }
    // The library requires https for revocation, so the request is sent directly.
    let form = [
        ("token", newest.secret().as_str()),
        ("client_id", &app.id),
        ("client_secret", secret.unwrap_or_default()),
    ];
    assert_eq!(server.anyone().post_form("/oauth/revoke", &form).await.status, 200);
    assert!(client.exchange_refresh_token(newest).request_async(&http).await.is_err());
}

/// Runs the code grant with a client for OpenID Connect. It requests the scope `openid` and sends a nonce,
/// both of which the server ignores.
async fn openid_flow(server: &TestServer, app: &App) {
    let http = Http(testkit::http());
    let metadata: Value = server.anyone().get("/.well-known/oauth-authorization-server").await.json();
    let at = |name: &str| metadata[name].as_str().unwrap().to_owned();
    let client = CoreClient::new(
        ClientId::new(app.id.clone()),
        IssuerUrl::new(at("issuer")).unwrap(),
        JsonWebKeySet::new(Vec::new()),
    )
    .set_client_secret(ClientSecret::new(app.secret.clone()))
    .set_auth_uri(AuthUrl::new(at("authorization_endpoint")).unwrap())
    .set_token_uri(TokenUrl::new(at("token_endpoint")).unwrap())
    .set_redirect_uri(RedirectUrl::new(CALLBACK.into()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let way = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let (url, state, _) = client
        .authorize_url(way, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["user.info", "chat"].map(|name| Scope::new(name.into())))
        .set_pkce_challenge(challenge)
        .url();
    let mut browser = Browser::new(server);
    browser.sign_in("a@example.com", PASSWORD, "").await;
    let address = url.as_str().strip_prefix(server.base_url()).unwrap();
    let code = allow(&mut browser, address, &state, server.base_url()).await;
    let exchange = client.exchange_code(AuthorizationCode::new(code)).set_pkce_verifier(verifier);
    let tokens = exchange.request_async(&http).await.expect("tokens");
    server.bearer(tokens.access_token().secret()).get("/api/secondme/user/info").await.data();
    let refresh = client.exchange_refresh_token(tokens.refresh_token().unwrap());
    let next = refresh.request_async(&http).await.expect("new tokens");
    server.bearer(next.access_token().secret()).get("/api/secondme/user/info").await.data();
}

#[both_engines]
async fn the_crate_openidconnect(server: TestServer) {
    server.person("a").await;
    let app = server.person("developer").await.app("user.info chat").await;
    openid_flow(&server, &app).await;
}

#[both_engines]
async fn the_crate_oauth2(server: TestServer) {
    server.person("a").await;
    let developer = server.person("developer").await;
    let app = developer.app("user.info chat").await;
    flow(&server, &app, Some(&app.secret), AuthType::BasicAuth).await;
    flow(&server, &app, Some(&app.secret), AuthType::RequestBody).await;
    flow(&server, &developer.public_app("user.info chat").await, None, AuthType::RequestBody).await;
}
