//! Clients of a server under test, and the responses they get.

use std::net::{IpAddr, Ipv4Addr};

use identity::{
    Account, Audience, Identity, KeyId, ScopeSet,
    application::{Credentials, NewApplication},
    grant::{Consent, Exchange, Tokens},
    key::NewKey,
    session::Client,
};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use store::Timestamp;

use crate::documented;

/// A client with a base URL and headers that it sends with every request.
#[derive(Debug, Clone)]
pub struct Actor {
    http: reqwest::Client,
    base_url: String,
    headers: Vec<(String, String)>,
}

impl Actor {
    /// Creates a client of a server, without headers.
    pub fn new(http: reqwest::Client, base_url: &str) -> Self {
        Self { http, base_url: base_url.to_owned(), headers: Vec::new() }
    }

    /// Returns a copy for another server, such as a sibling.
    #[must_use]
    pub fn at(&self, base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), ..self.clone() }
    }

    /// Returns a copy that also sends a header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// Returns a copy that prefers English.
    #[must_use]
    pub fn in_english(&self) -> Self {
        self.with("accept-language", "en")
    }

    /// Returns a request with the client's headers, to be completed by the test.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base_url));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Sends a request made by [`Actor::request`].
    ///
    /// # Panics
    /// If the OpenAPI document does not name the response's status.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.http.execute(request).await.expect("an answer");
        documented::check(&method, &path, response.status().as_u16());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.text().await.expect("a body of text");
        Response { status, headers, body }
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a POST request with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Sends a POST request with a form body.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// Uploads a file as a multipart form.
    pub async fn upload(&self, path: &str, name: &str, bytes: Vec<u8>) -> Response {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        self.send(self.request(Method::POST, path).multipart(form)).await
    }
}

/// A complete response.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Response {
    /// Parses the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns the `data` of a successful response.
    ///
    /// # Panics
    /// If the response is an error.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        let mut body = self.json();
        assert_eq!(body.get("code"), Some(&Value::from(0)), "{body}");
        body.get_mut("data").map(Value::take).unwrap_or_else(|| panic!("no data in {body}"))
    }

    /// Checks that the response is an error with this status and code, and that its body is a complete error
    /// envelope. Returns the body.
    #[track_caller]
    pub fn refused(&self, status: u16, sub_code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        let body = self.json();
        assert_eq!(body.get("code"), Some(&Value::from(status)), "{body}");
        assert_eq!(body.get("subCode"), Some(&Value::from(sub_code)), "{body}");
        assert_eq!(body.get("error_code"), Some(&Value::from(sub_code)), "{body}");
        assert!(body.get("message").and_then(Value::as_str).is_some_and(|text| !text.is_empty()), "{body}");
        assert!(body.get("data").is_none(), "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        body
    }

    /// Returns the text of a header, or an empty text if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns the value of a cookie that the response sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all("set-cookie").iter().filter_map(|line| line.to_str().ok());
        lines
            .filter_map(|line| line.strip_prefix(&format!("{name}=")))
            .map(|rest| rest.split(';').next().unwrap_or_default().to_owned())
            .next_back()
    }

    /// Returns the value of a hidden form field of the page.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest =
            self.body.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {}", self.body)).1;
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

/// A person with an account.
pub struct Person {
    /// The account.
    pub account: Account,
    pub(crate) identity: Identity,
    pub(crate) nobody: Actor,
}

impl Person {
    /// Returns a client with a session of the person, like a browser that is signed in.
    pub async fn signed_in(&self) -> Actor {
        self.nobody.with("cookie", &format!("doppel_session={}", self.session().await))
    }

    /// Starts a session of the person, and returns the value of its cookie.
    pub async fn session(&self) -> String {
        let client = Client { address: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: "test".into() };
        let secret = self.identity.start_session(self.account.id, &client).await.expect("a session starts");
        secret.expose().to_owned()
    }

    /// Creates an API key, and returns its id and the key.
    pub async fn new_key(&self, scopes: &str, expires_at: Option<Timestamp>) -> (KeyId, String) {
        let scopes = ScopeSet::parse_list(scopes).expect("scopes that exist");
        let new = NewKey { name: "test".into(), scopes, expires_at };
        let (key, secret) = self.identity.create_key(self.account.id, new).await.expect("a key is made");
        (key.id, secret.expose().to_owned())
    }

    /// Registers an app that may request these scopes.
    pub async fn app(&self, scopes: &str) -> App {
        self.make_app(scopes, false).await
    }

    /// Registers a public app, which has no secret.
    pub async fn public_app(&self, scopes: &str) -> App {
        self.make_app(scopes, true).await
    }

    async fn make_app(&self, scopes: &str, is_public: bool) -> App {
        let new = NewApplication {
            name: "Example App".into(),
            description: "An example".into(),
            redirect_uris: vec![CALLBACK.into()],
            scopes: ScopeSet::parse_list(scopes).expect("scopes that exist"),
            is_public,
            ..NewApplication::default()
        };
        let made = self.identity.create_application(self.account.id, new).await;
        let (application, secret) = made.expect("an application is made");
        App { id: application.id, secret: secret.expose().to_owned(), identity: self.identity.clone() }
    }

    /// Grants scopes to an app, and returns the authorization code.
    pub async fn allow(&self, app: &App, scopes: &str) -> String {
        self.allow_with(app, scopes, None, Audience::Server).await
    }

    /// Does the same with [`CHALLENGE`] as PKCE challenge.
    pub async fn allow_with_challenge(&self, app: &App, scopes: &str) -> String {
        self.allow_with(app, scopes, Some(CHALLENGE.to_owned()), Audience::Server).await
    }

    async fn allow_with(
        &self,
        app: &App,
        scopes: &str,
        challenge: Option<String>,
        audience: Audience,
    ) -> String {
        let granted = ScopeSet::parse_list(scopes).expect("scopes that exist");
        let consent = Consent {
            application: app.id.clone(),
            redirect_uri: CALLBACK.into(),
            audience,
            asked: granted,
            granted,
            challenge,
            is_answer: true,
        };
        let code = self.identity.consent(self.account.id, consent).await.expect("consent is noted");
        code.expose().to_owned()
    }

    /// Grants scopes to an app, exchanges the code, and returns the tokens.
    pub async fn tokens(&self, app: &App, scopes: &str) -> Tokens {
        self.tokens_for(Audience::Server, app, scopes).await
    }

    /// Does the same for one resource of the server.
    pub async fn tokens_for(&self, audience: Audience, app: &App, scopes: &str) -> Tokens {
        let exchange = Exchange {
            client: app.credentials(),
            code: self.allow_with(app, scopes, None, audience).await,
            redirect_uri: CALLBACK.into(),
            verifier: None,
            audience: None,
        };
        self.identity.exchange_code(exchange).await.expect("tokens")
    }

    /// Grants some of the scopes that an app asks for at a resource, and returns the access token.
    pub async fn some_of(&self, audience: Audience, app: &App, asked: &str, granted: &str) -> String {
        let scopes = |list| ScopeSet::parse_list(list).expect("scopes that exist");
        let consent = Consent {
            application: app.id.clone(),
            redirect_uri: CALLBACK.into(),
            audience,
            asked: scopes(asked),
            granted: scopes(granted),
            challenge: None,
            is_answer: true,
        };
        let code = self.identity.consent(self.account.id, consent).await.expect("consent is noted");
        let exchange = Exchange {
            client: app.credentials(),
            code: code.expose().to_owned(),
            redirect_uri: CALLBACK.into(),
            verifier: None,
            audience: None,
        };
        let tokens = self.identity.exchange_code(exchange).await.expect("tokens");
        tokens.access.expose().to_owned()
    }

    /// Grants scopes to an app, and returns a client with its access token for the tools at `/mcp`.
    pub async fn with_mcp_token(&self, app: &App, scopes: &str) -> Actor {
        let tokens = self.tokens_for(Audience::Mcp, app, scopes).await;
        self.nobody.with("authorization", &format!("Bearer {}", tokens.access.expose()))
    }

    /// Grants scopes to an app, and returns a client with its access token.
    pub async fn with_token(&self, app: &App, scopes: &str) -> Actor {
        let tokens = self.tokens(app, scopes).await;
        self.nobody.with("authorization", &format!("Bearer {}", tokens.access.expose()))
    }

    /// Revokes the person's authorization of an app.
    pub async fn revoke(&self, app: &App) {
        let standing = self.identity.standing(self.account.id, &app.id).await.expect("a look");
        let id = standing.expect("an authorization").id;
        assert!(self.identity.revoke_authorization(self.account.id, id).await.expect("a revocation"));
    }

    /// Signs in a program in the person's name, and returns its token.
    pub async fn program_token(&self) -> String {
        let code = self.identity.program_code(self.account.id, CHALLENGE).await.expect("a code");
        let token = self.identity.exchange_program_code(code.expose(), VERIFIER.into(), "test".into()).await;
        token.expect("a token").expose().to_owned()
    }

    /// Returns a client with a new API key of the person that has these scopes.
    pub async fn with_key(&self, scopes: &str) -> Actor {
        let (_, key) = self.new_key(scopes, None).await;
        self.nobody.with("authorization", &format!("Bearer {key}"))
    }
}

/// The redirect URI of every [`App`].
pub const CALLBACK: &str = "https://app.example/callback?from=doppel";

/// The PKCE verifier of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The PKCE challenge that belongs to [`VERIFIER`].
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A registered app.
#[derive(Clone)]
pub struct App {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: String,
    identity: Identity,
}

impl App {
    /// Obtains an access token of the app itself, and returns it.
    pub async fn own_token(&self) -> String {
        let tokens = self.identity.app_token(&self.credentials(), None).await.expect("a token");
        tokens.access.expose().to_owned()
    }

    fn credentials(&self) -> Credentials {
        Credentials { id: self.id.clone(), secret: Some(self.secret.clone()), ..Credentials::default() }
    }

    /// Returns the form that exchanges a code. A test can change it before it is sent.
    pub fn exchange<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("client_id", &self.id),
            ("client_secret", &self.secret),
        ]
    }

    /// Returns the form that requests a new access token.
    pub fn refresh<'a>(&'a self, token: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &self.id),
            ("client_secret", &self.secret),
        ]
    }
}
